//! One file per subcommand: parse, call, render.

pub mod completions;
pub mod diagnose;
pub mod diff;
pub mod doctor;
pub mod explain;
pub mod graph;
pub mod investigate;
pub mod list;
pub mod list_scenarios;
pub mod man;
pub mod profile;
pub mod run;
pub mod tasks;
pub mod top;
pub mod workshop;
