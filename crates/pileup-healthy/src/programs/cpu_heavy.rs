//! An almanac: the phases of the moon are computed for many years, a year at a time.
//!
//! Looks like loops that never end: always running, woken by themselves. But they count to
//! the last year.

use std::hint;
use std::time::{Duration, Instant};

use pileup_scenario::Arrivals;
use tokio::task;

const YEARS: u64 = 150;
const A_YEAR: Duration = Duration::from_millis(1);
/// One arrival in this number wants an almanac.
const ONE_IN: u64 = 8;

fn phases(year: u64) -> u64 {
    let started = Instant::now();
    let mut moons = 0;
    while started.elapsed() < A_YEAR {
        moons = hint::black_box(moons + 1235 * year / 100);
    }
    moons
}

fn compute_almanac() {
    tokio::spawn(async {
        let mut moons = 0_u64;
        for year in 0..YEARS {
            moons = moons.wrapping_add(phases(year));
            task::yield_now().await;
        }
        moons
    });
}

/// Computes an almanac for those who want one.
pub async fn run(mut arrivals: Arrivals) {
    loop {
        if arrivals.next().await % ONE_IN == 0 {
            compute_almanac();
        }
    }
}
