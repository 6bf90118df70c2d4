//! What the Grafana data source for tokio-console asks for, and what it needs of the answers, by
//! its source: `sd2k/grafana-tokio-console-datasource` 1.0.1, `backend/src`.
//!
//! It is a plug-in of Grafana and is not run here. These are its calls, in its order, with the
//! limit of 4 MiB that its client has.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, SystemTime};

use console_api::instrument::instrument_client::InstrumentClient;
use console_api::instrument::{InstrumentRequest, TaskDetailsRequest, Update};
use console_api::tasks::task_details::PollTimesHistogram;
use console_api::tasks::{Stats, Task, TaskDetails};
use console_api::{Field, field};
use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;
use tokio::time::timeout;
use tonic::Streaming;
use tonic::transport::Channel;

use crate::client::PATIENCE;
use crate::target::{By, Target};

const BOTH: [By; 2] = [By::ConsoleSubscriber, By::Pileup];

/// The data source, with what it keeps of one program.
struct DataSource {
    calls: InstrumentClient<Channel>,
    updates: Streaming<Update>,
    /// The targets of tasks, by the id of their metadata.
    targets: HashMap<u64, String>,
    tasks: HashMap<u64, Row>,
}

/// A row of its table of tasks.
struct Row {
    name: Option<String>,
    target: String,
    location: String,
    stats: Stats,
}

/// What is shown of a task, as far as it is the same in two runs.
#[derive(Debug, PartialEq, Eq)]
struct Shown {
    target: String,
    location: String,
    state: &'static str,
    polls: u64,
    wakes: u64,
    self_wakes: u64,
    wakers: u64,
}

impl DataSource {
    /// `Connection::try_connect`, which its health check calls as well.
    async fn connect(address: &str) -> Self {
        let calls = InstrumentClient::connect(format!("http://{address}"));
        let calls = timeout(PATIENCE, calls).await.expect("an answer in time");
        let mut calls = calls.expect("a connection");
        let updates = calls.watch_updates(InstrumentRequest {});
        let updates = timeout(PATIENCE, updates).await.expect("an answer in time");
        Self {
            updates: updates.expect("updates").into_inner(),
            calls,
            targets: HashMap::new(),
            tasks: HashMap::new(),
        }
    }

    /// `DatasourceState::update`. It leaves out a task that comes without metadata or stats.
    async fn update(&mut self) {
        let update = timeout(PATIENCE, self.updates.message()).await;
        let update = update.expect("a message in time").expect("below 4 MiB");
        let update = update.expect("the stream goes on");
        for new in update.new_metadata.unwrap_or_default().metadata {
            let (id, metadata) = (new.id.expect("an id"), new.metadata.expect("metadata"));
            self.targets.insert(id.id, metadata.target);
        }
        let mut tasks = update.task_update.unwrap_or_default();
        for task in tasks.new_tasks {
            let id = task.id.expect("an id").id;
            let stats = tasks.stats_update.remove(&id).expect("stats with a task");
            check(&stats);
            let metadata = task.metadata.expect("the id of metadata").id;
            let target = self.targets.get(&metadata).expect("metadata before a task");
            let row = Row::new(task, target.clone(), stats);
            self.tasks.insert(id, row);
        }
        for (id, stats) in tasks.stats_update {
            check(&stats);
            self.tasks.get_mut(&id).expect("a known task").stats = stats;
        }
    }

    async fn until(&mut self, what: &str, holds: impl Fn(&Self) -> bool) {
        let reached = timeout(PATIENCE, async {
            while !holds(self) {
                self.update().await;
            }
        });
        assert!(reached.await.is_ok(), "never: {what}");
    }

    fn has(&self, name: &str) -> bool {
        let mut rows = self.tasks.values();
        rows.any(|row| row.name.as_deref() == Some(name))
    }

    /// `Connection::watch_details`.
    async fn details(&mut self, task: u64) -> Streaming<TaskDetails> {
        let request = TaskDetailsRequest {
            id: Some(task.into()),
        };
        let details = self.calls.watch_task_details(request);
        let details = timeout(PATIENCE, details).await.expect("an answer in time");
        details.expect("details").into_inner()
    }

    /// `DatasourceState::get_tasks_frame`, for the tasks that have a name.
    fn shown(&self) -> BTreeMap<String, Shown> {
        let named = self.tasks.values().filter_map(|row| {
            let stats = &row.stats;
            let polls = stats.poll_stats.as_ref().expect("checked");
            let icon = if stats.dropped_at.is_some() {
                "completed"
            } else if time(polls.last_poll_started) > time(polls.last_poll_ended) {
                "running"
            } else {
                "idle"
            };
            let shown = Shown {
                target: row.target.clone(),
                location: row.location.clone(),
                state: icon,
                polls: polls.polls,
                wakes: stats.wakes,
                self_wakes: stats.self_wakes,
                wakers: stats.waker_clones.saturating_sub(stats.waker_drops),
            };
            Some((row.name.clone()?, shown))
        });
        named.collect()
    }
}

