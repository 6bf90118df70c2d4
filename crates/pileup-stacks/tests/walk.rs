//! Captures beside those of the system's unwinder, on the kinds of stacks that programs have.

use std::hint::black_box;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use pileup_stacks::{MAX_FRAMES, capture, prepare, stack_pointer};

/// The frames of the system's unwinder, from the caller outwards.
#[inline(never)]
fn frames_of_the_system() -> Vec<usize> {
    let mut frames = Vec::new();
    backtrace::trace(|frame| {
        frames.push(frame.ip() as usize);
        true
    });
    frames
}

/// Fails unless both unwinders see the same stack here.
#[inline(never)]
fn compare() {
    let ours = capture(usize::MAX);
    let theirs = frames_of_the_system();
    // Both begin in this function, each at the call of its own.
    let ours = &ours.addresses()[1..];
    let same = theirs
        .windows(ours.len())
        .any(|window| window == ours && ours.len() >= 3);
    // The system's ends with a frame for the end of the stack.
    let rest = theirs.len() - theirs.iter().position(|ip| *ip == ours[0]).unwrap_or(0);
    assert!(same, "ours {ours:x?}\ntheirs {theirs:x?}");
    assert!(
        ours.len() == MAX_FRAMES - 1 || rest - ours.len() <= 1,
        "ours {ours:x?}\ntheirs {theirs:x?}"
    );
    black_box(());
}

fn recurse(depth: usize, then: &mut dyn FnMut()) -> usize {
    if depth == 0 {
        then();
        return 0;
    }
    black_box(recurse(depth - 1, then)) + 1
}

struct ComparesWhenDropped<T>(T);

impl<T> Drop for ComparesWhenDropped<T> {
    fn drop(&mut self) {
        compare();
        black_box(&mut self.0);
    }
}

#[repr(align(256))]
struct Aligned([u8; 256]);

#[inline(never)]
fn with_an_aligned_frame(then: &mut dyn FnMut()) {
    let mut aligned = Aligned([1; 256]);
    black_box(&mut aligned);
    then();
    black_box(aligned.0[0]);
}

#[inline(never)]
#[expect(clippy::large_stack_arrays, reason = "a large frame is what is tried")]
fn with_a_large_frame(then: &mut dyn FnMut()) {
    let mut large = [1u8; 300_000];
    black_box(&mut large);
    then();
    black_box(large[0]);
}

/// Many values that live across the call, so that all callee-saved registers are in use.
#[inline(never)]
fn with_many_registers(seed: u64, then: &mut dyn FnMut()) -> u64 {
    let values: [u64; 12] = std::array::from_fn(|i| black_box(seed.wrapping_mul(i as u64 + 3)));
    let [a, b, c, d, ..] = values;
    then();
    a ^ b ^ c ^ d ^ values.iter().sum::<u64>()
}

#[test]
fn recursion_closures_and_trait_objects() {
    prepare();
    compare();
    for depth in [1, 5, 20, 50, 300] {
        recurse(depth, &mut compare);
    }
    let boxed: Box<dyn Fn()> = Box::new(compare);
    let twice: Box<dyn Fn()> = Box::new(move || {
        boxed();
        boxed();
    });
    twice();
}

#[test]
fn inlined_iterators_and_callbacks_of_the_standard_library() {
    prepare();
    let mut numbers: Vec<u32> = (0..40).rev().collect();
    let mut calls = 0;
    numbers.sort_by(|a, b| {
        calls += 1;
        if calls % 20 == 0 {
            compare();
        }
        a.cmp(b)
    });
    let sum: u32 = (0..4)
        .flat_map(|n| {
            (0..n).filter(|m| {
                compare();
                m % 2 == 0
            })
        })
        .sum();
    black_box(sum);
    std::sync::LazyLock::force(&std::sync::LazyLock::new(compare));
}

