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

/// The id of a span of a resource or an async op.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SpanId(u64);

impl SpanId {
    /// The id of what has this number and the slot of this index.
    #[inline]
    pub(super) fn new(kind: Kind, index: u32, number: u64) -> Self {
        let kind = u64::from(kind == Kind::AsyncOp);
        let low = number & NUMBER_MASK;
        let payload = low << NUMBER_SHIFT | kind << KIND_SHIFT | u64::from(index);
        let high = payload >> 37 << 38;
        Self(LOW_TAG | high | payload & BELOW_LOW_TAG)
    }

    /// A span that leads nowhere: the slot of index 0 is never used, and its number is 0.
    pub(super) fn nowhere() -> Self {
        Self::new(Kind::Resource, 0, 1)
    }

    /// None if the id is another's.
    #[inline]
    pub(super) fn from_id(id: &Id) -> Option<Self> {
        Self::from_bits(id.into_u64())
    }

    /// What [`bits`](Self::bits) gave; none for 0.
    #[inline]
    pub(super) fn from_bits(bits: u64) -> Option<Self> {
        (bits & (HIGH_TAG | LOW_TAG) == LOW_TAG).then_some(Self(bits))
    }

    #[inline]
    pub(super) fn bits(self) -> u64 {
        self.0
    }

    #[inline]
    pub(super) fn id(self) -> Id {
        Id::from_u64(self.0)
    }

    #[inline]
    pub(super) fn kind(self) -> Kind {
        if self.0 >> KIND_SHIFT & 1 == 1 {
            Kind::AsyncOp
        } else {
            Kind::Resource
        }
    }

    /// The index of the slot.
    #[inline]
    pub(super) fn index(self) -> u32 {
        (self.0 & INDEX_MASK) as u32
    }

    /// Whether it may be of what has this number.
    #[inline]
    pub(super) fn is_of(self, number: u64) -> bool {
        let payload = self.0 >> 38 << 37 | self.0 & BELOW_LOW_TAG;
        payload >> NUMBER_SHIFT == number & NUMBER_MASK
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
                    assert_eq!((span.kind(), span.index()), (kind, index));
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
