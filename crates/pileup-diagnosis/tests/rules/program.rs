//! Programs that exist on paper only: tasks with a birth and a lifetime, watched for a while.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use pileup_diagnosis::{Expected, Finding, History, Report, diagnose_expecting};
use pileup_model::{
    AsyncOp, AsyncOpId, Attribute, AttributeValue, Coverage, Polls, Resource, ResourceId, Site,
    Snapshot, Task, TaskId, TaskKind, Turnover, Wakers,
};

/// How long a program remembers its finished tasks, in seconds: as console-subscriber does.
const RETENTION: f64 = 3600.0;
/// Healthy tasks are expected to live for a minute at most: then a watch of seconds shows a
/// pile.
const SHORT: u64 = 60;
/// Between two snapshots, in seconds.
const PERIOD: f64 = 0.5;

/// A program on paper. Times are seconds since its start.
#[derive(Default)]
pub struct Program {
    tasks: Vec<Task>,
    resources: Vec<Resource>,
    async_ops: Vec<AsyncOp>,
    /// The permits of semaphores, from which time on.
    semaphores: Vec<(ResourceId, Vec<(f64, u64)>)>,
    /// How long healthy tasks live at most on average, in seconds, where it is not [`SHORT`].
    max_lifetime: Option<u64>,
    /// Whether the user says that it shuts down.
    shuts_down: bool,
}

/// A lock on paper: what user code made, and its inner semaphore.
#[derive(Clone, Copy)]
pub struct Lock {
    outer: ResourceId,
    inner: ResourceId,
}

/// How a task was woken: every task of a [`Program`] tells it.
pub fn wakers(task: &mut Task) -> &mut Wakers {
    task.wakers.as_mut().expect("a program tells of wakers")
}

impl Program {
    /// Adds a task that lives for `lifetime` seconds, or for good.
    pub fn spawn(&mut self, file: &str, born: f64, lifetime: Option<f64>) -> &mut Task {
        let id = TaskId(self.tasks.len() as u64 + 1);
        let born_at = at(born);
        self.tasks.push(Task {
            site: Some(Site {
                file: file.into(),
                line: 1,
                column: 1,
            }),
            finished_at: lifetime.map(|lifetime| at(born + lifetime)),
            polls: Polls {
                count: 1,
                last_started: Some(born_at),
                last_ended: Some(born_at),
                busy: Duration::ZERO,
            },
            wakers: Some(Wakers {
                clones: 1,
                ..Wakers::default()
            }),
            ..Task::new(id, TaskKind::Async, born_at)
        });
        self.tasks.last_mut().expect("it was just added")
    }

    /// Makes a timer, as a task does that goes to sleep.
    pub fn timer(&mut self, made: f64, seconds: u32) {
        self.resources.push(Resource {
            id: ResourceId(self.resources.len() as u64),
            parent: None,
            concrete_type: "Sleep".into(),
            is_internal: false,
            site: None,
            created_at: at(made),
            dropped_at: None,
            attributes: vec![attribute(
                "duration",
                AttributeValue::Unsigned(u64::from(seconds) * 1000),
            )],
        });
    }

    /// A task waits since a time for the timer that was made last: subscribers that know which
    /// task polls a timer report it so.
    pub fn waits_for_timer(&mut self, task: TaskId, since: f64) {
        let timer = self.resources.last().expect("a timer was made");
        self.async_ops.push(AsyncOp {
            id: AsyncOpId(self.async_ops.len() as u64),
            parent: None,
            resource: timer.id,
            task: Some(task),
            source: "Sleep::new_timeout".into(),
            created_at: at(since),
            dropped_at: None,
            attributes: Vec::new(),
        });
    }

    /// Makes a mutex that is locked.
    pub fn mutex(&mut self, file: &str) -> Lock {
        let number = self.resources.len() as u64;
        let lock = Lock {
            outer: ResourceId(number),
            inner: ResourceId(number + 1),
        };
        self.resources.push(Resource {
            id: lock.outer,
            parent: None,
            concrete_type: "Mutex".into(),
            is_internal: false,
            site: Some(Site {
                file: file.into(),
                line: 2,
                column: 2,
            }),
            created_at: at(0.0),
            dropped_at: None,
            attributes: vec![attribute("locked", AttributeValue::Bool(true))],
        });
        self.resources.push(Resource {
            id: lock.inner,
            parent: Some(lock.outer),
            concrete_type: "Semaphore".into(),
            is_internal: true,
            site: None,
            created_at: at(0.0),
            dropped_at: None,
            attributes: vec![attribute("permits", AttributeValue::Unsigned(0))],
        });
        lock
    }

