//! Speaks the protocol of console-subscriber and pileup-subscriber, which tokio-console uses, and
//! keeps a [`Snapshot`](pileup_model::Snapshot) of the program behind it.
//!
//! Properties of the protocol, and how this crate handles them:
//!
//! - The first message holds all that lives, and the second repeats it: to apply a message
//!   twice changes nothing.
//! - Ids are reused once their task has finished: a task is an id *and* its birth.
//! - The target takes in only about 127 events each time it wakes up: [`Connection`] keeps
//!   it awake (see `pump`), without pausing or resuming it for others, and reads on
//!   after an attach until the target's messages are up to date, for three seconds at most.
//! - A target whose state exceeds 4 MiB withholds it from whoever attaches late, and says so
//!   only in its own log: [`Coverage`](pileup_model::Coverage) says it to the reader.
//! - pileup-subscriber withholds nothing: it sends its first state in as many messages as it
//!   needs (see `first_state`), and has a second service for whole await stacks (see
//!   `await_stacks`).
//! - A task that has finished stays on the console while a span that was made in it is open:
//!   of those that look so, [`Connection`] asks for the details (see `last_poll`).
//! - A connection that breaks is made again while the program lives, and the gap is counted.
//!   Ids are the same then; another program at the same address has others.
//! - All times are the target's own.

mod address;
mod await_stacks;
mod connection;
mod decode;
mod error;
mod first_state;
mod last_poll;
mod pump;
mod retention;
mod session;
mod text;
mod watch;
mod world;

pub use address::Address;
pub use await_stacks::{AwaitStacksClient, AwaitStacksError};
pub use connection::Connection;
pub use error::ConsoleError;
pub use first_state::ServedBy;
#[cfg(feature = "wire")]
pub use world::World;
