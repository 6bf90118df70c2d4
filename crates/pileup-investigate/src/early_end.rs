//! When a watch ends before its time, and what it has not decided yet.

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, Instant};

use crate::selection::Selector;
use crate::{
    Expected, Grade, History, Report, Role, Site, Stopping, Verdict, diagnose_expecting, growth,
};

/// How often a watch is asked whether it may end, and what is undecided.
const ASKED_EVERY: Duration = Duration::from_secs(1);
/// The answer takes at most one part in this many of the time.
const COST_PART: u32 = 10;

/// Follows a watch that may end before its time.
#[derive(Debug)]
pub struct EarlyEnd<'a> {
    selector: &'a Selector,
    expected: Expected,
    duration: Duration,
    until_certain: bool,
    until_decided: bool,
    ask_at: Duration,
    sites: BTreeMap<Option<Site>, Stopping>,
    reason: Option<&'static str>,
    undecided: Option<String>,
}

impl<'a> EarlyEnd<'a> {
    /// Follows a watch of this duration, of a program of which this is expected. It goes on to its
    /// end, unless [`until_certain`](Self::until_certain) or [`until_decided`](Self::until_decided)
    /// is called.
    #[must_use]
    pub fn new(selector: &'a Selector, expected: Expected, duration: Duration) -> Self {
        Self {
            selector,
            expected,
            duration,
            until_certain: false,
            until_decided: false,
            ask_at: ASKED_EVERY,
            sites: BTreeMap::new(),
            reason: None,
            undecided: None,
        }
    }

    /// Whether the watch ends when a finding that counts is certain.
    #[must_use]
    pub fn until_certain(mut self, is_wanted: bool) -> Self {
        self.until_certain = is_wanted;
        self
    }

    /// Whether the watch ends when every spawn site either piles up or is clear.
    #[must_use]
    pub fn until_decided(mut self, is_wanted: bool) -> Self {
        self.until_decided = is_wanted;
        self
    }

    /// Whether the watch may end now. Where the progress is shown, also counts the spawn sites that
    /// are undecided.
    pub fn is_due(&mut self, history: &History, is_shown: bool) -> bool {
        let Self {
            until_certain,
            until_decided,
            ..
        } = *self;
        let is_asked = until_certain || until_decided || is_shown;
        if !is_asked || history.window() < self.ask_at {
            return false;
        }
        let began = Instant::now();
        let expected = self.selector.expected(history, &self.expected);
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
    #[must_use]
    pub fn reason(&self) -> Option<&'static str> {
        self.reason
    }

    /// How many spawn sites are undecided, and for how long probably, if they are counted.
    #[must_use]
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
            // Another rule than growth may have accused a site, or explained what waits there.
            let accused = accused(self.report(history, expected));
            undecided.retain(|grown| match grown.verdict {
                // It is accused, but not surely enough for a watch that ends for that reason.
                Verdict::Leaks(_) => self.until_decided,
                _ => !accused.contains(&grown.site.cloned()),
            });
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
        let left = self.duration.saturating_sub(history.window());
        self.undecided = (!undecided.is_empty()).then(|| match longest {
            Duration::ZERO => sites,
            more if more > left => format!("{sites}, longer than the watch"),
            more => format!("{sites}, about {} s more", more.as_secs().max(1)),
        });
        undecided.is_empty()
    }
}

/// The spawn sites of which tasks are accused, at `probable` or above, and those of the tasks that
/// wait for what these hold.
fn accused(report: Report) -> HashSet<Option<Site>> {
    let findings = report.findings.into_iter();
    let accused = findings.filter(|finding| finding.grade >= Grade::Probable);
    let sites = accused.flat_map(|finding| {
        let involved = finding.involved.into_iter();
        let involved = involved.filter(|involved| involved.role != Role::Holder);
        involved.map(|involved| involved.site).chain([finding.site])
    });
    sites.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watch_without_a_wish_goes_on() {
        let selector = Selector::default();
        let mut end = EarlyEnd::new(&selector, Expected::default(), Duration::from_secs(30));
        assert!(!end.is_due(&History::default(), false));
        assert_eq!(end.reason(), None);
    }
}
