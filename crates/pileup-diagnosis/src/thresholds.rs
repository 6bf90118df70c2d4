//! Every threshold of the rules, with its reason.
//!
//! Where possible a rule measures time by the watch itself, and a site by its own tasks. What
//! is left are these numbers. Those of the rule of growth stand with that rule.

use std::time::Duration;

/// For a fact to be the reason of a pile, it must hold for four in five of its tasks: the
/// others are those that were between two waits when the snapshot was taken.
const MOST_IN_FIVE: usize = 4;

/// Whether some are most of all.
pub(crate) fn are_most(some: usize, all: usize) -> bool {
    some * 5 >= all * MOST_IN_FIVE
}

/// A wait, or a hold, that is shorter may be a moment's.
const SHORTEST_STANDSTILL: Duration = Duration::from_secs(1);
/// A standstill must last for this part of the watch: one that has just begun has not been
/// seen to last, and what ends by a deadline would mostly have ended.
const STANDSTILL_PART: u32 = 4;

/// For how long a wait or a hold must have stood still to count, in a watch of this length.
pub(crate) fn standstill(watch: Duration) -> Duration {
    SHORTEST_STANDSTILL.max(watch / STANDSTILL_PART)
}

/// Tasks are counted from snapshot to snapshot. A wake this long after a site was last seen alive
/// did not come from there: it is newer than what is known of the waker.
pub(crate) const SEEN_EVERY: Duration = Duration::from_secs(2);

/// A waker that is between its clone and its storing is gone from sight for microseconds.
pub(crate) const WITHOUT_WAKER: Duration = Duration::from_secs(1);

/// The program counts the wakers that are cloned from the first clone on, which `tracing`
/// makes known in microseconds; or, where that thread is not let run, in tenths of a second.
pub(crate) const CLONES_COUNTED_IN: Duration = Duration::from_secs(1);

/// Tasks that have lived for half as long as the oldest and then ended were aborted, perhaps,
/// as the others may be.
pub(crate) const ENDED_AS_OLD_PART: u32 = 2;

/// Ten thousand times the longest time between two awaits that Tokio advises, 100
/// microseconds.
pub(crate) const LONG_POLL: Duration = Duration::from_secs(1);
/// A poll is only long beside the site's own: this many times their mean.
pub(crate) const TIMES_THE_MEAN_POLL: u32 = 10;
/// One long poll may be a heavy one; from two on that last for half of the watch, with none
/// of the site that came back, it is no chance.
pub(crate) const LASTING_POLLS: usize = 2;
/// A poll lasts when it fills this part of the watch.
pub(crate) const LASTING_POLL_PART: u32 = 2;

/// A thread of the blocking pool that is free begins a closure in microseconds, or, on a busy
/// machine, in tenths of a second: well within this part of a standstill.
pub(crate) const TIME_TO_BEGIN_PART: u32 = 2;

/// Self-wakes a second: no source of events outside the task is as fast for long.
pub(crate) const WAKE_STORM: f64 = 1000.0;
/// A rate over less time is that of a burst.
pub(crate) const WAKE_STORM_FOR: Duration = Duration::from_secs(1);

/// This many finished tasks show how long the work of a site takes.
pub(crate) const MANY_FINISHED: u64 = 30;
/// To stand still for ten times the longest lifetime of the others is unusual.
pub(crate) const TIMES_THE_LONGEST: u32 = 10;
/// What is left behind is an exception: at most one for this many that finish. A pool that
/// shares its site with short work has more.
pub(crate) const LEFT_BEHIND_ONE_IN: u64 = 10;
/// What has stood still for less than this part of the watch may be new to it.
pub(crate) const LEFT_BEHIND_PART: u32 = 2;

/// The tasks of a pile count as old from a third of the time on for which it grew, at the
/// latest from the age on at which they no longer finish.
pub(crate) const OLD_PART: u32 = 3;

/// A timer that is due within ten times the watch is an end that a task may be waiting for;
/// a later one is beyond what a person waits for.
pub(crate) const END_IN_WATCHES: u32 = 10;
/// A task that did little before its last wait, a fourth of its life at most, has not waited
/// under a timer before: a loop that sleeps has a timer too, and no end.
pub(crate) const FIRST_WAIT_PART: u32 = 4;

