//! Linux on x86-64 and aarch64: unwinding by the tables that every program carries for panics.
//!
//! The compiler describes for each call how to get from the frame to its caller (`.eh_frame`,
//! of the DWARF standard 5, section 6.4, and the Linux Standard Base 5.0, section 10.6).
//! Evaluating that takes about a microsecond, so the result, a [`rule`](rule::Rule) of 29
//! bits, is kept in a cache that all threads share. A walk that finds all its rules there
//! takes a few nanoseconds a frame. Where a function has a frame pointer, its rule is to follow
//! that; a frame pointer that no rule vouches for is never trusted.

mod cache;
mod cfi;
mod files;
mod objects;
mod rule;
mod stack;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use cache::Cache;
pub(crate) use files::name;
use objects::{Object, Objects};
use rule::Rule;
use stack::{Registers, Stack, Step};

use crate::Capture;

static CACHE: Cache = Cache::new();
static OBJECTS: RwLock<Objects> = RwLock::new(Objects::none());
/// How often to try to read them while they are being replaced.
const TRIES: usize = 100;
/// How often an object went away, to keep rules of old ones out of the cache.
static GENERATION: AtomicU64 = AtomicU64::new(0);
/// Whether a walk met code of an object that is not known.
static MISSED: AtomicBool = AtomicBool::new(false);

/// See [`crate::prepare`].
pub(crate) fn prepare() {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let known = OBJECTS.read().unwrap_or_else(PoisonError::into_inner);
    let read = Objects::read(&known);
    drop(known);
    let Some(objects) = read else {
        return;
    };
    MISSED.store(false, Ordering::Relaxed);
    let before = {
        let mut current = OBJECTS.write().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *current, objects)
    };
    // Another library may be loaded later where one was.
    let current = OBJECTS.read().unwrap_or_else(PoisonError::into_inner);
    if !current.contains_all(&before) {
        GENERATION.fetch_add(1, Ordering::SeqCst);
        CACHE.clear();
    }
}

/// See [`crate::is_stale`].
pub(crate) fn is_stale() -> bool {
    MISSED.load(Ordering::Relaxed)
}

/// See [`crate::capture`]. Gives the frames from the caller of the function into which this is
/// inlined.
#[inline(always)]
#[expect(
    clippy::inline_always,
    reason = "it begins with its caller's registers"
)]
pub(crate) fn capture(until: usize) -> Capture {
    let mut capture = Capture::empty();
    let mut registers = Registers::here();
    let Some(stack) = Stack::from(registers.stack_pointer, until) else {
        return capture;
    };
    loop {
        let Some(rule) = CACHE.get(registers.code).or_else(|| find(registers.code)) else {
            capture.truncate();
            return capture;
        };
        match registers.step(rule, &stack) {
            Step::Caller => {}
            Step::End => return capture,
            Step::Broken => {
                capture.truncate();
                return capture;
            }
        }
        if !capture.push(registers.code) {
            return capture;
        }
    }
}

/// Evaluates the unwind table of a call site that is not in the cache. It neither allocates
/// nor waits: if the objects are being replaced, which takes a few instructions, it tries
/// again, and finds nothing if the thread that replaces them was interrupted.
#[cold]
#[inline(never)]
fn find(address: usize) -> Option<Rule> {
    let generation = GENERATION.load(Ordering::SeqCst);
    let objects = (0..TRIES).find_map(|_| {
        std::hint::spin_loop();
        OBJECTS.try_read().ok()
    })?;
    let Some(object) = objects.at((address as u64).wrapping_sub(1)) else {
        MISSED.store(true, Ordering::Relaxed);
        return None;
    };
    let rule = object.rule(address as u64)?;
    CACHE.insert(address, rule, || {
        GENERATION.load(Ordering::SeqCst) == generation
    });
    Some(rule)
}

/// The object that has code at this address, as of the last [`prepare`].
fn object_at(address: usize) -> Option<Arc<Object>> {
    let objects = OBJECTS.read().unwrap_or_else(PoisonError::into_inner);
    objects.at(address as u64).cloned()
}
