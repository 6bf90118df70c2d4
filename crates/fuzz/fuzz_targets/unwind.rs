//! Any bytes as the unwind tables of a program give a rule or none: whole, and cut off anywhere.
//! The index leads to any place in them, and may be cut off as well.

#![no_main]

use libfuzzer_sys::fuzz_target;

const CODE: u64 = 0x1000;
const INDEX: u64 = 0x2000;
const FRAMES: u64 = 0x2100;

/// Where the description is, which address is asked for, how much of both tables is there, and
/// the descriptions.
type Input<'a> = (u16, u16, u16, &'a [u8]);

fuzz_target!(|input: Input<'_>| {
    let (place, code, rest, frames) = input;
    let index = index(FRAMES + u64::from(place));
    let code = CODE + u64::from(code % 0x200);
    for kept in [frames.len(), usize::from(rest) % (frames.len() + 1)] {
        let index_kept = usize::from(rest >> 8) % (index.len() + 1);
        for index in [&index[..], &index[..index_kept]] {
            let frames = (FRAMES, frames[..kept].to_vec());
            // Whether there is one depends on the bytes.
            let _ = pileup_stacks::has_rule((INDEX, index.to_vec()), frames, code);
        }
    }
});

/// An index of one function.
fn index(description: u64) -> Vec<u8> {
    let distance = |to: u64, from: u64| (to.wrapping_sub(from) as i32).to_ne_bytes();
    [
        &[1, 0x1b, 0x03, 0x3b][..],
        &distance(FRAMES, INDEX + 4),
        &1u32.to_ne_bytes(),
        &distance(CODE, INDEX),
        &distance(description, INDEX),
    ]
    .concat()
}
