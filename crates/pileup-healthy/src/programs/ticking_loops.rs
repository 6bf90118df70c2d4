//! Fifty barometers are read ten times a second; each also has a button that nobody presses.
//!
//! Looks like loops that never end, and are polled again and again. But they tick.

use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::sync::mpsc::{self, Receiver};
use tokio::time::{self, MissedTickBehavior};

const BAROMETERS: usize = 50;
const TICK: Duration = Duration::from_millis(100);

fn hang_up(mut button: Receiver<()>) {
    tokio::spawn(async move {
        let mut readings = 0_u64;
        let mut tick = time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                _ = tick.tick() => readings += 1,
                pressed = button.recv() => match pressed {
                    Some(()) => readings = 0,
                    None => return readings,
                },
            }
        }
    });
}

/// Hangs up the barometers, and lets people pass by.
pub async fn run(mut arrivals: Arrivals) {
    let mut buttons = Vec::new();
    for _ in 0..BAROMETERS {
        let (button, pressed) = mpsc::channel(1);
        hang_up(pressed);
        buttons.push(button);
    }
    loop {
        arrivals.next().await;
        tokio::spawn(time::sleep(TICK));
    }
}
