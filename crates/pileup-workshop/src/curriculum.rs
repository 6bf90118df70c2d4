//! The order of the exercises, from `scenarios/workshop.toml`.

use std::fs;

use serde::Deserialize;

use crate::Error;
use crate::exercise::Exercise;
use crate::workspace::Workspace;

const FILE: &str = "scenarios/workshop.toml";

/// Three parts, and the text after them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Curriculum {
    #[serde(rename = "arc")]
    /// The parts, in order.
    pub parts: Vec<Part>,
    /// What comes after them.
    pub ending: Ending,
}

/// Exercises that belong together.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Its title.
    pub name: String,
    /// What one can do after it.
    pub goal: String,
    /// Names of scenarios, in order.
    pub exercises: Vec<String>,
}

/// What is shown when every exercise is solved.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ending {
    /// The text.
    pub text: String,
}

impl Curriculum {
    /// Reads the order of the exercises.
    pub(crate) fn of(workspace: &Workspace) -> Result<Self, Error> {
        let file = workspace.root.join(FILE);
        let read = fs::read_to_string(&file);
        let text = read.map_err(|source| Error::ReadFile {
            file: file.clone(),
            source,
        })?;
        toml::from_str(&text).map_err(|source| Error::BadCurriculum {
            file,
            source: Box::new(source),
        })
    }

    /// All exercises in their order, numbered from 0. Scenarios that no part names come at the end
    /// of the last one, in the order of the workspace.
    pub(crate) fn exercises(&self, workspace: &Workspace) -> Result<Vec<Exercise>, Error> {
        let named = self
            .parts
            .iter()
            .flat_map(|part| part.exercises.iter().map(move |name| (part, name)));
        let mut exercises = Vec::new();
        for (part, name) in named {
            let scenario = workspace.scenario(name)?;
            exercises.push(Exercise::new(exercises.len(), &part.name, scenario));
        }
        if let Some(last) = self.parts.last() {
            for scenario in &workspace.scenarios {
                if !exercises.iter().any(|known| known.name == scenario.name) {
                    exercises.push(Exercise::new(exercises.len(), &last.name, scenario));
                }
            }
        }
        Ok(exercises)
    }
}
