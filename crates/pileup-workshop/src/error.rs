//! What the workshop, and running a scenario, fails with.

use std::error::Error as StdError;
use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

use thiserror::Error;

/// Why a scenario or an exercise does not go on.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The working directory is in no clone of pileup.
    #[error("this is not a workspace with scenarios")]
    NoWorkspace(#[source] Option<Box<dyn StdError + Send + Sync>>),

    /// No scenario has this name.
    #[error("there is no scenario named {name:?}")]
    NoScenario {
        /// The name.
        name: String,
        /// Scenarios with a part of this name.
        similar: Vec<String>,
    },

    /// A scenario's manifest lacks `[package.metadata.pileup]`, or a part of it.
    #[error("the manifest of {name} does not say what the scenario shows")]
    BadManifest {
        /// The scenario.
        name: String,
        /// What is wrong with it.
        source: Box<dyn StdError + Send + Sync>,
    },

    /// A program could not be started.
    #[error("failed to run {program}")]
    Start {
        /// The program.
        program: String,
        /// Why it could not be started.
        source: io::Error,
    },

    /// The compiler refused a program.
    #[error("{name} does not build")]
    Build {
        /// The program.
        name: String,
    },

    /// A scenario ended at once.
    #[error("{name} ended before it could be watched: {status}")]
    ScenarioEnded {
        /// The scenario.
        name: String,
        /// How it ended.
        status: ExitStatus,
    },

    /// A scenario could not be watched.
    #[error(transparent)]
    Watch(Box<pileup_investigate::Error>),

    /// A command is about the current exercise, and there is none.
    #[error("no exercise is begun")]
    NoExerciseBegun,

    /// No exercise has this name.
    #[error("there is no exercise {name:?}")]
    NoExercise {
        /// The name.
        name: String,
        /// Exercises with a part of this name.
        similar: Vec<String>,
    },

    /// An answer names a place that is not in the program.
    #[error("there is no {place:?} in the program of {name}")]
    NoPlace {
        /// The exercise.
        name: String,
        /// The place.
        place: String,
    },

    /// An answer came after the program was changed.
    #[error("{name} is predicted before it is changed")]
    PredictedTooLate {
        /// The exercise.
        name: String,
    },

    /// A watch of the original program found nothing.
    #[error("{name} showed nothing in 12 seconds that an answer could be held against")]
    NothingToPredict {
        /// The exercise.
        name: String,
    },

    /// The file with the order of the exercises is malformed.
    #[error("{} is no order of exercises", file.display())]
    BadCurriculum {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        source: Box<dyn StdError + Send + Sync>,
    },

    /// The file that the workshop keeps the learner's progress in is malformed.
    #[error("{} does not say how far you have come", file.display())]
    BadProgress {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        source: Box<dyn StdError + Send + Sync>,
    },

    /// A file could not be read.
    #[error("failed to read {}", file.display())]
    ReadFile {
        /// The file.
        file: PathBuf,
        /// Why it could not be read.
        source: io::Error,
    },

    /// A file could not be written.
    #[error("failed to write {}", file.display())]
    NotWritten {
        /// The file.
        file: PathBuf,
        /// Why it could not be written.
        source: io::Error,
    },
}

impl From<pileup_investigate::Error> for Error {
    fn from(error: pileup_investigate::Error) -> Self {
        Self::Watch(Box::new(error))
    }
}
