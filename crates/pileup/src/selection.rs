//! Which findings count: the user's filters, what the user allows, and what was known before.

mod allow_list;
mod baseline;
mod pattern;

use std::path::PathBuf;

use clap::Args;
use pileup::{Finding, Report};

use self::allow_list::AllowList;
use self::baseline::Baseline;
pub use self::baseline::{pair_up, read_report};
pub use self::pattern::Pattern;
use crate::error::Error;

/// Which findings count.
#[derive(Debug, Args)]
pub struct Selection {
    /// Report only on spawn sites that match: a crate, a path with or without its line, or
    /// the name of a task; `*` stands for anything
    #[arg(long, value_name = "PATTERN")]
    include: Vec<Pattern>,
    /// Do not report on spawn sites that match
    #[arg(long, value_name = "PATTERN")]
    exclude: Vec<Pattern>,
    /// A TOML file of findings that are as they should be, each with its reason: they are
    /// shown, and do not count
    #[arg(long, value_name = "FILE")]
    allow: Option<PathBuf>,
    /// An earlier report as JSON: what was found in it is shown, and does not count
    #[arg(long, value_name = "REPORT")]
    baseline: Option<PathBuf>,
}

/// The selection, with its files read.
#[derive(Debug)]
pub struct Selector<'a> {
    selection: &'a Selection,
    allowed: Option<AllowList>,
    baseline: Option<Baseline>,
}

impl Selection {
    /// Reads the files, before a watch begins.
    pub fn read(&self) -> Result<Selector<'_>, Error> {
        Ok(Selector {
            selection: self,
            allowed: self.allow.as_deref().map(AllowList::read).transpose()?,
            baseline: self.baseline.as_deref().map(Baseline::read).transpose()?,
        })
    }

    fn covers(&self, finding: &Finding) -> bool {
        let matches = |pattern: &Pattern| pattern.matches(finding);
        (self.include.is_empty() || self.include.iter().any(matches))
            && !self.exclude.iter().any(matches)
    }
}

impl Selector<'_> {
    /// Drops the findings that are filtered out, and sets aside those that do not count.
    pub fn select(&self, report: &mut Report) {
        report
            .findings
            .retain(|finding| self.selection.covers(finding));
        if let Some(allowed) = &self.allowed {
            allowed.set_aside(report);
        }
        if let Some(baseline) = &self.baseline {
            baseline.set_aside(report);
        }
    }

    /// Entries of the allow list that matched nothing in a report.
    pub fn unused(&self, report: &Report) -> Vec<String> {
        self.allowed
            .as_ref()
            .map_or_else(Vec::new, |allowed| allowed.unused(report))
    }
}
