//! From snapshots to findings: which tasks will never finish, and on what evidence.
//!
//! [`History`] takes in one [`Snapshot`](pileup_model::Snapshot) after the other and keeps
//! of them, per spawn site, what the rules need. [`diagnose`] asks every rule and gives a
//! [`Report`]. Nothing here reads a clock, opens a file or knows a wire: time comes from
//! the snapshots, and the same snapshots always give the same report.
//!
//! A rule is one file in `rules`. It gives a finding only on evidence that a person can
//! check, and never from a single snapshot.

mod changes;
mod clones_counted;
mod deadlines;
mod finding;
mod graph;
mod growth;
mod growth_rule;
mod history;
mod lifetimes;
mod locks;
mod ops;
mod pollers;
mod report;
mod rules;
mod turnover;
mod wait_graph;
mod words;

pub use finding::{Code, Finding, Grade, HeldBy, WaitedFor, WaitsOn};
pub use graph::{Edge, Graph, Node, Relation, graph};
pub use growth::AliveAt;
pub use growth_rule::{FinishedBefore, PileShape, Population};
pub use history::{History, SiteHistory};
pub use lifetimes::Lifetimes;
pub use pollers::SeenTask;
pub use report::{Report, ReportCoverage, SCHEMA, SetAside, Why, diagnose};
pub use wait_graph::WaitKind;
