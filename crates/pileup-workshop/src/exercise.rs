//! One exercise: a scenario, its page, and the program that is to be fixed.

use std::fs;
use std::path::PathBuf;

use pileup_investigate::Grade;

use crate::Error;
use crate::page::Page;
use crate::workspace::{Scenario, Work};
use pileup_investigate::sources::Sources;

/// A scenario in its place in the workshop.
#[derive(Debug, Clone)]
pub struct Exercise {
    /// Counted from 0, which is the warm-up.
    pub number: usize,
    /// The name of its scenario.
    pub name: String,
    /// The part of the workshop that it is in.
    pub part: String,
    /// What goes wrong, in one line.
    pub summary: String,
    /// How long it takes.
    pub minutes: u32,
    /// What the program is there for.
    pub work: Work,
    /// Whether there is nothing to fix in it.
    pub healthy: bool,
    /// Other exercises whose programs it runs.
    pub includes: Vec<String>,
    /// From which grade on a finding counts.
    pub counts_from: Grade,
    folder: PathBuf,
}

impl Exercise {
    pub(crate) fn new(number: usize, part: &str, scenario: &Scenario) -> Self {
        let about = scenario.about.clone();
        Self {
            number,
            name: scenario.name.clone(),
            part: part.to_owned(),
            summary: about.summary,
            minutes: about.minutes,
            work: about.work,
            healthy: about.healthy,
            includes: about.includes,
            // Where a leak raises no more than a suspicion, its fix must raise none.
            counts_from: about
                .finds
                .map_or(Grade::Probable, |finds| finds.grade.min(Grade::Probable)),
            folder: scenario.folder.clone(),
        }
    }

    /// As it is shown in lists: its number and its name.
    #[must_use]
    pub fn label(&self) -> String {
        format!("{:02} {}", self.number, self.name)
    }

    /// Its page: the task, the hints, and the solution.
    pub fn page(&self) -> Result<Page, Error> {
        read(self.folder.join("README.md")).map(|text| Page::new(&text))
    }

    /// The program that the learner works on.
    #[must_use]
    pub fn program(&self) -> PathBuf {
        let file = if self.healthy {
            "healthy.rs"
        } else {
            "leaky.rs"
        };
        self.folder.join("src").join(file)
    }

    /// The source files of the clone.
    pub fn sources(&self) -> Result<Sources, Error> {
        // The folder of a scenario is in `scenarios`, in the clone.
        let clone = self.folder.ancestors().nth(2).unwrap_or(&self.folder);
        Ok(Sources::below(&[clone.to_owned()])?)
    }

    /// The text of the program as it is now.
    pub fn source(&self) -> Result<String, Error> {
        read(self.program())
    }

    /// The text of the program as we have fixed it.
    pub fn fixed(&self) -> Result<String, Error> {
        read(self.folder.join("src/fixed.rs"))
    }
}

fn read(file: PathBuf) -> Result<String, Error> {
    fs::read_to_string(&file).map_err(|source| Error::ReadFile { file, source })
}
