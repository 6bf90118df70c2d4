//! Which findings count: the flags, and what is said of those that had no effect.

use std::path::PathBuf;

use clap::Args;
use pileup_investigate::selection::{Pattern, Selector};
use pileup_investigate::{Finding, History};

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

impl Selection {
    /// Reads the files, before a watch begins.
    pub fn read(&self) -> Result<Selector, Error> {
        let mut selector = Selector::new(self.include.clone(), self.exclude.clone());
        if let Some(file) = &self.allow {
            selector = selector.allowing(file)?;
        }
        if let Some(file) = &self.baseline {
            selector = selector.with_baseline(file)?;
        }
        Ok(selector)
    }
}

/// What of the selection had no effect, or an effect that the report does not show, each as a
/// sentence. `found` is what was found before anything was selected.
pub fn remarks(selector: &Selector, history: &History, found: &[Finding]) -> Vec<String> {
    let unmatched = selector.unmatched(history);
    let mut remarks: Vec<String> = unmatched
        .map(|pattern| format!("no spawn site was seen for --include {}", pattern.text()))
        .collect();
    match selector.left_out(found, history) {
        0 => {}
        1 => remarks.push("1 finding is left out by --include or --exclude".to_owned()),
        more => remarks.push(format!(
            "{more} findings are left out by --include or --exclude"
        )),
    }
    let unused = selector.unused(found, history).into_iter();
    remarks
        .extend(unused.map(|entry| format!("the allow list has {entry}, where nothing was found")));
    remarks
}
