//! A drop-in for `console-subscriber`: it serves tokio-console's protocol from pileup's table of
//! tasks, on request.
//!
//! ```no_run
//! pileup_subscriber::init();
//! ```
//!
//! in place of `console_subscriber::init()`, and `tokio-console` lists the tasks of the program
//! as before. The program must be built with `RUSTFLAGS="--cfg tokio_unstable"`, as for
//! console-subscriber.
//!
//! What differs:
//!
//! - Nothing is queued and nothing is taken in in the background: each client has a cursor of
//!   its own into the table, and gets what has changed since. A client that attaches late gets
//!   the whole state, in messages below 1 MiB.
//! - `Pause` pauses the client that asks for it, and no other.
//! - A task has further fields: `waits` says where it waits, `spawned_by` which task spawned
//!   it, and `woken_by` who woke it last.
//!
//! Poll ops are served only where [`Builder::poll_ops`] or `PILEUP_POLL_OPS` asks for them.

mod await_stacks;
mod builder;
mod connection;
mod details;
mod environment;
mod error;
mod instrument;
mod metadata;
mod resource_messages;
mod resources;
mod server;
mod task_messages;
mod updates;
mod waits;

pub use builder::{Builder, ServerAddr};
pub use error::Error;
pub use pileup_registry::{Registry, Sampling};

use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::registry::LookupSpan;

/// Starts to see the program's tasks, serves them to tokio-console, and writes the events that
/// `RUST_LOG` selects to standard output: errors alone where it is unset.
///
/// Call it before the runtime is built, as tasks that were spawned before are never seen. The
/// environment variables are those of console-subscriber: see
/// [`Builder::with_default_env`].
///
/// # Panics
///
/// Where [`Builder::try_init`] gives an error.
pub fn init() {
    builder().with_default_env().init();
}

/// Like [`init`], as a layer beside others: for services that install a subscriber of their own.
///
/// # Panics
///
/// Where [`Builder::try_spawn`] gives an error.
#[must_use = "a layer has to be added to a subscriber"]
pub fn spawn<S>() -> impl Layer<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    builder().with_default_env().spawn()
}

/// A builder with the default settings, which does not read the environment.
pub fn builder() -> Builder {
    Builder::new()
}