impl Row {
    /// `Task::from_proto`. Its own column has the name, and an empty value is no field.
    fn new(task: Task, target: String, stats: Stats) -> Self {
        let text = |field: Field| {
            let Some(field::Name::StrName(name)) = field.name else {
                panic!("console-subscriber never sends a name by its index");
            };
            let value = match field.value.expect("a value") {
                field::Value::DebugVal(text) | field::Value::StrVal(text) => text,
                other => format!("{other:?}"),
            };
            (name, value)
        };
        let mut fields = task.fields.into_iter().map(text);
        let name = fields.find(|(name, value)| name == "task.name" && !value.is_empty());
        Self {
            name: name.map(|(_, name)| name),
            target,
            location: task.location.expect("a location").to_string(),
            stats,
        }
    }
}

fn time(at: Option<prost_types::Timestamp>) -> Option<SystemTime> {
    at.map(|at| SystemTime::try_from(at).expect("a time after 1970"))
}

/// `TaskStats::from`, which ends the plug-in where one of these does not hold.
fn check(stats: &Stats) {
    let created = time(stats.created_at).expect("when it was spawned");
    if let Some(dropped) = time(stats.dropped_at) {
        assert!(dropped >= created, "it ends before it begins: {stats:?}");
    }
    let polls = stats.poll_stats.as_ref().expect("its polls");
    if let Some(busy) = polls.busy_time {
        assert!(Duration::try_from(busy).is_ok(), "{busy:?}");
    }
    let _ = (
        time(polls.last_poll_started),
        time(polls.last_poll_ended),
        time(stats.last_wake),
    );
}

#[tokio::test]
async fn its_table_of_tasks_is_the_same_by_both_subscribers() {
    let mut shown = Vec::new();
    for by in BOTH {
        let target = Target::start(by, "all");
        // The health check goes as soon as it has updates.
        drop(DataSource::connect(&target.address).await);
        let mut source = DataSource::connect(&target.address).await;
        let has_all = |source: &DataSource| source.has("sends") && source.has("receives");
        source.until("all tasks", has_all).await;
        // What is still on its way.
        for _ in 0..10 {
            source.update().await;
        }
        shown.push(source.shown());
    }
    let [theirs, ours] = &shown[..] else {
        panic!("two subscribers");
    };
    assert!(ours.len() >= 12, "{ours:#?}");
    assert_eq!(theirs, ours, "left is console-subscriber's");
}

#[tokio::test]
async fn it_gets_the_poll_times_of_a_task_and_all_tasks_again_when_it_comes_back() {
    for by in BOTH {
        let target = Target::start(by, "busy 3");
        let mut source = DataSource::connect(&target.address).await;
        source
            .until("its tasks", |source| source.tasks.len() >= 3)
            .await;
        let of_program = |(id, row): (&u64, &Row)| {
            (row.stats.poll_stats.as_ref().expect("checked").polls > 5).then_some(*id)
        };
        source
            .until("a task is polled", |source| {
                source.tasks.iter().find_map(of_program).is_some()
            })
            .await;
        let task = source.tasks.iter().find_map(of_program).expect("a task");
        let mut details = source.details(task).await;
        let counted = timeout(PATIENCE, async {
            loop {
                let message = details.message().await.expect("details");
                let message = message.expect("the stream goes on");
                assert_eq!(message.task_id, Some(task.into()));
                let Some(PollTimesHistogram::Histogram(polls)) = message.poll_times_histogram
                else {
                    panic!("no histogram");
                };
                let mut raw = polls.raw_histogram.as_slice();
                let polls: Histogram<u64> = Deserializer::new().deserialize(&mut raw).expect("v2");
                if polls.len() > 5 {
                    return;
                }
                // console-subscriber sends details only as updates are read.
                source.update().await;
            }
        });
        assert!(counted.await.is_ok(), "{by:?}: the polls are not counted");
        // The last panel is closed, and opened again.
        drop((source, details));
        let mut again = DataSource::connect(&target.address).await;
        again
            .until("its tasks", |again| again.tasks.contains_key(&task))
            .await;
    }
}

#[tokio::test]
async fn a_task_that_has_ended_has_details_for_as_long_as_it_is_kept() {
    for by in BOTH {
        let target = Target::start(by, "short 20");
        let mut source = DataSource::connect(&target.address).await;
        let ended = |source: &DataSource| {
            let mut tasks = source.tasks.iter();
            let (id, _) = tasks.find(|(_, row)| row.stats.dropped_at.is_some())?;
            Some(*id)
        };
        source
            .until("a task has ended", |source| ended(source).is_some())
            .await;
        let task = ended(&source).expect("one that has ended");
        let mut details = source.details(task).await;
        let message = timeout(PATIENCE, details.message()).await;
        let message = message.expect("an answer in time").expect("details");
        assert_eq!(
            message.and_then(|message| message.task_id),
            Some(task.into()),
            "{by:?}"
        );
    }
}
