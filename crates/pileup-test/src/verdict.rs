//! What is said of a test, and whether it fails.

use std::io::IsTerminal;
use std::panic::Location;
use std::time::Duration;

use pileup_diagnosis::{Finding, Report};
use pileup_model::Wait;

use crate::rules::Rules;
use crate::{files, text};

/// Why there is something to say.
#[derive(Debug, Clone)]
pub(crate) enum Outcome {
    /// The test is done, and tasks are left.
    LeftTasks {
        /// How many are alive of which nothing else is known.
        unlisted: usize,
        /// Whether the test allows some.
        allows_here: bool,
    },
    /// The test is done, and a task blocks the thread on which the guard looks for tasks.
    BlocksThread {
        /// How many are alive of which nothing else is known.
        unlisted: usize,
    },
    /// The test is not done.
    Hangs {
        /// Since when it runs.
        after: Duration,
        /// Where its own future waits.
        waits: Vec<Wait>,
    },
}

impl Outcome {
    /// How many tasks are alive of which nothing else is known, and whether the test allows some.
    pub(crate) fn unlisted(&self) -> (usize, bool) {
        match self {
            Self::LeftTasks {
                unlisted,
                allows_here,
            } => (*unlisted, *allows_here),
            Self::BlocksThread { unlisted } => (*unlisted, false),
            Self::Hangs { .. } => (0, false),
        }
    }
}

/// A report on one test.
#[derive(Clone)]
pub(crate) struct Verdict {
    pub(crate) report: Report,
    pub(crate) outcome: Outcome,
    /// The findings that fail the test come first in the report: this many of them.
    pub(crate) failing: usize,
    pub(crate) fails: bool,
    pub(crate) name: String,
    pub(crate) at: &'static Location<'static>,
}

impl Verdict {
    /// None where nothing is to be said.
    pub(crate) fn of(
        outcome: Outcome,
        mut report: Report,
        rules: &Rules,
        name: &str,
        at: &'static Location<'static>,
    ) -> Option<Self> {
        let fails = |finding: &Finding| rules.fails(finding);
        report.findings.sort_by_key(|finding| !fails(finding));
        let failing = report
            .findings
            .iter()
            .filter(|finding| fails(finding))
            .count();
        let (unlisted, allows_here) = outcome.unlisted();
        if report.findings.is_empty() && unlisted == 0 {
            return None;
        }
        // Which tasks they are is not seen: the test may allow just these.
        let unlisted_fail = unlisted > 0 && !allows_here && rules.switch.fails_on_a_count();
        Some(Self {
            fails: failing > 0 || unlisted_fail,
            report,
            outcome,
            failing,
            name: name.to_owned(),
            at,
        })
    }

    /// Prints the report, and fails the test if it is to fail.
    ///
    /// # Panics
    ///
    /// If the test is to fail.
    #[track_caller]
    pub(crate) fn deliver(self) {
        let text = text::write(&self, has_colours());
        // One write, and a line of its own: a test that panics beside this one, with RUST_BACKTRACE=1
        // and without capture, may have written a part of a line.
        let block = format!("\n{text}\n");
        eprint!("{block}");
        if let Err(error) = files::write(&self) {
            eprintln!("{error}");
        }
        if self.fails {
            let headline = text::headline(&self);
            panic!("{headline}; the report is above");
        }
    }
}

/// The test harness prints what it has captured on standard output.
fn has_colours() -> bool {
    let is_set = |variable| std::env::var_os(variable).is_some_and(|value| !value.is_empty());
    let is_dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
    std::io::stdout().is_terminal()
        && std::io::stderr().is_terminal()
        && !is_dumb
        && !is_set("NO_COLOR")
}
