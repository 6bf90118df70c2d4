//! A post office gives everybody a box with their first letter. There are two hundred people
//! in the village.
//!
//! Looks like a pile: tasks are born all along and none ends. But they are born ever more
//! rarely, since most people have their box by then.

use std::collections::HashMap;
use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::sync::mpsc;
use tokio::time;

const PEOPLE: u64 = 200;
const COLLECTION: Duration = Duration::from_secs(10);

fn open_box(mut letters: mpsc::Receiver<u64>) {
    tokio::spawn(async move {
        let mut collection = time::interval(COLLECTION);
        loop {
            collection.tick().await;
            while letters.try_recv().is_ok() {}
        }
    });
}

/// Sorts letters.
pub async fn run(mut arrivals: Arrivals) {
    let mut boxes = HashMap::new();
    loop {
        let letter = arrivals.next().await;
        // As the letters of a village come: in no order.
        let mixed = letter.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let person = (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 33;
        let post = boxes.entry(person % PEOPLE).or_insert_with(|| {
            let (post, letters) = mpsc::channel(100);
            open_box(letters);
            post
        });
        post.try_send(letter).ok();
    }
}
