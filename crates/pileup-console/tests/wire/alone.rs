//! Tests that need a process of their own.

use std::env;
use std::process::Command;

const IS_ALONE: &str = "PILEUP_TEST_IS_ALONE";

/// Runs a test, by its full name, in a process of its own.
///
/// All tests of one process share the callsites of `tracing`: a thread of another test that
/// meets one for the first time enters it into the queue of every target, and holds up the
/// queue if it is preempted meanwhile.
pub fn alone(test: &str, body: impl Future<Output = ()>) {
    if env::var_os(IS_ALONE).is_some() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        return runtime.block_on(body);
    }
    let this = env::current_exe().expect("a path to this program");
    let child = Command::new(this)
        .args([test, "--exact"])
        .env(IS_ALONE, "yes")
        .output()
        .expect("a process");
    let told = String::from_utf8_lossy(&child.stdout);
    assert!(told.contains("test result: ok. 1 passed"), "{told}");
}
