//! Call stacks of a running program: cheap to capture, kept once each, named on demand.
//!
//! A leaf future that is not ready clones the waker of its task. The clone happens on the
//! stack of that leaf, inside the task's own poll, so the call stack at that moment is the
//! await stack of the task. This crate provides the steps from there to a report:
//!
//! 1. [`capture`] walks the stack of the current thread into a [`Capture`], on the poll path.
//! 2. [`StackSet`] keeps each distinct stack once and gives it an id of four bytes.
//! 3. [`Symbols`] names the addresses of a stack, off the runtime, on demand.
//! 4. [`wait_of`] cuts the named frames to those of the task, and says what it waits for.
//! 5. [`current_waits`] chooses those of a task's stacks that say where it waits now.
//!
//! Reading the stack of a running function takes `unsafe` code, which this crate allows: each
//! block has its proof. Of pileup's other crates, `pileup-registry` alone has some, for the waker
//! of its wrapped futures and for a method of `tracing`'s `Subscriber`; all others forbid it.

mod capture;
mod choose;
mod kinds;
mod names;
mod set;
mod symbols;
mod wait;

#[cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
mod linux;
#[cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
use linux as platform;

#[cfg(any(
    test,
    not(all(
        target_os = "linux",
        any(target_arch = "x86_64", target_arch = "aarch64")
    ))
))]
#[cfg_attr(
    all(
        target_os = "linux",
        any(target_arch = "x86_64", target_arch = "aarch64")
    ),
    expect(dead_code, reason = "there, only its tests use it")
)]
mod other;
#[cfg(not(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
)))]
use other as platform;

pub use capture::{Capture, MAX_FRAMES};
pub use choose::{Cloned, LastWake, current_waits};
pub use set::{StackId, StackSet};
pub use symbols::Symbols;
pub use wait::wait_of;

/// Loads the unwind tables of the program and of all libraries that are loaded now.
///
/// Call it at the start, off the poll path: before, [`capture`] gives empty captures. Call it
/// again when a library was loaded, or regularly: if nothing changed, it takes microseconds.
/// Except for the program's own, which are used where they are, the tables are copied, so that
/// a library can be unloaded: about 5 % of the size of its code.
pub fn prepare() {
    // Miri has neither unwind tables nor a stack to read.
    if !cfg!(miri) {
        platform::prepare();
    }
}

/// Evaluates unwind tables that may be damaged, for `crates/fuzz`: the index (`.eh_frame_hdr`) and
/// the descriptions (`.eh_frame`), as if they were at these addresses. True if there is a rule.
#[cfg(all(
    fuzzing,
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
#[must_use]
pub fn has_rule(index: (u64, Vec<u8>), frames: (u64, Vec<u8>), code: u64) -> bool {
    linux::has_rule(index, frames, code)
}

/// Whether a capture met code of a library that was not loaded yet at the last [`prepare`].
#[must_use]
pub fn is_stale() -> bool {
    platform::is_stale()
}

/// The approximate stack pointer of the caller: a bound for [`capture`].
#[inline(always)]
#[must_use]
#[expect(clippy::inline_always, reason = "the caller's frame is asked for")]
pub fn stack_pointer() -> usize {
    let local = 0u8;
    std::hint::black_box(&raw const local) as usize
}

/// Walks the stack of this thread from the caller outwards.
///
/// The walk ends with the call made by the function that noted `until`, with
/// [`stack_pointer`], where the poll of the task began; or where the stack ends, if `until`
/// is not on it. It ends early, with a capture that is [truncated](Capture::is_truncated),
/// after [`MAX_FRAMES`] frames, and at a function that has no unwind table, such as one that
/// was compiled at run time or belongs to a library loaded after the last [`prepare`].
///
/// It may be called anywhere. It gives an empty capture on a stack that is not the thread's
/// own, such as that of a coroutine or of a signal handler. It neither waits for a lock nor
/// allocates, except that the first call of a thread asks the system for the bounds of its
/// stack.
///
/// On Linux on x86-64 and aarch64, it takes a few nanoseconds a frame, and about a microsecond
/// for a call site that it meets for the first time. On other systems it uses the
/// unwinder of the system, by the `backtrace` crate, which takes about a hundred times as long
/// and may take a lock.
#[inline(never)]
#[must_use]
pub fn capture(until: usize) -> Capture {
    let mut capture = Capture::empty();
    if let Some(walk) = platform::Walk::here(until) {
        walk.capture(&mut capture);
    }
    capture
}