    /// Makes a semaphore for one, whose permit is free until a time.
    pub fn semaphore(&mut self, file: &str, free_until: f64) -> Lock {
        self.semaphore_with(file, &[(0.0, 1), (free_until, 0)])
    }

    /// Makes a semaphore: for each pair, from that second on it has that number of permits left.
    pub fn semaphore_with(&mut self, file: &str, permits: &[(f64, u64)]) -> Lock {
        let lock = self.mutex(file);
        let outer = self.resources.iter_mut().rev().nth(1);
        outer.expect("it was just made").concrete_type = "Semaphore".into();
        self.semaphores.push((lock.outer, permits.to_vec()));
        lock
    }

    /// Healthy tasks of the program live for so long on average, at most.
    pub fn expects_lifetimes_up_to(mut self, seconds: u64) -> Self {
        self.max_lifetime = Some(seconds);
        self
    }

    /// The program was told to shut down.
    pub fn shuts_down(mut self) -> Self {
        self.shuts_down = true;
        self
    }

    fn expected(&self) -> Expected {
        let seconds = self.max_lifetime.unwrap_or(SHORT);
        Expected {
            max_lifetime: Duration::from_secs(seconds),
            shutting_down: self.shuts_down,
            ..Expected::default()
        }
    }

    /// All tasks that were added.
    pub fn spawned(&mut self) -> impl Iterator<Item = &mut Task> {
        self.tasks.iter_mut()
    }

    /// The task that was added last.
    pub fn last_spawned(&mut self) -> &mut Task {
        self.tasks.last_mut().expect("a task was added")
    }

    /// Makes an `RwLock` with this number of readers.
    pub fn rw_lock_read_by(&mut self, file: &str, readers: i64) -> Lock {
        let lock = self.mutex(file);
        let outer = self.resources.iter_mut().rev().nth(1);
        let outer = outer.expect("it was just made");
        outer.concrete_type = "RwLock".into();
        outer.attributes = vec![
            attribute("write_locked", AttributeValue::Bool(false)),
            // In the protocol, it is a signed number.
            attribute("current_readers", AttributeValue::Signed(readers)),
        ];
        lock
    }

    /// All ops on a lock so far are those of owned guards.
    pub fn gives_owned_guards(&mut self, lock: Lock) {
        for op in &mut self.async_ops {
            if op.resource == lock.outer {
                op.source = "Mutex::lock_owned".into();
            }
        }
    }

    /// A task has taken a lock at a time.
    pub fn takes(&mut self, task: TaskId, lock: Lock, time: f64) {
        self.lock_op(task, lock, time, Some(time), 1);
    }

    /// A task waits for a lock since a time.
    pub fn waits(&mut self, task: TaskId, lock: Lock, since: f64) {
        self.lock_op(task, lock, since, None, 0);
    }

    /// A task waits for a number of permits since a time.
    pub fn waits_for(&mut self, task: TaskId, lock: Lock, since: f64, permits: u64) {
        self.waits(task, lock, since);
        let acquire = self.async_ops.last_mut().expect("it was just added");
        acquire.attributes[0] = attribute("permits_requested", AttributeValue::Unsigned(permits));
    }

    /// A future of a task was granted a lock, and has not taken it.
    pub fn is_granted(&mut self, task: TaskId, lock: Lock, since: f64) {
        self.lock_op(task, lock, since, None, 1);
    }

    fn lock_op(&mut self, task: TaskId, lock: Lock, born: f64, end: Option<f64>, obtained: u64) {
        let number = self.async_ops.len() as u64;
        let op = |id: u64, parent: Option<u64>, resource: ResourceId, source: &str| AsyncOp {
            id: AsyncOpId(id),
            parent: parent.map(AsyncOpId),
            resource,
            task: Some(task),
            source: source.into(),
            created_at: at(born),
            dropped_at: end.map(at),
            attributes: Vec::new(),
        };
        self.async_ops
            .push(op(number, None, lock.outer, "Mutex::lock"));
        let mut acquire = op(number + 1, Some(number), lock.inner, "Acquire::new");
        acquire.attributes = vec![
            attribute("permits_requested", AttributeValue::Unsigned(1)),
            attribute("permits_obtained", AttributeValue::Unsigned(obtained)),
        ];
        self.async_ops.push(acquire);
    }

