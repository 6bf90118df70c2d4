//! The allow list: findings that are as they should be, each with its reason.

use std::error::Error;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::SignedDuration;
use pileup_diagnosis::{Code, Expected, Finding, History, Report, SetAside, Why};
use serde::{Deserialize, Deserializer};

use crate::Pattern;

/// What a user's file allows.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AllowList {
    #[serde(default)]
    allow: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// The spawn site, as `--include` takes it.
    site: Pattern,
    /// Only findings of this code.
    code: Option<Code>,
    /// Findings count, but healthy tasks live for so long here, on average.
    #[serde(default, deserialize_with = "some_lifetime")]
    max_lifetime: Option<Duration>,
    /// Why this is as it should be.
    #[serde(deserialize_with = "not_empty")]
    reason: String,
}

/// Why a text is no list of what is allowed: the line, and what is wrong with it.
#[derive(Debug)]
pub struct AllowListError(toml::de::Error);

/// Reads the text of the file, which is TOML.
impl FromStr for AllowList {
    type Err = AllowListError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        toml::from_str(text).map_err(AllowListError)
    }
}

impl fmt::Display for AllowListError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl Error for AllowListError {}

impl AllowList {
    /// Allows what is found at the sites that match.
    pub fn allow(&mut self, site: Pattern, reason: String) {
        self.allow.push(Entry {
            site,
            code: None,
            max_lifetime: None,
            reason,
        });
    }

    /// Whether a finding at such a site may be allowed, whatever its code.
    #[must_use]
    pub fn may_allow(&self, site: Option<&pileup_model::Site>, history: &History) -> bool {
        let mut entries = self.allow.iter();
        entries.any(|entry| entry.max_lifetime.is_none() && entry.site.matches(site, history))
    }

    /// Notes how long healthy tasks live at the sites that have an entry of that kind.
    pub fn expect(&self, expected: &mut Expected, history: &History) {
        for (site, _) in history.sites() {
            let mut entries = self.allow.iter();
            let known = entries.find_map(|entry| {
                let lifetime = entry.max_lifetime?;
                entry.site.matches(site, history).then_some(lifetime)
            });
            if let Some(lifetime) = known {
                expected.sites.insert(site.cloned(), lifetime);
            }
        }
    }

    /// Sets aside what is allowed.
    pub fn set_aside(&self, report: &mut Report, history: &History) {
        let findings = std::mem::take(&mut report.findings);
        for finding in findings {
            match self
                .allow
                .iter()
                .find(|entry| entry.allows(&finding, history))
            {
                Some(entry) => report.set_aside.push(SetAside {
                    why: Why::Allowed,
                    reason: entry.reason.clone(),
                    finding,
                }),
                None => report.findings.push(finding),
            }
        }
    }

    /// The entries that allow nothing of what was found, or that match no spawn site.
    #[must_use]
    pub fn unused(&self, found: &[Finding], history: &History) -> Vec<String> {
        let is_used = |entry: &&Entry| match entry.max_lifetime {
            Some(_) => history
                .sites()
                .any(|(site, _)| entry.site.matches(site, history)),
            None => found.iter().any(|finding| entry.allows(finding, history)),
        };
        let unused = self.allow.iter();
        unused
            .filter(|entry| !is_used(entry))
            .map(|entry| match entry.code {
                Some(code) => format!("{} at {}", code.number(), entry.site.text()),
                None => entry.site.text().to_owned(),
            })
            .collect()
    }
}

impl Entry {
    fn allows(&self, finding: &Finding, history: &History) -> bool {
        self.max_lifetime.is_none()
            && self.code.is_none_or(|code| code == finding.code)
            && self.site.matches(finding.site.as_ref(), history)
    }
}

fn some_lifetime<'de, D: Deserializer<'de>>(source: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(source)?;
    lifetime(&text).map(Some).map_err(serde::de::Error::custom)
}

fn not_empty<'de, D: Deserializer<'de>>(source: D) -> Result<String, D::Error> {
    let text = String::deserialize(source)?;
    if text.trim().is_empty() {
        return Err(serde::de::Error::custom(
            "an empty reason: say why these tasks are as they should be",
        ));
    }
    Ok(text)
}

/// Reads how long healthy tasks live, such as `10m`.
pub fn lifetime(text: &str) -> Result<Duration, String> {
    let duration: SignedDuration = text
        .parse()
        .map_err(|error| format!("{error}; write it like 30s or 10m"))?;
    match Duration::try_from(duration) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        _ => Err("a lifetime is longer than nothing".to_owned()),
    }
}
