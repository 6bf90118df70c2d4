//! A copy of the workspace, for a learner to change.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::programs::{programs, workspace};

/// What a copy goes without.
const LEFT_OUT: [&str; 4] = ["target", ".git", ".pileup", "corpus"];

pub struct Copy {
    folder: TempDir,
}

/// What a command of the workshop has printed, on both outputs, and its exit code.
pub struct Said {
    pub text: String,
    pub code: Option<i32>,
}

impl Copy {
    pub fn new() -> Self {
        // Beside the build folder, so that what it holds can be linked.
        let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary folder");
        copy(&workspace(), folder.path()).expect("the workspace is copied");
        Self { folder }
    }

    /// A copy in which the dependencies are built already.
    pub fn with_dependencies() -> Self {
        let copy = Self::new();
        let built = programs().expect("the folder of the programs");
        let to = copy
            .path("target")
            .join(built.file_name().expect("a profile"));
        for part in ["deps", "build", ".fingerprint"] {
            link(&built.join(part), &to.join(part)).expect("what is built is linked");
        }
        copy
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    /// The program that a learner changes.
    pub fn program(&self, exercise: &str) -> PathBuf {
        self.path(&format!("scenarios/{exercise}/src/leaky.rs"))
    }

    /// Our fix of it.
    pub fn fixed(&self, exercise: &str) -> String {
        let file = self.path(&format!("scenarios/{exercise}/src/fixed.rs"));
        fs::read_to_string(file).expect("it is there")
    }

    /// A command of the workshop.
    pub fn run(&self, arguments: &[&str]) -> Said {
        let output = Command::new(env!("CARGO_BIN_EXE_pileup"))
            .current_dir(self.folder.path())
            .arg("workshop")
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .expect("pileup runs");
        let text = [output.stdout, output.stderr].concat();
        Said {
            text: String::from_utf8(text).expect("text"),
            code: output.status.code(),
        }
    }

    /// Builds all programs.
    pub fn build(&self) {
        let built = Command::new(env!("CARGO"))
            .current_dir(self.folder.path())
            .args(["build", "--quiet", "--workspace", "--bins"])
            .status();
        assert!(built.expect("cargo runs").success());
    }
}

impl Said {
    #[track_caller]
    pub fn says(&self, text: &str) {
        assert!(
            unbroken(&self.text).contains(&unbroken(text)),
            "{text:?} is not in\n{}",
            self.text
        );
    }

    #[track_caller]
    pub fn fails_saying(&self, text: &str) {
        assert_eq!(self.code, Some(2), "{}", self.text);
        self.says(text);
    }
}

/// The text without its breaks of lines.
fn unbroken(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if LEFT_OUT.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}

/// Hard links to all files of a folder. Cargo writes what it builds anew, and so leaves the
/// other end of a link alone.
fn link(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            link(&entry.path(), &to)?;
        } else {
            fs::hard_link(entry.path(), to)?;
        }
    }
    Ok(())
}
