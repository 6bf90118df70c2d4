//! Why the tasks cannot be served.

use std::io;

use thiserror::Error;

/// Why the tasks cannot be served.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The program was built without `--cfg tokio_unstable`: Tokio reports no task.
    #[error(
        "Tokio reports no tasks to this program: build it with RUSTFLAGS=\"--cfg tokio_unstable\", \
         or with rustflags = [\"--cfg\", \"tokio_unstable\"] in .cargo/config.toml"
    )]
    Unstable,
    /// Another program has the address, or its name is unknown.
    #[error(
        "failed to listen on {address} for tokio-console; TOKIO_CONSOLE_BIND or \
         `Builder::server_addr` chooses another address, such as 127.0.0.1:0 for a free port"
    )]
    Listen {
        /// The address that was asked for.
        address: String,
        /// What the system says.
        source: io::Error,
    },
    /// The system gives no thread.
    #[error("failed to start the thread that serves tokio-console")]
    Start(#[source] io::Error),
    /// The program has a global subscriber already.
    #[error("the program has a global tracing subscriber already; add `spawn()` to it as a layer")]
    Subscriber,
    /// An environment variable has a value that cannot be read.
    #[error("{name}={value:?} is not valid: {reason}")]
    Environment {
        /// The variable.
        name: &'static str,
        /// Its value.
        value: String,
        /// What is wrong with it, and what it should look like.
        reason: String,
    },
}
