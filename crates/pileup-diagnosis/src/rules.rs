//! The rules. Each is one file that turns an observation into claims, and one row of the table
//! below, which declares its module as well.
//!
//! `cargo fmt` does not see modules that a macro declares; `just fmt` formats them too.

mod advice;
mod await_advice;
mod claim;
mod table;

use serde::{Deserialize, Serialize};

pub(crate) use self::advice::Advice;
pub(crate) use self::await_advice::fix_for_await;
pub(crate) use self::claim::{Claim, Observation};
pub(crate) use self::table::Stage;
use self::table::{Rule, rules};

rules! {
    /// Tasks are idle, and no waker is left that could wake them.
    never_woken: NeverWoken = "PU01", "never-woken", Cause;
    /// Tasks hold a worker in a poll that does not return.
    pinned_worker: PinnedWorker = "PU02", "pinned-worker", Cause;
    /// The live tasks of a spawn site grow, and its old ones do not finish.
    piling_up: PilingUp = "PU03", "piling-up", Symptom;
    /// Tasks wait for one another's locks, or for one of their own.
    deadlock: Deadlock = "PU04", "deadlock", Cause;
    /// A lock was granted to a future that its task no longer polls.
    futurelock: Futurelock = "PU05", "futurelock", Cause;
    /// A lock is held, and the task that took it has ended.
    orphaned_lock: OrphanedLock = "PU06", "orphaned-lock", Cause;
    /// Tasks pile up behind a lock whose holder does nothing.
    held_lock: HeldLock = "PU07", "held-lock", Cause;
    /// Tasks were spawned, and never polled.
    never_polled: NeverPolled = "PU08", "never-polled", Cause;
    /// A task wakes itself again and again.
    wake_storm: WakeStorm = "PU09", "wake-storm", Cause;
    /// A few tasks stand still beside many of their site that finish.
    left_behind: LeftBehind = "PU10", "left-behind", Symptom;
    /// Closures keep all threads of the blocking pool, and others wait for one.
    blocking_pool_full: BlockingPoolFull = "PU11", "blocking-pool-full", Runtime;
    /// No task of a runtime is polled any more: polls that do not return hold it.
    frozen_runtime: FrozenRuntime = "PU12", "frozen-runtime", Runtime;
    /// The tasks of a spawn site used to finish; now none does, and all stand still.
    stalled_site: StalledSite = "PU13", "stalled-site", Symptom;
    /// A program that shuts down waits for tasks that do not end.
    hanging_shutdown: HangingShutdown = "PU14", "hanging-shutdown", Symptom;
    /// A test is done, and tasks that it has spawned are alive.
    outlives_test: OutlivesTest = "PU15", "outlives-test", Symptom;
    /// Tasks stand still, and keep a future in a queue that they no longer poll.
    unpolled_future: UnpolledFuture = "PU16", "unpolled-future", Cause;
}
