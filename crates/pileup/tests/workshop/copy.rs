//! A copy of the workspace, for a learner to change.

use std::fs::{self, File};
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
        transfer(&workspace(), folder.path(), copy_with_time).expect("the workspace is copied");
        // Cargo joins the flags of all folders above. The flags of the workspace are in force
        // already within it, and with the same flags twice all would be built anew.
        let is_within = workspace()
            .canonicalize()
            .is_ok_and(|workspace| folder.path().starts_with(workspace));
        if is_within {
            fs::remove_dir_all(folder.path().join(".cargo")).expect("the flags are removed");
        }
        Self { folder }
    }

    /// A copy in which all programs are built already. Cargo builds anew only what is changed in
    /// the copy: a workspace may be moved, and the files of the copy are as old as the originals.
    pub fn with_programs() -> Self {
        let copy = Self::new();
        let built = programs().expect("the folder of the programs");
        let to = copy
            .path("target")
            .join(built.file_name().expect("a profile"));
        for part in ["deps", "build"] {
            transfer(&built.join(part), &to.join(part), link_or_copy).expect("what is built");
        }
        // Cargo writes into these files, which would also change the other end of a link.
        let part = ".fingerprint";
        transfer(&built.join(part), &to.join(part), copy_with_time).expect("how it was built");
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

/// Puts each file of a folder into another folder.
fn transfer(
    from: &Path,
    to: &Path,
    put: fn(from: &Path, to: &Path) -> io::Result<()>,
) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if LEFT_OUT.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            transfer(&entry.path(), &to, put)?;
        } else {
            put(&entry.path(), &to)?;
        }
    }
    Ok(())
}

/// A copy that is as old as the original.
fn copy_with_time(from: &Path, to: &Path) -> io::Result<()> {
    fs::copy(from, to)?;
    let copied = File::options().write(true).open(to)?;
    copied.set_modified(fs::metadata(from)?.modified()?)
}

/// A hard link, as libraries and programs are large, and rustc puts new files in their place.
/// It writes into its lists of source files, so that these are copied.
fn link_or_copy(from: &Path, to: &Path) -> io::Result<()> {
    if from.extension().is_some_and(|extension| extension == "d") {
        return copy_with_time(from, to);
    }
    fs::hard_link(from, to)
}
