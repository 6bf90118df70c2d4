//! A reporting desk: a query runs in the background, and its reader sees the result page by page.
//!
//! Fixed: a reader who leaves takes the rest of the result along, which ends the query.

use std::collections::HashMap;

use pileup_scenario::Arrivals;
use tokio::sync::mpsc::{self, Receiver, Sender};

const ROWS: u32 = 100;
const ROWS_AHEAD: usize = 10;
const ROWS_PER_PAGE: usize = 5;

/// Who is reading what.
#[derive(Default)]
struct Desk {
    pages: HashMap<u64, Vec<u32>>,
    results: HashMap<u64, Receiver<u32>>,
}

impl Desk {
    /// Starts a query and shows the first page of its result.
    async fn open(&mut self, reader: u64) {
        let (rows, mut result) = mpsc::channel(ROWS_AHEAD);
        query(rows);
        let mut page = Vec::with_capacity(ROWS_PER_PAGE);
        while page.len() < ROWS_PER_PAGE
            && let Some(row) = result.recv().await
        {
            page.push(row);
        }
        tracing::info!(rows = page.len(), "a page is shown");
        self.pages.insert(reader, page);
        self.results.insert(reader, result);
    }

    /// Clears up after a reader who has seen enough.
    fn close(&mut self, reader: u64) {
        self.pages.remove(&reader);
        self.results.remove(&reader);
    }
}

fn query(rows: Sender<u32>) {
    tokio::spawn(async move {
        for row in 0..ROWS {
            if rows.send(row).await.is_err() {
                return;
            }
            tokio::task::yield_now().await;
        }
    });
}

/// Serves readers, all of whom find what they look for on the first page.
pub async fn run(mut arrivals: Arrivals) {
    let mut desk = Desk::default();
    loop {
        let reader = arrivals.next().await;
        desk.open(reader).await;
        desk.close(reader);
    }
}
