//! The unwind tables of one loaded object: `.eh_frame`, and its index `.eh_frame_hdr`.
//!
//! Only bytes are read here, so that damaged tables can do no harm: they give no rule, or a
//! wrong one, which the walk survives.

use std::borrow::Cow;

use gimli::{
    BaseAddresses, EhFrame, EhFrameHdr, EndianSlice, NativeEndian, Pointer, RegisterRule,
    UnwindContext, UnwindContextStorage, UnwindSection, UnwindTableRow,
};

use super::rule::Rule;

/// Room on the stack for the evaluation of an unwind table. A compiler saves at most about 20
/// registers in a function; one that needs more is not unwound.
pub(super) struct Storage;

impl UnwindContextStorage<usize> for Storage {
    type Rules = [(gimli::Register, RegisterRule<usize>); 32];
    type Stack = [UnwindTableRow<usize, Self>; 3];
}

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

    /// Where `.eh_frame` begins, by the index.
    pub(crate) fn frames_address(index: &Section) -> Option<u64> {
        let bases = BaseAddresses::default().set_eh_frame_hdr(index.address);
        let index = EhFrameHdr::new(&index.bytes, NativeEndian);
        match index.parse(&bases, 8).ok()?.eh_frame_ptr() {
            Pointer::Direct(address) => Some(address),
            Pointer::Indirect(_) => None,
        }
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
        let bases = BaseAddresses::default()
            .set_eh_frame_hdr(self.index.address)
            .set_eh_frame(self.frames.address);
        let index = EhFrameHdr::new(&self.index.bytes, NativeEndian);
        let index = index.parse(&bases, 8).ok()?;
        let frames = EhFrame::new(&self.frames.bytes, NativeEndian);
        let mut context = UnwindContext::<usize, Storage>::new_in();
        let row = index.table()?.unwind_info_for_address(
            &frames,
            &bases,
            &mut context,
            address,
            EhFrame::<EndianSlice<'_, NativeEndian>>::cie_from_offset,
        );
        Rule::of(row.ok()?)
    }
}
