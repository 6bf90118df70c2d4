//! How far somebody has come, in a file that is not under version control.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process;

use serde::{Deserialize, Serialize};

use crate::Error;

/// The folder for all that a learner leaves behind, at the root of the clone.
pub const FOLDER: &str = ".pileup";
const FILE: &str = "workshop.toml";

/// What has been begun, and what is solved.
#[derive(Debug)]
pub struct Progress {
    folder: PathBuf,
    kept: Kept,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    current: Option<String>,
    #[serde(default)]
    exercises: BTreeMap<String, Standing>,
}

/// How one exercise stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Standing {
    /// How far it is.
    pub stage: Stage,
    /// Hints that were shown.
    pub hints: usize,
    /// Attempts that were checked.
    pub checks: u32,
    /// Whether the spawn site was predicted.
    pub predicted: bool,
    /// Whether the solution was shown before it was solved.
    pub looked_up: bool,
}

/// How far an exercise is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    #[default]
    /// It was not begun.
    Untouched,
    /// It is not solved yet.
    Begun,
    /// It is solved.
    Solved,
}

impl Standing {
    /// Whether it is solved.
    #[must_use]
    pub fn is_solved(&self) -> bool {
        self.stage == Stage::Solved
    }
}

impl Progress {
    /// The progress in the clone at `root`: none where nothing was begun.
    pub fn of(root: &Path) -> Result<Self, Error> {
        let folder = root.join(FOLDER);
        let kept = Kept::read(&folder.join(FILE))?;
        Ok(Self { folder, kept })
    }

    /// Where things of an exercise are kept.
    #[must_use]
    pub fn folder_of(&self, exercise: &str) -> PathBuf {
        self.folder.join("workshop").join(exercise)
    }

    /// The name of the current exercise.
    #[must_use]
    pub fn current(&self) -> Option<&str> {
        self.kept.current.as_deref()
    }

    /// How an exercise stands.
    #[must_use]
    pub fn standing(&self, exercise: &str) -> Standing {
        let standing = self.kept.exercises.get(exercise);
        standing.cloned().unwrap_or_default()
    }

    /// Makes an exercise the current one.
    pub fn begin(&mut self, exercise: &str) -> Result<(), Error> {
        self.change(|kept| {
            kept.current = Some(exercise.to_owned());
            let standing = kept.exercises.entry(exercise.to_owned()).or_default();
            standing.stage = standing.stage.max(Stage::Begun);
        })
    }

    /// Changes how an exercise stands, and keeps that.
    pub fn note(
        &mut self,
        exercise: &str,
        change: impl FnOnce(&mut Standing),
    ) -> Result<(), Error> {
        self.change(|kept| change(kept.exercises.entry(exercise.to_owned()).or_default()))
    }

    /// Changes what is kept by now: a check may have run for long, and another terminal have
    /// shown a hint meanwhile. Writes another file and puts it in place, so that who is
    /// interrupted loses nothing.
    fn change(&mut self, change: impl FnOnce(&mut Kept)) -> Result<(), Error> {
        let file = self.folder.join(FILE);
        let failed = |source| Error::NotWritten {
            file: file.clone(),
            source,
        };
        self.kept = Kept::read(&file)?;
        change(&mut self.kept);
        let text = toml::to_string(&self.kept)
            .map_err(|error| failed(io::Error::new(ErrorKind::InvalidData, error)))?;
        fs::create_dir_all(&self.folder).map_err(failed)?;
        let new = file.with_extension(format!("{}.new", process::id()));
        fs::write(&new, text).map_err(failed)?;
        fs::rename(&new, &file).map_err(failed)
    }
}

impl Kept {
    fn read(file: &Path) -> Result<Self, Error> {
        match fs::read_to_string(file) {
            Ok(text) => toml::from_str(&text).map_err(|source| Error::BadProgress {
                file: file.to_owned(),
                source: Box::new(source),
            }),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::default()),
            Err(source) => Err(Error::ReadFile {
                file: file.to_owned(),
                source,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_kept_from_one_command_to_the_next() {
        let clone = tempfile::tempdir().expect("a folder");
        let mut progress = Progress::of(clone.path()).expect("nothing was begun");
        assert_eq!(progress.current(), None);
        progress.begin("unclosed-channel").expect("it is kept");
        progress
            .note("unclosed-channel", |standing| standing.hints = 2)
            .expect("it is kept");

        let later = Progress::of(clone.path()).expect("it is read");
        assert_eq!(later.current(), Some("unclosed-channel"));
        let standing = later.standing("unclosed-channel");
        assert_eq!((standing.stage, standing.hints), (Stage::Begun, 2));
        assert_eq!(later.standing("lock-order"), Standing::default());
    }

    #[test]
    fn what_cannot_be_read_is_refused_and_left_as_it_is() {
        let clone = tempfile::tempdir().expect("a folder");
        let folder = clone.path().join(FOLDER);
        fs::create_dir(&folder).expect("a folder");
        fs::write(folder.join(FILE), "solved = everything").expect("a file");
        assert!(Progress::of(clone.path()).is_err());
        let text = fs::read_to_string(folder.join(FILE)).expect("it is there");
        assert_eq!(text, "solved = everything");
    }
}
