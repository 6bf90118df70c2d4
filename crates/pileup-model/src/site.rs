//! Places in source code.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::dependency::{Dependency, dependency};

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
    /// Whether the place is in code that is not a part of the program's workspace: in a crate
    /// that was fetched, at a path outside of the workspace, or in the standard library.
    ///
    /// Known by the path alone, which has limits: a workspace that was built otherwise than by
    /// Cargo may name its own files by absolute paths, and then counts as a dependency.
    #[must_use]
    pub fn is_in_dependency(&self) -> bool {
        dependency(&self.slashed()).is_some()
    }

    /// Whether the folders of the path show that the crate was fetched: downloaded, vendored,
    /// or a part of the standard library. So also where all paths are absolute, as in debug
    /// information.
    #[must_use]
    pub fn is_in_fetched_crate(&self) -> bool {
        dependency(&self.slashed()).is_some_and(|dependency| dependency.is_fetched)
    }

    /// The file as it is on every machine, and in every version of its crate: a
    /// dependency's from the name of its crate on, such as `hyper-util/src/rt.rs`, and with
    /// `/` between its parts.
    #[must_use]
    pub fn portable_file(&self) -> String {
        let file = self.slashed();
        match dependency(&file) {
            None => file.into_owned(),
            Some(Dependency {
                name: "", inner, ..
            }) => inner.to_owned(),
            Some(Dependency { name, inner, .. }) => format!("{name}/{inner}"),
        }
    }

    /// The name of the dependency that the place is in, and its version where the path has it,
    /// such as `hyper-util` and `0.1.21`.
    #[must_use]
    pub fn crate_and_version(&self) -> Option<(String, Option<String>)> {
        let file = self.slashed();
        let Dependency { name, short, .. } = dependency(&file)?;
        let folder = short.split('/').next().unwrap_or_default();
        let version = folder
            .strip_prefix(name)
            .and_then(|rest| rest.strip_prefix('-'));
        (!name.is_empty()).then(|| (name.to_owned(), version.map(str::to_owned)))
    }

    /// The file as it is shown: that of a crate which was fetched from the folder of the crate
    /// on, with its version, rather than from where this machine keeps it.
    #[must_use]
    pub fn short_file(&self) -> &str {
        let file = self.slashed();
        let short = dependency(&file).map_or(file.len(), |dependency| dependency.short.len());
        // Slashes are as long as what they stand for.
        &self.file[file.len() - short..]
    }

    /// The file with `/` between its parts.
    fn slashed(&self) -> Cow<'_, str> {
        if self.file.contains('\\') {
            self.file.replace('\\', "/").into()
        } else {
            Cow::Borrowed(&self.file)
        }
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
    fn a_dependency_has_a_name_and_where_it_was_downloaded_a_version() {
        let file = "/home/a/.cargo/registry/src/index.crates.io-1949/hyper-util-0.1.21/src/rt.rs";
        let known = Some(("hyper-util".to_owned(), Some("0.1.21".to_owned())));
        assert_eq!(site(file).crate_and_version(), known);
        assert_eq!(site("src/main.rs").crate_and_version(), None);
    }

    #[test]
    fn what_was_fetched_is_a_dependency_and_what_is_outside_of_the_workspace_as_well() {
        for (file, in_dependency, fetched) in [
            ("src/main.rs", false, false),
            ("/home/a/shared/queue/src/send.rs", true, false),
            (
                r"C:\Users\a\.cargo\registry\src\index.crates.io-1949\h2-1.0.0\src\lib.rs",
                true,
                true,
            ),
            ("/build/app/vendor/h2/src/lib.rs", true, true),
        ] {
            assert_eq!(site(file).is_in_dependency(), in_dependency, "{file}");
            assert_eq!(site(file).is_in_fetched_crate(), fetched, "{file}");
        }
    }

    #[test]
    fn a_fetched_crate_is_shown_by_its_folder_and_all_else_as_it_is() {
        for (file, shown) in [
            (
                "/home/a/.cargo/registry/src/index.crates.io-1949/hyper-util-0.1.21/src/rt.rs",
                "hyper-util-0.1.21/src/rt.rs:1:1",
            ),
            (
                r"C:\Users\a\.cargo\registry\src\index.crates.io-1949\h2-1.0.0\src\lib.rs",
                r"h2-1.0.0\src\lib.rs:1:1",
            ),
            ("/build/app/vendor/h2/src/lib.rs", "h2/src/lib.rs:1:1"),
            (
                "/home/a/shared/src/send.rs",
                "/home/a/shared/src/send.rs:1:1",
            ),
            ("src/main.rs", "src/main.rs:1:1"),
        ] {
            assert_eq!(site(file).to_string(), shown);
        }
    }

    #[test]
    fn a_portable_file_names_no_machine_and_no_version() {
        for (file, portable) in [
            (
                r"C:\Users\a\.cargo\registry\src\index.crates.io-1949\md-5-0.10.6\src\lib.rs",
                "md-5/src/lib.rs",
            ),
            ("/home/a/shared/queue/src/send.rs", "queue/src/send.rs"),
            (r"src\main.rs", "src/main.rs"),
        ] {
            assert_eq!(site(file).portable_file(), portable);
        }
    }
}
