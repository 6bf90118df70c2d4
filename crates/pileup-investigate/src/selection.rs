//! Which findings count: filters by spawn site, what is allowed, and what was known before.

mod baseline;

use std::fs;
use std::path::Path;

use pileup_report::AllowList;
pub use pileup_report::Pattern;

use self::baseline::Baseline;
pub(crate) use self::baseline::pair_up;
pub use self::baseline::read_report;
use crate::{Error, Expected, Finding, History, Report, Site};

/// Which findings count. By default, all do.
#[derive(Debug, Default)]
pub struct Selector {
    include: Vec<Pattern>,
    exclude: Vec<Pattern>,
    allowed: Option<AllowList>,
    baseline: Option<Baseline>,
}

impl Selector {
    /// Counts findings at spawn sites that match one of `include`, if there are any, and none of
    /// `exclude`.
    #[must_use]
    pub fn new(include: Vec<Pattern>, exclude: Vec<Pattern>) -> Self {
        Self {
            include,
            exclude,
            ..Self::default()
        }
    }

    /// Sets aside what a TOML file allows, each entry with its reason.
    ///
    /// Fails if the file cannot be read, or is no such list.
    pub fn allowing(mut self, file: &Path) -> Result<Self, Error> {
        let text = fs::read_to_string(file).map_err(|source| Error::ReadFile {
            file: file.to_owned(),
            source,
        })?;
        let allowed = text.parse().map_err(|source| Error::AllowList {
            file: file.to_owned(),
            source: Box::new(source),
        })?;
        self.allowed = Some(allowed);
        Ok(self)
    }

    /// Sets aside what an earlier report as JSON has found, unless it is surer now.
    ///
    /// Fails if the file cannot be read, or is no report.
    pub fn with_baseline(mut self, file: &Path) -> Result<Self, Error> {
        self.baseline = Some(Baseline::read(file)?);
        Ok(self)
    }

    /// Whether findings at a spawn site are reported.
    #[must_use]
    pub fn covers(&self, site: Option<&Site>, history: &History) -> bool {
        let matches = |pattern: &Pattern| pattern.matches(site, history);
        (self.include.is_empty() || self.include.iter().any(matches))
            && !self.exclude.iter().any(matches)
    }

    /// What is expected of the program: as `expected` has it, and as the allow list has it for its
    /// spawn sites.
    #[must_use]
    pub fn expected(&self, history: &History, expected: &Expected) -> Expected {
        let mut expected = expected.clone();
        if let Some(allowed) = &self.allowed {
            allowed.expect(&mut expected, history);
        }
        expected
    }

    /// Drops the findings that are filtered out, and sets aside those that do not count.
    pub fn select(&self, report: &mut Report, history: &History) {
        report
            .findings
            .retain(|finding| self.covers(finding.site.as_ref(), history));
        if let Some(allowed) = &self.allowed {
            allowed.set_aside(report, history);
        }
        if let Some(baseline) = &self.baseline {
            baseline.set_aside(report);
        }
    }

    /// The patterns to include that match no spawn site of the program.
    pub fn unmatched<'a>(&'a self, history: &'a History) -> impl Iterator<Item = &'a Pattern> {
        self.include.iter().filter(|pattern| {
            let mut sites = history.sites().map(|(site, _)| site);
            !sites.any(|site| pattern.matches(site, history))
        })
    }

    /// How many of these findings are filtered out.
    #[must_use]
    pub fn left_out(&self, found: &[Finding], history: &History) -> usize {
        let left_out = found
            .iter()
            .filter(|finding| !self.covers(finding.site.as_ref(), history));
        left_out.count()
    }

    /// The entries of the allow list that allow nothing of what was found.
    #[must_use]
    pub fn unused(&self, found: &[Finding], history: &History) -> Vec<String> {
        let allowed = self.allowed.iter();
        allowed
            .flat_map(|allowed| allowed.unused(found, history))
            .collect()
    }
}
