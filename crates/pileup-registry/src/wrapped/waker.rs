//! The waker of a wrapped future.
//!
//! `std::task::Wake` makes a waker of an `Arc` without `unsafe`, and gives no notice of clones and
//! drops, which are what is asked for. So the vtable is written out here. A waker points to
//! an `Arc` that the future allocates once, at its first poll, and owns a reference of it;
//! during a poll, the future's own reference is lent.

use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::task::{RawWaker, RawWakerVTable, Waker};

use super::watch::WatchedTask;

static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, drop_waker);

/// Lends a waker of the task, which counts only if it is cloned.
#[inline]
pub(super) fn with<R>(task: &Arc<WatchedTask>, use_it: impl FnOnce(&Waker) -> R) -> R {
    let raw = RawWaker::new(Arc::as_ptr(task).cast(), &VTABLE);
    // SAFETY: the functions of the vtable keep to the contract of `RawWakerVTable`, given a
    // pointer to a `WatchedTask` in an `Arc` (see each of them). This waker owns no reference of
    // the `Arc`, so it must not be dropped or used up: it never is, in its `ManuallyDrop` that is
    // only lent, and `task` keeps the `Arc` alive for as long.
    #[expect(unsafe_code, reason = "see above")]
    let waker = ManuallyDrop::new(unsafe { Waker::from_raw(raw) });
    use_it(&waker)
}

/// # Safety
///
/// `task` must be that of a waker made by [`with`] or by this function, which is only borrowed.
#[expect(unsafe_code, reason = "an entry of the vtable")]
#[inline(never)]
unsafe fn clone(task: *const ()) -> RawWaker {
    let task: *const WatchedTask = task.cast();
    // SAFETY: the waker that is cloned keeps the `Arc` alive, by its own reference or by the
    // one that was lent to it. The pointer came from `Arc::as_ptr`.
    unsafe { &*task }.is_cloned();
    // SAFETY: as above; the new reference is that of the new waker.
    unsafe { Arc::increment_strong_count(task) };
    RawWaker::new(task.cast(), &VTABLE)
}

/// # Safety
///
/// `task` must be that of a waker made by [`clone`], which is used up.
#[expect(unsafe_code, reason = "an entry of the vtable")]
unsafe fn wake(task: *const ()) {
    // SAFETY: `clone` made a reference for this waker, with a pointer that came from
    // `Arc::as_ptr` of an `Arc<WatchedTask>`. It is taken over here, once.
    let task = unsafe { Arc::from_raw(task.cast::<WatchedTask>()) };
    task.is_woken();
}

/// # Safety
///
/// `task` must be that of a waker made by [`with`] or [`clone`], which is only borrowed.
#[expect(unsafe_code, reason = "an entry of the vtable")]
unsafe fn wake_by_ref(task: *const ()) {
    // SAFETY: the waker keeps the `Arc` alive, by its own reference or by the one that was lent
    // to it. The pointer came from `Arc::as_ptr`.
    unsafe { &*task.cast::<WatchedTask>() }.is_woken_by_ref();
}

/// # Safety
///
/// `task` must be that of a waker made by [`clone`], which is dropped.
#[expect(unsafe_code, reason = "an entry of the vtable")]
unsafe fn drop_waker(task: *const ()) {
    // SAFETY: `clone` made a reference for this waker, with a pointer that came from
    // `Arc::as_ptr` of an `Arc<WatchedTask>`. It is taken over here, once.
    let task = unsafe { Arc::from_raw(task.cast::<WatchedTask>()) };
    task.is_dropped();
}
