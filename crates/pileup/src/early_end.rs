//! When a watch ends before its time, and what it has not decided yet.

use std::collections::BTreeMap;
use std::time::Duration;

use pileup::{Expected, Grade, History, Site, Stopping, Verdict, diagnose_expecting, growth};

use crate::arguments::Watch;
use crate::selection::Selector;

/// How often a watch is asked whether it may end, and what is undecided.
const ASKED_EVERY: Duration = Duration::from_secs(1);

/// Follows a watch: it may end before its time, by `--until-certain` or `--until-decided`.
pub struct EarlyEnd<'a> {
    flags: &'a Watch,
    selector: &'a Selector<'a>,
    asked_at: Duration,
    sites: BTreeMap<Option<Site>, Stopping>,
    reason: Option<&'static str>,
    undecided: Option<String>,
}

impl<'a> EarlyEnd<'a> {
    pub fn new(flags: &'a Watch, selector: &'a Selector<'a>) -> Self {
        Self {
            flags,
            selector,
            asked_at: Duration::ZERO,
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
        if !is_asked || history.window() < self.asked_at + ASKED_EVERY {
            return false;
        }
        self.asked_at = history.window();
        let expected = self.selector.expected(history, self.flags);
        let is_decided = (until_decided || is_shown) && self.is_decided(history, &expected);
        if until_certain && self.is_certain(history, &expected) {
            self.reason = Some("a finding is certain");
        } else if until_decided && is_decided {
            self.reason = Some("every spawn site is decided");
        }
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
        let mut report = diagnose_expecting(history, "", expected);
        self.selector.select(&mut report, history);
        report.worst() == Some(Grade::Certain)
    }

    fn is_decided(&mut self, history: &History, expected: &Expected) -> bool {
        let (mut undecided, mut longest) = (0, Duration::ZERO);
        for grown in growth(history, expected) {
            if !self.selector.covers(grown.site, history) {
                continue;
            }
            let site = self.sites.entry(grown.site.cloned()).or_default();
            if !site.is_decided(history.window(), &grown.verdict) {
                undecided += 1;
                if let Verdict::Undecided { more, .. } = grown.verdict {
                    longest = longest.max(more.unwrap_or(Duration::MAX));
                }
            }
        }
        let sites = match undecided {
            1 => "1 site undecided".to_owned(),
            more => format!("{more} sites undecided"),
        };
        let left = self.flags.duration.saturating_sub(history.window());
        self.undecided = (undecided > 0).then(|| match longest {
            Duration::ZERO => sites,
            more if more > left => format!("{sites}, longer than the watch"),
            more => format!("{sites}, about {} s more", more.as_secs().max(1)),
        });
        undecided == 0
    }
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
