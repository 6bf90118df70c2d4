//! Says which tasks of a running Tokio program will never finish: the `pileup` command as a
//! library call.
//!
//! [`report`] turns a stream of [`Snapshot`]s into the [`Report`] that the command prints.
//! They come from a program that has console-subscriber, by [`Connection::watch`], from a
//! [`Recording`], or from wherever you make them. A test of your own service can so fail if
//! the service leaks:
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use pileup::{Address, Connection, ConsoleError, Grade};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), ConsoleError> {
//! let address: Address = "http://127.0.0.1:6669".parse()?;
//! let mut connection = Connection::attach(address.clone()).await?;
//! let snapshots = connection.watch(Duration::from_secs(30));
//! let report = pileup::report(snapshots, &address.to_string()).await?;
//! assert!(!report.coverage.state_withheld, "attach earlier");
//! assert!(report.worst() < Some(Grade::Probable), "{report:#?}");
//! # Ok(())
//! # }
//! ```
//!
//! Watch a service from a process of your own, such as a test that runs it as a child: what
//! watches from within is a part of what it sees.
//!
//! To look at a watch while it goes on, [`observe`] its snapshots in a [`History`], and
//! [`diagnose`] that as often as you like.
//!
//! All of it builds without the crates that only the command needs: depend on `pileup` with
//! `default-features = false`.

mod observe;

pub use observe::{observe, report};
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
