//! The same program by both subscribers: the messages that clients get are the same, field by
//! field, but for what is listed here.

use std::collections::{BTreeMap, HashMap};

use console_api::field::{Name, Value};
use console_api::tasks::{Stats, Task};
use console_api::{Attribute, PollStats, SpanId, async_ops, resources};
use prost_types::Timestamp;

use crate::client::{Client, State, field};
use crate::target::{By, Target};

/// Fields of a task that only one of the two sends: `fn` is console-subscriber's.
const FIELDS_OF_ONE: [&str; 4] = ["fn", "waits", "spawned_by", "woken_by"];

async fn state_by(by: By) -> State {
    let target = Target::start(by, "all");
    let mut client = Client::attach(&target.address).await;
    let has_all = |state: &State| {
        let has = |name: &str| {
            let mut tasks = state.tasks.values();
            tasks.any(|(task, _)| field(task, "task.name").as_deref() == Some(name))
        };
        let has_op = |source: &str| state.ops.values().any(|(op, _)| op.source == source);
        has("blocks") && has_op("Sender::closed") && has_op("Semaphore::acquire_many")
    };
    client.until("all is reported", has_all).await;
    // What is still on its way.
    for _ in 0..10 {
        client.next().await;
    }
    client.state
}

/// Of a point in time, whether it is there.
fn keep_presence(time: &mut Option<Timestamp>) {
    if let Some(time) = time {
        *time = Timestamp::default();
    }
}

fn without_times(polls: &mut PollStats) {
    // Only console-subscriber says when the first poll was.
    polls.first_poll = None;
    keep_presence(&mut polls.last_poll_started);
    keep_presence(&mut polls.last_poll_ended);
    polls.busy_time = polls.busy_time.map(|_| prost_types::Duration::default());
}

/// The messages of each task that has a name.
fn tasks(state: &State) -> BTreeMap<String, (Task, Stats)> {
    let named = state.tasks.values().filter_map(|(task, stats)| {
        let name = field(task, "task.name").filter(|name| !name.is_empty())?;
        Some((name, (same_task(task), same_stats(stats))))
    });
    named.collect()
}

/// A task without what differs from one run to the next, and by design.
fn same_task(task: &Task) -> Task {
    let mut task = task.clone();
    task.id = None;
    // console-subscriber says of no task which one has spawned it.
    task.parents = Vec::<SpanId>::new();
    task.fields.retain_mut(|field| {
        assert_eq!(field.metadata_id, task.metadata);
        field.metadata_id = None;
        let Some(Name::StrName(name)) = &field.name else {
            return true;
        };
        if name == "task.id" {
            field.value = Some(Value::U64Val(0));
        }
        // A future of no size has no size in ours.
        let is_empty = name == "size.bytes" && field.value == Some(Value::U64Val(0));
        !is_empty && !FIELDS_OF_ONE.contains(&name.as_str())
    });
    assert!(task.metadata.take().is_some());
    task
}

fn same_stats(stats: &Stats) -> Stats {
    let mut stats = *stats;
    for time in [
        &mut stats.created_at,
        &mut stats.dropped_at,
        &mut stats.last_wake,
    ] {
        keep_presence(time);
    }
    if let Some(polls) = &mut stats.poll_stats {
        without_times(polls);
    }
    stats.scheduled_time = stats
        .scheduled_time
        .map(|_| prost_types::Duration::default());
    stats
}

/// Messages that are alike, and how many of them there are.
type Counts = BTreeMap<String, usize>;

/// The messages of resources.
fn resources(known: &State) -> Counts {
    let mut counts = BTreeMap::new();
    let type_of = |id: u64| {
        let parent = known.resources.get(&id);
        parent.map(|(parent, _)| &parent.concrete_type)
    };
    for (resource, stats) in known.resources.values() {
        // `settle` sleeps for as long as it takes.
        if resource.concrete_type == "Sleep" && stats.dropped_at.is_some() {
            continue;
        }
        let mut resource = resource.clone();
        let parent = resource.parent_resource_id.take();
        let parent = parent.and_then(|id| type_of(id.id));
        assert!(resource.metadata.take().is_some());
        resource.id = None;
        let attributes = attributes(&stats.attributes);
        let mut stats = resources::Stats {
            attributes: Vec::new(),
            ..stats.clone()
        };
        keep_presence(&mut stats.created_at);
        keep_presence(&mut stats.dropped_at);
        let text = format!("{resource:?} in {parent:?}, {stats:?}, {attributes:?}");
        *counts.entry(text).or_insert(0) += 1;
    }
    counts
}

