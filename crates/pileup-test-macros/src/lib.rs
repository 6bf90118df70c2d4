//! The attribute of `pileup-test`: use it as `#[pileup_test::test]`.

mod arguments;
mod expand;
#[cfg(test)]
mod misuse;

use proc_macro::TokenStream;

/// Makes an async function a test, and fails it if it leaves tasks behind.
///
/// It takes the stable arguments of `#[tokio::test]`:
///
/// - `flavor = "current_thread"`, the default, `"multi_thread"`, or `"local"`, on which
///   `tokio::task::spawn_local` works
/// - `worker_threads = 2`, with `flavor = "multi_thread"`
/// - `start_paused = true`, with the other two flavors
/// - `crate = "my_test"`: another name of the crate `pileup_test`
///
/// and of its own:
///
/// - `allow = "src/metrics.rs", reason = "runs as long as the service"`: tasks that are spawned
///   there may outlive the test. The pattern is one of `pileup diagnose --include`; it can be
///   repeated, each time with a reason or without one.
/// - `timeout = "10s"`: a test that takes longer fails, and reports which tasks wait for what.
///   The time is real time, also where the clock of Tokio is paused.
#[proc_macro_attribute]
pub fn test(arguments: TokenStream, function: TokenStream) -> TokenStream {
    expand::test(arguments.into(), &function.into()).into()
}
