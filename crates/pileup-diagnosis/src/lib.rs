//! From snapshots to findings: which tasks will never finish, and on what evidence.
//!
//! [`History`] takes in one [`Snapshot`](pileup_model::Snapshot) after the other and keeps
//! of them, per spawn site, what the rules need. [`diagnose`] asks every rule and gives a
//! [`Report`]. Nothing here reads a clock, opens a file or knows a wire: time comes from
//! the snapshots, and the same snapshots always give the same report.
//!
//! Data flows one way: a [`History`], of which `waits` makes the wait-for graph and `growth`
//! the piles; `rules` turn these into claims, each with typed [`Evidence`] and [`Doubt`]s; the
//! doubts give the [`Grade`], and `report` makes the sentences.
//!
//! A rule is one file in `rules`, and a row of the table in `rules.rs`. It claims something only on
//! evidence that a person can check, and never from a single snapshot.

mod growth;
mod history;
mod report;
mod rules;
mod starvation;
mod thresholds;
mod waits;

pub use growth::{Expected, Grown, growth};
pub use history::{AliveAt, History, SeenTask, SiteHistory};
pub use pileup_growth::{Lifetimes, Stopping, Verdict};
pub use pileup_model::{WaitKind, figures};
pub use report::{
    Blind, Code, CountedWait, Doubt, EndedEarly, Evidence, Finding, Gaps, Grade, HeldBy, InCommon,
    Involved, OtherSide, READABLE, Report, ReportCoverage, Role, SCHEMA, Seconds, SetAside,
    ThreadsAlike, Unseen, WaitFor, WaitPlace, WaitedFor, WaitsOn, WakersNow, Why, diagnose,
    diagnose_expecting,
};
pub use waits::{Edge, Graph, Node, Relation, graph};
