//! The sentences of the evidence and the doubts: all of them, and nothing else.

use std::fmt::Write;
use std::time::Duration;

use pileup_model::{Site, WaitKind};

use super::doubt::Doubt;
use super::evidence::{CountedWait, Evidence, OtherSide, ThreadsAlike, Unseen, WakersNow};
use super::in_common::InCommon;
use super::seconds::Seconds;
use super::wait_for::WaitFor;
use crate::figures::{count, duration, size, size_per, times};

impl Evidence {
    /// The fact as a sentence.
    #[must_use]
    #[expect(clippy::too_many_lines, reason = "a table: one arm for each fact")]
    pub fn sentence(&self) -> String {
        match self {
            Self::Growth {
                alive_at_start,
                alive,
                watch_seconds,
            } => format!(
                "alive went from {alive_at_start} to {alive} in the {} of the watch",
                span(*watch_seconds)
            ),
            Self::Births {
                born,
                within_seconds,
                whole_watch,
                finished,
            } => {
                let finished = match finished {
                    0 => "none finished".to_owned(),
                    more => format!("{} of the site finished", count(*more, "task")),
                };
                if *whole_watch {
                    format!(
                        "{born} of the live tasks were born in the watch, in every part of it; \
                         {finished}"
                    )
                } else {
                    format!(
                        "{born} of the live tasks were born in the last {} of the watch, in every \
                         part of it; {finished} in the watch",
                        span(*within_seconds)
                    )
                }
            }
            Self::OldTasks {
                reached,
                age_seconds,
                finished,
            } => {
                let age = span(*age_seconds);
                match finished {
                    0 => format!("none of the {reached} tasks older than {age} has finished"),
                    1 => {
                        format!("of {reached} tasks that reached the age of {age}, 1 has finished")
                    }
                    more => format!(
                        "of {reached} tasks that reached the age of {age}, {more} have finished"
                    ),
                }
            }
            Self::Cohort {
                tasks,
                alive,
                in_common,
                came,
                within_seconds,
            } => format!(
                "of the {alive} live tasks of the site, the {tasks} that {} stay; {came} of them \
                 came in the last {} of the watch, in every part of it",
                what_they_do(in_common),
                span(*within_seconds)
            ),
            Self::OldStays {
                reached,
                age_seconds,
                left,
            } => format!(
                "of {reached} tasks that were there for {}, {}",
                span(*age_seconds),
                match left {
                    0 => "none has left".to_owned(),
                    1 => "1 has left".to_owned(),
                    more => format!("{more} have left"),
                }
            ),
            Self::Exposure {
                mean_at_least_seconds,
                ..
            } => format!(
                "if these tasks finish at all, they live for {} or more on average (95 % confidence)",
                span(*mean_at_least_seconds)
            ),
            Self::LongestLifetime { lifetime_seconds } => format!(
                "those that did finish had lived for {} at most",
                span(*lifetime_seconds)
            ),
            Self::NotPolled {
                tasks,
                old,
                still_seconds,
            } if tasks == old => {
                let still = span(*still_seconds);
                format!("none was polled in the last {still}")
            }
            Self::NotPolled {
                tasks,
                old,
                still_seconds,
            } => format!(
                "{tasks} of the {old} old were not polled in the last {}",
                span(*still_seconds)
            ),
            Self::StillPolled { polls_per_second } => format!(
                "the old are still polled, each {polls_per_second:.1} times a second on average, and \
                 do not finish"
            ),
            Self::ThreadsKept {
                queued: 0,
                kept_seconds,
                ..
            } => format!(
                "each of the old has kept a thread of the blocking pool for {} or longer",
                span(*kept_seconds)
            ),
            Self::ThreadsKept {
                closures,
                queued,
                kept_seconds,
            } => format!(
                "{closures} of the old have each kept a thread of the blocking pool for {} or longer, \
                 and {queued} wait for one",
                span(*kept_seconds)
            ),
            Self::WaitFor { wait, other_side } => {
                format!("they wait {}{}", purpose(wait), about(*other_side))
            }
            Self::WaitsDiffer {
                waits,
                others,
                unseen,
            } => waits_differ(waits, *others, *unseen),
            Self::WaitUnseen { why } => unseen_because(*why).to_owned(),
            Self::WakersDropped { tasks } => format!(
                "{} idle, and every waker that was cloned from {} was dropped",
                are(*tasks),
                them(*tasks)
            ),
            Self::OldestPolled { polls, ago_seconds } => format!(
                "the oldest was polled {} in all, {} before the end of the watch",
                times(*polls),
                span(*ago_seconds)
            ),
            Self::PolledAtMost { tasks, polls } => match tasks {
                1 => format!("it was polled {}", times(*polls)),
                _ => format!(
                    "none of these {tasks} tasks was polled more than {}",
                    times(*polls)
                ),
            },
            Self::NoPollSince { seconds } => format!(
                "no task of the program has begun or ended a poll in the last {}",
                span(*seconds)
            ),
            Self::WokenUnpolled { tasks } => format!(
                "{} woken or spawned since then, and not polled",
                were(*tasks)
            ),
            Self::TimersOverdue {
                timers,
                longest_seconds,
            } => format!(
                "{} became due since then and did not fire, the oldest {} ago",
                count(*timers as u64, "timer"),
                span(*longest_seconds)
            ),
            Self::Threads {
                process,
                program,
                between_seconds,
                computing,
                on_futex,
                others,
            } => {
                let mut kinds = vec![match &computing[..] {
                    [] => "none computes".to_owned(),
                    threads => {
                        let ran: Duration = threads.iter().map(|alike| alike.ran_seconds.0).sum();
                        let computes = counted(threads, ["computes", "compute"]);
                        format!("{computes}, with {} of processor time", duration(ran))
                    }
                }];
                if !on_futex.is_empty() {
                    kinds.push(counted(on_futex, ["sleeps on a futex", "sleep on a futex"]));
                }
                if *others > 0 {
                    let sleep = if *others == 1 { "waits" } else { "wait" };
                    kinds.push(format!("{others} {sleep} for I/O or a time"));
                }
                format!(
                    "of the threads of process {process} ({program}), in {}: {}",
                    span(*between_seconds),
                    kinds.join("; ")
                )
            }
            Self::UsedToFinish {
                finished,
                longest_seconds,
                still,
                still_seconds,
            } => format!(
                "{} of the site finished, after {} at most; no more have since, and {still} have not \
                 been polled for {} or longer",
                count(*finished, "task"),
                span(*longest_seconds),
                span(*still_seconds)
            ),
            Self::LeftInShutdown {
                tasks,
                still_seconds,
            } => format!(
                "{} alive for the whole watch; the last poll was {} before its end",
                were(*tasks),
                span(*still_seconds)
            ),
            Self::FinishedMeanwhile {
                tasks,
                watch_seconds,
            } => format!(
                "{} of the program finished in the {} of the watch",
                match tasks {
                    0 => "no task".to_owned(),
                    more => count(*more, "task"),
                },
                span(*watch_seconds)
            ),
            Self::InLongPoll {
                tasks: 1,
                longest_seconds,
            } => format!(
                "1 task is in a poll that has not returned for {}",
                span(*longest_seconds)
            ),
            Self::InLongPoll {
                tasks,
                longest_seconds,
            } => format!(
                "{} in a poll that has not returned, the longest for {}",
                are(*tasks),
                span(*longest_seconds)
            ),
            Self::PollsReturned { mean_seconds: None } => {
                "no poll of a task of this site has returned".to_owned()
            }
            Self::PollsReturned {
                mean_seconds: Some(mean),
            } => format!(
                "the polls of this site that did return took {} on average",
                span(*mean)
            ),
            Self::Finished {
                tasks,
                watch_seconds,
            } => format!(
                "{} of the site finished in the {} of the watch",
                count(*tasks, "task"),
                span(*watch_seconds)
            ),
            Self::GrantedUnpolled { tasks } => format!(
                "{} for a lock that was granted to a future which its task no longer polls",
                wait(*tasks)
            ),
            Self::Cycle {
                tasks: 1,
                cycles: 1,
            } => "1 task waits for a lock that it holds itself".to_owned(),
            Self::Cycle { tasks: 1, cycles } => {
                format!("{cycles} tasks wait, each for a lock that it holds itself")
            }
            Self::Cycle { tasks, cycles: 1 } => {
                format!("{tasks} tasks wait in a cycle, each for a lock that the next one holds")
            }
            Self::Cycle { tasks, cycles } => format!(
                "{cycles} times, {tasks} tasks wait in a cycle, each for a lock that the next one \
                 holds"
            ),
            Self::CycleStep {
                waiting,
                wait,
                holder,
            } => format!(
                "a task spawned at {} waits {}, which a task spawned at {} holds",
                place(waiting.as_ref()),
                purpose(wait),
                place(holder.as_ref())
            ),
            Self::StoodStill {
                tasks,
                still_seconds,
            } => format!(
                "{} polled in the last {}",
                if *tasks == 1 {
                    "it was not"
                } else {
                    "none of them was"
                },
                span(*still_seconds)
            ),
            Self::Behind { tasks, spawned_at } => {
                format!("{} behind them, {}", wait(*tasks), spawned(spawned_at))
            }
            Self::Held {
                locks,
                kind,
                made_at,
                longest_seconds,
            } => format!(
                "{} made at {} {}{} for {}",
                count(*locks as u64, kind.noun()),
                place(made_at.as_ref()),
                match (kind, locks) {
                    (WaitKind::Semaphore, 1) => "lacks permits",
                    (WaitKind::Semaphore, _) => "lack permits",
                    (_, 1) => "is still held",
                    _ => "are still held",
                },
                if *locks == 1 { "," } else { ", the longest" },
                span(*longest_seconds)
            ),
            Self::TakersEnded {
                tasks: 1,
                spawned_at,
            } => format!(
                "the task that took it was spawned at {} and has ended",
                place(spawned_at.as_ref())
            ),
            Self::TakersEnded { tasks, spawned_at } => format!(
                "all {tasks} tasks that took them were spawned at {} and have ended",
                place(spawned_at.as_ref())
            ),
            Self::WaitForLocks { tasks, spawned_at } => format!(
                "{} for them, directly or behind one another, {}",
                wait(*tasks),
                spawned(spawned_at)
            ),
            Self::TakersUnknown { locks, tasks } => format!(
                "of these, {} for {} whose holder is not known: held since before the attach, or \
                 taken by try_lock",
                wait(*tasks),
                count(*locks as u64, "lock")
            ),
            Self::WaitForHolders {
                waiting,
                spawned_at,
                holders,
            } => format!(
                "{} spawned at {} {} for what {} of this site {}, directly or behind one another",
                count(*waiting as u64, "task"),
                place(spawned_at.as_ref()),
                if *waiting == 1 { "waits" } else { "wait" },
                count(*holders as u64, "task"),
                if *holders == 1 { "holds" } else { "hold" },
            ),
            Self::HolderIdle { idle_seconds } => format!(
                "the longest idle of the holders was not polled in the last {}",
                span(*idle_seconds)
            ),
            Self::NeverPolled {
                tasks,
                oldest_seconds,
            } => format!(
                "{} never polled; the oldest was spawned {} ago",
                were(*tasks),
                span(*oldest_seconds)
            ),
            Self::WakeThemselves {
                tasks,
                wakes_per_second,
            } => match tasks {
                1 => format!("1 task wakes itself {wakes_per_second:.0} times a second"),
                _ => format!(
                    "{tasks} tasks wake themselves up to {wakes_per_second:.0} times a second"
                ),
            },
            Self::OthersFinished {
                tasks,
                longest_seconds,
            } => format!(
                "{} of this site finished, each within {}",
                count(*tasks, "task"),
                span(*longest_seconds)
            ),
            Self::LeftBehind {
                tasks,
                oldest_seconds,
                idle_seconds,
            } => format!(
                "{tasks} did not: the oldest has lived for {}, the last {} without a poll",
                span(*oldest_seconds),
                span(*idle_seconds)
            ),
            Self::OutliveTest {
                tasks,
                oldest_seconds,
                most_polls,
                idle_seconds,
            } => {
                let alive = format!("{} alive after the test", were(*tasks));
                let age = span(*oldest_seconds);
                let polls = times(*most_polls);
                let idle = span(*idle_seconds);
                match (*tasks, *most_polls) {
                    (1, 0) => format!("{alive}: it had lived for {age}, and was never polled"),
                    (1, _) => format!(
                        "{alive}: it had lived for {age}, was polled {polls}, and was not polled \
                         in the last {idle}"
                    ),
                    (_, 0) => format!("{alive}: the oldest had lived for {age}; none was polled"),
                    _ => format!(
                        "{alive}: the oldest had lived for {age}; none was polled more than \
                         {polls}, and one was not polled in the last {idle}"
                    ),
                }
            }
            Self::SpawnedByTasks { tasks, spawned_at } => {
                let spawned_at = place(Some(spawned_at));
                match tasks {
                    1 => format!("1 was spawned by a task that was spawned at {spawned_at}"),
                    _ => format!("{tasks} were spawned by tasks that were spawned at {spawned_at}"),
                }
            }
            Self::AwaitAt {
                tasks,
                kind,
                function,
                file,
                line,
            } => {
                let place = await_place(kind, function.as_deref(), file.as_deref(), *line);
                format!("{} in {place}", wait(*tasks))
            }
            Self::WaitedLastAt {
                tasks,
                of,
                kind,
                function,
                file,
                line,
            } => {
                let place = await_place(kind, function.as_deref(), file.as_deref(), *line);
                let who = they_of(*tasks, *of);
                format!("{who} last waited in {place}, and went on from there")
            }
            Self::Unpolled {
                tasks,
                kind,
                still_seconds,
            } => {
                let (who, been) = match tasks {
                    1 => (
                        "1 task keeps a future that it no longer polls".to_owned(),
                        "it has",
                    ),
                    _ => (
                        format!("{tasks} tasks keep a future that they no longer poll"),
                        "they have",
                    ),
                };
                let still = span(*still_seconds);
                format!("{who}, in {kind}; {been} been idle for {still} or longer")
            }
            Self::SameKindOfQueue {
                members,
                others,
                spawned_at,
            } => {
                let members = (*members > 0)
                    .then(|| format!("{members} of them wait in such a queue themselves"));
                let others = (*others > 0)
                    .then(|| format!("{} in such a queue, {}", wait(*others), spawned(spawned_at)));
                let parts: Vec<String> = members.into_iter().chain(others).collect();
                parts.join("; ")
            }
            Self::LastWokenBy {
                tasks,
                of,
                spawned_at,
                last_wake,
                ago_seconds,
                wakers,
            } => {
                let who = they_of(*tasks, *of);
                let were = if *tasks == 1 { "was" } else { "were" };
                let at = last_wake.strftime("%H:%M:%S UTC");
                let ago = span(*ago_seconds);
                let them = them(*tasks);
                match wakers {
                    WakersNow::AllOfSiteEnded => format!(
                        "until {at}, {ago} ago, {who} {were} woken by tasks spawned at \
                         {spawned_at}, the last of which has ended"
                    ),
                    WakersNow::Ended => format!(
                        "until {at}, {ago} ago, {who} {were} woken by tasks spawned at \
                         {spawned_at}; those that woke {them} last have ended"
                    ),
                    WakersNow::StandStill => format!(
                        "until {at}, {ago} ago, {who} {were} woken by tasks spawned at \
                         {spawned_at}, which are alive and stand still themselves"
                    ),
                    WakersNow::WakeNoLonger => format!(
                        "until {at}, {ago} ago, {who} {were} woken by tasks spawned at \
                         {spawned_at}, which are still active and no longer wake {them}"
                    ),
                    WakersNow::WakeStill => format!(
                        "{who} {were} woken {ago} ago, at {at}, by tasks spawned at {spawned_at}, \
                         which are still active"
                    ),
                }
            }
            Self::FutureBytes {
                tasks,
                bytes,
                bytes_per_minute,
            } => {
                let hold = match tasks {
                    1 => "it holds",
                    _ => "together they hold",
                };
                let bytes = size(*bytes as f64);
                if *bytes_per_minute > 0.0 {
                    let more = size_per(*bytes_per_minute);
                    format!("{hold} at least {bytes} of futures, and {more} more")
                } else {
                    format!("{hold} at least {bytes} of futures")
                }
            }
            Self::OfDependency { name, version } => format!(
                "these tasks are spawned by {name}{}, and which line of the program leads \
                 there is not known: look at its uses of {name}, then at the issues of that crate",
                version
                    .as_ref()
                    .map_or_else(String::new, |version| format!(" {version}"))
            ),
            Self::SpawnedByDependency { alive, spawned_at } => format!(
                "{} of a dependency, spawned at {}, spawned these and may wait for them",
                count(*alive as u64, "live task"),
                place(spawned_at.as_ref())
            ),
            Self::SpawnInDependency { alive, spawned_at } => format!(
                "while active they spawn tasks inside a dependency, at {}; {} alive",
                place(spawned_at.as_ref()),
                match alive {
                    1 => "1 of those is".to_owned(),
                    more => format!("{more} of those are"),
                }
            ),
        }
    }
}

