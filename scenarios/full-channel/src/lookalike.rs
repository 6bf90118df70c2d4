//! A reporting desk: a query runs in the background, and its reader turns page after page.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::time::sleep;

const ROWS: u32 = 100;
const ROWS_AHEAD: usize = 10;
const ROWS_PER_PAGE: usize = 10;
const TIME_PER_PAGE: Duration = Duration::from_millis(100);

/// A result that is being read, and the page of it that lies open.
struct Reading {
    page: Vec<u32>,
    result: Receiver<u32>,
}

impl Reading {
    /// Shows the next page, unless the last one lies open.
    fn turn_page(&mut self) -> bool {
        self.page.clear();
        while self.page.len() < ROWS_PER_PAGE
            && let Ok(row) = self.result.try_recv()
        {
            self.page.push(row);
        }
        tracing::info!(rows = self.page.len(), "a page is shown");
        !(self.page.is_empty() && self.result.is_closed())
    }
}

/// Who is reading what.
#[derive(Default)]
struct Desk {
    readings: Mutex<HashMap<u64, Reading>>,
}

impl Desk {
    /// Starts a query for each reader.
    async fn open(&self, mut arrivals: Arrivals) {
        loop {
            let reader = arrivals.next().await;
            let (rows, result) = mpsc::channel(ROWS_AHEAD);
            query(rows);
            let page = Vec::with_capacity(ROWS_PER_PAGE);
            let reading = Reading { page, result };
            self.readings.lock().unwrap().insert(reader, reading);
        }
    }

    /// Lets every reader read on, and clears up after those who are through.
    async fn turn_pages(&self) {
        loop {
            sleep(TIME_PER_PAGE).await;
            let mut readings = self.readings.lock().unwrap();
            readings.retain(|_, reading| reading.turn_page());
        }
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

/// Serves readers, all of whom read to the end.
pub async fn run(arrivals: Arrivals) {
    let desk = Desk::default();
    tokio::join!(desk.open(arrivals), desk.turn_pages());
}
