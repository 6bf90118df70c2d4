//! The crate over real sockets: against the real console-subscriber, and against a fake one
//! that sends whatever a test wants.

mod again;
mod attaching;
mod busy;
mod coverage;
mod fake;
mod faults;
mod locks;
mod message;
mod pace;
mod repeats;
mod retention;
mod script;
mod spawn;
mod target;
mod tasks;
mod watch;
