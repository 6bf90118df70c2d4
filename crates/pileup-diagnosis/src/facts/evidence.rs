//! What was seen: each fact with its figures.
//!
//! A rule gives facts. Their sentences are made in [`super::sentences`].

use jiff::Timestamp;
use pileup_model::{Site, WaitKind};
use serde::{Deserialize, Serialize};

use super::in_common::InCommon;
use super::seconds::Seconds;
use super::wait_for::WaitFor;

/// One fact that was seen, with its figures.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Evidence {
    /// How many tasks of the site were alive as the watch began, and how many at its end.
    Growth {
        /// Live tasks at the start.
        alive_at_start: usize,
        /// Live tasks at the end.
        alive: usize,
        /// The length of the watch.
        watch_seconds: Seconds,
    },
    /// The live tasks were born in every part of a stretch of time up to the end.
    Births {
        /// Live tasks that were born in that time.
        born: usize,
        /// How long it is.
        within_seconds: Seconds,
        /// Whether that is the whole watch.
        whole_watch: bool,
        /// Tasks of the site that finished in the watch.
        finished: u64,
    },
    /// How many of the tasks that reached an age have finished.
    OldTasks {
        /// Tasks that reached the age.
        reached: u64,
        /// The age.
        age_seconds: Seconds,
        /// How many of them finished.
        finished: u64,
    },
    /// The finding is about a part of the live tasks of the site, which have something in common.
    /// They came to it in every part of a stretch of time up to the end.
    Cohort {
        /// How many they are.
        tasks: usize,
        /// Live tasks of the site.
        alive: usize,
        /// What they have in common.
        in_common: InCommon,
        /// How many of them came to it in that time.
        came: usize,
        /// How long it is.
        within_seconds: Seconds,
    },
    /// How many of the tasks that stayed in the cohort for a time have left it: finished, or gone
    /// on to something else.
    OldStays {
        /// Tasks that stayed for that time.
        reached: u64,
        /// The time.
        age_seconds: Seconds,
        /// How many of them left.
        left: u64,
    },
    /// How long the old tasks live on, if they finish at all.
    Exposure {
        /// For how long they were observed at that age, all together.
        task_seconds: Seconds,
        /// Their mean remaining life, at least, with a confidence of 95 %.
        mean_at_least_seconds: Seconds,
    },
    /// The longest lifetime of those that finished in the watch.
    LongestLifetime {
        /// How long it is.
        lifetime_seconds: Seconds,
    },
    /// Old tasks were not polled for a time.
    NotPolled {
        /// How many were not.
        tasks: usize,
        /// Of how many old ones.
        old: usize,
        /// For how long: the shortest of them.
        still_seconds: Seconds,
    },
    /// Old tasks are still polled.
    StillPolled {
        /// How often each, on average.
        polls_per_second: f64,
    },
    /// Old closures have kept threads of the blocking pool.
    ThreadsKept {
        /// How many keep one.
        closures: usize,
        /// How many wait for one.
        queued: usize,
        /// For how long each has kept it, at least.
        kept_seconds: Seconds,
    },
    /// Most wait for one and the same thing.
    WaitFor {
        /// What it is.
        wait: WaitFor,
        /// What is known of whoever could end the wait.
        other_side: OtherSide,
    },
    /// They wait for several things.
    WaitsDiffer {
        /// The most usual ones, with the number of tasks.
        waits: Vec<CountedWait>,
        /// Tasks that wait for other things.
        others: usize,
        /// Tasks that wait for what is not seen.
        unseen: usize,
    },
    /// What they wait for is not seen.
    WaitUnseen {
        /// Why not.
        why: Unseen,
    },
    /// Tasks are idle, and all their wakers were dropped.
    WakersDropped {
        /// How many.
        tasks: usize,
    },
    /// How the oldest of them was polled.
    OldestPolled {
        /// How often.
        polls: u64,
        /// How long ago, at the end of the watch.
        ago_seconds: Seconds,
    },
    /// How often any of them was polled, at most.
    PolledAtMost {
        /// How many they are.
        tasks: usize,
        /// How often.
        polls: u64,
    },
    /// Tasks are in a poll that has not returned.
    InLongPoll {
        /// How many.
        tasks: usize,
        /// The longest for how long.
        longest_seconds: Seconds,
    },
    /// How long the polls of the site took that did return.
    PollsReturned {
        /// Their mean; none where no poll has returned.
        mean_seconds: Option<Seconds>,
    },
    /// How many tasks of the site finished in the watch.
    Finished {
        /// How many.
        tasks: u64,
        /// The length of the watch.
        watch_seconds: Seconds,
    },
    /// Tasks wait in cycles for one another's locks, or each for a lock of its own.
    Cycle {
        /// The tasks of one cycle: the largest.
        tasks: usize,
        /// How many such cycles there are.
        cycles: usize,
    },
    /// Tasks wait for locks that were granted to futures which they do not poll.
    GrantedUnpolled {
        /// How many tasks.
        tasks: usize,
    },
    /// One step of a cycle: who waits for which lock, and who holds it.
    CycleStep {
        /// Where the task that waits was spawned.
        waiting: Option<Site>,
        /// What it waits for.
        wait: WaitFor,
        /// Where the task that holds it was spawned.
        holder: Option<Site>,
    },
    /// None of the tasks of a cycle was polled for a time.
    StoodStill {
        /// How many tasks.
        tasks: usize,
        /// How long.
        still_seconds: Seconds,
    },
    /// Other tasks wait for what is held here, directly or behind one another.
    Behind {
        /// How many.
        tasks: usize,
        /// Where they were spawned.
        spawned_at: Vec<Option<Site>>,
    },
    /// Locks are held.
    Held {
        /// How many.
        locks: usize,
        /// The kind of wait for them.
        kind: WaitKind,
        /// Where they were made.
        made_at: Option<Site>,
        /// The longest for how long.
        longest_seconds: Seconds,
    },
    /// The tasks that took the locks have ended.
    TakersEnded {
        /// How many tasks.
        tasks: usize,
        /// Where they were spawned.
        spawned_at: Option<Site>,
    },
    /// Tasks wait for these locks, directly or behind one another.
    WaitForLocks {
        /// How many.
        tasks: usize,
        /// Where they were spawned.
        spawned_at: Vec<Option<Site>>,
    },
    /// More locks made at the same place have holders that are not known.
    TakersUnknown {
        /// How many locks.
        locks: usize,
        /// How many tasks wait for them.
        tasks: usize,
    },
    /// Tasks of another site wait for what tasks of this site hold.
    WaitForHolders {
        /// How many wait.
        waiting: usize,
        /// Where they were spawned.
        spawned_at: Option<Site>,
        /// How many hold.
        holders: usize,
    },
    /// For how long the longest idle of the holders was not polled.
    HolderIdle {
        /// How long.
        idle_seconds: Seconds,
    },
    /// Tasks were never polled.
    NeverPolled {
        /// How many.
        tasks: usize,
        /// The age of the oldest.
        oldest_seconds: Seconds,
    },
    /// Tasks wake themselves.
    WakeThemselves {
        /// How many.
        tasks: usize,
        /// How often, at most.
        wakes_per_second: f64,
    },
    /// No task of the program has begun or ended a poll for a time.
    NoPollSince {
        /// How long.
        seconds: Seconds,
    },
    /// Tasks were woken or spawned while no task was polled.
    WokenUnpolled {
        /// How many.
        tasks: usize,
    },
    /// Timers became due while no task was polled, and have not fired.
    TimersOverdue {
        /// How many.
        timers: usize,
        /// The longest for how long.
        longest_seconds: Seconds,
    },
    /// What the threads of the process did while a poll did not return, by looks at it from the
    /// same machine.
    Threads {
        /// The number of the process.
        process: u32,
        /// Its name.
        program: String,
        /// The time from the first look to the last.
        between_seconds: Seconds,
        /// Those that had a processor for a tenth of that time or more, or were ready for one at
        /// every look.
        computing: Vec<ThreadsAlike>,
        /// Those that slept on a futex at every look: for a lock, or as workers without work.
        on_futex: Vec<ThreadsAlike>,
        /// How many did neither: they wait for I/O, or sleep for a time.
        others: usize,
    },
    /// Tasks of the site finished, then none any more, and those that are live stand
    /// still.
    UsedToFinish {
        /// How many finished before.
        finished: u64,
        /// The longest lifetime of those.
        longest_seconds: Seconds,
        /// How many stand still.
        still: usize,
        /// For how long: the shortest of them.
        still_seconds: Seconds,
    },
    /// Tasks were alive for the whole watch of a program that shuts down.
    LeftInShutdown {
        /// How many.
        tasks: usize,
        /// For how long none of them was polled.
        still_seconds: Seconds,
    },
    /// How many tasks of the whole program finished in the watch.
    FinishedMeanwhile {
        /// How many.
        tasks: u64,
        /// The length of the watch.
        watch_seconds: Seconds,
    },
    /// How long the tasks of the site take that finish.
    OthersFinished {
        /// How many finished.
        tasks: u64,
        /// Their longest lifetime.
        longest_seconds: Seconds,
    },
    /// Tasks that did not finish beside many that did.
    LeftBehind {
        /// How many.
        tasks: usize,
        /// The age of the oldest.
        oldest_seconds: Seconds,
        /// For how long the oldest was not polled.
        idle_seconds: Seconds,
    },
    /// Tasks are alive although their test is done.
    OutliveTest {
        /// How many.
        tasks: usize,
        /// The age of the oldest.
        oldest_seconds: Seconds,
        /// How often one of them was polled, at most.
        most_polls: u64,
        /// For how long the longest idle of them was not polled.
        idle_seconds: Seconds,
    },
    /// Tasks that were spawned by other tasks. The most of them that tasks of one site spawned.
    SpawnedByTasks {
        /// How many were spawned so.
        tasks: usize,
        /// Where the tasks that spawned them were spawned.
        spawned_at: Site,
    },
    /// Where most wait, by their await stacks.
    AwaitAt {
        /// How many.
        tasks: usize,
        /// The kind of wait, such as `mpsc::Receiver::recv`.
        kind: String,
        /// The program's own function that waits.
        function: Option<String>,
        /// Its file.
        file: Option<String>,
        /// The line of the `.await`.
        line: Option<u32>,
    },
    /// Where tasks waited last of which no waker is left.
    WaitedLastAt {
        /// How many waited there.
        tasks: usize,
        /// Of how many.
        of: usize,
        /// The kind of wait, such as `mpsc::Receiver::recv`.
        kind: String,
        /// The program's own function that waited.
        function: Option<String>,
        /// Its file.
        file: Option<String>,
        /// The line of the `.await`.
        line: Option<u32>,
    },
    /// Tasks keep a future that they no longer poll, in a queue.
    Unpolled {
        /// How many tasks.
        tasks: usize,
        /// The kind of wait in that queue, such as `async_lock::Mutex::lock`.
        kind: String,
        /// For how long the tasks have been idle, at least.
        still_seconds: Seconds,
    },
    /// Tasks wait in a queue of the same kind as that of an unpolled future.
    SameKindOfQueue {
        /// How many of those that keep such a future.
        members: usize,
        /// How many others.
        others: usize,
        /// Where the others were spawned.
        spawned_at: Vec<Option<Site>>,
    },
    /// Who woke tasks last, and whether those wakers can wake them again.
    LastWokenBy {
        /// How many tasks were last woken by tasks of one spawn site.
        tasks: usize,
        /// Of how many.
        of: usize,
        /// Where the tasks that woke them were spawned.
        spawned_at: Site,
        /// When the last of these wakes was.
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        last_wake: Timestamp,
        /// How long that was before the end of the watch.
        ago_seconds: Seconds,
        /// What those that woke them do.
        wakers: WakersNow,
    },
    /// How much memory the futures of the tasks take, at least.
    FutureBytes {
        /// How many tasks are counted: those whose size is known.
        tasks: usize,
        /// The sizes of their futures, added up.
        bytes: u64,
        /// How fast that grew over the watch.
        bytes_per_minute: f64,
    },
    /// The tasks are spawned inside a dependency, and the program's own line is not known.
    OfDependency {
        /// The name of the crate.
        name: String,
        /// Its version, where the path has it.
        version: Option<String>,
    },
    /// Tasks that a dependency spawned have spawned these, and stay alive: they wait for them,
    /// perhaps.
    SpawnedByDependency {
        /// How many are alive.
        alive: usize,
        /// Where the dependency spawned them.
        spawned_at: Option<Site>,
    },
    /// While these tasks are active, they spawn tasks inside a dependency, which stay alive.
    SpawnInDependency {
        /// How many are alive.
        alive: usize,
        /// Where the dependency spawns them.
        spawned_at: Option<Site>,
    },
}

