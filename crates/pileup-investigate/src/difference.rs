//! What changed from one report to another, by spawn site.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::{Code, Finding, Grade, History, Report, Site};
use serde::Serialize;

use crate::selection::pair_up;

/// The name and version of the difference's form.
const SCHEMA: &str = "pileup.diff/1";
/// A pile of the same grade is another one if it grows this many times as fast as the other,
const TIMES_AS_FAST: f64 = 1.5;
/// and by this many tasks a minute more.
const MORE_A_MINUTE: f64 = 1.0;

/// One of the two that are compared.
#[derive(Debug)]
pub struct Compared {
    /// What was found.
    pub report: Report,
    /// What was seen, if it was recorded: also of sites at which nothing was found.
    pub history: Option<History>,
}

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
    /// Its live tasks before; not known of a report without a finding there.
    pub alive_before: Option<usize>,
    /// Its live tasks after.
    pub alive_after: Option<usize>,
}

/// How a spawn site changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It had no finding before.
    New,
    /// Its finding is surer, or as sure and the pile grows faster.
    Worse,
    /// Its finding is as sure as it was, and the pile grows about as fast.
    Same,
    /// Its finding is less sure, or as sure and the pile grows slower.
    Better,
    /// It has no finding any more.
    Gone,
}

impl Change {
    /// Every change, from the worst on.
    pub const ALL: [Self; 5] = [Self::New, Self::Worse, Self::Same, Self::Better, Self::Gone];

    /// The change in one word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Worse => "worse",
            Self::Same => "same",
            Self::Better => "better",
            Self::Gone => "gone",
        }
    }
}

/// A finding in short.
#[derive(Debug, Clone, Serialize)]
pub struct Seen {
    /// Its rule.
    pub code: Code,
    /// What its rule is called.
    pub pattern: String,
    /// How sure it is.
    pub grade: Grade,
    /// The live tasks of its spawn site.
    pub alive: usize,
    /// How many more live each minute.
    pub growth_per_minute: f64,
    /// Whether it was allowed, or known from a baseline.
    pub set_aside: bool,
}

impl Difference {
    /// Compares two watches. What their reports set aside was found, and is compared as well.
    #[must_use]
    pub fn of(before: &Compared, after: &Compared) -> Self {
        let (earlier, later) = (by_site(&before.report), by_site(&after.report));
        let pairs = pair_up(&places(&earlier), &places(&later));
        let gone = (0..earlier.len()).filter(|index| !pairs.iter().any(|(was, _)| was == index));
        let new = (0..later.len()).filter(|index| !pairs.iter().any(|(_, is)| is == index));
        let both = pairs.iter().map(|(was, is)| (Some(*was), Some(*is)));
        let rows = both
            .chain(gone.map(|was| (Some(was), None)))
            .chain(new.map(|is| (None, Some(is))));
        let mut sites: Vec<SiteChange> = rows
            .map(|(was, is)| {
                let was = was.map(|index| &earlier[index]);
                let is = is.map(|index| &later[index]);
                let site = is.or(was).and_then(|found| found.finding.site.as_ref());
                SiteChange {
                    change: change(was, is),
                    site: site.cloned(),
                    before: was.map(seen),
                    after: is.map(seen),
                    alive_before: was
                        .map_or_else(|| before.alive(site), |was| Some(was.finding.alive)),
                    alive_after: is.map_or_else(|| after.alive(site), |is| Some(is.finding.alive)),
                }
            })
            .collect();
        sites.sort_by(|a, b| (a.change, &a.site).cmp(&(b.change, &b.site)));
        Self {
            schema: SCHEMA,
            before: before.report.target.clone(),
            after: after.report.target.clone(),
            sites,
        }
    }

    /// The grade of the surest finding that is new or worse, and is not set aside.
    #[must_use]
    pub fn worst(&self) -> Option<Grade> {
        let turned = self
            .sites
            .iter()
            .filter(|site| site.change <= Change::Worse);
        turned
            .filter_map(|site| site.after.as_ref())
            .filter(|seen| !seen.set_aside)
            .map(|seen| seen.grade)
            .max()
    }
}

impl Compared {
    /// Live tasks of a site at the end; none where there is no recording.
    fn alive(&self, site: Option<&Site>) -> Option<usize> {
        let history = self.history.as_ref()?;
        let place = |site: Option<&Site>| site.map(|site| (site.portable_file(), site.line));
        let wanted = place(site);
        let there = history.sites().filter(|(site, _)| place(*site) == wanted);
        Some(there.map(|(_, seen)| seen.live.len()).sum())
    }
}

/// What was found at one spawn site.
struct Found<'a> {
    finding: &'a Finding,
    set_aside: bool,
}

/// The surest finding of each spawn site; of two as sure, the one that counts.
fn by_site(report: &Report) -> Vec<Found<'_>> {
    let found = |set_aside| move |finding| Found { finding, set_aside };
    let aside = report.set_aside.iter().map(|aside| &aside.finding);
    let mut surest: BTreeMap<Option<&Site>, Found<'_>> = BTreeMap::new();
    let counts = report.findings.iter().map(found(false));
    for found in counts.chain(aside.map(found(true))) {
        match surest.entry(found.finding.site.as_ref()) {
            Entry::Vacant(entry) => {
                entry.insert(found);
            }
            Entry::Occupied(mut entry) if found.finding.grade > entry.get().finding.grade => {
                entry.insert(found);
            }
            Entry::Occupied(_) => {}
        }
    }
    surest.into_values().collect()
}

fn places(found: &[Found<'_>]) -> Vec<(Option<String>, u32)> {
    let place = |found: &Found<'_>| {
        let site = found.finding.site.as_ref();
        (
            site.map(Site::portable_file),
            site.map_or(0, |site| site.line),
        )
    };
    found.iter().map(place).collect()
}

fn change(before: Option<&Found<'_>>, after: Option<&Found<'_>>) -> Change {
    let (before, after) = match (before, after) {
        (None, _) => return Change::New,
        (_, None) => return Change::Gone,
        (Some(before), Some(after)) => (before.finding, after.finding),
    };
    let faster = |slow: &Finding, fast: &Finding| {
        let (slow, fast) = (slow.growth_per_minute, fast.growth_per_minute);
        fast >= slow * TIMES_AS_FAST && fast >= slow + MORE_A_MINUTE
    };
    match after.grade.cmp(&before.grade) {
        Ordering::Greater => Change::Worse,
        Ordering::Less => Change::Better,
        Ordering::Equal if faster(before, after) => Change::Worse,
        Ordering::Equal if faster(after, before) => Change::Better,
        Ordering::Equal => Change::Same,
    }
}

fn seen(found: &Found<'_>) -> Seen {
    let Found { finding, set_aside } = found;
    Seen {
        code: finding.code,
        pattern: finding.pattern.clone(),
        grade: finding.grade,
        alive: finding.alive,
        growth_per_minute: finding.growth_per_minute,
        set_aside: *set_aside,
    }
}
