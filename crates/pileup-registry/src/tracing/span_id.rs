//! Span ids that lead to the slot of a task.
//!
//! A [`TaskSubscriber`](super::TaskSubscriber) chooses the ids of Tokio's task spans, and the
//! service's own subscriber those of all others. Ids of tasks have two bits set that no other
//! id has at once:
//!
//! - bit 63: a subscriber that counts its spans from 1 never gets that far;
//! - bit 37: the `Registry` of `tracing-subscriber` keeps its spans in a `sharded-slab`, whose keys
//!   have the address of the slot in bits 0 to 37. All pages of a shard together have
//!   32 × (2³² − 1) slots, which is less than 2³⁷.
//!
//! The other 62 bits are the index of the slot and the lower bits of the task's number, so
//! that the id of a task that has ended does not lead to the next one in its slot. Two
//! tasks of one slot have the same lower bits if exactly a multiple of 2³⁴ tasks were spawned
//! between them.

use tracing_core::span::Id;

use crate::table::INDEX_BITS;

const HIGH_TAG: u64 = 1 << 63;
const LOW_TAG: u64 = 1 << 37;
const BELOW_LOW_TAG: u64 = LOW_TAG - 1;
const NUMBER_BITS: u32 = 62 - INDEX_BITS;
const _: () = assert!(NUMBER_BITS >= 32);
const NUMBER_MASK: u64 = (1 << NUMBER_BITS) - 1;
const INDEX_MASK: u64 = (1 << INDEX_BITS) - 1;

/// What an id of a task says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TaskSpan {
    pub(super) index: usize,
    /// The lower bits of the task's number.
    low: u64,
}

impl TaskSpan {
    #[inline]
    pub(super) fn new(index: usize, number: u64) -> Self {
        Self {
            index,
            low: number & NUMBER_MASK,
        }
    }

    /// A task that is not to be seen.
    pub(super) fn hidden() -> Self {
        // No table has that many slots.
        Self {
            index: INDEX_MASK as usize,
            low: 0,
        }
    }

    /// Whether it may be the task of this number.
    #[inline]
    pub(super) fn is_of(self, number: u64) -> bool {
        self.low == number & NUMBER_MASK
    }

    /// The lower bits of the task's number: more than 32 of them.
    #[inline]
    pub(super) fn low_number(self) -> u64 {
        self.low
    }

    #[inline]
    pub(super) fn id(self) -> Id {
        let payload = self.low << INDEX_BITS | self.index as u64;
        let high = payload >> 37 << 38;
        Id::from_u64(HIGH_TAG | LOW_TAG | high | payload & BELOW_LOW_TAG)
    }

    /// The task of an id; none if it is no id of a task.
    #[inline]
    pub(super) fn from_id(id: u64) -> Option<Self> {
        if id & HIGH_TAG == 0 || id & LOW_TAG == 0 {
            return None;
        }
        let payload = (id & !HIGH_TAG) >> 38 << 37 | id & BELOW_LOW_TAG;
        Some(Self {
            index: (payload & INDEX_MASK) as usize,
            low: payload >> INDEX_BITS,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_gives_back_what_it_was_made_of() {
        for index in [0, 1, 4095, 1 << 20, (1 << INDEX_BITS) - 1] {
            for number in [0, 1, 77, 1 << 33, NUMBER_MASK, NUMBER_MASK + 5] {
                let span = TaskSpan::new(index, number);
                let id = span.id().into_u64();
                assert_eq!(TaskSpan::from_id(id), Some(span));
                assert_eq!(span.index, index);
                assert!(span.is_of(number));
                assert!(!span.is_of(number + 1));
            }
        }
    }

    #[test]
    fn ids_of_others_are_no_tasks() {
        // Counted, and keys of a slab in any generation.
        for id in [1, 2, LOW_TAG | 5, u64::MAX >> 1, !LOW_TAG] {
            assert_eq!(TaskSpan::from_id(id), None);
        }
    }

    #[test]
    fn keys_of_the_slab_never_have_the_lower_tag() {
        let most_slots: u64 = 32 * ((1 << 32) - 1);
        // The id is the key and one more.
        assert_eq!((most_slots - 1 + 1) & LOW_TAG, 0);
    }
}
