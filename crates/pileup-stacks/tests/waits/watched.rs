//! A future polled with a waker that captures the stack wherever it is cloned.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};

use pileup_model::Wait;
use pileup_stacks::{
    Cloned, StackId, StackSet, Symbols, capture, current_waits, stack_pointer, wait_of,
};

/// What is seen of one task.
pub struct Seen {
    stacks: StackSet,
    now: Mutex<Now>,
}

#[derive(Default)]
struct Now {
    until: usize,
    waker: Option<Waker>,
    /// The distinct stacks, the newest last, each with the clones less the drops of the poll in
    /// which it was captured.
    cloned: Vec<(StackId, u64)>,
    poll: u64,
    /// Clones less drops in the current poll.
    kept_in_poll: isize,
    dropped_at_once: Vec<u64>,
    outstanding: usize,
}

impl Seen {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            stacks: StackSet::new(1000),
            now: Mutex::default(),
        })
    }

    /// All stacks at which its waker was cloned.
    pub fn stacks(&self) -> Vec<Vec<usize>> {
        let cloned = self.now.lock().expect("no panic").cloned.clone();
        cloned.iter().map(|(id, _)| self.stacks.get(*id)).collect()
    }

    /// Where the task waits, by all the rules.
    pub fn waits(&self, symbols: &Symbols) -> Vec<Wait> {
        let (cloned, outstanding, dropped) = {
            let now = self.now.lock().expect("no panic");
            (
                now.cloned.clone(),
                now.outstanding,
                now.dropped_at_once.clone(),
            )
        };
        let stacks: Vec<_> = cloned
            .iter()
            .rev()
            .map(|(id, _)| self.stacks.get(*id))
            .collect();
        let frames = symbols.resolve_all(&stacks);
        let waits: Vec<_> = frames.iter().map(|frames| wait_of(frames)).collect();
        let newest_first = waits.iter().zip(cloned.iter().rev());
        let cloned: Vec<_> = newest_first
            .map(|(wait, (_, poll))| Cloned {
                wait,
                dropped_in_poll: dropped.contains(poll),
            })
            .collect();
        current_waits(&cloned, outstanding)
    }
}

/// The future, watched.
pub struct Watched<F> {
    pub future: Pin<Box<F>>,
    pub seen: Arc<Seen>,
}

impl<F: Future> Future for Watched<F> {
    type Output = F::Output;

    #[inline(never)]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        {
            let mut now = self.seen.now.lock().expect("no panic");
            now.until = stack_pointer();
            now.waker = Some(context.waker().clone());
            now.poll += 1;
            now.kept_in_poll = 0;
        }
        let data = Arc::into_raw(Arc::clone(&self.seen)).cast();
        // SAFETY: the functions of the table expect such a pointer, and free it once.
        let waker = unsafe { Waker::from_raw(RawWaker::new(data, &TABLE)) };
        self.seen.now.lock().expect("no panic").outstanding += 1;
        let polled = self.future.as_mut().poll(&mut Context::from_waker(&waker));
        let kept = self.seen.now.lock().expect("no panic").kept_in_poll;
        drop(waker);
        let mut now = self.seen.now.lock().expect("no panic");
        if kept <= 0 {
            let poll = now.poll;
            now.dropped_at_once.push(poll);
        }
        polled
    }
}

static TABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, drop_waker);

#[inline(never)]
fn clone(data: *const ()) -> RawWaker {
    // SAFETY: the pointer is that of a `Watched::poll` or of this function, and not freed yet.
    let seen = unsafe { &*data.cast::<Seen>() };
    let mut now = seen.now.lock().expect("no panic");
    let capture = capture(now.until);
    let id = seen.stacks.intern(&capture).expect("room");
    let poll = now.poll;
    now.cloned.retain(|(known, _)| *known != id);
    now.cloned.push((id, poll));
    now.outstanding += 1;
    now.kept_in_poll += 1;
    // SAFETY: as above; the new waker frees what is counted here.
    unsafe { Arc::increment_strong_count(data.cast::<Seen>()) };
    RawWaker::new(data, &TABLE)
}

fn wake(data: *const ()) {
    wake_by_ref(data);
    drop_waker(data);
}

fn wake_by_ref(data: *const ()) {
    // SAFETY: as in `clone`.
    let seen = unsafe { &*data.cast::<Seen>() };
    let waker = seen.now.lock().expect("no panic").waker.clone();
    waker.expect("polled").wake();
}

fn drop_waker(data: *const ()) {
    // SAFETY: each waker is dropped once, which frees what was counted for it.
    let seen = unsafe { Arc::from_raw(data.cast::<Seen>()) };
    let mut now = seen.now.lock().expect("no panic");
    now.outstanding -= 1;
    now.kept_in_poll -= 1;
}
