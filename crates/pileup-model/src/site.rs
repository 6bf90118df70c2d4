//! Places in source code.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Where Cargo keeps the sources of downloaded crates, in a folder for each registry.
const REGISTRY: &str = "/registry/src/";
/// Where Cargo keeps crates from git, in a folder for each repository and revision.
const CHECKOUTS: &str = "/git/checkouts/";

/// A place in source code, as the compiler gives it: where a task was spawned, or where
/// a resource was made.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Site {
    /// The file: relative to the workspace that was built, absolute for a dependency.
    pub file: Arc<str>,
    /// The line, counted from 1.
    pub line: u32,
    /// The column, counted from 1.
    pub column: u32,
}

impl Site {
    /// Whether the place is in a crate that Cargo downloaded, or in the standard library:
    /// code that the program's authors did not write.
    ///
    /// Known by the folders in which Cargo and rustc keep such sources.
    #[must_use]
    pub fn is_in_dependency(&self) -> bool {
        let file = self.file.replace('\\', "/");
        let absolute = file.starts_with('/') || file.chars().nth(1) == Some(':');
        absolute
            && (file.contains(REGISTRY) || file.contains(CHECKOUTS) || file.starts_with("/rustc/"))
    }

    /// The file as it is on every machine, and in every version of its crate: a
    /// dependency's from the name of its crate on, such as `hyper-util/src/rt.rs`, and with
    /// `/` between its parts.
    #[must_use]
    pub fn portable_file(&self) -> String {
        let file = self.file.replace('\\', "/");
        if !self.is_in_dependency() {
            return file;
        }
        portable(&file).unwrap_or(file)
    }

    /// The file as it is shown: a dependency's from the folder of its crate on, with its
    /// version, rather than from where this machine keeps it.
    #[must_use]
    pub fn short_file(&self) -> &str {
        if !self.is_in_dependency() {
            return &self.file;
        }
        let in_registry = self.file.split_once(REGISTRY).map(|(_, rest)| rest);
        let in_crate = in_registry.and_then(|rest| rest.split_once('/'));
        in_crate.map_or(&self.file, |(_registry, file)| file)
    }
}

/// A dependency's file from its crate on, if it is kept as Cargo and rustc keep sources.
fn portable(file: &str) -> Option<String> {
    if let Some((_, rest)) = file.split_once(REGISTRY) {
        let (_registry, rest) = rest.split_once('/')?;
        let (folder, path) = rest.split_once('/')?;
        return Some(format!("{}/{path}", without_version(folder)));
    }
    if let Some((_, rest)) = file.split_once(CHECKOUTS) {
        let (folder, rest) = rest.split_once('/')?;
        let (_revision, path) = rest.split_once('/')?;
        let name = folder.rsplit_once('-').map_or(folder, |(name, _hash)| name);
        return Some(format!("{name}/{path}"));
    }
    let (_hash, path) = file.strip_prefix("/rustc/")?.split_once('/')?;
    Some(path.to_owned())
}

/// `md-5` of `md-5-0.10.6`: what stands before the first dash that a version follows.
fn without_version(folder: &str) -> &str {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let version = folder.match_indices('-').find(|(index, _)| {
        let mut numbers = folder[index + 1..].split('.');
        numbers.next().is_some_and(is_number) && numbers.next().is_some_and(is_number)
    });
    version.map_or(folder, |(index, _)| &folder[..index])
}

/// Shows `file:line:column`, with a dependency's file from the folder of its crate on: its
/// name and version, rather than where this machine keeps it.
impl fmt::Display for Site {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{}:{}:{}",
            self.short_file(),
            self.line,
            self.column
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(file: &str) -> Site {
        Site {
            file: file.into(),
            line: 1,
            column: 1,
        }
    }

    #[test]
    fn downloaded_crates_are_dependencies() {
        assert!(
            site("/home/a/.cargo/registry/src/index.crates.io-1949/hyper-util-0.1.21/src/rt.rs")
                .is_in_dependency()
        );
        assert!(
            site(r"C:\Users\a\.cargo\registry\src\index.crates.io-1949\h2\src\lib.rs")
                .is_in_dependency()
        );
        assert!(site("/home/a/.cargo/git/checkouts/x-1/2/src/lib.rs").is_in_dependency());
    }

    #[test]
    fn a_dependency_is_shown_by_its_crate() {
        let file = "/home/a/.cargo/registry/src/index.crates.io-1949/hyper-util-0.1.21/src/rt.rs";
        assert_eq!(site(file).to_string(), "hyper-util-0.1.21/src/rt.rs:1:1");
        assert_eq!(site("src/main.rs").to_string(), "src/main.rs:1:1");
    }

    #[test]
    fn a_portable_file_names_no_machine_and_no_version() {
        for (file, portable) in [
            (
                "/home/a/.cargo/registry/src/index.crates.io-1949/hyper-util-0.1.21/src/rt.rs",
                "hyper-util/src/rt.rs",
            ),
            (
                r"C:\Users\a\.cargo\registry\src\index.crates.io-1949\md-5-0.10.6\src\lib.rs",
                "md-5/src/lib.rs",
            ),
            (
                "/root/.cargo/registry/src/index.crates.io-1949/h2-1.0.0-rc.1/src/lib.rs",
                "h2/src/lib.rs",
            ),
            (
                "/home/a/.cargo/git/checkouts/tokio-377c/9f1/tokio/src/task/spawn.rs",
                "tokio/tokio/src/task/spawn.rs",
            ),
            (
                "/rustc/4a4e/library/std/src/thread.rs",
                "library/std/src/thread.rs",
            ),
            (r"src\main.rs", "src/main.rs"),
            ("/build/app/src/main.rs", "/build/app/src/main.rs"),
        ] {
            assert_eq!(site(file).portable_file(), portable);
        }
    }

    #[test]
    fn the_authors_own_files_are_not() {
        assert!(!site("src/main.rs").is_in_dependency());
        assert!(!site("crates/registry/src/lib.rs").is_in_dependency());
    }
}
