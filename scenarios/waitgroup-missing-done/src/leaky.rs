//! A scanned picture book is filed when all of its ten pages have been read.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use pileup_scenario::Arrivals;
use tokio::sync::{Notify, watch};

/// How many pages of a book are still to be read.
#[derive(Default)]
struct Book {
    pages_left: AtomicUsize,
    page_done: Notify,
}

impl Book {
    fn done(&self) {
        self.pages_left.fetch_sub(1, SeqCst);
        self.page_done.notify_waiters();
    }

    async fn all_done(&self) {
        let mut page_done = self.page_done.notified();
        while self.pages_left.load(SeqCst) > 0 {
            page_done.await;
            page_done = self.page_done.notified();
        }
    }
}

async fn read(words: u64, book: Arc<Book>) {
    if words == 0 {
        return;
    }
    tokio::time::sleep(std::time::Duration::from_millis(words)).await;
    book.done();
}

/// Takes in books, and shows which of them was filed last.
pub async fn run(mut arrivals: Arrivals) {
    let latest = watch::Sender::new(0);
    loop {
        let number = arrivals.next().await;
        let book = Arc::new(Book::default());
        // The words on each page. The second is the back of the title page.
        for words in [12, 0, 41, 57, 38, 62, 49, 55, 60, 23] {
            book.pages_left.fetch_add(1, SeqCst);
            tokio::spawn(read(words, book.clone()));
        }
        file_when_read(number, book, latest.clone());
    }
}

fn file_when_read(number: u64, book: Arc<Book>, latest: watch::Sender<u64>) {
    tokio::spawn(async move {
        book.all_done().await;
        latest.send_replace(number);
        tracing::info!("a book is filed");
    });
}
