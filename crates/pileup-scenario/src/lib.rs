//! What every scenario shares, so that its own files hold nothing but the program
//! under investigation: the command line ([`Arguments`]), the pace of its work
//! ([`Arrivals`]), its instrumentation, and the clock that counts its live tasks.
//!
//! A scenario's `main.rs` is one expression:
//!
//! ```no_run
//! # mod leaky { pub async fn run(_: pileup_scenario::Arrivals) {} }
//! # mod fixed { pub async fn run(_: pileup_scenario::Arrivals) {} }
//! # mod lookalike { pub async fn run(_: pileup_scenario::Arrivals) {} }
//! fn main() -> anyhow::Result<()> {
//!     pileup_scenario::Scenario::new()
//!         .leaky(leaky::run)
//!         .fixed(fixed::run)
//!         .lookalike(lookalike::run)
//!         .main()
//! }
//! ```

#[cfg(not(tokio_unstable))]
compile_error!(
    "scenarios show their tasks through Tokio's unstable instrumentation: build them inside this \
     workspace, whose .cargo/config.toml sets it, or set RUSTFLAGS=\"--cfg tokio_unstable\" \
     (an environment variable RUSTFLAGS replaces what the workspace sets)"
);

mod arguments;
mod arrivals;
mod clock;
mod guarded;
mod instrumentation;
mod programs;
mod scenario;
mod work;

pub use arguments::{Arguments, Instrument, Variant};
pub use arrivals::Arrivals;
pub use scenario::Scenario;
