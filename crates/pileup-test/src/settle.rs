//! Tasks that are about to end get to end.

use std::time::Duration;

use tokio::task::yield_now;

use crate::clock::{Running, is_paused, real_sleep};

/// For how long tasks may still end after their test.
const SETTLE: Duration = Duration::from_millis(250);
/// Most tasks that are about to end are woken already: this many turns of the scheduler are
/// tried before any time passes.
const TURNS: usize = 16;
/// The steps in which a paused clock is advanced.
const PAUSED_STEP: Duration = Duration::from_millis(10);
/// What does not depend on a paused clock, such as a socket, gets real time.
const REAL_TIME_IF_PAUSED: Duration = Duration::from_millis(100);
/// The longest of the steps in which real time is waited for.
const LONGEST_STEP: Duration = Duration::from_millis(10);

/// Waits until nothing is left, for at most [`SETTLE`]. A paused clock is advanced by that time,
/// and runs afterwards for as long as what is given is kept.
///
/// The time counts by what was asked for, and not by the time that passed: on a machine that is
/// overloaded each step takes longer, for the tasks as well as for this.
pub(crate) async fn settle(mut is_done: impl FnMut() -> bool) -> Running {
    for _ in 0..TURNS {
        yield_now().await;
        if is_done() {
            return Running::if_paused();
        }
    }
    let mut time = SETTLE;
    if is_paused() {
        let mut advanced = Duration::ZERO;
        while advanced < SETTLE && !is_done() {
            tokio::time::advance(PAUSED_STEP).await;
            advanced += PAUSED_STEP;
            for _ in 0..TURNS {
                yield_now().await;
            }
        }
        time = REAL_TIME_IF_PAUSED;
    }
    let running = Running::if_paused();
    let mut waited = Duration::ZERO;
    let mut step = Duration::from_millis(1);
    while waited < time && !is_done() {
        real_sleep(step).await;
        waited += step;
        step = LONGEST_STEP.min(step * 2);
    }
    running
}
