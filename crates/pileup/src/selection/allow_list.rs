//! The allow list: findings that are as they should be, each with its reason.

use std::fs;
use std::path::Path;

use pileup::{Code, Finding, Report, SetAside, Why};
use serde::{Deserialize, Deserializer};

use super::pattern::Pattern;
use crate::error::Error;

/// What a user's file allows.
#[derive(Debug, Deserialize)]
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
    /// Why this is as it should be.
    #[serde(deserialize_with = "not_empty")]
    reason: String,
}

impl AllowList {
    /// Reads the file.
    pub fn read(file: &Path) -> Result<Self, Error> {
        let text = fs::read_to_string(file).map_err(|source| Error::ReadFile {
            file: file.to_owned(),
            source,
        })?;
        toml::from_str(&text).map_err(|source| Error::AllowList {
            file: file.to_owned(),
            source: Box::new(source),
        })
    }

    /// Sets aside what is allowed.
    pub fn set_aside(&self, report: &mut Report) {
        let findings = std::mem::take(&mut report.findings);
        for finding in findings {
            match self.allow.iter().find(|entry| entry.allows(&finding)) {
                Some(entry) => report.set_aside.push(SetAside {
                    why: Why::Allowed,
                    reason: entry.reason.clone(),
                    finding,
                }),
                None => report.findings.push(finding),
            }
        }
    }

    /// The sites of entries that allow nothing in a report.
    pub fn unused(&self, report: &Report) -> Vec<String> {
        let unused = self.allow.iter().filter(|entry| {
            let mut aside = report.set_aside.iter();
            !aside.any(|aside| entry.allows(&aside.finding))
        });
        unused.map(|entry| entry.site.text().to_owned()).collect()
    }
}

impl Entry {
    fn allows(&self, finding: &Finding) -> bool {
        self.code.is_none_or(|code| code == finding.code) && self.site.matches(finding)
    }
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
