//! The unwind tables of one loaded object: `.eh_frame`, and its index `.eh_frame_hdr`.
//!
//! Only bytes are read here, so that damaged tables can do no harm: they give no rule, or a
//! wrong one, which the walk survives.

use std::borrow::Cow;

use gimli::{BaseAddresses, EhFrame, EhFrameOffset, NativeEndian, UnwindContext, UnwindSection};

use super::rule::{Rule, Storage};

/// Some bytes of a loaded object, and where they are in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Section {
    pub(crate) address: u64,
    pub(crate) bytes: Cow<'static, [u8]>,
}

/// The unwind tables of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cfi {
    index: Section,
    frames: Section,
}

impl Cfi {
    /// `index` is `.eh_frame_hdr`, and `frames` begins where `.eh_frame` does.
    pub(crate) fn new(index: Section, frames: Section) -> Self {
        Self { index, frames }
    }

    /// Where `.eh_frame` begins, by the index. None if the index is not of the kind that
    /// linkers make: the version 1, the address of `.eh_frame` relative to its own place, a
    /// number of entries, and for each the start of a function and the address of its
    /// description, both relative to the index and in four bytes.
    pub(crate) fn frames_address(index: &Section) -> Option<u64> {
        let encodings = [1, 0x1b, 0x03, 0x3b];
        index.bytes.starts_with(&encodings).then_some(())?;
        Some(relative(
            index.address.wrapping_add(4),
            word(&index.bytes, 4)?,
        ))
    }

    /// How long `.eh_frame` is, at the start of these bytes: up to the entry that ends it, or
    /// to the end of the bytes.
    pub(crate) fn frames_len(bytes: &[u8]) -> usize {
        let mut end = 0;
        while let Some(&[a, b, c, d]) = bytes.get(end..end + 4) {
            let len = u32::from_ne_bytes([a, b, c, d]) as usize;
            end += 4;
            // The terminator, or an entry in the 64-bit format, which no compiler emits here.
            if len == 0 || len == u32::MAX as usize {
                return end;
            }
            end = end.saturating_add(len);
        }
        end.min(bytes.len())
    }

    /// The rule at `address`, an address inside of the call instruction. It allocates nothing.
    /// The time is bounded by the length of the tables; it is about one microsecond.
    #[inline(never)]
    pub(crate) fn rule(&self, address: u64) -> Option<Rule> {
        let bases = BaseAddresses::default().set_eh_frame(self.frames.address);
        let frames = EhFrame::new(&self.frames.bytes, NativeEndian);
        let offset = self
            .description(address)?
            .checked_sub(self.frames.address)?;
        let offset = EhFrameOffset(usize::try_from(offset).ok()?);
        // gimli expects it to be within the table.
        (offset.0 < self.frames.bytes.len()).then_some(())?;
        let description = frames
            .fde_from_offset(&bases, offset, EhFrame::cie_from_offset)
            .ok()?;
        let mut context = UnwindContext::<usize, Storage>::new_in();
        let row = description.unwind_info_for_address(&frames, &bases, &mut context, address);
        Rule::of(row.ok()?)
    }

