//! Which tasks may outlive a test.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use pileup_diagnosis::{Finding, Grade, History, Report};
use pileup_model::Site;
use pileup_report::{AllowList, Pattern};

use crate::switch::Switch;

const VARIABLE: &str = "PILEUP_TEST_ALLOW";
/// The name of the allow list, beside the manifest of the package or of its workspace.
const FILE: &str = "pileup-test.toml";
const NO_REASON: &str = "the test's attribute allows it";

/// What leftover tasks do to a test.
pub(crate) struct Rules {
    pub(crate) switch: Switch,
    allowed: AllowList,
    /// Whether the test itself allows something.
    allows_here: bool,
}

impl Rules {
    /// The switch, with what the test allows and what the allow list does.
    pub(crate) fn read(
        switch: Switch,
        allow: &[(&'static str, Option<&'static str>)],
    ) -> Result<Self, String> {
        let mut rules = Self {
            switch,
            allowed: read_allow_list()?,
            allows_here: false,
        };
        for (pattern, reason) in allow {
            rules.allow(pattern, reason.unwrap_or(NO_REASON))?;
        }
        Ok(rules)
    }

    /// Allows one pattern more.
    pub(crate) fn allow(&mut self, pattern: &str, reason: &str) -> Result<(), String> {
        let pattern: Pattern = pattern.parse().map_err(|error| {
            format!(
                "allow = {pattern:?} is no pattern: {error}; write a path such as \
                 \"src/metrics.rs\" or \"src/metrics.rs:40\", or the name of a crate"
            )
        })?;
        self.allowed.allow(pattern, reason.to_owned());
        self.allows_here = true;
        Ok(())
    }

    /// Whether the test itself allows something.
    pub(crate) fn allows_here(&self) -> bool {
        self.allows_here
    }

    /// Whether a live task of this site would fail the test, if it does not end.
    pub(crate) fn would_fail(&self, site: Option<&Site>) -> bool {
        self.fails_at(site, Grade::Probable) && !self.allowed.may_allow(site, &History::default())
    }

    /// Whether a finding fails the test.
    pub(crate) fn fails(&self, finding: &Finding) -> bool {
        self.fails_at(finding.site.as_ref(), finding.grade)
    }

    /// Of a dependency only what is certain fails a test.
    fn fails_at(&self, site: Option<&Site>, grade: Grade) -> bool {
        let in_dependency = site.is_some_and(Site::is_in_dependency);
        let grade = match grade {
            Grade::Probable if in_dependency => Grade::Suspicious,
            other => other,
        };
        self.switch.fails(grade)
    }

    /// Sets aside what is allowed.
    pub(crate) fn set_aside(&self, report: &mut Report, history: &History) {
        self.allowed.set_aside(report, history);
    }
}

/// The file that `PILEUP_TEST_ALLOW` names, or else `pileup-test.toml` in the folder of the
/// package, or above it up to the workspace; or nothing.
fn read_allow_list() -> Result<AllowList, String> {
    let (file, named_by) = match env::var_os(VARIABLE) {
        Some(file) => (PathBuf::from(file), ", which PILEUP_TEST_ALLOW names,"),
        None => match usual_file() {
            Some(file) => (file, ""),
            None => return Ok(AllowList::default()),
        },
    };
    let shown = file.display();
    let text = fs::read_to_string(&file)
        .map_err(|error| format!("the allow list {shown}{named_by} cannot be read: {error}"))?;
    text.parse().map_err(|error| {
        format!(
            "the allow list {shown}{named_by} is wrong: {error}\nAn entry reads:\n\n[[allow]]\n\
             site = \"src/metrics.rs\"\nreason = \"runs as long as the service\"\n"
        )
    })
}

/// Cargo and cargo-nextest run a test in the folder of its package.
fn usual_file() -> Option<PathBuf> {
    let package = env::var_os("CARGO_MANIFEST_DIR")?;
    let folders = Path::new(&package).ancestors().take(4);
    folders
        .map(|folder| folder.join(FILE))
        .find(|file| file.is_file())
}
