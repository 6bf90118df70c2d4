//! A client collects the pages of an answer until it has as many as were announced. The last page
//! is lost.
//!
//! The stream ends, the loop asks it again within the same poll, and it answers at once that it
//! has ended. The poll never returns.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::stream::{self, BoxStream, StreamExt};
use pileup_scenario::Arrivals;

const ANNOUNCED: usize = 3;

struct Answer {
    pages: BoxStream<'static, u64>,
    collected: Vec<u64>,
}

impl Future for Answer {
    type Output = Vec<u64>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        while self.collected.len() < ANNOUNCED {
            match self.pages.poll_next_unpin(context) {
                Poll::Ready(page) => self.collected.extend(page),
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(std::mem::take(&mut self.collected))
    }
}

fn ask(pages: usize) {
    tokio::spawn(async move {
        let pages = stream::repeat(7).take(pages).boxed();
        let collected = Vec::new();
        Answer { pages, collected }.await
    });
}

/// Asks a question at each arrival: the tenth answer has lost a page.
pub async fn run(mut arrivals: Arrivals) {
    loop {
        let lost = usize::from(arrivals.next().await == 10);
        ask(ANNOUNCED - lost);
    }
}
