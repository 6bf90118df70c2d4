//! The same program by both subscribers: what clients get is the same, but for what is listed
//! here.

use std::collections::{BTreeMap, HashMap};

use console_api::field::{Name, Value};
use console_api::resources::resource::kind::Kind;

use crate::client::{Client, State, field};
use crate::target::{By, Target};

/// What is compared of a task: it is known by its name.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    kind: Option<String>,
    line: Option<u32>,
    file: Option<String>,
    target: bool,
    size: Option<String>,
    polls: u64,
    wakes: u64,
    self_wakes: u64,
    wakers: i128,
    has_finished: bool,
}

async fn state_by(by: By) -> State {
    let target = Target::start(by, "all");
    let mut client = Client::attach(&target.address).await;
    let has_all = |state: &State| {
        let has = |name: &str| {
            let mut tasks = state.tasks.values();
            tasks.any(|(task, _)| field(task, "task.name").as_deref() == Some(name))
        };
        let closed = state
            .ops
            .values()
            .filter(|(op, _)| op.source == "Semaphore::acquire_many");
        has("sends") && has("receives") && closed.count() > 0
    };
    client.until("all is reported", has_all).await;
    // What is still on its way.
    for _ in 0..10 {
        client.next().await;
    }
    client.state
}

fn tasks(state: &State) -> BTreeMap<String, Seen> {
    let named = state.tasks.values().filter_map(|(task, stats)| {
        let name = field(task, "task.name").filter(|name| !name.is_empty())?;
        let location = task.location.as_ref();
        let polls = stats.poll_stats.as_ref().map_or(0, |polls| polls.polls);
        Some((
            name,
            Seen {
                kind: field(task, "kind"),
                line: location.and_then(|location| location.line),
                file: location.and_then(|location| location.file.clone()),
                target: task.metadata.is_some(),
                size: field(task, "size.bytes"),
                polls,
                wakes: stats.wakes,
                self_wakes: stats.self_wakes,
                wakers: i128::from(stats.waker_clones) - i128::from(stats.waker_drops),
                has_finished: stats.dropped_at.is_some(),
            },
        ))
    });
    named.collect()
}

/// Resources by what they are, and how many are alike.
fn resources(state: &State) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    let type_of = |id: u64| {
        state
            .resources
            .get(&id)
            .map(|(parent, _)| parent.concrete_type.clone())
    };
    for (resource, stats) in state.resources.values() {
        // `settle` sleeps for as long as it takes.
        if resource.concrete_type == "Sleep" && stats.dropped_at.is_some() {
            continue;
        }
        let kind = resource.kind.as_ref().and_then(|kind| kind.kind.clone());
        let kind = match kind {
            Some(Kind::Known(_)) => "timer".to_owned(),
            Some(Kind::Other(other)) => other,
            None => "none".to_owned(),
        };
        let line = resource
            .location
            .as_ref()
            .and_then(|location| location.line);
        let parent = resource.parent_resource_id.and_then(|id| type_of(id.id));
        let attributes = attributes(&stats.attributes);
        let text = format!(
            "{} {kind} line {line:?} internal {} in {parent:?} dropped {} {attributes:?}",
            resource.concrete_type,
            resource.is_internal,
            stats.dropped_at.is_some(),
        );
        *counts.entry(text).or_insert(0) += 1;
    }
    counts
}

/// Async ops by what they are, and how many are alike.
fn ops(state: &State) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    let name_of: HashMap<u64, String> = state
        .tasks
        .iter()
        .filter_map(|(id, (task, _))| Some((*id, field(task, "task.name")?)))
        .collect();
    for (op, stats) in state.ops.values() {
        // Tokio 1.53 names the resource of a `Sleep` in a way that console-subscriber does not
        // follow: it has none of these.
        if op.source.starts_with("Sleep") {
            continue;
        }
        let resource = op.resource_id.and_then(|id| state.resources.get(&id.id));
        let parent = op.parent_async_op_id.and_then(|id| state.ops.get(&id.id));
        let task = stats.task_id.and_then(|id| name_of.get(&id.id));
        let attributes = attributes(&stats.attributes);
        let text = format!(
            "{} on {:?} in {:?} by {task:?} dropped {} {attributes:?}",
            op.source,
            resource.map(|(resource, _)| &resource.concrete_type),
            parent.map(|(parent, _)| &parent.source),
            stats.dropped_at.is_some(),
        );
        *counts.entry(text).or_insert(0) += 1;
    }
    counts
}

fn attributes(attributes: &[console_api::Attribute]) -> BTreeMap<String, String> {
    let attributes = attributes.iter().filter_map(|attribute| {
        let field = attribute.field.as_ref()?;
        let Some(Name::StrName(name)) = &field.name else {
            return None;
        };
        // How long is left depends on the machine.
        let value = match field.value.as_ref()? {
            _ if name == "duration" => "some".to_owned(),
            Value::DebugVal(text) | Value::StrVal(text) => text.clone(),
            Value::U64Val(value) => value.to_string(),
            Value::I64Val(value) => value.to_string(),
            Value::BoolVal(value) => value.to_string(),
        };
        Some((
            name.clone(),
            format!("{value}{}", attribute.unit.clone().unwrap_or_default()),
        ))
    });
    attributes.collect()
}

#[tokio::test]
async fn both_subscribers_report_the_same() {
    let (theirs, ours) = tokio::join!(state_by(By::ConsoleSubscriber), state_by(By::Pileup));
    let (their_tasks, our_tasks) = (tasks(&theirs), tasks(&ours));
    assert_eq!(
        their_tasks.keys().collect::<Vec<_>>(),
        our_tasks.keys().collect::<Vec<_>>()
    );
    assert!(their_tasks.len() >= 12, "{their_tasks:?}");
    for (name, theirs) in &their_tasks {
        let ours = &our_tasks[name];
        assert_eq!(theirs, ours, "{name}: left is console-subscriber's");
    }
    let theirs_and_ours = (resources(&theirs), resources(&ours));
    assert!(theirs_and_ours.0.len() >= 8, "{theirs_and_ours:?}");
    assert_eq!(
        theirs_and_ours.0, theirs_and_ours.1,
        "left is console-subscriber's"
    );
    let theirs_and_ours = (ops(&theirs), ops(&ours));
    assert!(theirs_and_ours.0.len() >= 8, "{theirs_and_ours:?}");
    assert_eq!(
        theirs_and_ours.0, theirs_and_ours.1,
        "left is console-subscriber's"
    );
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
