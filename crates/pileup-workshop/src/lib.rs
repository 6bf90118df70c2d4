//! The scenarios of a clone of pileup, and the workshop: exercises in the order in which they
//! teach, and how far somebody has come. `pileup run`, `pileup investigate` and `pileup workshop`
//! are made of it.

pub mod curriculum;
mod error;
pub mod exercise;
pub mod judgement;
pub mod page;
pub mod prediction;
pub mod progress;
pub mod scenario_process;
pub mod terminals;
pub mod trial;
pub mod workbench;
pub mod workspace;

use self::curriculum::Curriculum;
pub use self::error::Error;
use self::exercise::Exercise;
use self::progress::Progress;
use self::workspace::Workspace;

/// All that a command of the workshop works with.
pub struct Workshop {
    /// The parts, and the text at the end.
    pub curriculum: Curriculum,
    /// Every exercise, in order.
    pub exercises: Vec<Exercise>,
    /// How far the learner has come.
    pub progress: Progress,
}

impl Workshop {
    /// Opens the workshop of the clone around the current folder.
    pub fn open() -> Result<Self, Error> {
        let workspace = Workspace::open()?;
        let curriculum = Curriculum::of(&workspace)?;
        let exercises = curriculum.exercises(&workspace)?;
        let progress = Progress::of(&workspace.root)?;
        Ok(Self {
            curriculum,
            exercises,
            progress,
        })
    }

    /// The exercise of this name or number, or else the current one. A part of a name will do
    /// that no other has.
    pub fn exercise(&self, name: Option<&str>) -> Result<&Exercise, Error> {
        let Some(name) = name else {
            let current = self.progress.current();
            let mut exercises = self.exercises.iter();
            return exercises
                .find(|exercise| Some(exercise.name.as_str()) == current)
                .ok_or(Error::NoExerciseBegun);
        };
        let is_meant =
            |exercise: &&Exercise| exercise.name == name || name.parse() == Ok(exercise.number);
        let mut exercises = self.exercises.iter();
        if let Some(exercise) = exercises.find(is_meant) {
            return Ok(exercise);
        }
        let exercises = self.exercises.iter();
        let similar: Vec<_> = exercises
            .filter(|exercise| exercise.name.contains(name))
            .collect();
        match similar[..] {
            [exercise] => Ok(exercise),
            _ => Err(Error::NoExercise {
                name: name.to_owned(),
                similar: similar.iter().map(|exercise| exercise.label()).collect(),
            }),
        }
    }

    /// The first exercise after `exercise` that is not solved, or else the first of all.
    #[must_use]
    pub fn unsolved_after(&self, exercise: Option<&Exercise>) -> Option<&Exercise> {
        let start = exercise.map_or(0, |exercise| exercise.number + 1);
        let is_open = |exercise: &&Exercise| !self.progress.standing(&exercise.name).is_solved();
        let later = self.exercises.iter().skip(start).find(is_open);
        later.or_else(|| self.exercises.iter().find(is_open))
    }
}