    /// Where the last function that begins at `address` or before it is described.
    fn description(&self, address: u64) -> Option<u64> {
        let table = self.index.bytes.get(12..)?;
        let stated = word(&self.index.bytes, 8)?.cast_unsigned() as usize;
        let start = |entry: usize| Some(relative(self.index.address, word(table, entry * 8)?));
        let (mut low, mut high) = (0, stated.min(table.len() / 8));
        while low < high {
            let middle = low.midpoint(high);
            if start(middle)? <= address {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let found = low.checked_sub(1)?;
        Some(relative(self.index.address, word(table, found * 8 + 4)?))
    }
}

/// The four bytes at a place.
fn word(bytes: &[u8], place: usize) -> Option<i32> {
    let bytes = bytes.get(place..place + 4)?;
    Some(i32::from_ne_bytes(bytes.try_into().ok()?))
}

/// The address that is given by its distance from another.
fn relative(base: u64, distance: i32) -> u64 {
    base.wrapping_add_signed(distance.into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::rule::Caller;
    use super::*;

    /// DWARF's numbers of the stack pointer, the frame pointer and the return address.
    const REGISTERS: [u8; 3] = if cfg!(target_arch = "x86_64") {
        [7, 6, 16]
    } else {
        [31, 29, 30]
    };

    const CODE: u64 = 0x1000;
    const INDEX: u64 = 0x2000;
    const FRAMES: u64 = 0x2100;

    fn entry(mut bytes: Vec<u8>) -> Vec<u8> {
        bytes.resize(bytes.len().next_multiple_of(4), 0); // DW_CFA_nop
        let mut entry = (bytes.len() as u32).to_ne_bytes().to_vec();
        entry.append(&mut bytes);
        entry
    }

    /// The difference of two addresses in four bytes, as the tables have it.
    fn distance(to: u64, from: u64) -> [u8; 4] {
        ((to.wrapping_sub(from)) as i32).to_ne_bytes()
    }

    /// The tables of one function of 0x40 bytes that sets up a frame pointer: at its start the
    /// CFA is 8 above the stack pointer, from byte 4 on 16, from byte 8 on 16 above the frame
    /// pointer, and at byte 0x20 the function has no caller.
    fn tables() -> (Vec<u8>, Vec<u8>) {
        let [sp, fp, ra] = REGISTERS;
        // A CIE "zR": factors 1 and -8, code addresses relative to their own, in four bytes.
        let mut frames = entry(
            [
                &[0, 0, 0, 0, 1, b'z', b'R', 0, 1, 0x78, ra, 1, 0x1b][..],
                &[0x0c, sp, 8],  // DW_CFA_def_cfa
                &[0x80 | ra, 1], // DW_CFA_offset
            ]
            .concat(),
        );
        let fde = FRAMES + frames.len() as u64;
        frames.extend(entry(
            [
                &(fde as u32 + 4 - FRAMES as u32).to_ne_bytes()[..],
                &distance(CODE, fde + 8),
                &0x40u32.to_ne_bytes(),
                &[0],
                &[0x40 | 4, 0x0e, 16, 0x80 | fp, 2], // DW_CFA_advance_loc, def_cfa_offset, offset
                &[0x40 | 4, 0x0d, fp],               // DW_CFA_def_cfa_register
                &[0x40 | 0x18, 0x07, ra],            // DW_CFA_undefined
            ]
            .concat(),
        ));
        frames.extend([0; 4]);
        let index = [
            &[1, 0x1b, 0x03, 0x3b][..],
            &distance(FRAMES, INDEX + 4),
            &1u32.to_ne_bytes(),
            &distance(CODE, INDEX),
            &distance(fde, INDEX),
        ]
        .concat();
        (index, frames)
    }

    fn cfi(index: Vec<u8>, frames: Vec<u8>) -> Cfi {
        let section = |address, bytes: Vec<u8>| Section {
            address,
            bytes: bytes.into(),
        };
        Cfi::new(section(INDEX, index), section(FRAMES, frames))
    }

    #[test]
    fn each_part_of_a_function_has_its_rule() {
        let (index, frames) = tables();
        let section = Section {
            address: INDEX,
            bytes: index.clone().into(),
        };
        assert_eq!(Cfi::frames_address(&section), Some(FRAMES));
        assert_eq!(Cfi::frames_len(&frames), frames.len());
        let cfi = cfi(index, frames);
        let start = Caller {
            by_frame_pointer: false,
            cfa: 8,
            return_address: 8,
            frame_pointer: 0,
        };
        let pushed = Caller {
            cfa: 16,
            frame_pointer: 16,
            ..start
        };
        let set_up = Caller {
            by_frame_pointer: true,
            ..pushed
        };
        for (offset, expected) in [
            (0, Some(Rule::Caller(start))),
            (3, Some(Rule::Caller(start))),
            (4, Some(Rule::Caller(pushed))),
            (8, Some(Rule::Caller(set_up))),
            (0x1f, Some(Rule::Caller(set_up))),
            (0x20, Some(Rule::Outermost)),
            (0x3f, Some(Rule::Outermost)),
            (0x40, None),
            (u64::MAX, None),
        ] {
            assert_eq!(cfi.rule(CODE.wrapping_add(offset)), expected, "{offset:#x}");
        }
    }

    #[test]
    fn truncated_tables_give_a_rule_or_none() {
        let (index, frames) = tables();
        for len in 0..index.len() {
            let _ = cfi(index[..len].to_vec(), frames.clone()).rule(CODE + 8);
        }
        for len in 0..frames.len() {
            let _ = cfi(index.clone(), frames[..len].to_vec()).rule(CODE + 8);
            assert!(Cfi::frames_len(&frames[..len]) <= len);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: if cfg!(miri) { 20 } else { 5_000 },
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        #[test]
        fn damaged_tables_give_a_rule_or_none(
            damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
            len in any::<prop::sample::Index>(),
            address in CODE - 2..CODE + 0x50,
        ) {
            let (mut index, mut frames) = tables();
            let bytes = index.len() + frames.len();
            for (place, byte) in damage {
                let place = place.index(bytes);
                let first = index.len();
                *index.get_mut(place).unwrap_or_else(|| &mut frames[place - first]) = byte;
            }
            frames.truncate(frames.len() - len.index(frames.len()) / 4);
            prop_assert!(Cfi::frames_len(&frames) <= frames.len());
            let rule = cfi(index, frames).rule(address);
            if let Some(packed) = rule.and_then(Rule::pack) {
                prop_assert_eq!(Some(Rule::unpack(packed)), rule);
            }
        }

        #[test]
        fn random_tables_give_a_rule_or_none(
            index in prop::collection::vec(any::<u8>(), 0..64),
            frames in prop::collection::vec(any::<u8>(), 0..256),
            address in any::<u64>(),
        ) {
            prop_assert!(Cfi::frames_len(&frames) <= frames.len());
            let _ = cfi(index, frames).rule(address);
        }
    }

    /// The tables of this program, damaged in many places, asked for code all over it.
    #[test]
    #[cfg_attr(miri, ignore = "reads the tables of the running program")]
    fn damaged_tables_of_a_program_give_a_rule_or_none() {
        use std::time::{Duration, Instant};

        use super::super::objects::Objects;

        let objects = Objects::read(&Objects::none()).expect("objects");
        let here = damaged_tables_of_a_program_give_a_rule_or_none as fn() as usize as u64;
        let object = objects.at(here).expect("this program");
        let whole = object.cfi.clone().expect("unwind tables");
        // At its very start, a function may have nothing on the stack yet.
        assert!((0..64).any(|offset| whole.rule(here + offset).is_some()));
        let mut random = 88_172_645_463_325_252u64;
        let mut next = move || {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random
        };
        let len = object.code.end - object.code.start;
        let mut longest = Duration::ZERO;
        for _ in 0..20 {
            let mut damaged = whole.clone();
            for section in [&mut damaged.index, &mut damaged.frames] {
                let bytes = section.bytes.to_mut();
                for _ in 0..bytes.len() / 64 {
                    let place = next() as usize % bytes.len();
                    bytes[place] = next() as u8;
                }
                bytes.truncate(bytes.len() - next() as usize % (bytes.len() / 2));
            }
            for _ in 0..5_000 {
                let address = object.code.start + next() % len;
                // The fastest of three: the system may take the processor away for a while.
                let took = (0..3).map(|_| {
                    let start = Instant::now();
                    let _ = damaged.rule(address);
                    start.elapsed()
                });
                longest = longest.max(took.min().unwrap_or_default());
            }
        }
        // Generous, for a busy machine: it is bounded by the length of the tables.
        assert!(longest < Duration::from_secs(2), "{longest:?}");
    }
}
