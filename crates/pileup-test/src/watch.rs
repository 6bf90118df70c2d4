//! Which tasks of a runtime are alive: from the runtime's hooks and Tokio's spans where the build
//! has them, and else from Tokio's metrics alone.

#[cfg(not(tokio_unstable))]
mod count;
#[cfg(tokio_unstable)]
mod hooks;
#[cfg(tokio_unstable)]
mod numbers;
#[cfg(tokio_unstable)]
mod passing;
#[cfg(tokio_unstable)]
mod scope;
#[cfg(tokio_unstable)]
mod warm_up;

#[cfg(not(tokio_unstable))]
pub(crate) use count::{Entered, Watched};
#[cfg(tokio_unstable)]
pub(crate) use hooks::{Entered, Watched};
