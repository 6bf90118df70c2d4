//! What a capture of a call stack is.

use std::fmt;
use std::mem::MaybeUninit;

/// The most frames that a [`Capture`] holds.
pub const MAX_FRAMES: usize = 64;

/// The return addresses of one call stack, innermost first. Of fixed size: it allocates
/// nothing.
#[derive(Clone, Copy)]
pub struct Capture {
    len: usize,
    is_truncated: bool,
    /// The first `len` are initialized. The others are not: it would take longer to clear
    /// them than to walk a few frames.
    addresses: [MaybeUninit<usize>; MAX_FRAMES],
    /// How far each return address lies from the one before, in words; the first, from where the
    /// walk began. The first `len` are initialized.
    steps: [MaybeUninit<u16>; MAX_FRAMES],
    /// How far the bound of the walk is at least from the last return address, in words. 0 if
    /// the walk cannot be [repeated](crate::StackSet::intern_here) by its steps alone.
    last_step: u16,
}

impl Capture {
    /// A capture without frames.
    #[must_use]
    #[inline]
    pub const fn empty() -> Self {
        Self {
            len: 0,
            is_truncated: false,
            addresses: [MaybeUninit::uninit(); MAX_FRAMES],
            steps: [MaybeUninit::uninit(); MAX_FRAMES],
            last_step: 0,
        }
    }

    /// The return addresses, innermost first.
    #[must_use]
    #[inline]
    pub fn addresses(&self) -> &[usize] {
        // SAFETY: `push` initializes the elements in order and counts them in `len`, which
        // it keeps within the array; `MaybeUninit<usize>` has the layout of `usize`.
        unsafe { std::slice::from_raw_parts(self.addresses.as_ptr().cast(), self.len) }
    }

    /// The steps to the return addresses, in words: as many as there are addresses.
    #[inline]
    pub(crate) fn steps(&self) -> &[u16] {
        // SAFETY: `push` initializes the elements in order and counts them in `len`, which
        // it keeps within the array; `MaybeUninit<u16>` has the layout of `u16`.
        unsafe { std::slice::from_raw_parts(self.steps.as_ptr().cast(), self.len) }
    }

    /// See [`end`](Self::end).
    #[inline]
    pub(crate) fn last_step(&self) -> u16 {
        self.last_step
    }

    /// Whether the stack goes on outwards: it has more than [`MAX_FRAMES`] frames, or a frame
    /// that cannot be unwound.
    #[must_use]
    #[inline]
    pub fn is_truncated(&self) -> bool {
        self.is_truncated
    }

    /// Adds the next frame outwards, whose return address lies `step` words from that of the
    /// frame before. False, and truncated, if there is no room.
    #[inline]
    pub(crate) fn push(&mut self, address: usize, step: u16) -> bool {
        let places = self.addresses.get_mut(self.len);
        let Some((place, its_step)) = places.zip(self.steps.get_mut(self.len)) else {
            self.is_truncated = true;
            return false;
        };
        place.write(address);
        its_step.write(step);
        self.len += 1;
        true
    }

    /// Notes that the walk ended at its bound, which it would pass with a step of `last_step` words.
    /// Only for a walk whose steps depend on nothing but the return addresses.
    #[cfg_attr(
        not(all(
            target_os = "linux",
            any(target_arch = "x86_64", target_arch = "aarch64")
        )),
        expect(dead_code, reason = "the system's unwinder says neither")
    )]
    #[inline]
    pub(crate) fn end(&mut self, last_step: u16) {
        self.last_step = last_step;
    }

    /// Notes that the stack goes on outwards.
    #[cfg_attr(
        not(all(
            target_os = "linux",
            any(target_arch = "x86_64", target_arch = "aarch64")
        )),
        expect(dead_code, reason = "the system's unwinder says neither")
    )]
    #[inline]
    pub(crate) fn truncate(&mut self) {
        self.is_truncated = true;
    }
}

impl fmt::Debug for Capture {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Capture")
            .field("addresses", &self.addresses())
            .field("is_truncated", &self.is_truncated)
            .finish_non_exhaustive()
    }
}

/// A capture of these addresses, as far as they fit.
impl FromIterator<usize> for Capture {
    fn from_iter<I: IntoIterator<Item = usize>>(addresses: I) -> Self {
        let mut capture = Self::empty();
        for address in addresses {
            if !capture.push(address, 0) {
                break;
            }
        }
        capture
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capture_holds_what_fits_and_says_that_there_is_more() {
        let full: Capture = (1..=MAX_FRAMES).collect();
        assert_eq!(full.addresses().len(), MAX_FRAMES);
        assert!(!full.is_truncated());
        let more: Capture = (1..=MAX_FRAMES + 1).collect();
        assert_eq!(more.addresses(), full.addresses());
        assert!(more.is_truncated());
        assert_eq!(Capture::empty().addresses(), [0usize; 0]);
    }
}
