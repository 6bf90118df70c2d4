//! Captures under all that a process may do meanwhile: threads with small stacks that come and
//! go, deep recursion, panics, a profiler's signals, libraries that are loaded and unloaded.
//!
//! Three seconds of it; as many as `PILEUP_STRESS_SECONDS` says, if it is set.
#![cfg(target_os = "linux")]

use std::ffi::{CString, c_void};
use std::hint::black_box;
use std::panic::{catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pileup_stacks::{MAX_FRAMES, StackSet, capture, prepare, stack_pointer};

static SIGNALS: AtomicU64 = AtomicU64::new(0);

fn seconds() -> u64 {
    let asked = std::env::var("PILEUP_STRESS_SECONDS").ok();
    asked.map_or(3, |asked| asked.parse().expect("a number of seconds"))
}

/// Recurses, captures at the bottom, and gives the number of frames up to `until`.
#[inline(never)]
fn frames_at_depth(depth: usize, until: usize) -> (usize, bool) {
    if depth == 0 {
        return black_box(frames_here(until));
    }
    black_box(frames_at_depth(depth - 1, until))
}

/// A function of its own, so that the recursion has no capture in each of its frames.
#[inline(never)]
fn frames_here(until: usize) -> (usize, bool) {
    let capture = capture(until);
    (capture.addresses().len(), capture.is_truncated())
}

/// Captures, and those that ended early because a library was just unloaded.
static CAPTURES: AtomicU64 = AtomicU64::new(0);
static CUT_OFF: AtomicU64 = AtomicU64::new(0);

/// The number of frames must be that of the calls, whatever else happens. While the tables of
/// the libraries are replaced, a capture may end early, and then says so.
#[inline(never)]
fn check(depth: usize) {
    let until = stack_pointer();
    let (frames, truncated) = frames_at_depth(depth, until);
    // The capture, the bottom, the calls, and this function.
    let expected = (depth + 3).min(MAX_FRAMES);
    CAPTURES.fetch_add(1, Ordering::Relaxed);
    let fits = depth + 3 <= MAX_FRAMES;
    if truncated && (fits || frames < MAX_FRAMES) {
        // Also behind its last frame, where it has all and cannot know it.
        assert!(frames <= expected, "{frames} at depth {depth}");
        CUT_OFF.fetch_add(1, Ordering::Relaxed);
        return;
    }
    assert_eq!((frames, truncated), (expected, !fits), "at depth {depth}");
}

fn while_time_is_left(end: Instant, mut then: impl FnMut(u64)) -> u64 {
    let mut rounds = 0;
    loop {
        then(rounds);
        rounds += 1;
        if Instant::now() >= end {
            return rounds;
        }
    }
}

/// Threads with the smallest stacks that still hold a Rust thread and the evaluation of a rule.
fn small_threads(end: Instant) -> u64 {
    while_time_is_left(end, |round| {
        let builder = thread::Builder::new().stack_size(48 * 1024);
        let depth = (round % 20) as usize;
        let thread = builder.spawn(move || check(depth)).expect("a thread");
        thread.join().unwrap_or_else(|panic| resume_unwind(panic));
    })
}

fn deep_recursion(end: Instant) -> u64 {
    while_time_is_left(end, |round| check(round as usize * 37 % 3_000))
}

fn panics(end: Instant) -> u64 {
    struct Checks(usize);
    impl Drop for Checks {
        fn drop(&mut self) {
            check(self.0);
        }
    }
    while_time_is_left(end, |round| {
        let caught = catch_unwind(|| {
            let _checks = Checks((round % 9) as usize);
            resume_unwind(Box::new(()));
        });
        assert!(caught.is_err());
    })
}

fn interning(end: Instant, set: &StackSet) -> u64 {
    #[inline(never)]
    fn at(depth: usize, until: usize, set: &StackSet) {
        if depth == 0 {
            CAPTURES.fetch_add(2, Ordering::Relaxed);
            let capture = capture(until);
            // The same way, by another call: only the return address into this function differs.
            let here = set.intern_here(until);
            let whole = here.filter(|stack| !set.is_truncated(*stack));
            let Some(here) = whole.filter(|_| !capture.is_truncated()) else {
                CUT_OFF.fetch_add(1, Ordering::Relaxed);
                return;
            };
            let stack = set.intern(&capture).expect("room");
            assert_eq!(set.get(stack), capture.addresses());
            assert_eq!(set.get(here)[1..], capture.addresses()[1..]);
            return;
        }
        at(depth - 1, until, set);
        black_box(());
    }
    while_time_is_left(end, |round| at((round % 40) as usize, stack_pointer(), set))
}

/// A library with a function that calls back.
fn library() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let source = folder.path().join("calls.c");
    let library = folder.path().join("libcalls.so");
    let code = "int calls(int (*then)(int), int depth) {
        if (depth > 0) return calls(then, depth - 1) + 1;
        return then(depth) + 1;
    }";
    std::fs::write(&source, code).expect("written");
    let program = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
    let mut cc = Command::new(program);
    cc.args([
        "-shared",
        "-fPIC",
        "-O0",
        "-fasynchronous-unwind-tables",
        "-o",
    ]);
    let status = cc.arg(&library).arg(&source).status();
    assert!(status.expect("the C compiler that links Rust").success());
    (folder, library)
}

