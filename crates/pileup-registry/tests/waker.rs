//! The waker of wrapped futures, whose vtable is written out: its references are right however
//! it is cloned, dropped and used. For Miri, which looks for undefined behaviour and leaks:
//!
//! ```text
//! MIRIFLAGS="-Zmiri-disable-isolation -Zmiri-ignore-leaks" \
//!     cargo +nightly miri test -p pileup-registry --test waker
//! ```
//!
//! The slots of the table are leaked on purpose; the wakers are counted here.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use pileup_registry::{LiveTask, Registry, Sampling};

/// What polls a task.
#[derive(Default)]
struct Poller(AtomicUsize);

impl Wake for Poller {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Poller {
    fn woken(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

fn only(registry: &Registry) -> LiveTask {
    let mut tasks = Vec::new();
    registry.for_each_live(|task| tasks.push(task));
    assert_eq!(tasks.len(), 1);
    tasks[0]
}

/// Where a future leaves the wakers that it clones.
type Kept = Arc<Mutex<Vec<Waker>>>;

/// A future that clones its waker at each poll, and is never ready.
fn clones(kept: &Kept) -> impl Future<Output = ()> + use<> {
    let kept = Arc::clone(kept);
    poll_fn(move |context| {
        kept.lock().expect("no panic").push(context.waker().clone());
        Poll::Pending
    })
}

fn take(kept: &Kept) -> Waker {
    kept.lock().expect("no panic").pop().expect("it is there")
}

#[test]
fn wakers_outlive_their_future_and_what_polls_it() {
    let registry = Arc::new(Registry::new(Sampling::NONE));
    let kept = Kept::default();
    let first = Arc::new(Poller::default());
    {
        let mut future = pin!(registry.wrap(clones(&kept)));
        let waker = Waker::from(Arc::clone(&first));
        for _ in 0..3 {
            let outcome = future.as_mut().poll(&mut Context::from_waker(&waker));
            assert!(outcome.is_pending());
        }
        drop(waker);
        let wakers = only(&registry).wakers.expect("they are seen");
        assert_eq!((wakers.outstanding, wakers.clones), (3, 3));
    }
    assert_eq!(registry.live(), 0);
    let used = take(&kept);
    let again = used.clone();
    assert!(again.will_wake(&used));
    used.wake();
    again.wake_by_ref();
    assert_eq!(first.woken(), 2);
    drop(again);
    drop(kept);
    assert_eq!(Arc::strong_count(&first), 1, "nothing holds it any more");
}

#[test]
fn a_future_that_is_polled_by_another_wakes_that() {
    let registry = Arc::new(Registry::new(Sampling::NONE));
    let kept = Kept::default();
    let [first, second] = [(); 2].map(|()| Arc::new(Poller::default()));
    let mut future = Box::pin(registry.wrap(clones(&kept)));
    for poller in [&first, &second, &first] {
        let waker = Waker::from(Arc::clone(poller));
        let outcome = future.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(outcome.is_pending());
    }
    let [third, of_second, of_first] = [(); 3].map(|()| take(&kept));
    of_second.wake();
    assert_eq!((first.woken(), second.woken()), (0, 1));
    of_first.wake_by_ref();
    third.wake();
    assert_eq!((first.woken(), second.woken()), (2, 1));
    drop((future, of_first));
    assert_eq!(Arc::strong_count(&first), 1);
    assert_eq!(Arc::strong_count(&second), 1);
}

#[test]
fn threads_clone_drop_and_use_wakers_at_once() {
    const ROUNDS: usize = if cfg!(miri) { 20 } else { 10_000 };
    let registry = Arc::new(Registry::new(Sampling::NONE));
    let kept = Kept::default();
    let poller = Arc::new(Poller::default());
    let waker = Waker::from(Arc::clone(&poller));
    let mut future = Box::pin(registry.wrap(clones(&kept)));
    let outcome = future.as_mut().poll(&mut Context::from_waker(&waker));
    assert!(outcome.is_pending());
    let shared = take(&kept);
    thread::scope(|scope| {
        for _ in 0..3 {
            let shared = &shared;
            scope.spawn(move || {
                for _ in 0..ROUNDS {
                    let waker = shared.clone();
                    waker.wake_by_ref();
                    let again = waker.clone();
                    assert!(again.will_wake(&waker));
                    again.wake();
                }
            });
        }
        scope.spawn(|| {
            for _ in 0..ROUNDS {
                let outcome = future.as_mut().poll(&mut Context::from_waker(&waker));
                assert!(outcome.is_pending());
                drop(take(&kept));
            }
        });
    });
    let wakers = only(&registry).wakers.expect("they are seen");
    let clones = u32::try_from(1 + 3 * 2 * ROUNDS + ROUNDS).expect("a small number");
    assert_eq!((wakers.outstanding, wakers.clones), (1, clones));
    assert_eq!(wakers.wakes as usize, 3 * 2 * ROUNDS);
    assert_eq!(poller.woken(), 3 * 2 * ROUNDS);
    drop((future, shared, waker));
    assert_eq!(Arc::strong_count(&poller), 1);
}
