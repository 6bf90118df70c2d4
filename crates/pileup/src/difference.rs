//! What changed from one report to another, by spawn site.

use std::collections::BTreeMap;

use pileup::{Code, Finding, Grade, Report, Site};
use serde::Serialize;

use crate::selection::pair_up;

/// The name and version of the difference's form.
const SCHEMA: &str = "pileup.diff/1";

/// What changed from one report to another.
#[derive(Debug, Serialize)]
pub struct Difference {
    /// The name and version of this form.
    schema: &'static str,
    /// What was watched before.
    pub before: String,
    /// What was watched after.
    pub after: String,
    /// Every spawn site of which either speaks: what is worst first.
    pub sites: Vec<SiteChange>,
}

/// What changed at one spawn site.
#[derive(Debug, Serialize)]
pub struct SiteChange {
    /// How it changed.
    pub change: Change,
    /// Where it is, after if it is there still.
    pub site: Option<Site>,
    /// Its surest finding before.
    pub before: Option<Seen>,
    /// Its surest finding after.
    pub after: Option<Seen>,
}

/// How a spawn site changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It had no finding before.
    New,
    /// Its finding is surer.
    Worse,
    /// Its finding is as sure as it was.
    Same,
    /// Its finding is less sure.
    Better,
    /// It has no finding any more.
    Gone,
}

/// A finding in short.
#[derive(Debug, Clone, Serialize)]
pub struct Seen {
    pub code: Code,
    pub pattern: String,
    pub grade: Grade,
    pub alive: usize,
    pub growth_per_minute: f64,
}

impl Difference {
    /// Compares two reports. What they set aside counts as found: it was.
    pub fn of(before: &Report, after: &Report) -> Self {
        let (earlier, later) = (by_site(before), by_site(after));
        let pairs = pair_up(&places(&earlier), &places(&later));
        let mut sites: Vec<SiteChange> = pairs
            .iter()
            .map(|(was, is)| site_change(Some(&earlier[*was]), Some(&later[*is])))
            .collect();
        for (index, found) in earlier.iter().enumerate() {
            if !pairs.iter().any(|(was, _)| *was == index) {
                sites.push(site_change(Some(found), None));
            }
        }
        for (index, found) in later.iter().enumerate() {
            if !pairs.iter().any(|(_, is)| *is == index) {
                sites.push(site_change(None, Some(found)));
            }
        }
        sites.sort_by(|a, b| (a.change, &a.site).cmp(&(b.change, &b.site)));
        Self {
            schema: SCHEMA,
            before: before.target.clone(),
            after: after.target.clone(),
            sites,
        }
    }

    /// The grade of the surest finding that is new or has become surer.
    pub fn worst(&self) -> Option<Grade> {
        let turned = self
            .sites
            .iter()
            .filter(|site| site.change <= Change::Worse);
        turned
            .filter_map(|site| Some(site.after.as_ref()?.grade))
            .max()
    }
}

/// The surest finding of each spawn site.
fn by_site(report: &Report) -> Vec<&Finding> {
    let aside = report.set_aside.iter().map(|aside| &aside.finding);
    let mut surest: BTreeMap<Option<&Site>, &Finding> = BTreeMap::new();
    for finding in report.findings.iter().chain(aside) {
        let known = surest.entry(finding.site.as_ref()).or_insert(finding);
        if finding.grade > known.grade {
            *known = finding;
        }
    }
    surest.into_values().collect()
}

fn places(findings: &[&Finding]) -> Vec<(Option<String>, u32)> {
    let place = |finding: &&Finding| {
        let site = finding.site.as_ref();
        (
            site.map(|site| site.file.to_string()),
            site.map_or(0, |site| site.line),
        )
    };
    findings.iter().map(place).collect()
}

fn site_change(before: Option<&&Finding>, after: Option<&&Finding>) -> SiteChange {
    let change = match (before, after) {
        (None, _) => Change::New,
        (_, None) => Change::Gone,
        (Some(before), Some(after)) => match after.grade.cmp(&before.grade) {
            std::cmp::Ordering::Greater => Change::Worse,
            std::cmp::Ordering::Equal => Change::Same,
            std::cmp::Ordering::Less => Change::Better,
        },
    };
    SiteChange {
        change,
        site: after.or(before).and_then(|finding| finding.site.clone()),
        before: before.map(|finding| seen(finding)),
        after: after.map(|finding| seen(finding)),
    }
}

fn seen(finding: &Finding) -> Seen {
    Seen {
        code: finding.code,
        pattern: finding.pattern.clone(),
        grade: finding.grade,
        alive: finding.alive,
        growth_per_minute: finding.growth_per_minute,
    }
}