impl Doubt {
    /// The doubt as a sentence; none where the grade says it already.
    #[must_use]
    pub fn sentence(self) -> Option<String> {
        let sentence = match self {
            Self::TimersAhead {
                tasks,
                first_seconds,
                last_seconds,
            } => {
                return Some(format!(
                    "but {tasks} of the old wait under a timer, due in {} to {}: none had the \
                     time to finish yet; a watch longer than that shows whether they do",
                    span(first_seconds),
                    span(last_seconds)
                ));
            }
            Self::WatchTooShort {
                max_lifetime_seconds,
                more_seconds,
            } => {
                let wait = longer_watch(more_seconds);
                return Some(format!(
                    "but healthy tasks that live for up to {} on average would look the same so \
                     far; {wait}",
                    span(max_lifetime_seconds)
                ));
            }
            Self::MayBecomeFull { more_seconds } => {
                return Some(format!(
                    "but new ones may become rarer, as in a pool that becomes full; {}",
                    longer_watch(more_seconds)
                ));
            }
            Self::WakersUncounted => {
                "they were polled as the program began, and it may not have counted their wakers \
                 yet"
            }
            Self::MayHaveFinished => {
                "they may have finished: a span that was made in a task, and is still open, keeps \
                 the task on the console"
            }
            Self::OthersEndedAsOld => {
                "others of the site have ended at half that age or more, perhaps aborted, as these \
                 may be"
            }
            Self::WorkerUnseen => {
                "whether they gave up their worker first, by block_in_place, a probe does not see"
            }
            Self::GuardPassedOn => {
                "the lock has owned guards, which a task can pass on: the task that took one need \
                 not hold it any more"
            }
            Self::PermitsPassedOn => {
                "permits of a semaphore can be passed on, and new ones be added: the task that \
                 took one need not hold it any more"
            }
            Self::PermitsOfTheCycle => {
                "permits of a semaphore can be passed on, and new ones be added; but only tasks of \
                 these spawn sites have taken these, and they gave them back before"
            }
            Self::MayHaveGivenBack => {
                "it was polled after it took the lock: it may have given it back, and another may \
                 have taken it by `try_lock`, which is not seen"
            }
            Self::WokenElsewhere => {
                "one of these tasks can be woken by something else as well, and may then go on"
            }
            Self::Starved => {
                "the program was starved of processor time: its tasks may be late rather than stuck"
            }
            Self::MayBeIdle => {
                "idle connections and idle workers stand still as well, until something comes"
            }
            Self::MayBeDetached => {
                "they are still polled: perhaps a loop in the background that nobody awaits"
            }
            Self::StillDrains => {
                "tasks finished in the second half of the watch: the drain may go on"
            }
            Self::QueueUnseen => {
                "the await stacks show the kind of the queue, not whether it is one queue"
            }
            Self::StillWoken => "other tasks that are active still wake them, so they may go on",
            Self::OnlyGrowth
            | Self::OnlyStandstill
            | Self::PollMayReturn
            | Self::MayBeHeavyWork
            | Self::GuardInUse
            | Self::HolderMayGoOn
            | Self::MayBePolledYet
            | Self::StormMayEnd
            | Self::MayBeMeantToStay
            | Self::SpawnedInDependency
            | Self::MayBeLongLived => return None,
        };
        Some(sentence.to_owned())
    }
}

