//! What a report says of the watch that it comes from.

use std::time::Duration;

use pileup_model::{Coverage, Scheduling, Snapshot, Task, TaskState};
use serde::{Deserialize, Serialize};

use super::finding::Finding;
use crate::facts::{Doubt, Seconds};
use crate::figures::duration;
use crate::history::History;
use crate::starvation::{is_starved, starvation};
use crate::thresholds::BLIND_PART;
use crate::waits::WaitGraph;

/// How much of the target a watch covers.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ReportCoverage {
    /// Tasks that were seen at all, finished or not.
    pub tasks_seen: u64,
    /// Live tasks at the end of the watch. 0 in reports of version 1.
    #[serde(default)]
    pub live_tasks: usize,
    /// Live tasks of which nothing shows what they wait for: neither Tokio's instrumentation
    /// nor an await stack.
    pub uninstrumented_waits: usize,
    /// Live tasks of which the place is known at which they wait. 0 where the program has no
    /// probe that shows await stacks.
    #[serde(default)]
    pub await_stacks: usize,
    /// Whether nothing is known of what tasks wait for, nor of who could wake them.
    #[serde(default)]
    pub waits_unseen: bool,
    /// Events that the target lost because its buffer was full.
    pub dropped_events: u64,
    /// Whether the target withheld what was there before the attach.
    pub state_withheld: bool,
    /// How late the target reported new tasks.
    pub lag_seconds: f64,
    /// The breaks of the connection, where there were any and it was made again.
    #[serde(default)]
    pub gaps: Option<Gaps>,
    /// Why the watch could not have seen a leak by its growth; empty where it could.
    #[serde(default)]
    pub blind: Vec<Blind>,
    /// Why the watch ended before its time; none where it is whole.
    #[serde(default)]
    pub ended_early: Option<EndedEarly>,
}

/// Why a watch could not have seen a leak by its growth.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "because", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Blind {
    /// The program got too little processor time.
    Starved {
        /// Polls whose wait for a worker is known.
        polls: u64,
        /// Those of them that began late.
        late_polls: u64,
        /// A poll is late after this time.
        late_after_seconds: Seconds,
        /// How many times longer than it wanted to a thread of the probe, or of pileup-subscriber,
        /// slept; zero without one.
        overslept_times: f64,
        /// For how long each thread of the process waited at least for a processor, each time on
        /// average; zero where some thread hardly waited, or the process runs elsewhere.
        #[serde(default)]
        processor_wait_seconds: Seconds,
        /// For which part of the watch the process was stopped, from 0 to 1.
        #[serde(default)]
        stopped_part: f64,
        /// How many times as long as they ran the threads of the process waited for a processor;
        /// zero where they did not wait for most of the time, or the process runs elsewhere.
        #[serde(default)]
        waited_times_the_run: f64,
    },
    /// The target reported new tasks too late.
    Late {
        /// How late.
        lag_seconds: Seconds,
    },
    /// There was no connection for too much of the watch.
    Unwatched {
        /// For how long.
        unwatched_seconds: Seconds,
    },
}

impl Blind {
    /// Why a watch was blind. `is_held_back` says whether a finding is a mere suspicion because the
    /// program was slowed.
    fn of(history: &History, coverage: &Coverage, is_held_back: bool) -> Vec<Self> {
        let is_starved = is_held_back || is_starved(history);
        let starvation = is_starved.then(|| starvation(history));
        let starved = starvation.map(|starvation| Self::Starved {
            polls: starvation.polls,
            late_polls: starvation.late,
            late_after_seconds: Scheduling::LATE.into(),
            overslept_times: starvation.overslept,
            processor_wait_seconds: starvation.processor_wait.into(),
            stopped_part: starvation.stopped,
            waited_times_the_run: starvation.slowed,
        });
        let most = history.window() / BLIND_PART;
        let is_blind = |time: &Duration| !time.is_zero() && *time >= most;
        let late = Some(coverage.lag).filter(is_blind).map(|lag| Self::Late {
            lag_seconds: lag.into(),
        });
        let unwatched = Some(coverage.unwatched).filter(is_blind);
        let unwatched = unwatched.map(|unwatched| Self::Unwatched {
            unwatched_seconds: unwatched.into(),
        });
        starved.into_iter().chain(late).chain(unwatched).collect()
    }