/// The messages of async ops.
fn ops(known: &State) -> Counts {
    let mut counts = BTreeMap::new();
    let name_of: HashMap<u64, String> = known
        .tasks
        .iter()
        .filter_map(|(id, (task, _))| Some((*id, field(task, "task.name")?)))
        .collect();
    for (op, stats) in known.ops.values() {
        // Tokio 1.53 names the resource of a `Sleep` in a way that console-subscriber does not
        // follow: it has none of these.
        if op.source.starts_with("Sleep") {
            continue;
        }
        let mut op = op.clone();
        let resource = op.resource_id.take();
        let resource = resource.and_then(|id| known.resources.get(&id.id));
        let resource = resource.map(|(resource, _)| &resource.concrete_type);
        let parent = op.parent_async_op_id.take();
        let parent = parent.and_then(|id| known.ops.get(&id.id));
        let parent = parent.map(|(parent, _)| &parent.source);
        assert!(op.metadata.take().is_some());
        op.id = None;
        let attributes = attributes(&stats.attributes);
        let mut stats = async_ops::Stats {
            attributes: Vec::new(),
            ..stats.clone()
        };
        let task = stats.task_id.take().and_then(|id| name_of.get(&id.id));
        keep_presence(&mut stats.created_at);
        keep_presence(&mut stats.dropped_at);
        if let Some(polls) = &mut stats.poll_stats {
            without_times(polls);
            // For console-subscriber it is a poll as well when the future is made in the op's
            // span.
            polls.polls = 0;
            if task.is_none() {
                (polls.last_poll_started, polls.last_poll_ended) = (None, None);
            }
        }
        let text =
            format!("{op:?} on {resource:?} in {parent:?} by {task:?}, {stats:?}, {attributes:?}");
        *counts.entry(text).or_insert(0) += 1;
    }
    counts
}

fn attributes(attributes: &[Attribute]) -> Vec<String> {
    let text = |attribute: &Attribute| {
        let mut attribute = attribute.clone();
        let field = attribute.field.as_mut().expect("an attribute is a field");
        assert!(field.metadata_id.take().is_some());
        // How long is left depends on the machine.
        if field.name == Some(Name::StrName("duration".to_owned())) {
            field.value = Some(Value::U64Val(0));
        }
        format!("{attribute:?}")
    };
    let mut attributes: Vec<String> = attributes.iter().map(text).collect();
    attributes.sort_unstable();
    attributes
}

/// Asserts that both have each message equally often, and at least `at_least` different ones.
fn assert_same(theirs: &Counts, ours: &Counts, at_least: usize) {
    assert!(theirs.len() >= at_least, "{theirs:#?}");
    let missing: Vec<_> = theirs
        .iter()
        .filter(|(text, count)| ours.get(*text) != Some(count))
        .collect();
    let further: Vec<_> = ours
        .iter()
        .filter(|(text, count)| theirs.get(*text) != Some(count))
        .collect();
    assert!(
        missing.is_empty() && further.is_empty(),
        "only console-subscriber's: {missing:#?}\nonly ours: {further:#?}"
    );
}

#[tokio::test]
async fn both_subscribers_send_the_same_messages() {
    let (theirs, ours) = tokio::join!(state_by(By::ConsoleSubscriber), state_by(By::Pileup));
    let (their_tasks, our_tasks) = (tasks(&theirs), tasks(&ours));
    assert_eq!(
        their_tasks.keys().collect::<Vec<_>>(),
        our_tasks.keys().collect::<Vec<_>>()
    );
    assert!(their_tasks.len() >= 19, "{their_tasks:?}");
    for (name, theirs) in &their_tasks {
        let ours = &our_tasks[name];
        assert_eq!(theirs, ours, "{name}: left is console-subscriber's");
    }
    assert_same(&resources(&theirs), &resources(&ours), 12);
    assert_same(&ops(&theirs), &ops(&ours), 12);
}

#[tokio::test]
async fn the_task_that_sleeps_is_linked_to_its_timer() {
    let ours = state_by(By::Pileup).await;
    let sleeper = ours
        .tasks
        .values()
        .find(|(task, _)| field(task, "task.name").as_deref() == Some("sleeps"));
    let (sleeper, _) = sleeper.expect("it sleeps");
    let of_sleeper = ours
        .ops
        .values()
        .find(|(_, stats)| stats.task_id == sleeper.id);
    let (op, _) = of_sleeper.expect("it has an async op");
    let (timer, _) = &ours.resources[&op.resource_id.expect("a resource").id];
    assert_eq!(timer.concrete_type, "Sleep");
}