fn waits_differ(waits: &[CountedWait], others: usize, unseen: usize) -> String {
    let mut parts: Vec<String> = waits
        .iter()
        .map(|counted| format!("{} {}", counted.tasks, purpose(&counted.wait)))
        .collect();
    if others > 0 {
        parts.push(format!("{others} for something else"));
    }
    if unseen > 0 {
        parts.push(format!("{unseen} for what Tokio does not instrument"));
    }
    format!("they do not all wait for one thing: {}", parts.join(", "))
}

fn purpose(wait: &WaitFor) -> String {
    match &wait.made_at {
        Some(site) => format!("{} made at {site}", wait.kind.purpose()),
        None => wait.kind.purpose().to_owned(),
    }
}

/// What the tasks of a cohort do, after "the tasks that".
fn what_they_do(in_common: &InCommon) -> String {
    match in_common {
        InCommon::Name { name } => format!("are named `{name}`"),
        InCommon::AwaitAt {
            file: Some(file),
            line: Some(line),
            ..
        } => format!("wait at {file}:{line}"),
        InCommon::AwaitAt { function, .. } => format!("wait in {function}"),
        InCommon::AwaitOf { kind } => format!("wait in {kind}"),
        InCommon::WaitFor { wait } => format!("wait {}", purpose(wait)),
        InCommon::NotPolled => "are not polled any more".to_owned(),
    }
}

