//! Which findings count: the user's filters, what the user allows, and what was known before.

mod baseline;

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use pileup::{Expected, Finding, History, Report, Site};
use pileup_report::{AllowList, Pattern};

use self::baseline::Baseline;
pub use self::baseline::{pair_up, read_report};
use crate::arguments::Watch;
use crate::error::Error;

/// Which findings count.
#[derive(Debug, Args)]
pub struct Selection {
    /// Report only on spawn sites that match, may be repeated: a crate (hyper-util), a path or
    /// parts of one (src, server.rs:40), or the name of a task; `*` stands for anything
    #[arg(long, value_name = "PATTERN")]
    include: Vec<Pattern>,
    /// Do not report on spawn sites that match, may be repeated
    #[arg(long, value_name = "PATTERN")]
    exclude: Vec<Pattern>,
    /// A TOML file of findings that are as they should be, each with its reason: they are
    /// shown, and do not count
    #[arg(long, value_name = "FILE")]
    allow: Option<PathBuf>,
    /// An earlier report as JSON: what was found in it, by code and file with lines that may
    /// have moved, is shown, and does not count unless it is surer now
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
            allowed: self.allow.as_deref().map(read_allow_list).transpose()?,
            baseline: self.baseline.as_deref().map(Baseline::read).transpose()?,
        })
    }

    fn covers(&self, site: Option<&Site>, history: &History) -> bool {
        let matches = |pattern: &Pattern| pattern.matches(site, history);
        (self.include.is_empty() || self.include.iter().any(matches))
            && !self.exclude.iter().any(matches)
    }
}

fn read_allow_list(file: &Path) -> Result<AllowList, Error> {
    let text = fs::read_to_string(file).map_err(|source| Error::ReadFile {
        file: file.to_owned(),
        source,
    })?;
    text.parse().map_err(|source| Error::AllowList {
        file: file.to_owned(),
        source: Box::new(source),
    })
}

impl Selector<'_> {
    /// Whether findings at a spawn site are reported.
    pub fn covers(&self, site: Option<&Site>, history: &History) -> bool {
        self.selection.covers(site, history)
    }

    /// What the flags say of the program; how long healthy tasks live as the allow list has it,
    /// or else as the flags do.
    pub fn expected(&self, history: &History, flags: &Watch) -> Expected {
        let mut expected = Expected {
            max_lifetime: flags.max_lifetime,
            shutting_down: flags.shutdown,
            ..Expected::default()
        };
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

    /// What of the selection had no effect, or an effect that the report does not show, each
    /// as a sentence. `found` is what was found before anything was selected.
    pub fn remarks(&self, history: &History, found: &[Finding]) -> Vec<String> {
        let mut remarks: Vec<String> = Vec::new();
        let is_unknown = |pattern: &&Pattern| {
            let mut sites = history.sites().map(|(site, _)| site);
            !sites.any(|site| pattern.matches(site, history))
        };
        let unknown = self.selection.include.iter().filter(is_unknown);
        remarks.extend(
            unknown
                .map(|pattern| format!("no spawn site was seen for --include {}", pattern.text())),
        );
        let left_out = found
            .iter()
            .filter(|finding| !self.covers(finding.site.as_ref(), history));
        match left_out.count() {
            0 => {}
            1 => remarks.push("1 finding is left out by --include or --exclude".to_owned()),
            more => remarks.push(format!(
                "{more} findings are left out by --include or --exclude"
            )),
        }
        let unused = self
            .allowed
            .iter()
            .flat_map(|allowed| allowed.unused(found, history));
        remarks.extend(
            unused.map(|entry| format!("the allow list has {entry}, where nothing was found")),
        );
        remarks
    }
}
