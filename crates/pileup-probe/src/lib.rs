//! The living tasks of a Tokio service, by spawn site: what `runtime.NumGoroutine`,
//! Prometheus and `net/http/pprof` are to a Go service.

#[cfg(not(tokio_unstable))]
compile_error!(
    "the probe needs Tokio's task hooks: build with RUSTFLAGS=\"--cfg tokio_unstable\", or set it \
     in .cargo/config.toml under [build] as rustflags = [\"--cfg\", \"tokio_unstable\"]"
);

mod callbacks;
mod http;
mod leaks;
mod look;
mod metrics;
mod probe;
mod profiles;
mod registry;
mod runtimes;
mod server;
mod snapshot;

pub use callbacks::Callbacks;
pub use pileup_model::Site;
pub use probe::{Probe, SiteCount};
pub use server::ServeError;
