//! How to get from one frame of a stack to its caller: the few of DWARF's rules that
//! compilers emit for a call site.

use gimli::{CfaRule, Register, RegisterRule, UnwindContextStorage, UnwindTableRow};

/// Room on the stack for the evaluation of an unwind table. A compiler saves at most about 20
/// registers in a function; one that needs more is not unwound.
pub(super) struct Storage;

impl UnwindContextStorage<usize> for Storage {
    type Rules = [(Register, RegisterRule<usize>); 32];
    type Stack = [UnwindTableRow<usize, Self>; 3];
}

/// DWARF's numbers of the registers that matter, of the System V ABI of each architecture.
#[cfg(target_arch = "x86_64")]
mod register {
    use gimli::Register;

    pub(super) const FRAME_POINTER: Register = Register(6);
    pub(super) const STACK_POINTER: Register = Register(7);
    pub(super) const RETURN_ADDRESS: Register = Register(16);
}

#[cfg(target_arch = "aarch64")]
mod register {
    use gimli::Register;

    pub(super) const FRAME_POINTER: Register = Register(29);
    pub(super) const STACK_POINTER: Register = Register(31);
    pub(super) const RETURN_ADDRESS: Register = Register(30);
}

/// How many bits [`Rule::pack`] needs.
pub(super) const PACKED_BITS: u32 = 29;

/// The rule of one call site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// The function has no caller.
    Outermost,
    /// The function has a caller.
    Caller(Caller),
}

/// Where the caller's registers are. "CFA" is DWARF's canonical frame address: the stack
/// pointer of the caller at the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Caller {
    /// Whether the CFA is relative to the frame pointer, rather than to the stack pointer.
    pub(super) by_frame_pointer: bool,
    /// The CFA less that register, in bytes. A multiple of 8, not 0.
    pub(super) cfa: usize,
    /// How far below the CFA the return address lies, in bytes. A multiple of 8, not 0.
    pub(super) return_address: usize,
    /// How far below the CFA the caller's frame pointer lies, in bytes: a multiple of 8. 0 if
    /// the function leaves the frame pointer as it is.
    pub(super) frame_pointer: usize,
}

/// The largest values that are packed, in words.
const MAX_CFA: usize = (1 << 13) - 1;
const MAX_RETURN_ADDRESS: usize = (1 << 7) - 1;
const MAX_FRAME_POINTER: usize = (1 << 8) - 1;

impl Rule {
    /// The rule of a row of an unwind table. None if it is not of the common kind: then the
    /// walk ends there.
    pub(super) fn of(row: &UnwindTableRow<usize, Storage>) -> Option<Self> {
        let return_address = match row.register(register::RETURN_ADDRESS)? {
            RegisterRule::Undefined => return Some(Self::Outermost),
            RegisterRule::Offset(offset) => below(offset)?,
            _ => return None,
        };
        let frame_pointer = match row.register(register::FRAME_POINTER) {
            None | Some(RegisterRule::SameValue) => 0,
            Some(RegisterRule::Offset(offset)) => below(offset)?,
            _ => return None,
        };
        let CfaRule::RegisterAndOffset { register, offset } = *row.cfa() else {
            return None;
        };
        let cfa = usize::try_from(offset).ok()?;
        (cfa > 0 && cfa.is_multiple_of(8)).then_some(())?;
        Some(Self::Caller(Caller {
            by_frame_pointer: is_frame_pointer(register)?,
            cfa,
            return_address,
            frame_pointer,
        }))
    }

    /// Whether the rule reads the frame pointer to find the caller's frame.
    #[inline]
    pub(super) fn needs_frame_pointer(self) -> bool {
        matches!(self, Self::Caller(caller) if caller.by_frame_pointer)
    }

    /// The rule in [`PACKED_BITS`] bits, never 0. None if it has too large an offset.
    pub(super) fn pack(self) -> Option<u32> {
        let Self::Caller(caller) = self else {
            return Some(OUTERMOST);
        };
        let [cfa, ra, fp] =
            [caller.cfa, caller.return_address, caller.frame_pointer].map(|n| n / 8);
        (cfa <= MAX_CFA && ra <= MAX_RETURN_ADDRESS && fp <= MAX_FRAME_POINTER)
            .then(|| u32::from(caller.by_frame_pointer) | (fp << 1 | ra << 9 | cfa << 16) as u32)
    }

    /// The rule that [`pack`](Self::pack) gave.
    #[inline]
    pub(super) fn unpack(packed: u32) -> Self {
        let packed = packed as usize;
        if packed == OUTERMOST as usize {
            return Self::Outermost;
        }
        Self::Caller(Caller {
            by_frame_pointer: packed & 1 == 1,
            frame_pointer: (packed >> 1 & MAX_FRAME_POINTER) * 8,
            return_address: (packed >> 9 & MAX_RETURN_ADDRESS) * 8,
            cfa: (packed >> 16) * 8,
        })
    }
}

/// Without a CFA, which every packed caller has.
const OUTERMOST: u32 = 1;

fn is_frame_pointer(register: Register) -> Option<bool> {
    match register {
        register::FRAME_POINTER => Some(true),
        register::STACK_POINTER => Some(false),
        _ => None,
    }
}

/// Bytes below the CFA, if the offset is one of a saved register.
fn below(offset: i64) -> Option<usize> {
    let below = usize::try_from(offset.checked_neg()?).ok()?;
    (below > 0 && below.is_multiple_of(8)).then_some(below)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packed_rule_is_the_same_rule() {
        let caller = Caller {
            by_frame_pointer: false,
            cfa: 8,
            return_address: 8,
            frame_pointer: 0,
        };
        let by_frame_pointer = Caller {
            by_frame_pointer: true,
            cfa: 16,
            frame_pointer: 16,
            ..caller
        };
        let largest = Caller {
            by_frame_pointer: true,
            cfa: MAX_CFA * 8,
            return_address: MAX_RETURN_ADDRESS * 8,
            frame_pointer: MAX_FRAME_POINTER * 8,
        };
        for rule in [
            Rule::Outermost,
            Rule::Caller(caller),
            Rule::Caller(by_frame_pointer),
            Rule::Caller(largest),
        ] {
            let packed = rule.pack().expect("small enough");
            assert!(packed != 0 && packed < 1 << PACKED_BITS, "{rule:?}");
            assert_eq!(Rule::unpack(packed), rule);
        }
        for too_large in [
            Caller {
                cfa: (MAX_CFA + 1) * 8,
                ..caller
            },
            Caller {
                return_address: (MAX_RETURN_ADDRESS + 1) * 8,
                ..caller
            },
            Caller {
                frame_pointer: (MAX_FRAME_POINTER + 1) * 8,
                ..caller
            },
        ] {
            assert_eq!(Rule::Caller(too_large).pack(), None);
        }
    }
}
