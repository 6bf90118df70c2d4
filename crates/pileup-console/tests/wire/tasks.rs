//! Tasks of a real program.

use std::future;
use std::sync::mpsc;

use pileup_model::TaskKind;

use crate::spawn;
use crate::target::{OFTEN, SELDOM, Target};
use crate::watch::{Watch, births};

/// At 127 a second, which is what the target takes in by itself, 40 seconds' worth.
const BURST: usize = 5_000;
#[tokio::test]
async fn tasks_are_seen_whether_spawned_before_the_attach_or_after() {
    let target = Target::start(OFTEN).await;
    let before = target.run(|| spawn::idle(3)).await;
    let mut watch = Watch::attach(&target.address).await;
    assert_eq!(watch.live_at(&before).len(), 3);

    let after = target.run(|| spawn::idle(2)).await;
    watch
        .until("two more tasks", |watch| watch.live_at(&after).len() == 2)
        .await;
    assert_eq!(watch.live_at(&before).len(), 3);
}

#[tokio::test]
async fn a_task_has_its_place_its_kind_its_name_and_its_tokio_id() {
    let target = Target::start(OFTEN).await;
    let (line, id) = target
        .run(|| {
            let line = line!() + 1;
            let task = tokio::task::Builder::new().name("conductor").spawn(async {
                future::pending::<()>().await;
            });
            (line, task.expect("a task").id())
        })
        .await;

    let watch = Watch::attach(&target.address).await;
    let mut tasks = watch.latest.tasks.iter();
    let task = tasks
        .find(|task| {
            task.tokio_id
                .is_some_and(|known| known.to_string() == id.to_string())
        })
        .expect("a task with that id");
    let site = task.site.as_ref().expect("a place");
    assert!(site.file.ends_with("tests/wire/tasks.rs"), "{site}");
    assert_eq!(site.line, line);
    assert_eq!(task.kind, TaskKind::Async);
    assert_eq!(task.name.as_deref(), Some("conductor"));
    assert!(task.created_at <= watch.latest.at);
}

#[tokio::test]
async fn every_way_to_start_a_task_is_a_kind() {
    let target = Target::start(OFTEN).await;
    let (release, released) = mpsc::channel::<()>();
    let [local, blocking] = target
        .run(move || {
            let line = line!() + 1;
            tokio::task::spawn_local(future::pending::<()>());
            tokio::task::spawn_blocking(move || released.recv());
            [line, line + 1]
        })
        .await;

    let watch = Watch::attach(&target.address).await;
    let kind_at = |line| {
        let tasks = watch.latest.tasks.iter();
        let mut at_line = tasks.filter(|task| {
            let site = task.site.as_ref();
            site.is_some_and(|site| site.line == line && site.file.ends_with("wire/tasks.rs"))
        });
        at_line.next().map(|task| task.kind)
    };
    assert_eq!(kind_at(local), Some(TaskKind::Local));
    assert_eq!(kind_at(blocking), Some(TaskKind::Blocking));
    let mut tasks = watch.latest.tasks.iter();
    assert!(tasks.any(|task| task.kind == TaskKind::BlockOn));
    drop(release);
}

#[tokio::test]
async fn what_finishes_is_told_once() {
    const EARLY: usize = 40;
    const LATE: usize = 300;
    let target = Target::start(OFTEN).await;
    // The first message reports these, and the second repeats them: they are too few for the first
    // snapshot to wait.
    let early = target.run(|| spawn::short(EARLY)).await;
    target.polled().await;
    let mut watch = Watch::attach(&target.address).await;
    let late = target.run(|| spawn::short(LATE)).await;
    let idle = target.run(|| spawn::idle(5)).await;
    target.polled().await;
    watch
        .until("the last of the tasks", |watch| {
            watch.live_at(&idle).len() == 5
        })
        .await;
    watch.messages(3).await;

    for (site, count) in [(early, EARLY), (late, LATE)] {
        let finished = watch.finished_at(&site);
        assert_eq!(watch.live_at(&site).len(), 0);
        assert_eq!(finished.len(), count);
        assert_eq!(births(&finished).len(), count);
        assert!(finished.iter().all(|task| task.finished_at.is_some()));
    }
    assert!(watch.finished_at(&idle).is_empty());
}

#[tokio::test]
async fn a_burst_is_seen_long_before_the_target_would_tell_it_by_itself() {
    let target = Target::start(SELDOM).await;
    let mut watch = Watch::attach(&target.address).await;
    let burst = target.run(|| spawn::idle(BURST)).await;
    watch
        .until("the burst", |watch| watch.live_at(&burst).len() == BURST)
        .await;
}

#[tokio::test]
async fn a_burst_before_the_attach_is_seen_long_before_the_target_would_tell_it_by_itself() {
    let target = Target::start(SELDOM).await;
    let burst = target.run(|| spawn::idle(BURST)).await;
    let mut watch = Watch::attach(&target.address).await;
    watch
        .until("the burst", |watch| watch.live_at(&burst).len() == BURST)
        .await;
}
