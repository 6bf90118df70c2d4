//! Places in source code.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Where Cargo keeps the sources of downloaded crates, in a folder for each registry.
const REGISTRY: &str = "/registry/src/";

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
            && (file.contains(REGISTRY)
                || file.contains("/git/checkouts/")
                || file.starts_with("/rustc/"))
    }

    fn short_file(&self) -> &str {
        if !self.is_in_dependency() {
            return &self.file;
        }
        let in_registry = self.file.split_once(REGISTRY).map(|(_, rest)| rest);
        let in_crate = in_registry.and_then(|rest| rest.split_once('/'));
        in_crate.map_or(&self.file, |(_registry, file)| file)
    }
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
    fn the_authors_own_files_are_not() {
        assert!(!site("src/main.rs").is_in_dependency());
        assert!(!site("crates/registry/src/lib.rs").is_in_dependency());
    }
}