/// A caller that is active for more than half of the watch would explain any birth.
pub(crate) const ACTIVE_PART: u32 = 2;

/// An old task stands still when it was not polled for half of the age that makes it old.
pub(crate) const STILL_PART: u32 = 2;

/// A program is starved where it was starved for a quarter of the watch: what does not finish
/// then may have been late.
pub(crate) const STARVED_PART: u32 = 4;
/// It is starved at a time in which one poll in ten is late. A thread that gets little of the
/// processor works through its queue while it has it, so most polls follow each other at once;
/// but every task meets a late one soon, and timers, which nobody counts, are late as well.
pub(crate) const STARVED_ONE_IN: u64 = 10;
/// Fewer polls than this show nothing.
pub(crate) const FEWEST_POLLS: u64 = 20;
/// A thread that wants to sleep for 10 ms, and sleeps for 30 ms on average, gets too little of
/// the processor.
pub(crate) const OVERSLEPT_TIMES: u32 = 2;
/// This much sleep shows it, the time that the thread overslept included.
pub(crate) const SHORTEST_SLEEP: Duration = Duration::from_millis(200);
/// A thread that waits for this long for a processor, each time on average, gets too little of it:
/// as long as the thread of a probe oversleeps then.
pub(crate) const LONG_WAIT_FOR_PROCESSOR: Duration = Duration::from_millis(20);
/// Fewer turns of a thread than this show nothing.
pub(crate) const FEWEST_TURNS: u64 = 20;
/// A thread that waits for a processor for half of the time does its work in twice the time or more.
pub(crate) const WAITS_PART: u32 = 2;
/// Threads that wait for twice as long as they run take three times as long for their work. On a
/// machine with some load they may do so as well, but no thread waits for half of the time.
pub(crate) const SLOWED_TIMES: u32 = 2;
/// The shares of the threads over less time are those of a moment.
pub(crate) const SHORTEST_STRETCH: Duration = Duration::from_secs(1);
/// Fewer looks at a process than this show nothing. This number takes about a second.
pub(crate) const FEWEST_LOOKS: u64 = 14;
/// A process that is stopped for half of the time gets too little of the processor.
pub(crate) const STOPPED_PART: u64 = 2;
/// Where more than one poll in this number is long, the long polls hold up the others.
pub(crate) const LONG_POLLS_ONE_IN: u64 = 200;
/// Polls of a site that take this long on average hold up the others: half of what is late.
pub(crate) const HOLDS_UP: Duration = Duration::from_millis(50);
/// A poll that lasts for this long does not wait for a processor.
pub(crate) const FROZEN: Duration = Duration::from_secs(5);

/// A runtime is frozen when it has polled nothing for half of the watch; at least for this time,
/// so that one heavy computation is not enough.
const SHORTEST_FREEZE: Duration = Duration::from_secs(10);
/// Nobody needs to see more of a freeze than this.
const LONGEST_FREEZE: Duration = Duration::from_secs(30);

/// For how long no task must have been polled for a runtime to be frozen, in a watch of this
/// length.
pub(crate) fn frozen_for(watch: Duration) -> Duration {
    (watch / 2).clamp(SHORTEST_FREEZE, LONGEST_FREEZE)
}

/// A timer fires within a few milliseconds, and a task is polled for it.
pub(crate) const TIMER_FIRES_IN: Duration = Duration::from_millis(20);

/// The last poll of another worker may end this much later than a task was woken.
pub(crate) const FREEZE_BEGINS_IN: Duration = Duration::from_secs(1);

/// Fewer tasks that stand still are an exception and not the state of the site.
pub(crate) const FEWEST_STALLED: usize = 3;
/// A site may be quiet for a moment.
pub(crate) const SHORTEST_STALL: Duration = Duration::from_secs(20);
/// Within this time a task that stops at once has stopped, whatever the lifetimes of others.
pub(crate) const FIRST_WAIT: Duration = Duration::from_millis(100);

/// Where no holder is known, permits may have been passed on to work that takes its time.
pub(crate) const LONG_WITHOUT_HOLDER: Duration = Duration::from_secs(60);

/// The rule of growth needs to know half of the watch at least, birth by birth.
pub(crate) const BLIND_PART: u32 = 2;
