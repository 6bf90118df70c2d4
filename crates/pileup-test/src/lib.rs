//! A leak guard for Tokio tests: a test fails if tasks outlive it.
//!
//! ```no_run
//! #[pileup_test::test]
//! # async fn hidden() {}
//! async fn a_disconnect_ends_the_session() {
//!     // …
//! }
//! ```
//!
//! The attribute takes the place of `#[tokio::test]`, and its arguments. When the test's future
//! is done, tasks that are still alive fail it, with the line that spawned them. It sees plain
//! `tokio::spawn`, also inside dependencies, with `--cfg tokio_unstable`; without, it counts.
//!
//! Tasks that are about to end get up to 250 ms for that. Tasks of the code under test fail the
//! test, those of dependencies are reported. `PILEUP_TEST=off|warn|fail|strict` changes that for
//! a whole run. For tests without the attribute there are [`Guard`] and [`runtime()`].
//!
//! `docs/test.md` starts from a test that fails.

#[doc(hidden)]
pub mod attribute;
mod blocked;
mod check;
mod clock;
mod files;
mod foreign_drop;
mod guard;
mod hang;
mod rules;
mod runtime;
mod seen;
mod settle;
#[cfg(unix)]
mod sigterm;
mod switch;
mod test_run;
mod text;
mod verdict;
mod watch;
mod watchdog;
mod watched_runtime;

pub use guard::Guard;
pub use pileup_test_macros::test;
pub use runtime::{Runtime, runtime};
