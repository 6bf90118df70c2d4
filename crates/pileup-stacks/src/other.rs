//! Systems for which pileup has no unwinder of its own: by the `backtrace` crate.

mod files;

use std::ffi::c_void;

use crate::Capture;
use crate::symbols::RawFrame;

/// The system's unwinder finds the tables by itself.
pub(crate) fn prepare() {}

/// The system's unwinder knows all libraries at any time.
pub(crate) fn is_stale() -> bool {
    false
}

/// A walk of this thread's stack that is about to begin.
pub(crate) struct Walk {
    until: usize,
}

impl Walk {
    #[expect(clippy::unnecessary_wraps, reason = "other systems may have none")]
    pub(crate) fn here(until: usize) -> Option<Self> {
        Some(Self { until })
    }

    /// Something that differs between depths of the stack, where the system says.
    #[expect(clippy::unused_self, reason = "other systems look at the stack")]
    pub(crate) fn stack_pointer(&self) -> usize {
        0
    }

    /// See [`crate::capture`].
    ///
    /// The walk is a local of the function whose caller is the first frame. The frame of a function
    /// whose stack pointer is below it is inner: that function, this one, and the unwinder's own.
    /// No other system names the function of a frame, as `symbol_address` is its return address on
    /// Windows and macOS.
    #[inline(never)]
    pub(crate) fn capture(&self, capture: &mut Capture) {
        let own = std::ptr::from_ref(self) as usize;
        backtrace::trace(|frame| {
            // Where the system does not say, 0.
            let stack_pointer = frame.sp() as usize;
            if stack_pointer != 0 && stack_pointer <= own {
                return true;
            }
            stack_pointer <= self.until && capture.push(frame.ip() as usize, 0)
        });
    }

    /// The system's unwinder gives no steps: each stack is walked.
    #[expect(clippy::unused_self, reason = "other systems look at the stack")]
    pub(crate) fn repeats(
        &self,
        _frames: impl Iterator<Item = (usize, u16)>,
        _last_step: u16,
    ) -> bool {
        false
    }
}

/// Names each of these return addresses.
pub(crate) fn name(addresses: &[usize], mut named: impl FnMut(usize, Vec<RawFrame>)) {
    for &address in addresses {
        let mut frames = Vec::new();
        // Inside of the call, which may be the last instruction of its function.
        let inside = address.wrapping_sub(1) as *mut c_void;
        backtrace::resolve(inside, |symbol| {
            let file = symbol.filename().and_then(|path| path.to_str());
            frames.push(RawFrame {
                function: symbol.name().map(|name| format!("{name:#}")),
                file: file.map(files::relative),
                line: symbol.lineno(),
                ..RawFrame::default()
            });
        });
        if !frames.is_empty() {
            named(address, frames);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;

    use super::*;
    use crate::stack_pointer;

    /// As [`crate::capture`] does it.
    #[inline(never)]
    fn capture(until: usize) -> Capture {
        let mut capture = Capture::empty();
        let walk = Walk::here(until);
        if let Some(walk) = &walk {
            walk.capture(&mut capture);
        }
        black_box(&walk);
        capture
    }

    fn innermost_function(capture: &Capture) -> String {
        let mut function = None;
        name(&capture.addresses()[..1], |_, frames| {
            function.clone_from(&frames[0].function);
        });
        function.unwrap_or_default()
    }

    #[inline(never)]
    fn asks_for_a_capture(until: usize) -> Capture {
        black_box(capture(until))
    }

    #[test]
    #[cfg_attr(miri, ignore = "Miri has no stack to walk")]
    fn a_capture_is_from_its_caller_to_the_bound() {
        let until = stack_pointer();
        let bounded = asks_for_a_capture(until);
        let whole = asks_for_a_capture(usize::MAX);
        for capture in [&bounded, &whole] {
            let function = innermost_function(capture);
            assert!(
                function.ends_with("asks_for_a_capture"),
                "{function}: {capture:?}"
            );
        }
        assert_eq!(bounded.addresses().len(), 2, "{bounded:?}");
        assert!(whole.addresses().len() > 5, "{whole:?}");
    }
}