#[test]
fn frames_of_every_shape() {
    prepare();
    with_an_aligned_frame(&mut compare);
    with_a_large_frame(&mut compare);
    with_an_aligned_frame(&mut || with_a_large_frame(&mut || with_an_aligned_frame(&mut compare)));
    black_box(with_many_registers(7, &mut || {
        black_box(with_many_registers(9, &mut compare));
    }));
}

#[test]
fn drop_glue_and_unwinding() {
    prepare();
    drop(ComparesWhenDropped(vec![1]));
    drop(vec![Some(ComparesWhenDropped("a")), None]);
    let panics = || {
        let _compares = ComparesWhenDropped(String::from("a"));
        std::panic::resume_unwind(Box::new(1));
    };
    assert!(catch_unwind(panics).is_err());
    assert!(catch_unwind(AssertUnwindSafe(|| recurse(3, &mut compare))).is_ok());
}

#[test]
fn frames_of_c() {
    unsafe extern "C" fn order(a: *const libc::c_void, b: *const libc::c_void) -> libc::c_int {
        compare();
        // SAFETY: `qsort` passes pointers to two elements of the array.
        unsafe { a.cast::<i32>().read() - b.cast::<i32>().read() }
    }
    prepare();
    let mut numbers = [3, 1, 2];
    // SAFETY: the array has three elements of four bytes.
    unsafe { libc::qsort(numbers.as_mut_ptr().cast(), 3, 4, Some(order)) };
    assert_eq!(numbers, [1, 2, 3]);
}

#[test]
fn async_functions() {
    async fn leaf() {
        std::future::poll_fn(|_| {
            compare();
            Poll::Ready(())
        })
        .await;
    }
    async fn generic<T>(value: T, depth: usize) -> T {
        if depth == 0 {
            leaf().await;
        } else {
            Box::pin(leaf()).await;
        }
        value
    }
    fn recursive(depth: usize) -> std::pin::Pin<Box<dyn Future<Output = ()>>> {
        Box::pin(async move {
            match depth {
                0 => leaf().await,
                _ => recursive(depth - 1).await,
            }
        })
    }
    prepare();
    let mut context = Context::from_waker(Waker::noop());
    assert!(pin!(generic("a", 0)).poll(&mut context).is_ready());
    assert!(pin!(generic(vec![1], 1)).poll(&mut context).is_ready());
    assert!(pin!(recursive(20)).poll(&mut context).is_ready());
}

#[test]
fn a_thread_with_a_small_stack_and_one_that_ends() {
    thread_local! {
        static LAST: ComparesWhenDropped<u8> = const { ComparesWhenDropped(0) };
    }
    prepare();
    let small = std::thread::Builder::new().stack_size(64 * 1024);
    let thread = small.spawn(|| {
        LAST.with(|last| black_box(last.0));
        recurse(10, &mut compare);
    });
    thread.expect("a thread").join().expect("no panic");
}

#[test]
fn a_capture_ends_where_the_bound_was_noted() {
    #[inline(never)]
    fn noting(depth: usize) -> (usize, usize) {
        let until = stack_pointer();
        let mut lens = (0, 0);
        recurse(depth, &mut || {
            lens = (
                capture(until).addresses().len(),
                capture(usize::MAX).addresses().len(),
            );
        });
        black_box(lens)
    }
    prepare();
    let (short, all_of_short) = noting(2);
    let (long, all_of_long) = noting(12);
    assert!(
        short >= 2 && all_of_short > short + 3,
        "{short} of {all_of_short}"
    );
    assert!(long > short, "{short}, {long}");
    assert_eq!(all_of_long - long, all_of_short - short);
    assert_eq!(capture(0).addresses().len(), 0);
}

#[test]
fn a_stack_deeper_than_a_capture_is_truncated() {
    prepare();
    recurse(MAX_FRAMES, &mut || {
        let capture = capture(usize::MAX);
        assert_eq!(capture.addresses().len(), MAX_FRAMES);
        assert!(capture.is_truncated());
    });
    assert!(!capture(usize::MAX).is_truncated());
}
