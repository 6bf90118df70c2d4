//! Watches that could be: any snapshots, most of whose entries stay from one to the next.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use pileup_model::{
    AsyncOp, AsyncOpId, Attribute, AttributeValue, Coverage, Frame, Polls, Process, Resource,
    ResourceId, Scheduling, Site, Snapshot, Stops, Task, TaskId, TaskKind, Thread, ThreadState,
    Turnover, Wait, Wakers, WokenBy,
};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

/// Snapshots of one watch.
pub fn watch() -> impl Strategy<Value = Vec<Snapshot>> {
    vec(moment(), 0..6).prop_map(|moments| {
        let mut last = Live::default();
        let step = |moment: Moment| moment.after(&mut last);
        moments.into_iter().map(step).collect()
    })
}

#[derive(Debug, Clone, Default)]
struct Live {
    tasks: BTreeMap<u64, Arc<Task>>,
    resources: BTreeMap<u64, Arc<Resource>>,
    async_ops: BTreeMap<u64, Arc<AsyncOp>>,
}

/// What is new in a snapshot.
#[derive(Debug, Clone)]
struct Moment {
    at: Timestamp,
    coverage: Coverage,
    reported: Live,
    polled: BTreeMap<u64, Polls>,
    gone: Vec<u64>,
    finished: Vec<Task>,
    turnover: Vec<Turnover>,
    process: Option<Process>,
}

impl Moment {
    fn after(self, last: &mut Live) -> Snapshot {
        let mut finished: Vec<_> = self.finished.into_iter().map(Arc::new).collect();
        for id in &self.gone {
            last.resources.remove(id);
            last.async_ops.remove(id);
            if let Some(mut task) = last.tasks.remove(id) {
                Arc::make_mut(&mut task).finished_at = Some(self.at);
                finished.push(task);
            }
        }
        for (id, polls) in self.polled {
            if let Some(task) = last.tasks.get_mut(&id) {
                Arc::make_mut(task).polls = polls;
            }
        }
        last.tasks.extend(self.reported.tasks);
        last.resources.extend(self.reported.resources);
        last.async_ops.extend(self.reported.async_ops);
        Snapshot {
            at: self.at,
            tasks: last.tasks.values().cloned().collect(),
            finished,
            resources: last.resources.values().cloned().collect(),
            async_ops: last.async_ops.values().cloned().collect(),
            turnover: self.turnover,
            process: self.process,
            coverage: self.coverage,
        }
    }
}

fn moment() -> impl Strategy<Value = Moment> {
    let reported = (
        btree_map(id(), task(), 0..6),
        btree_map(id(), resource(), 0..4),
        btree_map(id(), async_op(), 0..4),
    );
    let reported = reported.prop_map(|(tasks, resources, async_ops)| Live {
        tasks: with_ids(tasks, |task, id| task.id = TaskId(id)),
        resources: with_ids(resources, |resource, id| resource.id = ResourceId(id)),
        async_ops: with_ids(async_ops, |op, id| op.id = AsyncOpId(id)),
    });
    (
        time(),
        coverage(),
        reported,
        btree_map(id(), polls(), 0..4),
        vec(id(), 0..4),
        vec(task(), 0..3),
        vec(turnover(), 0..3),
        proptest::option::of(process()),
    )
        .prop_map(
            |(at, coverage, reported, polled, gone, finished, turnover, process)| Moment {
                at,
                coverage,
                reported,
                polled,
                gone,
                finished,
                turnover,
                process,
            },
        )
}

fn turnover() -> impl Strategy<Value = Turnover> {
    let site = (text(), any::<u32>(), 0_u32..100);
    let site = site.prop_map(|(file, line, column)| Site { file, line, column });
    let finished = vec((duration(), any::<u64>()), 0..3);
    let since = proptest::option::of(time());
    (site, since, any::<u64>(), finished).prop_map(|(site, since, spawned, finished)| Turnover {
        site,
        since,
        spawned,
        finished,
    })
}

