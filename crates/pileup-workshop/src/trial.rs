//! Runs a learner's program for a while, and watches it.

use std::time::Duration;

use pileup_investigate::watch::{Console, Remark, Source, Watched};
use pileup_investigate::{Expected, History, Report, diagnose_expecting};

use crate::Error;
use crate::exercise::Exercise;
use crate::scenario_process::{ScenarioProcess, WorkDone};
use crate::workspace;

/// What takes minutes at an exercise's own pace takes seconds at this one.
const EVERY: &str = "100ms";
const WATCH: Duration = Duration::from_secs(12);
/// The work of an exercise is done in a moment.
const MAX_LIFETIME: Duration = Duration::from_secs(30);
/// The program ends by itself, should we be killed before that.
const LIFETIME: &str = "60s";

/// What was seen of a program.
pub struct Trial {
    /// All that was seen.
    pub history: History,
    /// The report on it.
    pub report: Report,
    /// The work that the program did meanwhile.
    pub work: WorkDone,
    /// Why it was not watched to the end: the program ended.
    pub cut_short: Option<pileup_investigate::Error>,
}

impl Trial {
    /// Builds the program of an exercise as it is now, runs it, and has `watch` watch it. What the
    /// program says beside its work is given to `remark`.
    pub async fn run(
        exercise: &Exercise,
        remark: Remark,
        watch: impl AsyncFnOnce(Box<dyn Source>) -> Result<Watched, pileup_investigate::Error>,
    ) -> Result<Self, Error> {
        let program = workspace::build(&exercise.name)?;
        let flags = [format!("--every={EVERY}"), format!("--for={LIFETIME}")];
        let process =
            ScenarioProcess::start(&exercise.name, &program, &flags, false, remark).await?;
        let source = Console::attach(process.address.clone(), WATCH).await?;
        let watched = watch(Box::new(source)).await?;
        let expected = Expected {
            max_lifetime: MAX_LIFETIME,
            ..Expected::default()
        };
        let report = diagnose_expecting(&watched.history, &exercise.name, &expected);
        Ok(Self {
            report,
            history: watched.history,
            work: process.work_done(),
            cut_short: watched.cut_short,
        })
    }
}
