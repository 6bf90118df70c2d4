//! How a task is named that spawned another, or that woke it.

use crate::sites::SiteNumber;

/// Task numbers are kept with this many bits where a task names another.
const NUMBER_BITS: u32 = 40;

/// Set in the number of a task that is known by a wrapper alone, until its first poll says
/// which of Tokio's tasks it is.
pub(crate) const OWN_NUMBER: u64 = 1 << 62;

/// The task that spawned another, or that woke it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Parent {
    pub(crate) number: u64,
    pub(crate) site: SiteNumber,
}

impl Parent {
    /// The parent in the upper 56 bits; 0 for none.
    pub(crate) fn pack(parent: Option<Self>) -> u64 {
        let of_tokio = parent.filter(|parent| parent.number & OWN_NUMBER == 0);
        of_tokio.map_or(0, |parent| {
            parent.number << (u64::BITS - NUMBER_BITS) | u64::from(parent.site) << 8
        })
    }

    /// What [`pack`](Self::pack) made, for a task of this number: the two are spawned within
    /// a million million of each other.
    pub(crate) fn unpack(packed: u64, near: u64) -> Option<Self> {
        let low = packed >> (u64::BITS - NUMBER_BITS);
        if low == 0 {
            return None;
        }
        let high = (near & !OWN_NUMBER) >> NUMBER_BITS << NUMBER_BITS;
        Some(Self {
            number: high | low,
            site: (packed >> 8) as u16,
        })
    }
}