fn process() -> impl Strategy<Value = Process> {
    let state = prop_oneof![
        Just(ThreadState::Running),
        Just(ThreadState::OnFutex),
        Just(ThreadState::Asleep)
    ];
    let times = (duration(), duration(), count());
    let thread = (any::<u32>(), text(), state, times);
    let thread = thread.prop_map(|(id, name, state, (ran, waited, turns))| Thread {
        id,
        name,
        state,
        ran,
        waited,
        turns,
    });
    let stops = (count(), count()).prop_map(|(looks, stopped)| Stops { looks, stopped });
    let process = (any::<u32>(), text(), vec(thread, 0..3), stops);
    process.prop_map(|(id, name, threads, stops)| Process {
        id,
        name,
        threads,
        stops,
    })
}

fn with_ids<T>(entries: BTreeMap<u64, T>, set: impl Fn(&mut T, u64)) -> BTreeMap<u64, Arc<T>> {
    let entries = entries.into_iter().map(|(id, mut entry)| {
        set(&mut entry, id);
        (id, Arc::new(entry))
    });
    entries.collect()
}

/// Few, so that they come back; and the ends of what an id can be.
fn id() -> impl Strategy<Value = u64> {
    prop_oneof![8 => 0_u64..8, 1 => Just(u64::MAX), 1 => any::<u64>()]
}

fn count() -> impl Strategy<Value = u64> {
    prop_oneof![4 => 0_u64..300, 1 => any::<u64>()]
}

fn time() -> impl Strategy<Value = Timestamp> {
    let (first, last) = (
        Timestamp::MIN.as_nanosecond(),
        Timestamp::MAX.as_nanosecond(),
    );
    let near = 1_700_000_000_000_000_000_i128..1_700_000_060_000_000_000;
    prop_oneof![8 => near, 1 => first..=last]
        .prop_map(|nanos| Timestamp::from_nanosecond(nanos).expect("it is in range"))
}

fn duration() -> impl Strategy<Value = Duration> {
    prop_oneof![
        8 => (0_u64..100_000_000_000).prop_map(Duration::from_nanos),
        1 => Just(Duration::MAX),
    ]
}

fn text() -> impl Strategy<Value = Arc<str>> {
    prop_oneof![4 => "[a-c]{0,2}", 1 => any::<String>()].prop_map(Arc::from)
}

fn site() -> impl Strategy<Value = Option<Site>> {
    let site = (text(), any::<u32>(), 0_u32..100);
    option::of(site.prop_map(|(file, line, column)| Site { file, line, column }))
}

fn coverage() -> impl Strategy<Value = Coverage> {
    let times = (duration(), option::of(duration()));
    let seen = (count(), any::<[bool; 3]>(), times);
    let gaps = (any::<u32>(), duration());
    (seen, gaps, option::of(scheduling())).prop_map(
        |((dropped_events, unseen, (lag, keeps_ended_for)), gaps, scheduling)| Coverage {
            dropped_events,
            state_withheld: unseen[0],
            waits_unseen: unseen[1],
            workers_unseen: unseen[2],
            lag,
            keeps_ended_for,
            reconnects: gaps.0,
            unwatched: gaps.1,
            scheduling,
        },
    )
}

fn scheduling() -> impl Strategy<Value = Scheduling> {
    let polls = (count(), count(), count());
    (polls, duration(), duration()).prop_map(
        |((polls, late_polls, long_polls), slept, overslept)| Scheduling {
            polls,
            late_polls,
            long_polls,
            slept,
            overslept,
        },
    )
}

fn polls() -> impl Strategy<Value = Polls> {
    (count(), option::of(time()), option::of(time()), duration()).prop_map(
        |(count, last_started, last_ended, busy)| Polls {
            count,
            last_started,
            last_ended,
            busy,
        },
    )
}

