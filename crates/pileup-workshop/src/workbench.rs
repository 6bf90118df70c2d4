//! The learner's program, and the one that it was before.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Error;
use crate::exercise::Exercise;

const ORIGINAL: &str = "original.rs";
/// Attempts that are kept of one exercise.
const MOST_KEPT: u32 = 1_000;

/// Where an exercise's original program is kept while the learner changes it.
pub struct Workbench<'a> {
    exercise: &'a Exercise,
    folder: PathBuf,
}

impl<'a> Workbench<'a> {
    /// The workbench of an exercise. The first time it lays aside the program as it was
    /// committed, or as it is where there is no version control.
    pub fn of(exercise: &'a Exercise, folder: PathBuf) -> Result<Self, Error> {
        let workbench = Self { exercise, folder };
        let original = workbench.folder.join(ORIGINAL);
        if !original.exists() {
            let text = match committed(&exercise.program()) {
                Some(text) => text,
                None => exercise.source()?,
            };
            write(&original, &text)?;
        }
        Ok(workbench)
    }

    /// The program before the learner changed it.
    pub fn original(&self) -> Result<String, Error> {
        let file = self.folder.join(ORIGINAL);
        fs::read_to_string(&file).map_err(|source| Error::ReadFile { file, source })
    }

    /// Whether the learner has changed the program.
    pub fn is_changed(&self) -> Result<bool, Error> {
        Ok(self.exercise.source()? != self.original()?)
    }

    /// Puts the original back. What the learner wrote is kept in the file that it gives.
    pub fn put_back(&self) -> Result<Option<PathBuf>, Error> {
        if !self.is_changed()? {
            return Ok(None);
        }
        let kept = (1..=MOST_KEPT)
            .map(|number| self.folder.join(format!("before-reset-{number}.rs")))
            .find(|file| !file.exists())
            .unwrap_or_else(|| self.folder.join("before-reset.rs"));
        write(&kept, &self.exercise.source()?)?;
        write(&self.exercise.program(), &self.original()?)?;
        Ok(Some(kept))
    }

    /// Where the report on the original program is kept.
    #[must_use]
    pub fn report(&self) -> PathBuf {
        self.folder.join("report.json")
    }
}

/// The text of a file as it was committed last.
fn committed(file: &Path) -> Option<String> {
    let output = Command::new("git")
        .current_dir(file.parent()?)
        .arg("show")
        .arg(format!("HEAD:./{}", file.file_name()?.to_str()?))
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then_some(text)
}

/// Writes a file in a folder that need not be there yet.
pub fn write(file: &Path, text: &str) -> Result<(), Error> {
    let written = file.parent().map_or(Ok(()), fs::create_dir_all);
    let written: io::Result<()> = written.and_then(|()| fs::write(file, text));
    written.map_err(|source| Error::NotWritten {
        file: file.to_owned(),
        source,
    })
}
