//! Names that many resources and async ops share, such as `Semaphore`: each is kept once.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// Names that are kept. Tokio has about a hundred; the others are the files that make resources.
const NAMES: usize = 1024;
/// Places that are tried for a name.
const TRIES: usize = 64;

/// Places of the short way to numbers.
const SHORT_WAYS: usize = 512;
/// The parts of a short way, from the lowest bit on: the number, the length and the address.
const NUMBER_BITS: u32 = 10;
const LEN_BITS: u32 = 6;
const ADDRESS_SHIFT: u32 = NUMBER_BITS + LEN_BITS;
const _: () = assert!(NAMES <= 1 << NUMBER_BITS);

/// The names. None is forgotten.
pub(crate) struct Names {
    kept: Box<[OnceLock<Box<str>>]>,
    /// The address and the length of a name that the program has for as long as it runs, with its
    /// number; 0 where there is none.
    short_ways: Box<[AtomicU64]>,
}

/// The number of a name: from 1 to 1023.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NameNumber(u16);

impl Names {
    pub(super) fn new() -> Self {
        Self {
            kept: (0..NAMES).map(|_| OnceLock::new()).collect(),
            short_ways: (0..SHORT_WAYS).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// Like [`number_of`](Self::number_of), for a name that the program has at the same address
    /// for as long as it runs: it is mostly found by its address alone.
    #[inline]
    pub(super) fn number_of_lasting(&self, name: &str) -> Option<NameNumber> {
        let Some(key) = key_of(name) else {
            return self.number_of(name);
        };
        let address = key >> LEN_BITS;
        let place = address.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (u64::BITS - SHORT_WAYS.ilog2());
        let short_way = self.short_ways.get(usize::try_from(place).ok()?)?;
        let known = short_way.load(Ordering::Relaxed);
        if known >> NUMBER_BITS == key && known != 0 {
            return NameNumber::from_bits((known & ((1 << NUMBER_BITS) - 1)) as u16);
        }
        let number = self.number_of(name)?;
        let known = key << NUMBER_BITS | u64::from(number.0);
        short_way.store(known, Ordering::Relaxed);
        Some(number)
    }

    /// The number of a name, which is kept if it is new: that alone allocates. None where there is
    /// no room for it.
    pub(super) fn number_of(&self, name: &str) -> Option<NameNumber> {
        let first = hash(name);
        let numbers = (0..TRIES).map(|step| first.wrapping_add(step) % NAMES);
        // 0 is for none.
        let mut numbers = numbers.filter(|number| *number > 0);
        let number = numbers.find(|number| {
            let kept = self.kept[*number].get_or_init(|| name.into());
            **kept == *name
        })?;
        u16::try_from(number).ok().map(NameNumber)
    }

    /// A name by its number.
    pub(crate) fn name(&self, number: NameNumber) -> &str {
        let name = self.kept.get(usize::from(number.0)).and_then(OnceLock::get);
        name.map_or("", |name| name)
    }
}

/// The address and the length of a name; none where they do not fit into a short way, in which
/// another name could then look the same.
fn key_of(name: &str) -> Option<u64> {
    let (address, len) = (name.as_ptr().addr() as u64, name.len() as u64);
    let fits = len < 1 << LEN_BITS && address >> (u64::BITS - ADDRESS_SHIFT) == 0;
    fits.then_some(address << LEN_BITS | len)
}

impl NameNumber {
    /// The number as bits; 0 for none.
    pub(super) fn bits(number: Option<Self>) -> u16 {
        number.map_or(0, |number| number.0)
    }

    pub(super) fn from_bits(bits: u16) -> Option<Self> {
        (bits > 0).then_some(Self(bits))
    }
}

/// Eight bytes at a time, as `FxHash` does it.
fn hash(name: &str) -> usize {
    const FACTOR: u64 = 0x517c_c1b7_2722_0a95;
    let add = |hash: u64, word: u64| (hash.rotate_left(5) ^ word).wrapping_mul(FACTOR);
    let (words, rest) = name.as_bytes().as_chunks();
    let hash = words.iter().fold(name.len() as u64, |hash, word| {
        add(hash, u64::from_le_bytes(*word))
    });
    let rest = rest
        .iter()
        .fold(0, |word, byte| word << 8 | u64::from(*byte));
    // The upper bits depend on all of the name.
    usize::try_from(add(hash, rest) >> 40).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_by_its_address_and_its_length() {
        let names = Names::new();
        let text = "permits.op";
        for _ in 0..3 {
            let whole = names.number_of_lasting(text).expect("there is room");
            let first = names.number_of_lasting(&text[..7]).expect("there is room");
            assert_eq!((names.name(whole), names.name(first)), (text, "permits"));
            assert_eq!(names.number_of(text), Some(whole));
        }
        let long = "src/".repeat(40);
        let number = names.number_of_lasting(&long).expect("there is room");
        assert_eq!(names.number_of_lasting(&long), Some(number));
        assert_eq!(names.name(number), long);
    }

    #[test]
    fn each_name_is_kept_once_up_to_a_number_of_them() {
        let names = Names::new();
        let numbers = ["poll_recv", "poll_acquire", "poll_recv"].map(|name| {
            let number = names.number_of(name).expect("there is room");
            assert_eq!(names.name(number), name);
            assert_eq!(
                NameNumber::from_bits(NameNumber::bits(Some(number))),
                Some(number)
            );
            number
        });
        assert_eq!(numbers[0], numbers[2]);
        let further = |number: usize| names.number_of(&format!("src/file_{number}.rs"));
        let kept = (0..2 * NAMES).filter_map(further).count();
        assert!(kept > NAMES / 2 && kept < NAMES, "{kept}");
        assert_eq!(names.number_of("poll_acquire"), Some(numbers[1]));
    }
}
