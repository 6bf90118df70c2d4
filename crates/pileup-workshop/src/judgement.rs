//! Whether a program is fixed: nothing in it piles up, and it still does its work.

use std::fmt;

use pileup_investigate::{Grade, Report};

use crate::scenario_process::WorkDone;
use crate::workspace::Work;

/// What is wrong with a program: nothing, if it is fixed.
#[derive(Debug, PartialEq)]
pub struct Judgement {
    /// Places of which something is found.
    pub findings: usize,
    /// Whether the program does its work.
    pub work: WorkJudgement,
}

/// Whether a program does its work.
#[derive(Debug, PartialEq)]
pub enum WorkJudgement {
    /// So much of it for each arrival.
    Done {
        /// Pieces of work for each arrival.
        per_arrival: f64,
        /// What the pieces are.
        what: String,
    },
    /// Less than it should.
    Fallen {
        /// What was done.
        done: WorkDone,
        /// What should have been.
        work: Work,
    },
    /// Nothing arrived that could have been worked on.
    NothingArrived,
}

impl Judgement {
    /// Judges by the report of a watch and by what was done meanwhile.
    #[must_use]
    pub fn of(report: &Report, counts_from: Grade, done: WorkDone, work: &Work) -> Self {
        let counts = report
            .findings
            .iter()
            .filter(|finding| finding.grade >= counts_from);
        Self {
            findings: counts.count(),
            work: WorkJudgement::of(done, work),
        }
    }

    /// Whether nothing is wrong with the program.
    #[must_use]
    pub fn is_fixed(&self) -> bool {
        self.findings == 0 && matches!(self.work, WorkJudgement::Done { .. })
    }
}

impl WorkJudgement {
    fn of(done: WorkDone, work: &Work) -> Self {
        if done.arrived == 0 {
            return Self::NothingArrived;
        }
        #[expect(clippy::cast_precision_loss, reason = "these are a few hundred")]
        let per_arrival = done.done as f64 / done.arrived as f64;
        if per_arrival < work.per_arrival {
            let work = work.clone();
            return Self::Fallen { done, work };
        }
        Self::Done {
            per_arrival,
            what: work.what.clone(),
        }
    }
}

impl fmt::Display for WorkJudgement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done { per_arrival, what } => write!(
                formatter,
                "The program does its work ({what}: {per_arrival:.1} for each arrival)."
            ),
            Self::Fallen { done, work } => write!(
                formatter,
                "The program does not do its work: {} were {} for {} arrivals, and all being well there are at least {} for each.",
                work.what, done.done, done.arrived, work.per_arrival
            ),
            Self::NothingArrived => formatter.write_str(
                "The program does not do its work: nothing arrived. `run` has to await `arrivals.next()` again and again, and not stand still between two of them.",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use pileup_investigate::{History, diagnose};

    use super::*;

    fn judged(arrived: u64, done: u64) -> Judgement {
        let report = diagnose(&History::default(), "");
        let work = Work {
            what: "sums that are shown".to_owned(),
            per_arrival: 0.8,
        };
        Judgement::of(&report, Grade::Probable, WorkDone { arrived, done }, &work)
    }

    #[test]
    fn a_program_that_leaks_nothing_and_works_is_fixed() {
        assert!(judged(100, 97).is_fixed());
    }

    #[test]
    fn a_program_that_does_nothing_is_not() {
        let judgement = judged(100, 0);
        assert!(!judgement.is_fixed());
        let said = judgement.work.to_string();
        assert!(
            said.contains("sums that are shown were 0 for 100"),
            "{said}"
        );
    }

    #[test]
    fn a_program_to_which_nothing_comes_is_not() {
        let judgement = judged(0, 0);
        assert!(!judgement.is_fixed());
        assert!(judgement.work.to_string().contains("arrivals.next()"));
    }
}