fn about(other_side: OtherSide) -> &'static str {
    match other_side {
        OtherSide::Known => "",
        OtherSide::HolderUnknown => {
            "; its holder is unknown (taken by try_lock, moved, forgotten, or held since before \
             the attach)"
        }
        OtherSide::ReceiverUnknown => {
            "; Tokio does not report which channel it is, nor who should receive"
        }
        OtherSide::SenderSilent => "; its sender lives, and sends nothing",
    }
}

fn unseen_because(why: Unseen) -> &'static str {
    match why {
        Unseen::NotInstrumented => {
            "what they wait for is not seen: Tokio does not instrument recv, Notify, JoinHandle and \
             I/O"
        }
        Unseen::Closure => {
            "what they wait for is not seen: Tokio knows of a closure only whether it has \
             returned; a debugger's backtraces of the program's threads show where each stands"
        }
        Unseen::Source => {
            "what they wait for is not seen by a probe: the program's console shows it for locks, \
             full channels and timers, and the awaits after the spawn for the rest"
        }
    }
}

/// A number of tasks, of those that a sentence is about.
fn they_of(tasks: usize, of: usize) -> String {
    match (tasks, of) {
        (1, 1) => "it".to_owned(),
        (tasks, of) if tasks == of => "they".to_owned(),
        (tasks, of) => format!("{tasks} of the {of}"),
    }
}

