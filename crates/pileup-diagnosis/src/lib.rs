//! From snapshots to findings: which tasks will never finish, and on what evidence.
//!
//! [`History`] takes in one [`Snapshot`](pileup_model::Snapshot) after the other and keeps
//! of them, per spawn site, what the rules need. [`diagnose`] asks every rule and gives a
//! [`Report`]. Nothing here reads a clock, opens a file or knows a protocol: time comes from
//! the snapshots, and the same snapshots always give the same report.
//!
//! Data flows one way, and so do the imports:
//!
//! ```text
//! facts     what was seen and what speaks against it: values with their sentences
//!   ↓
//! history   what the rules need of all snapshots so far; `starvation` reads it
//!   ↓
//! waits     who waits for what        growth   which spawn sites pile up
//!   ↓                                   ↓
//! rules     claims about the tasks of a spawn site, each with facts, doubts and advice
//!   ↓
//! root_causes   one graded claim of each root cause
//!   ↓
//! report    findings, with the figures of their spawn sites
//! ```
//!
//! A rule is one file in `rules`, and a row of the table in `rules.rs`. It claims something only on
//! evidence that a person can check, and never from a single snapshot.

mod facts;
mod growth;
mod history;
mod report;
mod root_causes;
mod rules;
mod starvation;
mod thresholds;
mod waits;

pub use facts::{
    CountedWait, Doubt, Evidence, Grade, InCommon, OtherSide, Seconds, ThreadsAlike, Unseen,
    WaitFor, WakersNow,
};
pub use growth::{Expected, Grown, growth};
pub use history::{AliveAt, History, SeenTask, SiteHistory};
pub use pileup_growth::{Lifetimes, Stopping, Verdict};
pub use pileup_model::{WaitKind, figures};
pub use report::{
    Blind, EndedEarly, Finding, Gaps, HeldBy, Involved, READABLE, Report, ReportCoverage, Role,
    SCHEMA, SetAside, WaitPlace, Why, diagnose, diagnose_expecting,
};
pub use rules::Code;
pub use waits::{Edge, Graph, Node, Relation, WaitedFor, WaitsOn, graph};
