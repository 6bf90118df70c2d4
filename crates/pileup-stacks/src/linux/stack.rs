//! The part of this thread's stack that may be read, and the step from a frame to its caller.

use std::arch::asm;
use std::cell::Cell;
use std::ops::Range;

use super::rule::{Caller, Rule};

/// The registers that describe a frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct Registers {
    /// The address of the next instruction.
    pub(super) code: usize,
    pub(super) stack_pointer: usize,
    frame_pointer: usize,
}

/// Where a step ends.
pub(super) enum Step {
    /// In the caller's frame, whose return address is at this place of the stack.
    Caller(usize),
    /// At the bound, which this place of the next return address is beyond.
    Bound(usize),
    /// At the first function of the thread.
    End,
    /// The frame is not as the rule says.
    Broken,
}

impl Registers {
    /// Those of the function that calls this one.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "the caller's registers are asked for")]
    pub(super) fn here() -> Self {
        let [code, stack_pointer, frame_pointer]: [usize; 3];
        #[cfg(target_arch = "x86_64")]
        // SAFETY: it only copies registers, and uses neither memory nor stack nor flags.
        unsafe {
            asm!(
                "lea {code}, [rip]",
                "mov {stack_pointer}, rsp",
                "mov {frame_pointer}, rbp",
                code = out(reg) code,
                stack_pointer = out(reg) stack_pointer,
                frame_pointer = out(reg) frame_pointer,
                options(nomem, nostack, preserves_flags),
            );
        }
        #[cfg(target_arch = "aarch64")]
        // SAFETY: it only copies registers, and uses neither memory nor stack nor flags.
        unsafe {
            asm!(
                "adr {code}, .",
                "mov {stack_pointer}, sp",
                "mov {frame_pointer}, x29",
                code = out(reg) code,
                stack_pointer = out(reg) stack_pointer,
                frame_pointer = out(reg) frame_pointer,
                options(nomem, nostack, preserves_flags),
            );
        }
        Self {
            code,
            stack_pointer,
            frame_pointer,
        }
    }

    /// Goes to the caller of the frame.
    #[inline]
    pub(super) fn step(&mut self, rule: Rule, stack: &Stack) -> Step {
        let Rule::Caller(caller) = rule else {
            return Step::End;
        };
        let Caller {
            by_frame_pointer,
            cfa,
            return_address,
            frame_pointer,
        } = caller;
        let base = if by_frame_pointer {
            self.frame_pointer
        } else {
            self.stack_pointer
        };
        let cfa = base.wrapping_add(cfa);
        if cfa <= self.stack_pointer {
            return Step::Broken;
        }
        let place = cfa.wrapping_sub(return_address);
        if place >= stack.0.end {
            return Step::Bound(place);
        }
        let Some(code) = stack.return_address(place) else {
            return Step::Broken;
        };
        if frame_pointer != 0 {
            let Some(saved) = stack.read(cfa.wrapping_sub(frame_pointer)) else {
                return Step::Broken;
            };
            self.frame_pointer = saved;
        }
        self.code = code;
        self.stack_pointer = cfa;
        if code == 0 {
            Step::End
        } else {
            Step::Caller(place)
        }
    }
}

/// Addresses of this thread's stack that are in use: from the innermost frame up to the bound.
pub(super) struct Stack(Range<usize>);

impl Stack {
    /// From the stack pointer to `until`. None if the stack pointer is on another stack than
    /// the thread's own: that of a signal handler or of a coroutine.
    #[inline]
    pub(super) fn from(stack_pointer: usize, until: usize) -> Option<Self> {
        let bounds = bounds()?;
        bounds
            .contains(&stack_pointer)
            .then_some(Self(stack_pointer..until.min(bounds.end)))
    }

    /// Whether an address is at the bound or beyond.
    #[inline]
    pub(super) fn ends_before(&self, address: usize) -> bool {
        address >= self.0.end
    }

    /// The return address at a place of this part of the stack.
    #[inline]
    pub(super) fn return_address(&self, place: usize) -> Option<usize> {
        let address = self.read(place)?;
        // Compilers may sign return addresses in the upper bits on this architecture.
        #[cfg(target_arch = "aarch64")]
        let address = address & 0x0000_ffff_ffff_ffff;
        Some(address)
    }

