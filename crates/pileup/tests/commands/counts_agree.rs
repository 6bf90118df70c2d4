//! One recording, several views: `diagnose`, `tasks`, `top` and `graph` count the same tasks.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use pileup_diagnosis::figures::rate;
use pileup_diagnosis::{Evidence, Finding, Grade, Report, Role};
use pileup_model::Site;

use crate::machine::{self, Meter};
use crate::process::Process;
use crate::room::room;

/// Tasks by the line that spawned them, such as `src/main.rs:7`.
type Counts = BTreeMap<String, usize>;

/// What each view shows of one recording.
struct Shown {
    report: Report,
    tasks: Counts,
    top: BTreeMap<String, (usize, String)>,
    graph: Counts,
}

#[test]
fn every_view_counts_the_same_tasks() {
    let scenarios = [
        ("everything", "200ms"),
        ("lock-held-across-call", "100ms"),
        ("permit-hoarding", "100ms"),
        ("nil-channel-receive", "100ms"),
    ];
    thread::scope(|scope| {
        for (scenario, every) in scenarios {
            scope.spawn(move || check(scenario, every));
        }
    });
}

/// Watches a scenario from its start, and once more when it has run for a while.
fn check(scenario: &str, every: &str) {
    let _room = room();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let process =
        Process::start(scenario, &["--variant", "leaky", "--every", every]).expect("it starts");
    for attach in ["early", "late"] {
        let Some(recording) = record(&process, folder.path(), attach) else {
            return;
        };
        let shown = Shown::of(&recording);
        shown.check(&format!("{scenario}, {attach} attach"));
    }
}

/// A recorded watch; none if the target did not get to answer, on a machine that is slow.
fn record(process: &Process, folder: &Path, name: &str) -> Option<PathBuf> {
    let recording = folder.join(name);
    let meter = Meter::start();
    let output = Command::new(env!("CARGO_BIN_EXE_pileup"))
        .args([
            "diagnose",
            &process.console,
            "--console-only",
            "--for",
            "10s",
        ])
        .args(["--format", "json", "--fail-on", "never", "--record"])
        .arg(&recording)
        .output()
        .expect("pileup runs");
    let said = String::from_utf8_lossy(&output.stderr);
    // A busy machine may make the watch blind: what it has seen is counted all the same.
    assert!(matches!(output.status.code(), Some(0 | 3)), "{said}");
    if recording.exists() {
        return Some(recording);
    }
    assert!(meter.slowness().is_too_slow(), "{said}");
    machine::was_too_slow(said);
    None
}

fn view(arguments: &[&str], recording: &Path) -> String {
    let output = crate::pileup()
        .args(arguments)
        .arg("--from")
        .arg(recording)
        .output()
        .expect("pileup runs");
    String::from_utf8(output.stdout).expect("text")
}

impl Shown {
    fn of(recording: &Path) -> Self {
        let diagnose = ["diagnose", "--format", "json", "--max-lifetime", "1m"];
        let report = view(&diagnose, recording);
        Self {
            report: serde_json::from_str(&report).expect("a report"),
            tasks: tasks(&view(&["tasks"], recording)),
            top: top(&view(&["top", "--count", "1000"], recording)),
            graph: graph(&view(&["graph"], recording)),
        }
    }

    fn check(&self, what: &str) {
        let live = self.report.coverage.live_tasks;
        assert_eq!(self.tasks.values().sum::<usize>(), live, "{what}: `tasks`");
        assert!(
            !self.report.findings.is_empty(),
            "{what}: nothing was found"
        );
        let mut accused = BTreeMap::new();
        for finding in &self.report.findings {
            let what = format!("{what}: {} at {:?}", finding.code.number(), finding.site);
            self.check_finding(finding, &what);
            if finding.grade > Grade::Suspicious {
                let before = accused.insert(&finding.site, finding.code);
                assert_eq!(before, None, "{what}: another finding is about this site");
            }
        }
    }

