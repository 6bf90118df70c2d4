//! A reading room: readers hand in slips at the counter, and runners bring the answers from the stacks.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::sync::oneshot;

/// How long a runner queues at the office that grants renewals.
const OFFICE_QUEUE: Duration = Duration::from_millis(900);

type Slip = (u64, &'static str);

/// The slips that wait for an answer, and where it goes.
#[derive(Default)]
struct Counter(Mutex<HashMap<Slip, oneshot::Sender<&'static str>>>);

impl Counter {
    fn hand_in(&self, slip: Slip) -> oneshot::Receiver<&'static str> {
        let (reply, answer) = oneshot::channel();
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.insert(slip, reply);
        answer
    }

    fn answer(&self, slip: Slip, answer: &'static str) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(reply) = waiting.remove(&slip) {
            reply.send(answer).ok();
        }
    }
}

fn send_runner((reader, wish): Slip, counter: Arc<Counter>) {
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(20)).await;
        match wish {
            "shelf" => counter.answer((reader, "shelf"), "third floor"),
            "book" => counter.answer((reader, "book"), "here it is"),
            _ => {
                tokio::time::sleep(OFFICE_QUEUE).await;
                counter.answer((reader, "renewal"), "four more weeks");
            }
        }
    });
}

fn welcome(reader: u64, counter: Arc<Counter>) {
    tokio::spawn(async move {
        for wish in ["shelf", "book", "renewal"] {
            let answer = counter.hand_in((reader, wish));
            send_runner((reader, wish), counter.clone());
            let Ok(_) = answer.await else { return };
            tracing::info!("a wish is answered");
        }
    });
}

/// Lets in readers.
pub async fn run(mut arrivals: Arrivals) {
    let counter = Arc::new(Counter::default());
    loop {
        welcome(arrivals.next().await, counter.clone());
    }
}
