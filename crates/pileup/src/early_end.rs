//! When a watch ends before its time, and what it has not decided yet.

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, Instant};

use pileup::{
    Expected, Grade, History, Report, Role, Site, Stopping, Verdict, diagnose_expecting, growth,
};

use crate::arguments::Watch;
use crate::selection::Selector;

/// How often a watch is asked whether it may end, and what is undecided.
const ASKED_EVERY: Duration = Duration::from_secs(1);
/// The answer takes at most one part in this many of the time.
const COST_PART: u32 = 10;

/// Follows a watch: it may end before its time, by `--until-certain` or `--until-decided`.
pub struct EarlyEnd<'a> {
    flags: &'a Watch,
    selector: &'a Selector<'a>,
    ask_at: Duration,
    sites: BTreeMap<Option<Site>, Stopping>,
    reason: Option<&'static str>,
    undecided: Option<String>,
}

impl<'a> EarlyEnd<'a> {
    pub fn new(flags: &'a Watch, selector: &'a Selector<'a>) -> Self {
        Self {
            flags,
            selector,
            ask_at: ASKED_EVERY,
            sites: BTreeMap::new(),
            reason: None,
            undecided: None,
        }
    }

    /// Whether the watch may end now. Where the progress is shown, also counts the spawn sites that
    /// are undecided.
    pub fn is_due(&mut self, history: &History, is_shown: bool) -> bool {
        let Watch {
            until_certain,
            until_decided,
            ..
        } = *self.flags;
        let is_asked = until_certain || until_decided || is_shown;
        if !is_asked || history.window() < self.ask_at {
            return false;
        }
        let began = Instant::now();
        let expected = self.selector.expected(history, self.flags);
        let is_decided = (until_decided || is_shown) && self.is_decided(history, &expected);
        if until_certain && self.is_certain(history, &expected) {
            self.reason = Some("a finding is certain");
        } else if until_decided && is_decided {
            self.reason = Some("every spawn site is decided");
        }
        self.ask_at = history.window() + ASKED_EVERY.max(began.elapsed() * COST_PART);
        self.reason.is_some()
    }

    /// Why the watch ended before its time, if it did.
    pub fn reason(&self) -> Option<&'static str> {
        self.reason
    }

    /// How many spawn sites are undecided, and for how long probably, if they are counted.
    pub fn undecided(&self) -> Option<&str> {
        self.undecided.as_deref()
    }

    fn is_certain(&self, history: &History, expected: &Expected) -> bool {
        self.report(history, expected).worst() == Some(Grade::Certain)
    }

    fn report(&self, history: &History, expected: &Expected) -> Report {
        let mut report = diagnose_expecting(history, "", expected);
        self.selector.select(&mut report, history);
        report
    }

    fn is_decided(&mut self, history: &History, expected: &Expected) -> bool {
        let mut undecided = growth(history, expected);
        undecided.retain(|grown| {
            let site = self.sites.entry(grown.site.cloned()).or_default();
            !site.is_decided(history.window(), &grown.verdict)
                && self.selector.covers(grown.site, history)
        });
        if !undecided.is_empty() {
            // Another rule than growth may have accused a site.
            let accused = accused(self.report(history, expected));
            undecided.retain(|grown| !accused.contains(&grown.site.cloned()));
        }
        let more = undecided.iter().filter_map(|grown| match grown.verdict {
            Verdict::Undecided { more, .. } => Some(more.unwrap_or(Duration::MAX)),
            _ => None,
        });
        let longest = more.max().unwrap_or_default();
        let sites = match undecided.len() {
            1 => "1 site undecided".to_owned(),
            more => format!("{more} sites undecided"),
        };
        let left = self.flags.duration.saturating_sub(history.window());
        self.undecided = (!undecided.is_empty()).then(|| match longest {
            Duration::ZERO => sites,
            more if more > left => format!("{sites}, longer than the watch"),
            more => format!("{sites}, about {} s more", more.as_secs().max(1)),
        });
        undecided.is_empty()
    }
}

/// The spawn sites of which tasks are accused, at `probable` or above.
fn accused(report: Report) -> HashSet<Option<Site>> {
    let findings = report.findings.into_iter();
    let accused = findings.filter(|finding| finding.grade >= Grade::Probable);
    let involved = accused.flat_map(|finding| finding.involved);
    let members = involved.filter(|involved| involved.role == Role::Member);
    members.map(|member| member.site).collect()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::arguments::{Arguments, Command};

    #[test]
    fn a_watch_without_such_a_flag_goes_on() {
        let arguments = Arguments::parse_from(["pileup", "diagnose"]);
        let Command::Diagnose(diagnose) = arguments.command else {
            panic!("not a diagnose: {arguments:?}");
        };
        let selector = diagnose.watch.selection.read().expect("there are no files");
        let mut end = EarlyEnd::new(&diagnose.watch, &selector);
        assert!(!end.is_due(&History::default(), false));
        assert_eq!(end.reason(), None);
    }
}
