//! What a learner predicts, and what the real report of the original program says.

use std::fs;
use std::path::Path;

use pileup_investigate::{Code, History, Report, Site, TaskState, WaitKind};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::exercise::Exercise;
use crate::trial::Trial;
use crate::workbench::write;
use pileup_investigate::sources::Sources;
use pileup_investigate::watch::{Remark, Source, Watched};

/// What a prediction is held against.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Where the tasks were spawned that the exercise asks for.
    pub spawned_at: Vec<Place>,
    /// What they wait for; Tokio does not report those of a place that is not in it.
    pub waits_for: Vec<WaitKind>,
    /// Where those were spawned who hold it.
    pub held_by: Vec<Place>,
}

/// A spawn site, and the function that it stands in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The spawn site.
    pub site: Site,
    /// Its name alone, without the modules.
    pub function: Option<String>,
}

impl Facts {
    /// What the report on the original program says: from the file that is kept of it, or
    /// else by running the program, which must be the original then, as [`Trial::run`] does.
    pub async fn of(
        exercise: &Exercise,
        kept: &Path,
        remark: Remark,
        watch: impl AsyncFnOnce(Box<dyn Source>) -> Result<Watched, pileup_investigate::Error>,
    ) -> Result<Self, Error> {
        let text = fs::read_to_string(kept).unwrap_or_default();
        if let Ok(facts) = serde_json::from_str(&text)
            && exercise.includes.is_empty()
        {
            return Ok(facts);
        }
        let trial = Trial::run(exercise, remark, watch).await?;
        if let Some(error) = trial.cut_short {
            return Err(error.into());
        }
        let facts = if exercise.healthy {
            Self::at_rest(&trial.history, &mut exercise.sources()?)
        } else {
            Self::accused(&trial.report, exercise, &mut exercise.sources()?)
        };
        if facts.spawned_at.is_empty() {
            // On a machine that is too busy, or because what it includes is fixed by now.
            return Err(Error::NothingToPredict {
                name: exercise.name.clone(),
            });
        }
        let text = serde_json::to_string(&facts).map_err(|error| Error::NotWritten {
            file: kept.to_owned(),
            source: error.into(),
        })?;
        write(kept, &text)?;
        Ok(facts)
    }

    fn accused(report: &Report, exercise: &Exercise, sources: &mut Sources) -> Self {
        let mut facts = Self::default();
        let counts = report
            .findings
            .iter()
            .filter(|finding| finding.grade >= exercise.counts_from);
        for finding in counts {
            let site = finding.site.as_ref();
            facts
                .spawned_at
                .extend(site.map(|site| Place::of(site, sources)));
            facts
                .waits_for
                .extend(finding.waits_on.as_ref().map(|waits| waits.kind));
            let holders = finding.held_by.iter().filter_map(|held| held.site.as_ref());
            let holders: Vec<Place> = holders.map(|site| Place::of(site, sources)).collect();
            if finding.code == Code::Deadlock {
                // In a cycle, who holds waits as well.
                facts.spawned_at.extend_from_slice(&holders);
            }
            facts.held_by.extend(holders);
        }
        facts
    }

    /// The spawn sites of tasks that were there all along, and are idle.
    fn at_rest(history: &History, sources: &mut Sources) -> Self {
        let latest = history.latest();
        let tasks = latest.iter().flat_map(|latest| &latest.tasks);
        let at_rest = tasks.filter(|task| {
            task.state() == Some(TaskState::Idle)
                && history
                    .started()
                    .is_some_and(|started| task.created_at < started)
        });
        let mut sites: Vec<&Site> = at_rest.filter_map(|task| task.site.as_ref()).collect();
        sites.sort_unstable();
        sites.dedup();
        let places = sites.into_iter().map(|site| Place::of(site, sources));
        Self {
            spawned_at: places.collect(),
            ..Self::default()
        }
    }
}

