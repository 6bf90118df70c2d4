//! Span ids that lead to the slot of a resource or of an async op.
//!
//! The `Registry` of `tracing-subscriber` gives no id with bit 37 set, as its keys have the
//! address of a slot in bits 0 to 37 and there are fewer slots than 2³⁷. The ids of tasks have
//! bits 63 and 37 set. Those of resources and async ops have bit 37 set, and bit 63 not.
//!
//! The other 62 bits are the index of the slot, the kind, and the lower bits of the number of
//! what is in the slot, so that the id of something that is gone does not lead to what has its
//! slot now.

use tracing_core::span::Id;

/// Bits of the index of a slot.
pub(super) const INDEX_BITS: u32 = 22;

const HIGH_TAG: u64 = 1 << 63;
const LOW_TAG: u64 = 1 << 37;
const BELOW_LOW_TAG: u64 = LOW_TAG - 1;
const INDEX_MASK: u64 = (1 << INDEX_BITS) - 1;
const KIND_SHIFT: u32 = INDEX_BITS;
const NUMBER_SHIFT: u32 = INDEX_BITS + 1;
const NUMBER_MASK: u64 = (1 << (62 - NUMBER_SHIFT)) - 1;

/// What a span is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Resource,
    AsyncOp,
}

/// What an id says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SpanId {
    pub(super) kind: Kind,
    pub(super) index: u32,
    /// The lower bits of the number.
    low: u64,
}

impl SpanId {
    #[inline]
    pub(super) fn new(kind: Kind, index: u32, number: u64) -> Self {
        Self {
            kind,
            index,
            low: number & NUMBER_MASK,
        }
    }

    /// A span that leads nowhere: the slot of index 0 is never used.
    pub(super) fn nowhere() -> Self {
        Self::new(Kind::Resource, 0, 0)
    }

    /// Whether it may be of what has this number.
    #[inline]
    pub(super) fn is_of(self, number: u64) -> bool {
        self.low == number & NUMBER_MASK
    }

    #[inline]
    pub(super) fn id(self) -> Id {
        let kind = u64::from(self.kind == Kind::AsyncOp);
        let payload = self.low << NUMBER_SHIFT | kind << KIND_SHIFT | u64::from(self.index);
        let high = payload >> 37 << 38;
        Id::from_u64(LOW_TAG | high | payload & BELOW_LOW_TAG)
    }

    /// What an id says; none if it is another's.
    #[inline]
    pub(super) fn from_id(id: &Id) -> Option<Self> {
        let id = id.into_u64();
        if id & HIGH_TAG != 0 || id & LOW_TAG == 0 {
            return None;
        }
        let payload = id >> 38 << 37 | id & BELOW_LOW_TAG;
        Some(Self {
            kind: if payload >> KIND_SHIFT & 1 == 1 {
                Kind::AsyncOp
            } else {
                Kind::Resource
            },
            index: (payload & INDEX_MASK) as u32,
            low: payload >> NUMBER_SHIFT,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_gives_back_what_it_was_made_of() {
        for kind in [Kind::Resource, Kind::AsyncOp] {
            for index in [0, 1, 4095, (1 << INDEX_BITS) - 1] {
                for number in [0, 1, 77, 1 << 30, NUMBER_MASK, NUMBER_MASK + 5] {
                    let span = SpanId::new(kind, index, number);
                    assert_eq!(SpanId::from_id(&span.id()), Some(span));
                    assert!(span.is_of(number) && !span.is_of(number + 1));
                }
            }
        }
    }

    #[test]
    fn ids_of_others_are_neither() {
        // Keys of a slab in any generation, and tasks.
        for id in [1, 2, !LOW_TAG, HIGH_TAG | LOW_TAG | 5] {
            assert_eq!(SpanId::from_id(&Id::from_u64(id)), None);
        }
    }
}