    fn check_finding(&self, finding: &Finding, what: &str) {
        let Some(place) = finding.site.as_ref().map(line_of) else {
            return;
        };
        let alive = finding.alive;
        let (in_top, growth) = self
            .top
            .get(&place)
            .unwrap_or_else(|| panic!("{what}: not in top"));
        assert_eq!(self.tasks.get(&place), Some(&alive), "{what}: `tasks`");
        assert_eq!(*in_top, alive, "{what}: `top`");
        assert_eq!(*growth, rate(finding.growth_per_minute), "{what}: `top`");
        if alive > 1 {
            assert_eq!(self.graph.get(&place), Some(&alive), "{what}: `graph`");
        }
        let live = finding.involved.iter().filter(|involved| !involved.ended);
        for involved in live.clone() {
            let of_involved = involved.site.as_ref().map(line_of).unwrap_or_default();
            let alive = self.tasks.get(&of_involved).copied().unwrap_or_default();
            assert!(involved.tasks <= alive, "{what}: {involved:?} of {alive}");
        }
        let sum: usize = live.map(|involved| involved.tasks).sum();
        assert_eq!(sum, finding.tasks, "{what}: everybody involved");
        for fact in &finding.facts {
            check_fact(fact, finding, what);
        }
    }
}

/// Whether a fact that counts the tasks of a finding counts them as the finding does.
fn check_fact(fact: &Evidence, finding: &Finding, what: &str) {
    let with = |roles: &[Role]| -> usize {
        let involved = finding.involved.iter();
        involved
            .filter(|involved| !involved.ended && roles.contains(&involved.role))
            .map(|involved| involved.tasks)
            .sum()
    };
    let (counted, expected) = match fact {
        Evidence::Growth { alive, .. } => (*alive, finding.alive),
        Evidence::WakersDropped { tasks } | Evidence::NeverPolled { tasks, .. } => {
            (*tasks, with(&[Role::Member]))
        }
        Evidence::WaitForLocks { tasks, .. } => {
            let behind = finding.facts.iter().map(|fact| match fact {
                Evidence::SpawnedByDependency { alive, .. } => *alive,
                _ => 0,
            });
            (*tasks + behind.sum::<usize>(), with(&[Role::Waiting]))
        }
        Evidence::WaitForHolders { holders, .. } => (*holders, with(&[Role::Holder])),
        Evidence::FutureBytes { tasks, .. } => {
            assert!(*tasks <= finding.tasks, "{what}: {fact:?}");
            return;
        }
        _ => return,
    };
    assert_eq!(counted, expected, "{what}: {fact:?}");
}

fn line_of(site: &Site) -> String {
    format!("{}:{}", site.short_file(), site.line)
}

/// The paragraphs of `tasks`: `12 tasks, idle, …`, and where they were spawned.
fn tasks(shown: &str) -> Counts {
    let mut counts = Counts::new();
    let mut paragraphs = shown.split("\n\n");
    let total = paragraphs.next().unwrap_or_default();
    assert!(total.contains("live task"), "{shown}");
    for paragraph in paragraphs {
        let (number, _) = paragraph.split_once(' ').expect("a number");
        let number: usize = number.parse().expect("a number");
        let (_, place) = paragraph.rsplit_once(" at ").unwrap_or_default();
        *counts.entry(place.trim().to_owned()).or_default() += number;
    }
    counts
}

/// The rows of `top` that have a growth: those of the lines that spawn.
fn top(shown: &str) -> BTreeMap<String, (usize, String)> {
    let rows = shown.lines().skip(2);
    rows.filter_map(|row| {
        let mut columns = row.split_whitespace();
        let cumulative = columns.nth(3)?.parse().ok()?;
        let growth = columns.nth(1).filter(|growth| growth.contains('/'))?;
        let is_growth = ["/min", "/h", "/d"]
            .iter()
            .any(|unit| growth.ends_with(unit));
        let place = columns.next_back().filter(|_| is_growth)?;
        Some((place.to_owned(), (cumulative, growth.to_owned())))
    })
    .collect()
}

/// The boxes of `graph`: `12 tasks of\nsrc/main.rs:7:5`.
fn graph(shown: &str) -> Counts {
    let labels = shown.lines().filter_map(|line| line.split_once("label=\""));
    labels
        .filter_map(|(_, label)| {
            let (number, place) = label.split_once(" tasks of\\n")?;
            let (place, _) = place.split_once('"')?;
            let (place, _column) = place.rsplit_once(':')?;
            Some((place.to_owned(), number.parse().ok()?))
        })
        .collect()
}
