//! Finds the tasks of a running Tokio program that pile up, and reports on what evidence. The command
//! `pileup` is made of this library.
//!
//! [`report`] turns a stream of [`Snapshot`]s into a [`Report`]. A test of a service can run the
//! service as a child, watch it, and fail if it leaks:
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use pileup_investigate::{Address, Connection, ConsoleError, Grade};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), ConsoleError> {
//! let address: Address = "http://127.0.0.1:6669".parse()?;
//! let mut connection = Connection::attach(address.clone()).await?;
//! let snapshots = connection.watch(Duration::from_secs(30));
//! let report = pileup_investigate::report(snapshots, &address.to_string()).await?;
//! assert!(!report.coverage.state_withheld, "attach earlier");
//! assert!(report.worst() < Some(Grade::Probable), "{report:#?}");
//! # Ok(())
//! # }
//! ```
//!
//! Watch a service from another process: what watches from within is a part of what it sees.
//!
//! - [`watch`] has the sources of snapshots: a console, a probe, both at once, or a recording.
//! - [`observe`] takes snapshots into a [`History`], and [`diagnose`] reports on it as often as you
//!   like while the watch goes on.
//! - [`selection`] decides which findings count, and [`difference`] compares two reports.
//! - [`render`] writes a report as text, Markdown, HTML, JSON, SARIF or `JUnit`, and [`drawing`] draws
//!   the wait-for graph. Both need the feature `render`, which is on by default.

pub mod difference;
#[cfg(feature = "render")]
pub mod drawing;
mod early_end;
mod error;
mod observe;
#[cfg(feature = "render")]
pub mod render;
pub mod selection;
#[cfg(feature = "render")]
pub mod sources;
#[cfg(feature = "render")]
pub mod views;
pub mod watch;

pub use self::early_end::EarlyEnd;
pub use self::error::Error;
pub use self::observe::{observe, report};
pub use pileup_console::{
    Address, AwaitStacksClient, AwaitStacksError, Connection, ConsoleError, ServedBy,
};
pub use pileup_diagnosis::{
    AliveAt, Blind, Code, CountedWait, Doubt, EndedEarly, Evidence, Expected, Finding, Gaps, Grade,
    Graph, HeldBy, History, Involved, OtherSide, Report, ReportCoverage, Role, Seconds, SetAside,
    Stopping, ThreadsAlike, Unseen, Verdict, WaitFor, WaitKind, WaitPlace, WaitedFor, WaitsOn, Why,
    diagnose, diagnose_expecting, graph, growth,
};
pub use pileup_model::{Site, Snapshot, Task, TaskId, TaskState};
pub use pileup_recording::{Ending, Recorder, Recording, RecordingError};

/// The example of the README is tested.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
