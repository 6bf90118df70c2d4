//! Unwinding where pileup has no unwinder of its own: by the `backtrace` crate.

use crate::Capture;

/// The system's unwinder finds the tables by itself.
pub(crate) fn prepare() {}

/// The system's unwinder knows all libraries at any time.
pub(crate) fn is_stale() -> bool {
    false
}

/// See [`crate::capture`].
#[inline(never)]
pub(crate) fn capture(until: usize) -> Capture {
    let mut capture = Capture::empty();
    let own = [
        self::capture as fn(usize) -> Capture as usize,
        crate::capture as fn(usize) -> Capture as usize,
    ];
    backtrace::trace(|frame| {
        let is_own = own.contains(&(frame.symbol_address() as usize));
        if is_own && capture.addresses().is_empty() {
            return true;
        }
        // Where the system does not say, 0.
        let is_within = (frame.sp() as usize) <= until;
        is_within && capture.push(frame.ip() as usize)
    });
    capture
}
