//! Programs that exist on paper only: tasks with a birth and a lifetime, watched for a while.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use pileup_diagnosis::{Finding, History, Report, diagnose};
use pileup_model::{Coverage, Polls, Site, Snapshot, Task, TaskId, TaskKind, Wakers};

/// How long a program remembers its finished tasks, in seconds.
const RETENTION: f64 = 30.0;
/// Between two snapshots, in seconds.
const PERIOD: f64 = 0.5;

/// A program on paper. Times are seconds since its start.
#[derive(Default)]
pub struct Program {
    tasks: Vec<Task>,
}

impl Program {
    /// Adds a task that lives for `lifetime` seconds, or for good.
    pub fn spawn(&mut self, file: &str, born: f64, lifetime: Option<f64>) -> &mut Task {
        let id = TaskId(self.tasks.len() as u64 + 1);
        let born_at = at(born);
        self.tasks.push(Task {
            id,
            tokio_id: None,
            kind: TaskKind::Async,
            name: None,
            site: Some(Site {
                file: file.into(),
                line: 1,
                column: 1,
            }),
            created_at: born_at,
            finished_at: lifetime.map(|lifetime| at(born + lifetime)),
            polls: Polls {
                count: 1,
                last_started: Some(born_at),
                last_ended: Some(born_at),
                busy: std::time::Duration::ZERO,
            },
            wakers: Wakers {
                clones: 1,
                ..Wakers::default()
            },
        });
        self.tasks.last_mut().expect("it was just added")
    }

    /// What is found when the program is watched from one time to another.
    pub fn watch(&self, from: f64, to: f64) -> Report {
        let mut history = History::default();
        let mut seen_until = from - RETENTION;
        let mut now = from;
        while now <= to {
            history.observe(self.snapshot(seen_until, now));
            seen_until = now;
            now += PERIOD;
        }
        diagnose(&history, "a program on paper")
    }

    fn snapshot(&self, seen_until: f64, now: f64) -> Snapshot {
        let (seen_until, now) = (at(seen_until), at(now));
        let living =
            |task: &&Task| task.created_at <= now && task.finished_at.is_none_or(|end| end > now);
        let alive = |task: &Task| {
            Arc::new(Task {
                finished_at: None,
                ..task.clone()
            })
        };
        let just_finished = |task: &&Task| {
            let end = task.finished_at;
            end.is_some_and(|end| seen_until < end && end <= now)
        };
        let finished = self.tasks.iter().filter(just_finished);
        Snapshot {
            at: now,
            tasks: self.tasks.iter().filter(living).map(alive).collect(),
            finished: finished.cloned().map(Arc::new).collect(),
            resources: Vec::new(),
            async_ops: Vec::new(),
            coverage: Coverage::default(),
        }
    }
}

/// The files in which something was found, with the code.
pub fn found(report: &Report) -> Vec<(&str, &str)> {
    let findings = report.findings.iter();
    findings
        .map(|finding| (file(finding), finding.code.number()))
        .collect()
}

fn file(finding: &Finding) -> &str {
    finding.site.as_ref().map_or("", |site| &site.file)
}

/// The time so many seconds after the start.
pub fn at(seconds: f64) -> Timestamp {
    let start = Timestamp::from_second(1_000_000).expect("a small number of seconds");
    start + SignedDuration::from_secs_f64(seconds)
}

/// Numbers between 0 and 1 that look random and are always the same.
pub fn noise() -> impl FnMut() -> f64 {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 53) as f64
    }
}
