//! The live tasks of a Tokio service, by spawn site: what `runtime.NumGoroutine`,
//! Prometheus and `net/http/pprof` are to a Go service, cheap enough to leave on.
//!
//! Three lines: make a probe, have it instrument the runtime's builder, serve it.
//!
//! ```no_run
//! use pileup_probe::Probe;
//! use tokio::runtime::Builder;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let probe = Probe::start()?;
//! let runtime = probe.instrument("main", Builder::new_multi_thread().enable_all()).build()?;
//! probe.serve("127.0.0.1:6060")?;
//! # runtime.block_on(async {});
//! # Ok(())
//! # }
//! ```
//!
//! Then `go tool pprof http://127.0.0.1:6060/debug/pprof/goroutine` reads the service's tasks
//! as it reads goroutines, Prometheus scrapes `/metrics`, and `pileup diagnose --probe
//! http://127.0.0.1:6060` says what piles up. `docs/probe.md` has all pages and metrics, the
//! costs, and what a probe does not see.

#![cfg_attr(
    not(tokio_unstable),
    expect(dead_code, reason = "some of it is for the runtime's hooks alone")
)]

mod announce;
#[cfg(tokio_unstable)]
mod callbacks;
mod http;
#[cfg(tokio_unstable)]
mod instrument;
mod leaks;
mod look;
mod metrics;
mod observe;
mod probe;
mod profiles;
mod runtimes;
mod scheduling;
mod server;
mod snapshot;

#[cfg(tokio_unstable)]
pub use callbacks::Callbacks;
pub use pileup_model::Site;
pub use pileup_registry::{Sampling, TaskSubscriber, Wrapped};
pub use probe::{Probe, SiteCount};
pub use server::ServeError;
