//! Resources and async ops of a real program.

use std::future;
use std::sync::Arc;

use pileup_model::{AsyncOp, AttributeValue, Resource, Snapshot, Task};
use tokio::sync::{Mutex, Semaphore, oneshot};

use crate::spawn;
use crate::target::{OFTEN, Target};
use crate::watch::Watch;

/// How many ended async ops of one resource are kept at most.
const ENDED_KEPT: usize = 64;
const HOLDER: &str = "holder";

#[tokio::test]
async fn a_task_that_waits_for_a_mutex_is_seen_with_it() {
    let target = Target::start(OFTEN).await;
    let (sender, locked) = oneshot::channel();
    let (line, mutex) = target
        .run(|| {
            let line = line!() + 1;
            let mutex = Arc::new(Mutex::new(()));
            spawn_holder(Arc::clone(&mutex), sender);
            (line, mutex)
        })
        .await;
    locked.await.expect("a holder");
    let waiter = target
        .run(|| {
            let waiter = tokio::spawn(async move { drop(mutex.lock().await) });
            waiter.id().to_string()
        })
        .await;

    let mut watch = Watch::attach(&target.address).await;
    watch
        .until("a task that waits", |watch| {
            blocked(&watch.latest).is_some()
        })
        .await;
    let (op, part, resource, task) = blocked(&watch.latest).expect("a task that waits");
    assert_eq!(&*op.source, "Mutex::lock");
    let permits = part.attribute("permits_requested");
    assert_eq!(permits, Some(&AttributeValue::Unsigned(1)));
    assert_eq!(&*resource.concrete_type, "Mutex");
    assert!(!resource.is_internal);
    let site = resource.site.as_ref().expect("a place");
    assert!(site.file.ends_with("tests/wire/locks.rs"), "{site}");
    assert_eq!(site.line, line);
    assert_eq!(
        resource.attribute("locked"),
        Some(&AttributeValue::Bool(true))
    );
    assert_eq!(task.tokio_id.map(|id| id.to_string()), Some(waiter));
}

#[tokio::test]
async fn the_attributes_of_a_resource_are_those_of_now() {
    let target = Target::start(OFTEN).await;
    let (semaphore, site) = target
        .run(|| (Arc::new(Semaphore::new(3)), spawn::here()))
        .await;
    let mut watch = Watch::attach(&target.address).await;
    let permits = |watch: &Watch| {
        let mut resources = watch.latest.resources.iter();
        let made = resources.find(|resource| {
            let place = resource.site.as_ref();
            place.is_some_and(|place| place.file == site.file && place.line == site.line)
        });
        made.and_then(|made| made.attribute("permits").cloned())
    };
    let are = |count| move |watch: &Watch| permits(watch) == Some(AttributeValue::Unsigned(count));
    watch.until("three permits", are(3)).await;

    let taken = Arc::clone(&semaphore);
    target
        .run(move || {
            tokio::spawn(async move {
                let _two = taken.acquire_many(2).await;
                future::pending::<()>().await;
            });
        })
        .await;
    watch.until("one permit", are(1)).await;
    target.run(move || semaphore.add_permits(4)).await;
    watch.until("five permits", are(5)).await;
}

#[tokio::test]
async fn of_the_ops_that_ended_the_newest_are_kept() {
    let target = Target::start(OFTEN).await;
    let (sender, all_locked) = oneshot::channel();
    target
        .run(|| {
            tokio::spawn(async {
                let mutex = Arc::new(Mutex::new(()));
                for _ in 0..3 * ENDED_KEPT {
                    drop(mutex.lock().await);
                }
                spawn_holder(mutex, sender);
            })
        })
        .await;
    all_locked.await.expect("the last of the locks");
    // The first message reports all locks, and the second again.
    let mut watch = Watch::attach(&target.address).await;
    let marker = target.run(|| spawn::idle(1)).await;
    watch
        .until("a later task", |watch| watch.live_at(&marker).len() == 1)
        .await;
    watch.messages(2).await;

    let ended: Vec<_> = watch
        .latest
        .async_ops
        .iter()
        .filter(|op| &*op.source == "Mutex::lock" && op.dropped_at.is_some())
        .collect();
    assert_eq!(ended.len(), ENDED_KEPT);
    let newest = ended.iter().max_by_key(|op| op.dropped_at);
    let holder = newest.and_then(|op| watch.latest.task(op.task?));
    let holder = holder.expect("the task that locked it last");
    assert_eq!(holder.name.as_deref(), Some(HOLDER));
}

/// A task that locks a mutex for good, and reports when it has.
fn spawn_holder(mutex: Arc<Mutex<()>>, locked: oneshot::Sender<()>) {
    let holder = async move {
        let _held = mutex.lock().await;
        let _ = locked.send(());
        future::pending::<()>().await;
    };
    let task = tokio::task::Builder::new().name(HOLDER).spawn(holder);
    task.expect("a task");
}

/// An open async op that has obtained nothing, with the part of it that says so, the
/// resource that it waits for and the task that waits.
fn blocked(snapshot: &Snapshot) -> Option<(&AsyncOp, &AsyncOp, &Resource, &Task)> {
    let nothing = AttributeValue::Unsigned(0);
    snapshot.async_ops.iter().find_map(|part| {
        let obtained = part.attribute("permits_obtained")?;
        let op = snapshot.async_op(part.parent?)?;
        let resource = snapshot.resource(op.resource)?;
        let task = snapshot.task(op.task?)?;
        let waits = op.dropped_at.is_none() && *obtained == nothing;
        waits.then_some((&**op, &**part, &**resource, &**task))
    })
}