impl Place {
    fn of(site: &Site, sources: &mut Sources) -> Self {
        let function = sources.function(site);
        let name = function.and_then(|function| function.name.rsplit("::").next());
        Self {
            site: site.clone(),
            function: name.map(str::to_owned),
        }
    }

    /// Whether somebody means this place by a function's name, a line, or a file and a line.
    #[must_use]
    pub fn is_meant_by(&self, text: &str) -> bool {
        let text = text.trim().trim_end_matches("()");
        if self.function.as_deref() == Some(text) {
            return true;
        }
        let column = format!(":{}:{}", self.site.line, self.site.column);
        let text = match text.strip_suffix(&column) {
            Some(file) => format!("{file}:{}", self.site.line),
            None => text.to_owned(),
        };
        let (file, line) = text.rsplit_once(':').unwrap_or(("", &text));
        let site_file = self.site.portable_file();
        line.parse() == Ok(self.site.line)
            && (site_file == file || site_file.ends_with(&format!("/{file}")) || file.is_empty())
    }

    /// Whether somebody has read this place where a narrow terminal had cut it off.
    #[must_use]
    pub fn is_cut_off_in(&self, text: &str) -> bool {
        let (_, line) = text.rsplit_once(':').unwrap_or(("", text));
        self.site.line.to_string().starts_with(line)
    }
}

/// Whether a place can be one of a program: false for a function or a line that it does not
/// have. A place in a file of a library can be.
#[must_use]
pub fn can_be_in(program: &str, place: &str) -> bool {
    let place = place.trim().trim_end_matches("()");
    let in_program = match place.rsplit_once(".rs:") {
        Some((file, line)) if file.ends_with("leaky") || file.ends_with("healthy") => line,
        Some(_) => return true,
        None => place,
    };
    let line_or_name = in_program.split(':').next().unwrap_or_default();
    match line_or_name.parse() {
        Ok(line) => (1..=program.lines().count()).contains(&line),
        Err(_) => line_or_name.is_empty() || program.contains(&format!("fn {line_or_name}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        Place {
            site: Site {
                file: "scenarios/unclosed-channel/src/leaky.rs".into(),
                line: 35,
                column: 5,
            },
            function: Some("add_up".to_owned()),
        }
    }

    #[test]
    fn a_place_is_named_as_people_name_it() {
        for text in [
            "add_up",
            "add_up()",
            "35",
            "leaky.rs:35",
            "src/leaky.rs:35",
            "leaky.rs:35:5",
            "scenarios/unclosed-channel/src/leaky.rs:35",
            "scenarios/unclosed-channel/src/leaky.rs:35:5",
        ] {
            assert!(place().is_meant_by(text), "{text}");
        }
    }

    #[test]
    fn another_place_is_not_meant() {
        for text in [
            "",
            "add",
            "run",
            "34",
            "fixed.rs:35",
            "y.rs:35",
            "leaky.rs:5",
            "leaky.rs:35:7",
            ":",
        ] {
            assert!(!place().is_meant_by(text), "{text}");
        }
    }

    #[test]
    fn a_place_that_a_narrow_terminal_has_cut_off_is_known_as_such() {
        assert!(place().is_cut_off_in("scenarios/unclosed-channel/src/leaky.rs:3"));
        assert!(place().is_cut_off_in("scenarios/unclosed-channel/src/leaky.rs:"));
        assert!(!place().is_cut_off_in("leaky.rs:4"));
        assert!(!place().is_cut_off_in("add"));
    }

    #[test]
    fn a_function_or_a_line_that_a_program_does_not_have_is_no_place_in_it() {
        let program = "fn add_up() {\n}\n";
        for text in [
            "add_up()",
            "2",
            "leaky.rs:2:5",
            "leaky.rs:",
            "hyper-util/src/rt.rs:38",
        ] {
            assert!(can_be_in(program, text), "{text}");
        }
        for text in ["add_down", "3", "0", "src/leaky.rs:39", "leaky.rs:39:5"] {
            assert!(!can_be_in(program, text), "{text}");
        }
    }
}
