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
mod symbol_table;

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
/// How often an object went away, to keep rules of old ones out of the cache, and because what
/// was captured of its code may no longer be repeated.
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

/// A walk of this thread's stack that is about to begin. It must not leave the function that
/// it begins in.
pub(crate) struct Walk {
    registers: Registers,
    stack: Stack,
}

impl Walk {
    /// A walk from the caller of the function into which this is inlined. None on a stack that
    /// is not the thread's own.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "it begins with its caller's registers"
    )]
    pub(crate) fn here(until: usize) -> Option<Self> {
        let registers = Registers::here();
        let stack = Stack::from(registers.stack_pointer, until)?;
        Some(Self { registers, stack })
    }

    /// Where it begins.
    #[inline]
    pub(crate) fn stack_pointer(&self) -> usize {
        self.registers.stack_pointer
    }

    /// Walks by the unwind rules, into an empty capture: see [`crate::capture`].
    pub(crate) fn capture(&self, capture: &mut Capture) {
        let mut registers = self.registers;
        let mut before = registers.stack_pointer;
        // Whether the steps follow from the return addresses alone.
        let mut is_repeatable = GENERATION.load(Ordering::Relaxed) == 0;
        loop {
            let Some(rule) = CACHE.get(registers.code).or_else(|| find(registers.code)) else {
                capture.truncate();
                return;
            };
            is_repeatable &= !rule.needs_frame_pointer();
            let place = match registers.step(rule, &self.stack) {
                Step::Caller(place) => place,
                Step::Bound(place) => {
                    if is_repeatable && let Some(step) = words(before, place) {
                        capture.end(step);
                    }
                    return;
                }
                Step::End => return,
                Step::Broken => {
                    capture.truncate();
                    return;
                }
            };
            let step = words(before, place);
            is_repeatable &= step.is_some();
            if !capture.push(registers.code, step.unwrap_or(0)) {
                return;
            }
            before = place;
        }
    }

    /// Whether [`capture`](Self::capture) would give just these return addresses, by the steps of
    /// an earlier one that [ended](Capture::end) with `last_step`.
    ///
    /// A rule that is relative to the stack pointer fixes, for its return address, the step
    /// to the next. So if the first return address is where it was and the same, then the second
    /// is where it was, and so on.
    #[inline]
    pub(crate) fn repeats(
        &self,
        frames: impl Iterator<Item = (usize, u16)>,
        last_step: u16,
    ) -> bool {
        if last_step == 0 || GENERATION.load(Ordering::Relaxed) != 0 {
            return false;
        }
        let mut place = self.registers.stack_pointer;
        for (address, step) in frames {
            place = place.wrapping_add(usize::from(step) * size_of::<usize>());
            if self.stack.return_address(place) != Some(address) {
                return false;
            }
        }
        let next = place.wrapping_add(usize::from(last_step) * size_of::<usize>());
        self.stack.ends_before(next)
    }
}

/// How many words the second place is above the first. None if that does not fit, or is
/// nothing.
fn words(first: usize, second: usize) -> Option<u16> {
    let words = second.checked_sub(first)? / size_of::<usize>();
    u16::try_from(words).ok().filter(|words| *words > 0)
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

/// See [`crate::has_rule`].
#[cfg(fuzzing)]
pub(crate) fn has_rule(index: (u64, Vec<u8>), frames: (u64, Vec<u8>), code: u64) -> bool {
    let section = |(address, bytes): (u64, Vec<u8>)| cfi::Section {
        address,
        bytes: bytes.into(),
    };
    cfi::Cfi::new(section(index), section(frames))
        .rule(code)
        .is_some()
}

/// The object that has code at this address, as of the last [`prepare`].
fn object_at(address: usize) -> Option<Arc<Object>> {
    let objects = OBJECTS.read().unwrap_or_else(PoisonError::into_inner);
    objects.at(address as u64).cloned()
}
