//! The rules of the call sites met so far, for all threads.
//!
//! A slot is one atomic word that holds a rule and the rest of its address: whatever of it is
//! read is whole. The multiplication below can be undone, so the set of an address and the
//! rest of its hash together name it exactly.

use std::sync::atomic::{AtomicU64, Ordering};

use super::rule::{PACKED_BITS, Rule};

/// Bits of an address in user space; code above is looked up each time.
#[cfg(target_arch = "x86_64")]
const ADDRESS_BITS: u32 = 47;
#[cfg(target_arch = "aarch64")]
const ADDRESS_BITS: u32 = 48;

/// 8,192 sets of four slots: 256 KiB, of which pages are provided as they are used.
const SET_BITS: u32 = 13;
const WAYS: usize = 4;

const TAG_BITS: u32 = ADDRESS_BITS - SET_BITS;
const _: () = assert!(TAG_BITS + PACKED_BITS <= 64);

/// Slots by address. A slot without a rule is 0.
pub(super) struct Cache {
    sets: [Set; 1 << SET_BITS],
}

/// Two share a cache line.
#[repr(align(32))]
struct Set([AtomicU64; WAYS]);

impl Cache {
    #[expect(clippy::large_stack_arrays, reason = "for statics only")]
    pub(super) const fn new() -> Self {
        Self {
            sets: [const { Set([const { AtomicU64::new(0) }; WAYS]) }; 1 << SET_BITS],
        }
    }

    /// The rule of the call that returns to `address`, if it is known.
    #[inline]
    pub(super) fn get(&self, address: usize) -> Option<Rule> {
        let (set, tag) = place(address)?;
        let Set(slots) = &self.sets[set];
        slots.iter().find_map(|slot| {
            let value = slot.load(Ordering::Relaxed);
            let packed = (value & ((1 << PACKED_BITS) - 1)) as u32;
            (value >> PACKED_BITS == tag && packed != 0).then(|| Rule::unpack(packed))
        })
    }

    /// Keeps a rule, in place of another if there is no room. `is_current` says afterwards
    /// whether the tables that gave it still hold: the rule is removed if not.
    pub(super) fn insert(&self, address: usize, rule: Rule, is_current: impl FnOnce() -> bool) {
        let Some(((set, tag), packed)) = place(address).zip(rule.pack()) else {
            return;
        };
        let value = tag << PACKED_BITS | u64::from(packed);
        let Set(slots) = &self.sets[set];
        let free = slots.iter().find(|slot| slot.load(Ordering::Relaxed) == 0);
        // What is replaced is as good as random.
        let slot = free.unwrap_or(&slots[tag as usize % WAYS]);
        slot.store(value, Ordering::SeqCst);
        if !is_current() {
            let _ = slot.compare_exchange(value, 0, Ordering::SeqCst, Ordering::Relaxed);
        }
    }

    /// Forgets all rules.
    pub(super) fn clear(&self) {
        for slot in self.sets.iter().flat_map(|Set(slots)| slots) {
            slot.store(0, Ordering::SeqCst);
        }
    }
}

/// The set of an address, and what tells it from all others of the set.
#[inline]
fn place(address: usize) -> Option<(usize, u64)> {
    const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
    const { assert!(MULTIPLIER % 2 == 1, "odd: can be undone modulo 2^n") };
    let address = address as u64;
    if address >> ADDRESS_BITS != 0 {
        return None;
    }
    let hash = address.wrapping_mul(MULTIPLIER) & ((1 << ADDRESS_BITS) - 1);
    Some(((hash >> TAG_BITS) as usize, hash & ((1 << TAG_BITS) - 1)))
}

#[cfg(test)]
mod tests {
    use super::super::rule::Caller;
    use super::*;

    fn rule(cfa: usize) -> Rule {
        Rule::Caller(Caller {
            by_frame_pointer: false,
            cfa: cfa * 8,
            return_address: 8,
            frame_pointer: 0,
        })
    }

    #[test]
    fn every_address_finds_its_own_rule_or_none() {
        const COUNT: usize = if cfg!(miri) { 200 } else { 100_000 };
        static CACHE: Cache = Cache::new();
        let address = |n: usize| 0x5555_5555_0000 + n * 7;
        let mut found = 0;
        for n in 1..=COUNT {
            CACHE.insert(address(n), rule(n % 1000 + 1), || true);
            assert_eq!(CACHE.get(address(n)), Some(rule(n % 1000 + 1)));
        }
        for n in 1..=COUNT {
            let rule_of_n = CACHE.get(address(n));
            assert!(rule_of_n.is_none_or(|found| found == rule(n % 1000 + 1)));
            found += usize::from(rule_of_n.is_some());
        }
        assert!(found > COUNT / 5, "{found} of {COUNT}");
        CACHE.clear();
        assert_eq!(CACHE.get(address(COUNT)), None);
    }

    #[test]
    fn a_rule_of_old_tables_is_not_kept() {
        static CACHE: Cache = Cache::new();
        CACHE.insert(64, rule(1), || false);
        assert_eq!(CACHE.get(64), None);
    }

    #[test]
    fn addresses_outside_of_user_space_are_not_kept() {
        static CACHE: Cache = Cache::new();
        CACHE.insert(usize::MAX - 7, rule(1), || true);
        assert_eq!(CACHE.get(usize::MAX - 7), None);
    }
}
