//! What it costs to ask whether the tasks of a program pile up, which a watch on a terminal does
//! once a second: `cargo run --release -p pileup-diagnosis --example cost_of_growth`.
//!
//! 100,000 live tasks, of one spawn site or of a thousand. Either they wait at three places of the
//! program, and a hundredth of them goes on between two snapshots, so that each site is split into
//! cohorts; or all wait at one place and none goes on, so that no site has a cohort. For comparison,
//! the last snapshot is decoded from the JSON that a probe sends. All times are processor time of the
//! thread.

use std::sync::Arc;
use std::time::Duration;

use cpu_time::ThreadTime;
use jiff::{SignedDuration, Timestamp};
use pileup_diagnosis::{Expected, History, diagnose, growth};
use pileup_model::{Frame, Polls, Site, Snapshot, Task, TaskId, TaskKind, Wait, Wakers};

const TASKS: u64 = 100_000;
const SNAPSHOTS: u64 = 30;
/// Between two snapshots.
const PERIOD: SignedDuration = SignedDuration::from_secs(1);
/// Places at which tasks wait, with cohorts and without.
const PLACES: [u64; 2] = [3, 1];
/// One task in this number goes on between two snapshots.
const GOES_ON: u64 = 100;
const TIMES: usize = 5;

fn main() {
    println!("| spawn sites | places | decode | take in | growth | all rules |");
    println!("|---|---|---|---|---|---|");
    let rows = [1, 1_000].into_iter();
    for (sites, places) in rows.flat_map(|sites| PLACES.map(|places| (sites, places))) {
        let waits: Vec<Arc<[Arc<Wait>]>> = (0..places).map(waits_at).collect();
        let mut history = History::default();
        let mut taken_in = Vec::new();
        let mut tasks: Vec<Arc<Task>> = Vec::new();
        for number in 0..SNAPSHOTS {
            next(&mut tasks, number, sites, &waits);
            let snapshot = Snapshot {
                tasks: tasks.clone(),
                ..Snapshot::new(at(number))
            };
            let began = ThreadTime::now();
            history.observe(snapshot);
            taken_in.push(began.elapsed());
        }
        let json = history.latest().map(serde_json::to_vec);
        let json = json.and_then(Result::ok).unwrap_or_default();
        let decode = median(|| drop(serde_json::from_slice::<Snapshot>(&json)));
        let expected = Expected::default();
        let growth = median(|| drop(growth(&history, &expected)));
        let rules = median(|| drop(diagnose(&history, "a program")));
        taken_in.sort_unstable();
        let taken_in = taken_in[taken_in.len() / 2];
        let of_decoding = |time: Duration| {
            let part = time.as_secs_f64() / decode.as_secs_f64() * 100.0;
            format!("{:.1} ms ({part:.0} %)", time.as_secs_f64() * 1e3)
        };
        let row = [decode, taken_in, growth, rules].map(of_decoding);
        println!("| {sites} | {places} | {} |", row.join(" | "));
    }
}

/// The tasks of the next snapshot: they are born evenly over the first half of the watch.
fn next(tasks: &mut Vec<Arc<Task>>, number: u64, sites: u64, waits: &[Arc<[Arc<Wait>]>]) {
    let born = (TASKS * 2 * (number + 1) / SNAPSHOTS).min(TASKS);
    for id in tasks.len() as u64..born {
        tasks.push(Arc::new(Task {
            site: Some(site(id % sites)),
            waits: waits_of(id / sites, waits),
            wakers: Some(Wakers {
                clones: 1,
                ..Wakers::default()
            }),
            polls: polled(1, at(number)),
            ..Task::new(TaskId(id), TaskKind::Async, at(number))
        }));
    }
    if waits.len() == 1 {
        return;
    }
    for task in tasks.iter_mut() {
        if (task.id.0 + number).is_multiple_of(GOES_ON) {
            let task = Arc::make_mut(task);
            task.polls = polled(task.polls.count + 1, at(number));
            task.waits = waits_of(task.id.0 + number, waits);
        }
    }
}

/// Each wait in turn.
fn waits_of(number: u64, waits: &[Arc<[Arc<Wait>]>]) -> Option<Arc<[Arc<Wait>]>> {
    let place = number % waits.len() as u64;
    waits.get(usize::try_from(place).ok()?).cloned()
}

fn polled(count: u64, last: Timestamp) -> Polls {
    Polls {
        count,
        last_started: Some(last),
        last_ended: Some(last),
        busy: Duration::ZERO,
    }
}

fn at(number: u64) -> Timestamp {
    let number = i32::try_from(number).unwrap_or(i32::MAX);
    Timestamp::UNIX_EPOCH + PERIOD * number
}

fn site(number: u64) -> Site {
    Site {
        file: format!("src/handlers/{number}.rs").into(),
        line: 7,
        column: 9,
    }
}

fn waits_at(place: u64) -> Arc<[Arc<Wait>]> {
    let place = Frame {
        function: format!("shop::handlers::step_{place}").into(),
        file: Some("src/handlers.rs".into()),
        line: u32::try_from(place).ok(),
    };
    let wait = Wait {
        kind: "mpsc::Receiver::recv".into(),
        stack: vec![place.clone()],
        place: Some(place),
        passed: false,
    };
    [Arc::new(wait)].into()
}

fn median(mut work: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..TIMES)
        .map(|_| {
            let began = ThreadTime::now();
            work();
            began.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[TIMES / 2]
}
