//! Patterns for spawn sites.

use std::str::FromStr;

use globset::{Glob, GlobMatcher};
use pileup::{Finding, Site};
use serde::Deserialize;

/// Matches spawn sites by crate, by path, or by the names of their tasks.
///
/// A path matches by any run of its parts, so that `server.rs`, `src/server.rs`, `src` and
/// `crates/api` all do what they say; one that runs to the end may name the line, as
/// `server.rs:40`. A dependency matches by the name of its crate, with or without its
/// version. `*` stands for anything, `?` for one character, `[ab]` for one of these.
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
    pub fn text(&self) -> &str {
        self.0.glob().glob()
    }

    /// Whether the site of a finding, or one of its tasks' names, is meant.
    pub fn matches(&self, finding: &Finding) -> bool {
        let by_name = || finding.task_names.iter().any(|name| self.0.is_match(name));
        finding
            .site
            .as_ref()
            .is_some_and(|site| self.matches_site(site))
            || by_name()
    }

    fn matches_site(&self, site: &Site) -> bool {
        // A dependency's path starts with its crate here, and ends with line and column.
        let shown = site.to_string().replace('\\', "/");
        let mut shown = shown.rsplitn(3, ':');
        let (_column, _line) = (shown.next(), shown.next());
        let path = shown.next().unwrap_or_default();
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let runs = (0..parts.len())
            .flat_map(|start| (start + 1..=parts.len()).map(move |end| (start, end)));
        let matches_run = |(start, end): (usize, usize)| {
            let run = parts[start..end].join("/");
            self.0.is_match(&run)
                || (end == parts.len() && self.0.is_match(format!("{run}:{}", site.line)))
        };
        let of_crate = || {
            let name = site
                .is_in_dependency()
                .then(|| without_version(parts.first()?));
            name.flatten().is_some_and(|name| self.0.is_match(name))
        };
        self.0.is_match(path) || runs.into_iter().any(matches_run) || of_crate()
    }
}

/// `hyper-util` of `hyper-util-0.1.21`.
fn without_version(folder: &str) -> Option<&str> {
    let version = folder
        .match_indices('-')
        .find(|(index, _)| folder[index + 1..].starts_with(|digit: char| digit.is_ascii_digit()));
    version.map(|(index, _)| &folder[..index])
}

#[cfg(test)]
mod tests {
    use super::*;

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
            "api:40",
            "pi/src",
        ] {
            assert!(!matches(pattern, "crates/api/src/server.rs"), "{pattern}");
        }
    }

    #[test]
    fn a_dependency_matches_by_its_crate() {
        let file = "/home/a/.cargo/registry/src/index.crates.io-1949/hyper-util-0.1.21/src/rt.rs";
        for pattern in ["hyper-util", "hyper-util-0.1.21", "rt.rs", "hyper*"] {
            assert!(matches(pattern, file), "{pattern}");
        }
        for pattern in ["hyper", "util", "registry", "home"] {
            assert!(!matches(pattern, file), "{pattern}");
        }
    }
}
