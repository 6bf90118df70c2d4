//! What clients get over the wire, from programs that run as processes of their own: there is
//! one global subscriber in a process.

mod client;
mod faults;
mod grafana;
mod late;
mod one_client;
mod poll_ops;
mod program;
mod same;
mod stacks;
mod target;