fn wakers() -> impl Strategy<Value = Wakers> {
    let counts = (count(), count(), count(), count());
    let last = (option::of(time()), option::of(any::<bool>()));
    (counts, last, duration()).prop_map(
        |((wakes, self_wakes, clones, drops), (last_wake, woken_for_last_poll), scheduled)| {
            Wakers {
                wakes,
                self_wakes,
                clones,
                drops,
                last_wake,
                scheduled,
                woken_for_last_poll,
            }
        },
    )
}

fn task() -> impl Strategy<Value = Task> {
    let kind = prop_oneof![
        Just(TaskKind::Async),
        Just(TaskKind::Local),
        Just(TaskKind::Blocking),
        Just(TaskKind::BlockOn),
        Just(TaskKind::Other),
    ];
    let origin = (id(), option::of(count()), kind, option::of(text()), site());
    let life = (time(), option::of(time()), polls(), option::of(wakers()));
    let seen = (
        option::of(count()),
        (option::of(count()), site()),
        (option::of(waits()), option::of(wait())),
        option::of(woken_by()),
    );
    (origin, life, seen).prop_map(
        |(
            (id, tokio_id, kind, name, site),
            (created_at, finished_at, polls, wakers),
            (size_bytes, (parent, parent_site), (waits, last_wait), woken_by),
        )| Task {
            id: TaskId(id),
            tokio_id,
            kind,
            name,
            site,
            created_at,
            finished_at,
            polls,
            wakers,
            size_bytes,
            parent,
            parent_site,
            waits,
            last_wait,
            woken_by,
        },
    )
}

fn frame() -> impl Strategy<Value = Frame> {
    (text(), option::of(text()), option::of(any::<u32>())).prop_map(|(function, file, line)| {
        Frame {
            function,
            file,
            line,
        }
    })
}

fn wait() -> impl Strategy<Value = Arc<Wait>> {
    let wait = (
        text(),
        option::of(frame()),
        vec(frame(), 0..3),
        any::<bool>(),
    );
    wait.prop_map(|(kind, place, stack, passed)| {
        Arc::new(Wait {
            kind,
            place,
            stack,
            passed,
        })
    })
}

/// Few different ones, so that some repeat.
fn waits() -> impl Strategy<Value = Arc<[Arc<Wait>]>> {
    vec(wait(), 0..3).prop_map(Arc::from)
}

fn woken_by() -> impl Strategy<Value = Arc<WokenBy>> {
    (option::of(count()), site()).prop_map(|(task, site)| Arc::new(WokenBy { task, site }))
}

fn attributes() -> impl Strategy<Value = Vec<Attribute>> {
    let value = prop_oneof![
        any::<bool>().prop_map(AttributeValue::Bool),
        any::<u64>().prop_map(AttributeValue::Unsigned),
        any::<i64>().prop_map(AttributeValue::Signed),
        text().prop_map(AttributeValue::Text),
    ];
    vec((text(), value), 0..4).prop_map(|attributes| {
        let attributes = attributes.into_iter();
        attributes
            .map(|(name, value)| Attribute { name, value })
            .collect()
    })
}

fn resource() -> impl Strategy<Value = Resource> {
    let origin = (option::of(id()), text(), any::<bool>(), site());
    (origin, time(), option::of(time()), attributes()).prop_map(
        |((parent, concrete_type, is_internal, site), created_at, dropped_at, attributes)| {
            Resource {
                id: ResourceId(0),
                parent: parent.map(ResourceId),
                concrete_type,
                is_internal,
                site,
                created_at,
                dropped_at,
                attributes,
            }
        },
    )
}

fn async_op() -> impl Strategy<Value = AsyncOp> {
    let origin = (option::of(id()), id(), option::of(id()), text());
    (origin, time(), option::of(time()), attributes()).prop_map(
        |((parent, resource, task, source), created_at, dropped_at, attributes)| AsyncOp {
            id: AsyncOpId(0),
            parent: parent.map(AsyncOpId),
            resource: ResourceId(resource),
            task: task.map(TaskId),
            source,
            created_at,
            dropped_at,
            attributes,
        },
    )
}
