//! What a capture costs, for stacks of 10, 15 and 25 frames, each of another function.
//!
//! ```text
//! cargo bench -p pileup-stacks
//! RUSTFLAGS="--cfg tokio_unstable -Cforce-frame-pointers=yes" cargo bench -p pileup-stacks
//! ```
//!
//! The second also follows frame pointers, which is the least that a walk can cost. The ways
//! take turns in one run, so that what else the machine does meets all of them.

use std::hint::black_box;
use std::time::Instant;

use pileup_stacks::{Capture, StackSet, capture, prepare, stack_pointer};

const ROUNDS: usize = 401;
const CAPTURES: usize = 200;

/// A function that calls the next.
trait Chain {
    fn call(then: &mut dyn FnMut());
}

struct End;

impl Chain for End {
    #[inline(never)]
    fn call(then: &mut dyn FnMut()) {
        then();
        black_box(());
    }
}

struct Next<T>(T);

impl<T: Chain> Chain for Next<T> {
    #[inline(never)]
    fn call(then: &mut dyn FnMut()) {
        T::call(then);
        black_box(());
    }
}

type Five<T> = Next<Next<Next<Next<Next<T>>>>>;

/// The return addresses up to `until`, by the frame pointers alone.
#[inline(never)]
#[cfg(target_arch = "x86_64")]
fn by_frame_pointers(until: usize) -> Capture {
    let mut frame: usize;
    // SAFETY: it only copies a register.
    unsafe {
        std::arch::asm!("mov {}, rbp", out(reg) frame, options(nomem, nostack, preserves_flags));
    }
    let here = stack_pointer();
    std::iter::from_fn(|| {
        if frame <= here || frame >= until || !frame.is_multiple_of(8) {
            return None;
        }
        // SAFETY: `frame` is aligned, and lies on this thread's stack between this function
        // and a caller of it.
        let (next, address) = unsafe { *(frame as *const (usize, usize)) };
        frame = next;
        Some(address)
    })
    .collect()
}

#[inline(never)]
#[cfg(not(target_arch = "x86_64"))]
fn by_frame_pointers(_until: usize) -> Capture {
    Capture::empty()
}

#[inline(never)]
fn by_backtrace(until: usize) -> Capture {
    let mut addresses = Capture::empty().addresses().to_vec();
    addresses.reserve(64);
    backtrace::trace(|frame| {
        addresses.push(frame.ip() as usize);
        (frame.sp() as usize) < until
    });
    addresses.into_iter().collect()
}

#[inline(never)]
fn nothing(until: usize) -> Capture {
    black_box(until);
    Capture::empty()
}

/// Nanoseconds a call: the median of the rounds.
fn median(mut rounds: Vec<f64>) -> f64 {
    rounds.sort_by(f64::total_cmp);
    rounds[rounds.len() / 2]
}

fn measure(until: usize) {
    let set = StackSet::new(100);
    let first = Instant::now();
    let frames = capture(until).addresses().len();
    let first = first.elapsed().as_secs_f64() * 1e9;
    let interned = |until| {
        let capture = capture(until);
        black_box(set.intern(&capture));
        capture
    };
    let ways: [(&str, &dyn Fn(usize) -> Capture); 5] = [
        ("an empty capture", &nothing),
        ("frame pointers", &by_frame_pointers),
        ("capture", &capture),
        ("capture and intern", &interned),
        ("backtrace crate", &by_backtrace),
    ];
    let mut times = [const { Vec::new() }; 5];
    for _ in 0..ROUNDS {
        for ((_, way), times) in ways.iter().zip(&mut times) {
            let start = Instant::now();
            for _ in 0..CAPTURES {
                black_box(way(black_box(until)));
            }
            times.push(start.elapsed().as_secs_f64() * 1e9 / CAPTURES as f64);
        }
    }
    println!(
        "{frames} frames; the first capture of them took {:.1} µs",
        first / 1e3
    );
    let medians = times.map(median);
    let ours = medians[2];
    for ((name, way), median) in ways.into_iter().zip(medians) {
        let found = way(until).addresses().len();
        let of_build = if name == "frame pointers" && found + 2 < frames {
            "  (not in this build)"
        } else {
            ""
        };
        println!(
            "{name:>20}  {median:>8.0} ns  {:>6.2} of capture{of_build}",
            median / ours
        );
    }
    println!();
}

fn main() {
    prepare();
    println!("Medians of {ROUNDS} rounds of {CAPTURES} captures, in turns\n");
    let until = stack_pointer();
    <Five<Next<Next<End>>>>::call(&mut || measure(until));
    <Five<Five<Next<Next<End>>>>>::call(&mut || measure(until));
    <Five<Five<Five<Five<Next<Next<End>>>>>>>::call(&mut || measure(until));
}
