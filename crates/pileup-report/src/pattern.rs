//! Patterns for spawn sites.

use std::str::FromStr;

use globset::{Glob, GlobMatcher};
use pileup_diagnosis::History;
use pileup_model::Site;
use serde::Deserialize;

/// Matches spawn sites by crate, by path, or by the names of their tasks.
///
/// A path matches by any run of its parts, so that `server.rs`, `src/server.rs`, `src` and
/// `crates/api` all do what they say; one that runs to the end may name the line, as
/// `server.rs:40`, and the column, as reports print it. A dependency's path starts with the
/// name of its crate, with or without its version. `*` stands for anything, `?` for one character, `[ab]` for one of these.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct Pattern(GlobMatcher);

impl FromStr for Pattern {
    type Err = globset::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(Glob::new(text)?.compile_matcher()))
    }
}

impl TryFrom<String> for Pattern {
    type Error = globset::Error;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl Pattern {
    /// The pattern as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        self.0.glob().glob()
    }

    /// Whether the spawn site, or the name of one of its live tasks, is meant.
    #[must_use]
    pub fn matches(&self, site: Option<&Site>, history: &History) -> bool {
        let seen = history.site(site);
        let live = seen.map_or(&[][..], |seen| &seen.live);
        let mut names = live.iter().filter_map(|task| task.name.as_deref());
        site.is_some_and(|site| self.matches_site(site)) || names.any(|name| self.0.is_match(name))
    }

    fn matches_site(&self, site: &Site) -> bool {
        let place = format!(":{}:{}", site.line, site.column);
        let shown = site.to_string().replace('\\', "/");
        let as_shown = shown.strip_suffix(&place).unwrap_or(&shown);
        self.matches_file(as_shown, site) || self.matches_file(&site.portable_file(), site)
    }

    fn matches_file(&self, file: &str, site: &Site) -> bool {
        let Site { line, column, .. } = site;
        let parts: Vec<&str> = file.split('/').filter(|part| !part.is_empty()).collect();
        let to_the_end = |run: &str| {
            self.0.is_match(format!("{run}:{line}"))
                || self.0.is_match(format!("{run}:{line}:{column}"))
        };
        let matches_run = |(start, end): (usize, usize)| {
            let run = parts[start..end].join("/");
            self.0.is_match(&run) || (end == parts.len() && to_the_end(&run))
        };
        let mut runs = (0..parts.len())
            .flat_map(|start| (start + 1..=parts.len()).map(move |end| (start, end)));
        self.0.is_match(file) || to_the_end(file) || runs.any(matches_run)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;
    use pileup_model::{Snapshot, Task, TaskId, TaskKind, Wakers};

    use super::*;

    #[test]
    fn a_site_matches_by_the_name_of_any_of_its_tasks() {
        let task = |number: u64| {
            Arc::new(Task {
                name: Some(format!("session-{number}").into()),
                wakers: Some(Wakers::default()),
                ..Task::new(TaskId(number), TaskKind::Async, Timestamp::UNIX_EPOCH)
            })
        };
        let mut history = History::default();
        history.observe(Snapshot {
            tasks: (1..=30).map(task).collect(),
            ..Snapshot::new(Timestamp::UNIX_EPOCH)
        });
        let matches = |pattern: &str| {
            let pattern: Pattern = pattern.parse().expect("a pattern");
            pattern.matches(None, &history)
        };
        assert!(matches("session-*") && matches("session-1") && matches("session-30"));
        assert!(!matches("session") && !matches("session-31"));
    }

    fn matches(pattern: &str, file: &str) -> bool {
        let pattern: Pattern = pattern.parse().expect("a pattern");
        pattern.matches_site(&Site {
            file: file.into(),
            line: 40,
            column: 5,
        })
    }

    #[test]
    fn a_path_matches_by_its_parts() {
        for pattern in [
            "server.rs",
            "src/server.rs",
            "crates/api",
            "api",
            "api/src",
            "server.rs:40",
            "crates/api/src/server.rs:40",
            "crates/api/src/server.rs:40:5",
            "server.rs:40:5",
            "crates/*",
            "*server*",
        ] {
            assert!(matches(pattern, "crates/api/src/server.rs"), "{pattern}");
        }
        for pattern in [
            "ap",
            "server",
            "src/serv",
            "server.rs:4",
            "server.rs:40:6",
            "api:40",
            "pi/src",
        ] {
            assert!(!matches(pattern, "crates/api/src/server.rs"), "{pattern}");
        }
    }

    #[test]
    fn a_dependency_matches_by_its_crate() {
        let file = "/home/a/.cargo/registry/src/index.crates.io-1949/hyper-util-0.1.21/src/rt.rs";
        for pattern in [
            "hyper-util",
            "hyper-util-0.1.21",
            "rt.rs",
            "hyper*",
            "hyper-util/src/rt.rs:40",
            "hyper-util-0.1.21/src/rt.rs:40:5",
        ] {
            assert!(matches(pattern, file), "{pattern}");
        }
        for pattern in ["hyper", "util", "registry", "home"] {
            assert!(!matches(pattern, file), "{pattern}");
        }
    }
}
