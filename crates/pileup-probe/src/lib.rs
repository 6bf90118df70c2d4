//! The live tasks of a Tokio service, by spawn site: what `runtime.NumGoroutine`,
//! Prometheus and `net/http/pprof` are to a Go service, cheap enough to leave on.
//!
//! Three lines: make a probe, have it instrument the runtime's builder, serve it.
//!
//! ```no_run
//! use pileup_probe::Probe;
//! use tokio::runtime::Builder;
//!
//! # #[cfg(all(tokio_unstable, feature = "http"))]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let probe = Probe::start()?;
//! let runtime = probe.instrument("main", Builder::new_multi_thread().enable_all()).build()?;
//! probe.serve("127.0.0.1:6060")?;
//! # runtime.block_on(async {});
//! # Ok(())
//! # }
//! # #[cfg(not(all(tokio_unstable, feature = "http")))]
//! # fn main() {}
//! ```
//!
//! Then `go tool pprof http://127.0.0.1:6060/debug/pprof/goroutine` reads the service's tasks
//! as it reads goroutines, Prometheus scrapes `/metrics`, and `pileup diagnose --probe
//! http://127.0.0.1:6060` says what piles up. `docs/probe.md` has all pages and metrics, the
//! costs, and what a probe does not see.

#![cfg_attr(
    any(not(tokio_unstable), not(feature = "http")),
    expect(
        dead_code,
        reason = "some of it is for the runtime's hooks, or for the pages, alone"
    )
)]

#[cfg(feature = "http")]
mod announce;
#[cfg(feature = "http")]
mod answers;
#[cfg(tokio_unstable)]
mod callbacks;
#[cfg(feature = "http")]
mod http;
#[cfg(tokio_unstable)]
mod instrument;
#[cfg(feature = "http")]
mod leaks;
#[cfg(feature = "http")]
mod look;
#[cfg(feature = "http")]
mod metrics;
mod observe;
#[cfg(feature = "http")]
mod pages;
mod probe;
#[cfg(feature = "http")]
mod profiles;
mod runtimes;
mod scheduling;
#[cfg(feature = "http")]
mod server;
#[cfg(feature = "http")]
mod snapshot;

#[cfg(tokio_unstable)]
pub use callbacks::Callbacks;
pub use pileup_model::Site;
pub use pileup_registry::{Sampling, TaskSubscriber, Wrapped};
pub use probe::{Probe, SiteCount};
#[cfg(feature = "http")]
pub use server::ServeError;
