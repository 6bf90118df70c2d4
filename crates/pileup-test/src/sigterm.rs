//! SIGTERM, which cargo-nextest sends to a test that is too slow: the log ends with a report.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Once;
use std::thread;
use std::time::Duration;

use signal_hook::consts::SIGTERM;
use signal_hook::low_level::{emulate_default_handler, pipe};

use crate::{hang, text};

/// A test may take SIGTERM itself, to end what it tests. Such a test is given this time, and the
/// process ends by the signal after it, as it would have without a guard.
const GRACE: Duration = Duration::from_secs(2);

/// Whether a runner is here that sends SIGTERM to slow tests.
pub(crate) fn is_expected() -> bool {
    std::env::var_os("NEXTEST").is_some()
}

/// Has SIGTERM print what the tests wait for that run then, before it ends the process.
pub(crate) fn expect() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let Ok((mut reader, writer)) = UnixStream::pair() else {
            return;
        };
        let thread = thread::Builder::new().name("pileup-test-sigterm".to_owned());
        let started = thread.spawn(move || {
            let mut byte = [0];
            while reader.read_exact(&mut byte).is_ok() {
                report_and_end();
            }
        });
        // Registered before the test begins. Without the thread, SIGTERM goes on to end the process
        // at once.
        if started.is_ok() {
            let _ = pipe::register(SIGTERM, writer);
        }
    });
}

fn report_and_end() {
    let tests = hang::running();
    for test in &tests {
        let text = text::write(&test.verdict(), false);
        // The harness would keep what is printed by eprintln! to itself.
        let block = format!("\nSIGTERM: {text}\n");
        let _ = std::io::stderr().write_all(block.as_bytes());
    }
    if !tests.is_empty() {
        let started = std::time::Instant::now();
        while started.elapsed() < GRACE && !hang::running().is_empty() {
            thread::sleep(Duration::from_millis(20));
        }
    }
    // Where the tests have ended by themselves, the signal was for them.
    if tests.is_empty() || !hang::running().is_empty() {
        let _ = emulate_default_handler(SIGTERM);
    }
}