/// Loads the library, captures through it, unloads it.
fn loading(end: Instant, library: &std::path::Path) -> u64 {
    extern "C" fn then(_depth: libc::c_int) -> libc::c_int {
        let capture = capture(usize::MAX);
        assert!(capture.addresses().len() > 5, "{capture:?}");
        // Not truncated: the walk goes on through the library up to the start of the thread.
        assert!(!capture.is_truncated(), "{capture:?}");
        0
    }
    type Calls =
        unsafe extern "C" fn(extern "C" fn(libc::c_int) -> libc::c_int, libc::c_int) -> libc::c_int;
    let path = CString::new(library.as_os_str().as_encoded_bytes()).expect("a path");
    while_time_is_left(end, |_| {
        // SAFETY: the library has no constructors, and the function has this type; it is not
        // used after the library is closed.
        unsafe {
            let handle: *mut c_void = libc::dlopen(path.as_ptr(), libc::RTLD_NOW);
            assert!(!handle.is_null());
            let calls = libc::dlsym(handle, c"calls".as_ptr());
            assert!(!calls.is_null());
            let calls = std::mem::transmute::<*mut c_void, Calls>(calls);
            prepare();
            assert_eq!(calls(then, 3), 4);
            assert_eq!(libc::dlclose(handle), 0);
        }
    })
}

/// Interrupts whichever thread runs, a thousand times a second of processor time.
fn start_signals() {
    extern "C" fn interrupted(_signal: libc::c_int) {
        SIGNALS.fetch_add(1, Ordering::Relaxed);
    }
    let every = libc::timeval {
        tv_sec: 0,
        tv_usec: 1_000,
    };
    let timer = libc::itimerval {
        it_interval: every,
        it_value: every,
    };
    // SAFETY: the action is initialized, and its handler does only what a handler may.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = interrupted as extern "C" fn(libc::c_int) as usize;
        action.sa_flags = libc::SA_RESTART;
        assert_eq!(
            libc::sigaction(libc::SIGPROF, &raw const action, std::ptr::null_mut()),
            0
        );
        assert_eq!(
            libc::setitimer(libc::ITIMER_PROF, &raw const timer, std::ptr::null_mut()),
            0
        );
    }
}

#[test]
fn captures_are_right_whatever_the_process_does() {
    prepare();
    start_signals();
    let (_folder, library) = library();
    let end = Instant::now() + Duration::from_secs(seconds());
    let set = StackSet::new(10_000);
    let rounds = thread::scope(|scope| {
        let threads = [
            scope.spawn(|| small_threads(end)),
            scope.spawn(|| deep_recursion(end)),
            scope.spawn(|| panics(end)),
            scope.spawn(|| interning(end, &set)),
            scope.spawn(|| interning(end, &set)),
            scope.spawn(|| loading(end, &library)),
        ];
        threads.map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)))
    });
    let signals = SIGNALS.load(Ordering::Relaxed);
    let [captures, cut_off] = [&CAPTURES, &CUT_OFF].map(|count| count.load(Ordering::Relaxed));
    println!(
        "{} s: rounds of threads, recursion, panics, interning, loading: {rounds:?}; {signals} signals; {} stacks; {cut_off} of {captures} captures cut off",
        seconds(),
        set.len()
    );
    assert!(rounds.iter().all(|rounds| *rounds > 0), "{rounds:?}");
    assert!(signals > 0);
    assert!(cut_off < captures / 20, "{cut_off} of {captures}");
}