    /// The reason as a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::Starved {
                polls,
                late_polls,
                late_after_seconds,
                overslept_times,
                processor_wait_seconds,
                stopped_part,
                waited_times_the_run,
            } => {
                let mut figures = Vec::new();
                if *late_polls > 0 {
                    figures.push(format!(
                        "of {polls} polls, {late_polls} began {} late or later",
                        duration(late_after_seconds.0)
                    ));
                }
                if !processor_wait_seconds.0.is_zero() {
                    figures.push(format!(
                        "each of its threads waited {} or longer for a processor, each time on average",
                        duration(processor_wait_seconds.0)
                    ));
                }
                if *stopped_part >= 0.01 {
                    figures.push(format!(
                        "it was stopped at {:.0} of 100 looks at its process",
                        stopped_part * 100.0
                    ));
                }
                if *waited_times_the_run > 0.0 {
                    figures.push(format!(
                        "its threads waited for a processor {waited_times_the_run:.1} times as long as they ran"
                    ));
                }
                if *overslept_times >= 1.0 || figures.is_empty() {
                    figures.push(format!(
                        "a thread that only keeps the time slept {:.1} times as long as it wanted to",
                        overslept_times + 1.0
                    ));
                }
                format!(
                    "the program was starved of processor time: {}",
                    figures.join(", and ")
                )
            }
            Self::Late { lag_seconds } => format!(
                "the target reported new tasks {} late, for half of the watch or more",
                duration(lag_seconds.0)
            ),
            Self::Unwatched { unwatched_seconds } => format!(
                "there was no connection for {}, half of the watch or more",
                duration(unwatched_seconds.0)
            ),
        }
    }
}

/// Times of the watch in which nobody watched.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gaps {
    /// How often the connection broke.
    pub count: u32,
    /// How long that lasted in all.
    pub seconds: f64,
}

/// That a watch ended before its time.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EndedEarly {
    /// Why.
    pub reason: String,
    /// How long it had lasted by then, by the target's own clock.
    pub after_seconds: f64,
}

impl ReportCoverage {
    /// The coverage of a watch with these findings.
    pub(super) fn of(history: &History, graph: &WaitGraph, findings: &[Finding]) -> Self {
        let latest = history.latest();
        let coverage = latest.map(|latest| latest.coverage).unwrap_or_default();
        Self {
            tasks_seen: history.tasks_seen(),
            live_tasks: latest.map_or(0, |latest| latest.live_tasks().count()),
            uninstrumented_waits: latest.map_or(0, |latest| uninstrumented_waits(latest, graph)),
            await_stacks: latest.map_or(0, await_stacks),
            waits_unseen: coverage.waits_unseen,
            dropped_events: coverage.dropped_events,
            state_withheld: coverage.state_withheld,
            lag_seconds: coverage.lag.as_secs_f64(),
            gaps: (coverage.reconnects > 0).then_some(Gaps {
                count: coverage.reconnects,
                seconds: coverage.unwatched.as_secs_f64(),
            }),
            blind: Blind::of(history, &coverage, findings.iter().any(is_held_back)),
            ended_early: None,
        }
    }
}

/// Whether a finding by growth is a mere suspicion because its tasks may be late.
fn is_held_back(finding: &Finding) -> bool {
    let doubts = &finding.doubts;
    doubts.contains(&Doubt::Starved) && doubts.iter().any(|doubt| doubt.rests_on_growth())
}

/// Live tasks of which the source knows where they wait.
fn await_stacks(snapshot: &Snapshot) -> usize {
    let tasks = snapshot.live_tasks();
    tasks.filter(|task| task.waits.is_some()).count()
}

/// Tasks that are idle, can be woken, and have neither an await stack nor an async op open
/// that would say by what.
fn uninstrumented_waits(snapshot: &Snapshot, graph: &WaitGraph) -> usize {
    let mut in_ops = graph.tasks_in_ops().iter().peekable();
    // Both are in the order of the tasks.
    let mut is_in_op = |task: &Task| {
        while in_ops.next_if(|id| **id < task.id).is_some() {}
        in_ops.peek() == Some(&&task.id)
    };
    let waits = snapshot.tasks.iter().filter(|task| {
        task.kind.is_scheduled()
            && task.state() == Some(TaskState::Idle)
            && task.waker_count() != Some(0)
            && task.waits.is_none()
            && !is_in_op(task)
    });
    waits.count()
}
