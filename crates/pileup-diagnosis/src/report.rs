//! The report of one watch.

use serde::{Deserialize, Serialize};

mod callers;
mod coverage;
mod finding;
mod future_bytes;
mod involved;
mod wait_places;

use self::callers::fold_into_callers;
pub use self::coverage::{Blind, EndedEarly, Gaps, ReportCoverage};
pub use self::finding::{Finding, HeldBy};
pub use self::involved::{Involved, Role};
pub use self::wait_places::WaitPlace;
use crate::facts::{Doubt, Grade};
use crate::growth::{Expected, piles, stalled};
use crate::history::History;
use crate::root_causes::root_causes;
use crate::rules::Observation;
use crate::waits::WaitGraph;

/// The name and version of the report's form.
pub const SCHEMA: &str = "pileup.report/2";
/// Earlier versions that can still be read: what they do not have is empty.
pub const READABLE: [&str; 2] = ["pileup.report/1", SCHEMA];

/// What was found in one watch of one target.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The name and version of this form.
    pub schema: String,
    /// What was watched.
    pub target: String,
    /// For how long, by the target's own clock.
    pub window_seconds: f64,
    /// How much of the target the watch covers.
    pub coverage: ReportCoverage,
    /// What was found: the surest first, then those at the program's own lines, then those whose
    /// tasks no active task still wakes, then the most numerous.
    pub findings: Vec<Finding>,
    /// What was found as well, and is known: it does not count.
    #[serde(default)]
    pub set_aside: Vec<SetAside>,
}

/// A finding that does not count, and why.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SetAside {
    /// Why it does not count.
    pub why: Why,
    /// The reason in words.
    pub reason: String,
    /// What was found.
    pub finding: Finding,
}

/// Why a finding does not count.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The user allows it.
    Allowed,
    /// It was there before.
    InBaseline,
}

impl Report {
    /// The grade of the surest finding.
    #[must_use]
    pub fn worst(&self) -> Option<Grade> {
        self.findings.iter().map(|finding| finding.grade).max()
    }
}

/// Asks every rule about a watch of `target`. Healthy tasks are expected to live for at most
/// five minutes on average.
#[must_use]
pub fn diagnose(history: &History, target: &str) -> Report {
    diagnose_expecting(history, target, &Expected::default())
}

/// Asks every rule about a watch of `target`, whose tasks live for as long as is expected.
#[must_use]
pub fn diagnose_expecting(history: &History, target: &str, expected: &Expected) -> Report {
    let graph = WaitGraph::of(history);
    let mut findings = findings(history, &graph, expected);
    findings.sort_by(|a, b| {
        let is_own = |finding: &Finding| {
            let site = finding.site.as_ref();
            site.is_none_or(|site| !site.is_in_dependency())
        };
        let is_woken = |finding: &Finding| finding.doubts.contains(&Doubt::StillWoken);
        let order = |finding: &Finding| {
            let own = is_own(finding);
            (finding.grade, own, !is_woken(finding), finding.alive)
        };
        order(b)
            .cmp(&order(a))
            .then_with(|| (&a.site, a.code).cmp(&(&b.site, b.code)))
    });
    Report {
        schema: SCHEMA.to_owned(),
        target: target.to_owned(),
        window_seconds: history.window().as_secs_f64(),
        coverage: ReportCoverage::of(history, &graph, &findings),
        findings,
        set_aside: Vec::new(),
    }
}

/// What all rules find, one finding for each root cause.
fn findings(history: &History, graph: &WaitGraph, expected: &Expected) -> Vec<Finding> {
    let Some(latest) = history.latest() else {
        return Vec::new();
    };
    let observation = Observation {
        history,
        latest,
        waits: graph,
        piles: piles(history, expected),
        stalled: stalled(history),
        shutting_down: expected.shutting_down,
        none_expected: expected.none_alive,
    };
    let claims = fold_into_callers(root_causes(&observation), history, latest).into_iter();
    claims
        .map(|graded| Finding::of(graded, history, latest))
        .collect()
}