/// A kind of wait, and the line of its `.await`, as far as that is known.
fn await_place(
    kind: &str,
    function: Option<&str>,
    file: Option<&str>,
    line: Option<u32>,
) -> String {
    let mut place = kind.to_owned();
    if let (Some(file), Some(line)) = (file, line) {
        let _ = write!(place, " at {file}:{line}");
    }
    if let Some(function) = function {
        let _ = write!(place, ", in {function}");
    }
    place
}

fn spawned(sites: &[Option<Site>]) -> String {
    let places: Vec<String> = sites.iter().map(|site| place(site.as_ref())).collect();
    format!("spawned at {}", places.join(" and "))
}

/// Where something was spawned or made.
fn place(site: Option<&Site>) -> String {
    site.map_or_else(
        || "a place that the target does not report".to_owned(),
        Site::to_string,
    )
}

/// How many threads do something, with their names.
fn counted(threads: &[ThreadsAlike], does: [&str; 2]) -> String {
    let all: usize = threads.iter().map(|alike| alike.threads).sum();
    let names = threads.iter().map(|alike| match alike.threads {
        1 => alike.name.clone(),
        more => format!("{more} {}", alike.name),
    });
    let names: Vec<String> = names.collect();
    let does = if all == 1 { does[0] } else { does[1] };
    format!("{all} {does} ({})", names.join(", "))
}

/// That a longer watch decides, and how much longer.
fn longer_watch(more: Option<Seconds>) -> String {
    match more {
        Some(more) => format!(
            "a watch that is about {:.0} s longer decides it, if it goes on like this",
            more.0.as_secs_f64().max(1.0)
        ),
        None => "an hour more would not decide it".to_owned(),
    }
}

fn span(seconds: Seconds) -> String {
    duration(seconds.0)
}

fn are(tasks: usize) -> String {
    match tasks {
        1 => "1 task is".to_owned(),
        _ => format!("{tasks} tasks are"),
    }
}

fn were(tasks: usize) -> String {
    match tasks {
        1 => "1 task was".to_owned(),
        _ => format!("{tasks} tasks were"),
    }
}

fn wait(tasks: usize) -> String {
    match tasks {
        1 => "1 task waits".to_owned(),
        _ => format!("{tasks} tasks wait"),
    }
}

fn them(tasks: usize) -> &'static str {
    if tasks == 1 { "it" } else { "them" }
}
