//! The order of the exercises, from `scenarios/workshop.toml`.

use std::fs;

use serde::Deserialize;

use super::exercise::Exercise;
use crate::error::Error;
use crate::workspace::Workspace;

const FILE: &str = "scenarios/workshop.toml";

/// Three parts, and the text after them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Curriculum {
    #[serde(rename = "arc")]
    pub parts: Vec<Part>,
    pub ending: Ending,
}

/// Exercises that belong together.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    pub name: String,
    /// What one can do after it.
    pub goal: String,
    /// Names of scenarios.
    pub exercises: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ending {
    pub text: String,
}

impl Curriculum {
    pub fn of(workspace: &Workspace) -> Result<Self, Error> {
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

    /// All exercises in their order, numbered from 0.
    pub fn exercises(&self, workspace: &Workspace) -> Result<Vec<Exercise>, Error> {
        let names = self
            .parts
            .iter()
            .flat_map(|part| part.exercises.iter().map(move |name| (part, name)));
        let exercises = names.enumerate().map(|(number, (part, name))| {
            let scenario = workspace.scenario(name)?;
            Ok(Exercise::new(number, part, scenario))
        });
        exercises.collect()
    }
}
