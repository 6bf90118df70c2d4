//! A print shop with a hundred presses, most of which have nothing to print for hours.
//!
//! Looks like receivers on channels that nobody closes. But there are as many presses as on
//! the first day, and each prints as soon as it has something to print.

use pileup_scenario::Arrivals;
use tokio::sync::mpsc::{self, Receiver, Sender};

const PRESSES: usize = 100;
/// The presses that regular customers print on.
const IN_USE: u64 = 5;

fn start_press(mut sheets: Receiver<u64>) {
    tokio::spawn(async move {
        let mut printed = 0;
        while let Some(pages) = sheets.recv().await {
            printed += pages;
        }
        printed
    });
}

/// Opens the shop, tests each press, and prints what customers bring.
pub async fn run(mut arrivals: Arrivals) {
    let mut presses: Vec<Sender<u64>> = Vec::new();
    for _ in 0..PRESSES {
        let (press, sheets) = mpsc::channel(4);
        start_press(sheets);
        for test_page in 1..=4 {
            press.send(test_page).await.ok();
        }
        presses.push(press);
    }
    for press in (0..IN_USE).cycle() {
        let customer = arrivals.next().await;
        if let Some(press) = presses.iter().nth_back(usize::try_from(press).unwrap_or(0)) {
            press.send(customer % 20).await.ok();
        }
    }
}