    /// What is found when the program is watched from one time to another.
    pub fn watch(&self, from: f64, to: f64) -> Report {
        self.watch_late(from, to, 0.0)
    }

    /// The same, of a target that tells of births only `lag` seconds later.
    pub fn watch_late(&self, from: f64, to: f64, lag: f64) -> Report {
        self.watch_changed(from, to, |snapshot, now| {
            let known = |task: &Arc<Task>| task.created_at <= at(now - lag);
            snapshot.tasks.retain(known);
            snapshot.coverage.lag = Duration::from_secs_f64(lag);
        })
    }

    /// The same, where each snapshot is changed before it is seen.
    pub fn watch_changed(
        &self,
        from: f64,
        to: f64,
        mut change: impl FnMut(&mut Snapshot, f64),
    ) -> Report {
        let mut history = History::default();
        let mut seen_until = from - RETENTION;
        let mut now = from;
        while now <= to {
            let mut snapshot = self.snapshot(seen_until, now);
            // It is asked whether it still has a task that has ended.
            let has_ended = |task: &Task| task.finished_at.is_some_and(|end| end <= at(from));
            let is_asked = now > from && self.tasks.iter().any(has_ended);
            snapshot.coverage.keeps_ended_for = is_asked.then(|| Duration::from_secs_f64(now));
            change(&mut snapshot, now);
            history.observe(snapshot);
            seen_until = now;
            now += PERIOD;
        }
        diagnose_expecting(&history, "a program on paper", &self.expected())
    }

    /// The same, told as a probe tells it: what finished is counted since the start.
    pub fn watch_by_probe(&self, from: f64, to: f64) -> Report {
        let mut history = History::default();
        let mut now = from;
        while now <= to {
            let mut snapshot = self.snapshot(0.0, now);
            let mut finished: BTreeMap<Site, Vec<(Duration, u64)>> = BTreeMap::new();
            for task in snapshot.finished.drain(..) {
                let site = task.site.clone().expect("tasks on paper have a site");
                let counted = finished.entry(site).or_default();
                counted.push((task.age(snapshot.at), 1));
            }
            let turnover = finished.into_iter().map(|(site, finished)| Turnover {
                site,
                since: Some(at(0.0)),
                spawned: finished.len() as u64,
                finished,
            });
            snapshot.turnover = turnover.collect();
            history.observe(snapshot);
            now += PERIOD;
        }
        diagnose_expecting(&history, "a program on paper", &self.expected())
    }

    fn snapshot(&self, seen_until: f64, now: f64) -> Snapshot {
        let (seen_until, now) = (at(seen_until), at(now));
        let live =
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
        let resource = |resource: &Resource| {
            let mut resource = resource.clone();
            let mut semaphores = self.semaphores.iter();
            if let Some((_, permits)) = semaphores.find(|(id, _)| *id == resource.id) {
                let mut so_far = permits.iter().take_while(|(from, _)| at(*from) <= now);
                let permits = so_far.by_ref().last().map_or(0, |(_, permits)| *permits);
                resource.attributes = vec![attribute("permits", AttributeValue::Unsigned(permits))];
            }
            Arc::new(resource)
        };
        Snapshot {
            at: now,
            tasks: self.tasks.iter().filter(live).map(alive).collect(),
            finished: finished.cloned().map(Arc::new).collect(),
            resources: self.resources.iter().map(resource).collect(),
            async_ops: self
                .async_ops
                .iter()
                .filter(|op| op.created_at <= now)
                .cloned()
                .map(Arc::new)
                .collect(),
            turnover: Vec::new(),
            process: None,
            coverage: Coverage::default(),
        }
    }
}

fn attribute(name: &str, value: AttributeValue) -> Attribute {
    Attribute {
        name: name.into(),
        value,
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

/// The time this number of seconds after the start.
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
