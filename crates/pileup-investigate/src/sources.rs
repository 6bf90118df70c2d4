//! The source of the program, as far as it is on this machine.
//!
//! Every command that shows source, or names the function of a line, asks here.

mod functions;
mod roots;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::Site;

use crate::error::Error;

pub use self::functions::Function;
use self::functions::functions_of;
use self::roots::Roots;

/// How much is read in all: a target may name any number of files.
const MOST_BYTES: usize = 64 << 20;

/// The source files that were asked for, each read once.
#[derive(Debug)]
pub struct Sources {
    roots: Roots,
    files: HashMap<Arc<str>, Option<SourceFile>>,
    bytes_left: usize,
}

/// One source file.
#[derive(Debug)]
pub struct SourceFile {
    path: PathBuf,
    lines: Vec<String>,
    functions: Vec<Function>,
}

impl Sources {
    /// Sources below the working directory, these folders, and Cargo's registry; the first
    /// that has a file wins, with the folders before the working directory.
    ///
    /// Fails if one of the folders cannot be opened.
    pub fn below(folders: &[PathBuf]) -> Result<Self, Error> {
        let failed = |(folder, source)| Error::SourceRoot { folder, source };
        Ok(Self::of(Roots::new(folders).map_err(failed)?))
    }

    /// Sources below the working directory and Cargo's registry.
    #[must_use]
    pub fn here() -> Self {
        Self::of(Roots::here())
    }

    fn of(roots: Roots) -> Self {
        Self {
            roots,
            files: HashMap::new(),
            bytes_left: MOST_BYTES,
        }
    }

    /// The file of a site, if it is on this machine.
    pub fn file(&mut self, site: &Site) -> Option<&SourceFile> {
        let Self {
            roots,
            files,
            bytes_left,
        } = self;
        let file = files.entry(Arc::clone(&site.file)).or_insert_with(|| {
            let (path, text) = roots
                .read(site)
                .filter(|(_, text)| text.len() <= *bytes_left)?;
            *bytes_left -= text.len();
            Some(SourceFile {
                path,
                lines: text.lines().map(str::to_owned).collect(),
                functions: functions_of(site, &text),
            })
        });
        file.as_ref()
    }

    /// The innermost function around a site.
    pub fn function(&mut self, site: &Site) -> Option<&Function> {
        let line = usize::try_from(site.line).ok()?;
        let around = |function: &&Function| (function.first..=function.last).contains(&line);
        let functions = self.file(site)?.functions.iter();
        functions
            .filter(around)
            .min_by_key(|function| function.last - function.first)
    }
}

impl SourceFile {
    /// Where the file really is, for a link to it.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its lines: the first of the file is number 0.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        &self.lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_is_in_its_innermost_function() {
        let site = Site {
            file: "src/sources.rs".into(),
            line: line!(),
            column: 1,
        };
        let mut sources = Sources::below(&[]).expect("no folder was named");
        let function = sources.function(&site).expect("the source is here");
        assert_eq!(
            function.name,
            "sources::tests::a_site_is_in_its_innermost_function"
        );
        let file = sources.file(&site).expect("the source is here");
        assert!(file.path().ends_with("src/sources.rs"));
        assert!(file.lines()[0].starts_with("//! The source"));
    }
}
