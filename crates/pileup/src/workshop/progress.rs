//! How far somebody has come, in a file that is not under version control.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::Error;

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
    Untouched,
    Begun,
    Solved,
}

impl Standing {
    pub fn is_solved(&self) -> bool {
        self.stage == Stage::Solved
    }
}

impl Progress {
    /// The progress in the clone at `root`: none where nothing was begun.
    pub fn of(root: &Path) -> Result<Self, Error> {
        let folder = root.join(FOLDER);
        let file = folder.join(FILE);
        let kept = match fs::read_to_string(&file) {
            Ok(text) => toml::from_str(&text).map_err(|source| Error::BadProgress {
                file,
                source: Box::new(source),
            })?,
            Err(error) if error.kind() == ErrorKind::NotFound => Kept::default(),
            Err(source) => return Err(Error::ReadFile { file, source }),
        };
        Ok(Self { folder, kept })
    }

    /// Where things of an exercise are kept.
    pub fn folder_of(&self, exercise: &str) -> PathBuf {
        self.folder.join("workshop").join(exercise)
    }

    /// The name of the current exercise.
    pub fn current(&self) -> Option<&str> {
        self.kept.current.as_deref()
    }

    pub fn standing(&self, exercise: &str) -> Standing {
        let standing = self.kept.exercises.get(exercise);
        standing.cloned().unwrap_or_default()
    }

    /// Makes an exercise the current one.
    pub fn begin(&mut self, exercise: &str) -> Result<(), Error> {
        self.kept.current = Some(exercise.to_owned());
        self.note(exercise, |standing| {
            standing.stage = standing.stage.max(Stage::Begun);
        })
    }

    /// Changes how an exercise stands, and keeps that.
    pub fn note(
        &mut self,
        exercise: &str,
        change: impl FnOnce(&mut Standing),
    ) -> Result<(), Error> {
        change(self.kept.exercises.entry(exercise.to_owned()).or_default());
        self.save()
    }

    /// Writes another file and puts it in place: a learner who is interrupted loses nothing.
    fn save(&self) -> Result<(), Error> {
        let file = self.folder.join(FILE);
        let failed = |source| Error::KeepProgress {
            file: file.clone(),
            source,
        };
        let text = toml::to_string(&self.kept)
            .map_err(|error| failed(std::io::Error::new(ErrorKind::InvalidData, error)))?;
        fs::create_dir_all(&self.folder).map_err(failed)?;
        let new = file.with_extension("toml.new");
        fs::write(&new, text).map_err(failed)?;
        fs::rename(&new, &file).map_err(failed)
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
