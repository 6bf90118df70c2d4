//! What can go wrong between us and the target.

use std::error::Error;
use std::time::Duration;

use pileup_model::figures;

use crate::Address;

/// Why the target cannot be followed, or not any longer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConsoleError {
    /// The address is not one.
    #[error("{text:?} is not an address: {reason}")]
    BadAddress {
        /// What was given.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Nothing answers there.
    #[error("failed to reach {address}")]
    Unreachable {
        /// Where we tried.
        address: Address,
        /// What the transport says.
        source: Box<dyn Error + Send + Sync>,
    },
    /// Something answers, but not as console-subscriber does.
    #[error("{address} does not answer as console-subscriber does: {reason}")]
    NotAConsole {
        /// Where we tried.
        address: Address,
        /// What it answered.
        reason: String,
    },
    /// The target sent a message, or a first state in many messages, that is larger than what is
    /// read.
    #[error("{address} sent more than {} MiB at once", *limit >> 20)]
    TooLarge {
        /// Who sent it.
        address: Address,
        /// The most that is read, in bytes.
        limit: usize,
    },
    /// The target answered, and then sent nothing for longer than any publish interval in use.
    #[error("{address} has sent nothing for {}", figures::duration(*silence))]
    Silent {
        /// Who is silent.
        address: Address,
        /// For how long.
        silence: Duration,
    },
    /// Another program listens there than the one that was watched.
    #[error("{address} is another program than before: it was restarted")]
    Restarted {
        /// Where it listens.
        address: Address,
    },
    /// The target was attached again after the connection broke, and did not report its live
    /// tasks.
    #[error("{address} withheld its state when pileup attached again")]
    Withheld {
        /// Who withheld it.
        address: Address,
    },
    /// The target ended, or closed the connection.
    #[error("{address} went away: {reason}")]
    Gone {
        /// Who went away.
        address: Address,
        /// What the transport says.
        reason: String,
    },
}