    /// The word at an address, if that is one of this part of the stack.
    #[inline]
    fn read(&self, address: usize) -> Option<usize> {
        let fits = address >= self.0.start
            && address < self.0.end
            && self.0.end - address >= size_of::<usize>()
            && address.is_multiple_of(align_of::<usize>());
        // SAFETY: the word is aligned and lies between the stack pointer of a function that
        // has not returned and the end of the stack of this thread (`Stack::from`), all of
        // which stays mapped for reading as long as that function runs. No other thread
        // writes there what this thread does not expect, and any bit pattern is a `usize`.
        // By the unwind rules, it is a slot that the compiler made for a saved register, so no
        // reference of Rust covers it; the volatile read keeps the compiler from reasoning
        // about one where the rules are wrong.
        fits.then(|| unsafe { (address as *const usize).read_volatile() })
    }
}

thread_local! {
    /// The bounds of this thread's stack, once they are known. `0..0` until then, and `1..1` if
    /// the system does not say. Needs no destructor, so it can be used at any time.
    static BOUNDS: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

/// The bounds of the stack of this thread. The first call of a thread asks the system, which
/// may allocate, and on the main thread reads a file.
#[inline]
fn bounds() -> Option<Range<usize>> {
    let (mut start, mut end) = BOUNDS.get();
    if end == 0 {
        (start, end) = ask_for_bounds().unwrap_or((1, 1));
        BOUNDS.set((start, end));
    }
    (start < end).then_some(start..end)
}

#[cold]
#[inline(never)]
fn ask_for_bounds() -> Option<(usize, usize)> {
    let mut attributes = std::mem::MaybeUninit::<libc::pthread_attr_t>::uninit();
    let mut start = std::ptr::null_mut();
    let mut size = 0;
    // SAFETY: the function initializes the attributes, if it returns 0, for a thread that
    // exists: this one.
    let failed = unsafe { libc::pthread_getattr_np(libc::pthread_self(), attributes.as_mut_ptr()) };
    if failed != 0 {
        return None;
    }
    // SAFETY: initialized above; the results go to variables of the expected types.
    let failed =
        unsafe { libc::pthread_attr_getstack(attributes.as_ptr(), &raw mut start, &raw mut size) };
    // SAFETY: initialized above, and not used any more.
    unsafe { libc::pthread_attr_destroy(attributes.as_mut_ptr()) };
    let start = start as usize;
    (failed == 0).then_some((start, start.checked_add(size)?))
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;

    use proptest::prelude::*;

    use super::*;

    /// Steps by these rules from here to the end of the stack.
    #[inline(never)]
    fn walk(rules: &[Rule]) -> usize {
        let mut registers = Registers::here();
        let Some(stack) = Stack::from(registers.stack_pointer, usize::MAX) else {
            return 0;
        };
        rules
            .iter()
            .take_while(|rule| matches!(registers.step(**rule, &stack), Step::Caller(_)))
            .count()
    }

    fn any_rule() -> impl Strategy<Value = Rule> {
        let word = |most: usize| (1..most).prop_map(|words| words * 8);
        (any::<bool>(), word(2000), word(100), word(200)).prop_map(
            |(by_frame_pointer, cfa, return_address, frame_pointer)| {
                Rule::Caller(Caller {
                    by_frame_pointer,
                    cfa,
                    return_address,
                    frame_pointer,
                })
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 5_000,
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        #[test]
        #[cfg_attr(miri, ignore = "reads registers")]
        fn wrong_rules_end_the_walk_and_read_nothing_outside_of_the_stack(
            rules in prop::collection::vec(any_rule(), 1..64),
        ) {
            black_box(walk(&rules));
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "asks the system for the stack")]
    fn reads_are_within_the_bounds() {
        let words = [1usize, 2, 3];
        let start = words.as_ptr() as usize;
        let stack = Stack(start..start + 2 * size_of::<usize>());
        assert_eq!(stack.read(start), Some(1));
        assert_eq!(stack.read(start + size_of::<usize>()), Some(2));
        assert_eq!(stack.read(start + 2 * size_of::<usize>()), None);
        assert_eq!(stack.read(start + 1), None);
        assert_eq!(stack.read(start.wrapping_sub(8)), None);
        assert_eq!(stack.read(usize::MAX - 7), None);
    }

    #[test]
    #[cfg_attr(miri, ignore = "asks the system for the stack")]
    fn another_stack_is_not_read() {
        let elsewhere = Box::new(0usize);
        assert!(Stack::from(&raw const *elsewhere as usize, usize::MAX).is_none());
        assert!(
            bounds()
                .expect("bounds")
                .contains(&(&raw const elsewhere as usize))
        );
    }
}