/// Threads of one name.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadsAlike {
    /// Their name, of which the system keeps 15 bytes.
    pub name: String,
    /// How many they are.
    pub threads: usize,
    /// For how long they had a processor, all together.
    pub ran_seconds: Seconds,
}

/// A wait, and how many tasks wait so.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountedWait {
    /// How many tasks.
    pub tasks: usize,
    /// What they wait for.
    pub wait: WaitFor,
}

/// What is known of whoever could end a wait.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OtherSide {
    /// The holder is in `held_by`, or there is nobody to name.
    Known,
    /// The holder of the lock is not known.
    HolderUnknown,
    /// Which channel it is, and who should receive, is not known.
    ReceiverUnknown,
    /// The sender of the answer lives, and sends nothing.
    SenderSilent,
}

/// What the tasks do that woke others last.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WakersNow {
    /// They have ended, and no other task of their spawn site was alive for a quarter of the
    /// watch.
    AllOfSiteEnded,
    /// They have ended; other tasks of their spawn site are alive, or were lately.
    Ended,
    /// Some of them are alive, and none of those is polled.
    StandStill,
    /// Some of them are alive and are polled, and wake these tasks no more.
    WakeNoLonger,
    /// Some of them are alive, and still wake these tasks.
    WakeStill,
}

/// Why it is not seen what tasks wait for.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Unseen {
    /// Tokio does not instrument it.
    NotInstrumented,
    /// Tokio sees of a closure only whether it has returned.
    Closure,
    /// The source does not see waits.
    Source,
}
