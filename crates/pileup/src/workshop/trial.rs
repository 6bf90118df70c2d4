//! Runs a learner's program for a while, and watches it.

use std::time::Duration;

use pileup::{Expected, History, Report, diagnose_expecting};

use super::exercise::Exercise;
use crate::error::Error;
use crate::scenario_process::{ScenarioProcess, WorkDone};
use crate::watch::{Console, observe};
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
    pub history: History,
    pub report: Report,
    pub work: WorkDone,
    /// Why it was not watched to the end: the program ended.
    pub cut_short: Option<Error>,
}

impl Trial {
    /// Builds the program of an exercise as it is now, and watches it.
    pub async fn run(exercise: &Exercise) -> Result<Self, Error> {
        let program = workspace::build(&exercise.name)?;
        let flags = [format!("--every={EVERY}"), format!("--for={LIFETIME}")];
        let process = ScenarioProcess::start(&exercise.name, &program, &flags).await?;
        let source = Console::attach(process.address.clone(), WATCH).await?;
        let watched = observe(Box::new(source), None, |_, _| false).await?;
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
