//! The baseline: an earlier report, whose findings are known.

use std::fs;
use std::path::Path;

use crate::{Error, Finding, Report, SetAside, Site, Why};

/// What was found before.
#[derive(Debug)]
pub struct Baseline {
    known: Vec<Finding>,
}

impl Baseline {
    /// Reads an earlier report.
    pub fn read(file: &Path) -> Result<Self, Error> {
        let report = read_report(file)?;
        let aside = report.set_aside.into_iter().map(|aside| aside.finding);
        Ok(Self {
            known: report.findings.into_iter().chain(aside).collect(),
        })
    }

    /// Sets aside what was found before, unless it is surer now: that is news, and counts. A
    /// line may have moved since: where a file had a
    /// finding of a code whose line has none any more, it stands for the nearest of that
    /// file and code that has appeared. A dependency's file is the same in every version.
    pub fn set_aside(&self, report: &mut Report) {
        let sites = |findings: &[Finding]| -> Vec<Place> { findings.iter().map(place).collect() };
        let pairs = pair_up(&sites(&self.known), &sites(&report.findings));
        let findings = std::mem::take(&mut report.findings);
        for (index, finding) in findings.into_iter().enumerate() {
            let before = pairs.iter().find(|(_, now)| *now == index);
            let before = before.and_then(|(before, _)| self.known.get(*before));
            if before.is_some_and(|before| finding.grade <= before.grade) {
                report.set_aside.push(SetAside {
                    why: Why::InBaseline,
                    reason: "it is in the baseline".to_owned(),
                    finding,
                });
            } else {
                report.findings.push(finding);
            }
        }
    }
}

/// What makes two findings one, and the line, which may move.
type Place = ((String, String), u32);

fn place(finding: &Finding) -> Place {
    let site = finding.site.as_ref();
    let file = site.map_or_else(String::new, Site::portable_file);
    let line = site.map_or(0, |site| site.line);
    ((finding.code.number().to_owned(), file), line)
}

/// Pairs of indices: the same line first, then the nearest lines among those that are left.
pub fn pair_up<K: PartialEq>(before: &[(K, u32)], after: &[(K, u32)]) -> Vec<(usize, usize)> {
    let mut distances: Vec<(u32, usize, usize)> = Vec::new();
    for (earlier, (key, line)) in before.iter().enumerate() {
        for (later, (other, now)) in after.iter().enumerate() {
            if key == other {
                distances.push((line.abs_diff(*now), earlier, later));
            }
        }
    }
    distances.sort_unstable();
    let mut pairs: Vec<(usize, usize)> = Vec::new();
    for (_, earlier, later) in distances {
        if !pairs
            .iter()
            .any(|pair| pair.0 == earlier || pair.1 == later)
        {
            pairs.push((earlier, later));
        }
    }
    pairs
}

/// Reads a report that was printed as JSON, by this version or by an earlier one.
pub fn read_report(file: &Path) -> Result<Report, Error> {
    let text = fs::read(file).map_err(|source| Error::ReadFile {
        file: file.to_owned(),
        source,
    })?;
    let report: Report = serde_json::from_slice(&text).map_err(|source| Error::NotAReport {
        file: file.to_owned(),
        source: Some(Box::new(source)),
    })?;
    if !pileup_diagnosis::READABLE.contains(&report.schema.as_str()) {
        return Err(Error::NotAReport {
            file: file.to_owned(),
            source: None,
        });
    }
    Ok(report)
}

#[cfg(test)]
mod tests {
    use crate::{Finding, Grade, History, Report, diagnose};
    use serde_json::json;

    use super::{Baseline, pair_up, read_report};

    fn finding(code: &str, file: &str, line: u32) -> Finding {
        let finding = json!({
            "code": code, "pattern": "any", "grade": "probable",
            "site": { "file": file, "line": line, "column": 5 },
            "alive": 2, "growth_per_minute": 4.0, "oldest_seconds": 9.5, "state": "idle",
            "waits_on": null, "held_by": [], "evidence": [], "explanation": "", "fix": ""
        });
        serde_json::from_value(finding).expect("a finding")
    }

    #[test]
    fn a_dependency_is_known_from_another_machine_and_version() {
        let earlier = "/home/a/.cargo/registry/src/index.crates.io-1949/hyper-util-0.1.9/src/rt.rs";
        let now = "/root/.cargo/registry/src/index.crates.io-1949/hyper-util-0.1.21/src/rt.rs";
        let baseline = Baseline {
            known: vec![finding("PU03", earlier, 80)],
        };
        let others = [
            finding("PU01", now, 80),
            finding("PU03", &now.replace("hyper-util", "h2"), 80),
        ];
        let mut report: Report = diagnose(&History::default(), "nothing");
        report.findings = others.to_vec();
        report.findings.push(finding("PU03", now, 84));
        baseline.set_aside(&mut report);
        assert_eq!(report.findings, others);
        assert_eq!(report.set_aside.len(), 1);
    }

    #[test]
    fn what_is_surer_than_it_was_counts_again() {
        let graded = |grade, line| Finding {
            grade,
            ..finding("PU03", "src/main.rs", line)
        };
        let baseline = Baseline {
            known: vec![
                graded(Grade::Suspicious, 10),
                graded(Grade::Probable, 20),
                graded(Grade::Certain, 30),
            ],
        };
        let mut report: Report = diagnose(&History::default(), "nothing");
        report.findings = vec![
            graded(Grade::Probable, 10),
            graded(Grade::Probable, 20),
            graded(Grade::Suspicious, 30),
        ];
        baseline.set_aside(&mut report);
        assert_eq!(report.findings, [graded(Grade::Probable, 10)]);
        assert_eq!(report.set_aside.len(), 2);
    }

    #[test]
    fn a_report_of_the_first_version_can_be_read_and_one_of_a_later_cannot() {
        let mut report = json!({
            "schema": "pileup.report/1", "target": "any", "window_seconds": 30.0,
            "coverage": {
                "tasks_seen": 2, "uninstrumented_waits": 0, "dropped_events": 0,
                "state_withheld": false, "lag_seconds": 0.0
            },
            "findings": [finding("PU03", "src/main.rs", 3)]
        });
        for added in ["involved", "waits", "facts", "doubts"] {
            let finding = report["findings"][0].as_object_mut();
            finding.expect("a finding").remove(added);
        }
        let folder = tempfile::tempdir().expect("a folder can be made");
        let file = folder.path().join("report.json");
        std::fs::write(&file, report.to_string()).expect("it can be written");
        let read = read_report(&file).expect("it can be read");
        assert_eq!(read.findings, [finding("PU03", "src/main.rs", 3)]);

        report["schema"] = json!("pileup.report/99");
        std::fs::write(&file, report.to_string()).expect("it can be written");
        assert!(read_report(&file).is_err());
    }

    #[test]
    fn what_moved_is_paired_and_what_is_new_beside_it_is_not() {
        let before = [("a", 10), ("a", 50), ("b", 10)];
        assert_eq!(pair_up(&before, &[("a", 10), ("a", 20)]), [(0, 0), (1, 1)]);
        assert_eq!(pair_up(&before[..1], &[("a", 12), ("a", 10)]), [(0, 1)]);
        assert_eq!(pair_up(&before[2..], &[("b", 90)]), [(0, 0)]);
        assert_eq!(pair_up(&before[2..], &[("c", 10)]), []);
    }
}
