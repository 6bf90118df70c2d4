//! Systems for which pileup has no unwinder of its own: by the `backtrace` crate.

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
    #[inline(never)]
    pub(crate) fn capture(&self, capture: &mut Capture) {
        let own = [
            Self::capture as fn(&Self, &mut Capture) as usize,
            crate::capture as fn(usize) -> Capture as usize,
        ];
        backtrace::trace(|frame| {
            let is_own = own.contains(&(frame.symbol_address() as usize));
            if is_own && capture.addresses().is_empty() {
                return true;
            }
            // Where the system does not say, 0.
            let is_within = (frame.sp() as usize) <= self.until;
            is_within && capture.push(frame.ip() as usize, 0)
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
                file: file.map(str::to_owned),
                line: symbol.lineno(),
                ..RawFrame::default()
            });
        });
        if !frames.is_empty() {
            named(address, frames);
        }
    }
}
