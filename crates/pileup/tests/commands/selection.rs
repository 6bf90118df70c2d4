//! Which findings count: filters, the allow list, the baseline, and what changed since.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use pileup_investigate::{Grade, Report, Snapshot, Task, Why};
use pileup_model::Wakers;
use tempfile::TempDir;

use crate::process::programs::workspace;
use crate::recorded::{polled_once, record, snapshot};
use crate::room::room;

struct Ended {
    code: Option<i32>,
    output: String,
    errors: String,
}

fn pileup(arguments: &[&str]) -> Ended {
    let output = crate::pileup()
        .args(arguments)
        .output()
        .expect("pileup runs");
    Ended {
        code: output.status.code(),
        output: String::from_utf8(output.stdout).expect("text"),
        errors: String::from_utf8(output.stderr).expect("text"),
    }
}

/// Crates of the workspace that is watched. In each, one line spawns tasks that never finish.
const CRATES: [&str; 4] = ["mail", "reports", "search", "stock"];
/// The same, but nothing can wake these tasks.
const NEVER_WOKEN: [&str; 2] = ["payment-charge", "payment-refund"];

/// A recorded watch of ten minutes.
fn recording() -> &'static str {
    static RECORDED: LazyLock<(TempDir, String)> = LazyLock::new(|| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = text(&record(folder.path(), &watch()));
        (folder, file)
    });
    &RECORDED.1
}

fn watch() -> Vec<Snapshot> {
    let sites = CRATES.iter().chain(&NEVER_WOKEN);
    let sites: Vec<String> = sites
        .map(|name| format!("shop/{name}/src/lib.rs"))
        .collect();
    let spawned = |second: i64| {
        let sites = sites.iter().enumerate();
        sites.map(move |(number, site)| spawned_at(second, number, site))
    };
    let alive = |second| (0..=second).step_by(5).flat_map(spawned).collect();
    let seconds = (0..=600).step_by(10);
    seconds
        .map(|second| snapshot(second, alive(second)))
        .collect()
}

/// The task that the crate of this number spawned at a second.
fn spawned_at(second: i64, number: usize, site: &str) -> Task {
    let id = second.unsigned_abs() * 10 + number as u64;
    Task {
        wakers: Some(Wakers {
            clones: 1,
            drops: u64::from(number >= CRATES.len()),
            ..Wakers::default()
        }),
        ..polled_once(id + 1, site, 7, second)
    }
}

fn text(path: &Path) -> String {
    path.to_str()
        .expect("temporary files have plain names")
        .to_owned()
}

fn diagnose(flags: &[&str]) -> Ended {
    let of_recording = ["diagnose", "--from", recording()];
    pileup(&[&of_recording, flags].concat())
}

fn report(flags: &[&str]) -> Report {
    let ended = diagnose(&[flags, &["--format", "json"]].concat());
    serde_json::from_str(&ended.output).unwrap_or_else(|error| panic!("{error}: {}", ended.errors))
}

fn written(folder: &TempDir, name: &str, content: &str) -> String {
    let file: PathBuf = folder.path().join(name);
    fs::write(&file, content).expect("it can be written");
    text(&file)
}

#[test]
fn findings_are_included_and_excluded_by_site() {
    let all = report(&[]);
    assert!(all.findings.len() > 5, "{all:#?}");
    let one = report(&["--include", "shop/payment-charge"]);
    let [finding] = &one.findings[..] else {
        panic!("not one finding: {one:#?}");
    };
    let site = finding.site.as_ref().expect("a place");
    let with_line = format!("lib.rs:{}", site.line);
    let file = "payment-charge";
    assert_eq!(
        report(&["--include", file, "--exclude", &with_line]).findings,
        []
    );
    let rest = report(&["--exclude", "shop/payment-charge"]);
    assert_eq!(rest.findings.len(), all.findings.len() - 1);
    assert_eq!(diagnose(&["--exclude", "shop"]).code, Some(0));
    assert_eq!(diagnose(&["--include", "[oops"]).code, Some(2));
    let as_printed = site.to_string();
    assert_eq!(report(&["--include", &as_printed]).findings, one.findings);
}

#[test]
fn a_clean_report_that_a_filter_made_says_so() {
    let ended = diagnose(&["--include", "src/misspelt.rs"]);
    assert_eq!(ended.code, Some(0));
    let said = "no spawn site was seen for --include src/misspelt.rs";
    assert!(ended.errors.contains(said), "{}", ended.errors);
    let found = report(&[]).findings.len();
    let said = format!("{found} findings are left out");
    assert!(ended.errors.contains(&said), "{}", ended.errors);
    let ended = diagnose(&["--include", "shop"]);
    assert_eq!(ended.errors, "");
}

#[test]
fn what_is_allowed_is_shown_with_its_reason_and_does_not_count() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let list = r#"
        [[allow]]
        site = "shop/*"
        reason = "they are to be fixed"

        [[allow]]
        site = "src/elsewhere.rs"
        code = "PU03"
        reason = "long-lived sessions"
    "#;
    let file = written(&folder, "allow.toml", list);
    let allowed = report(&["--allow", &file]);
    assert_eq!(allowed.findings, []);
    assert_eq!(allowed.set_aside.len(), report(&[]).findings.len());
    assert!(
        allowed
            .set_aside
            .iter()
            .all(|aside| aside.why == Why::Allowed)
    );
    for format in ["text", "markdown", "html", "sarif", "junit"] {
        let ended = diagnose(&["--allow", &file, "--format", format]);
        assert_eq!(ended.code, Some(0), "{format}");
        assert!(ended.output.contains("they are to be fixed"), "{format}");
        assert!(ended.errors.contains("src/elsewhere.rs"), "{format}");
    }

    // What a filter leaves out was found all the same: its entry is used.
    let ended = diagnose(&["--allow", &file, "--exclude", "shop"]);
    assert!(!ended.errors.contains("shop/*"), "{}", ended.errors);
    let said = "the allow list has PU03 at src/elsewhere.rs";
    assert!(ended.errors.contains(said), "{}", ended.errors);

    let one = r#"allow = [{ site = "shop", code = "PU01", reason = "known" }]"#;
    let file = written(&folder, "one.toml", one);
    let rest = report(&["--allow", &file]);
    assert!(!rest.findings.is_empty() && !rest.set_aside.is_empty());
    assert!(
        rest.findings
            .iter()
            .all(|finding| finding.code.number() != "PU01")
    );
}

#[test]
fn an_allow_list_that_is_wrong_is_refused_before_the_watch() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (wrong, said) in [
        ("[[allow]]\nsite = \"a.rs\"", "missing field `reason`"),
        ("[[allow]]\nsite = \"a.rs\"\nreason = \" \"", "empty reason"),
        (
            "[[allow]]\nsite = \"a.rs\"\nreason = \"x\"\ncode = \"PU99\"",
            "PU99",
        ),
        ("[[alow]]\nsite = \"a.rs\"", "unknown field `alow`"),
        ("[[allow]]\nsite = \"[\"\nreason = \"x\"", "unclosed"),
    ] {
        let file = written(&folder, "allow.toml", wrong);
        let ended = diagnose(&["--allow", &file]);
        assert_eq!(ended.code, Some(2), "{wrong}");
        assert_eq!(ended.output, "");
        assert!(ended.errors.contains(said), "{said}: {}", ended.errors);
    }
    let none = text(&folder.path().join("none.toml"));
    assert_eq!(diagnose(&["--allow", &none]).code, Some(2));
}

#[test]
fn what_is_in_the_baseline_does_not_count_and_what_is_new_does() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut earlier = report(&[]);
    let file = written(&folder, "all.json", &json(&earlier));
    let known = report(&["--baseline", &file]);
    assert_eq!(known.findings, []);
    assert!(
        known
            .set_aside
            .iter()
            .all(|aside| aside.why == Why::InBaseline)
    );
    let sarif = diagnose(&["--baseline", &file, "--format", "sarif"]).output;
    assert!(sarif.contains(r#""baselineState": "unchanged""#), "{sarif}");

    let removed = earlier.findings.remove(0);
    let moved = earlier.findings[0].site.as_mut().expect("a place");
    moved.line += 7;
    let file = written(&folder, "less.json", &json(&earlier));
    let rest = report(&["--baseline", &file]);
    assert_eq!(rest.findings, [removed]);
    assert_eq!(diagnose(&["--baseline", &file]).code, Some(1));
    // A report whose findings are all set aside is a baseline as well.
    let file = written(&folder, "aside.json", &json(&known));
    assert_eq!(diagnose(&["--baseline", &file]).code, Some(0));

    for (wrong, said) in [("{}", "no report"), ("no JSON", "no report")] {
        let file = written(&folder, "wrong.json", wrong);
        let ended = diagnose(&["--baseline", &file]);
        assert_eq!(ended.code, Some(2), "{wrong}");
        assert!(ended.errors.contains(said), "{}", ended.errors);
    }
}

fn grade(grade: Grade) -> &'static str {
    match grade {
        Grade::Certain => "certain",
        Grade::Probable => "probable",
        Grade::Suspicious => "suspicious",
    }
}

#[test]
fn a_difference_names_what_is_new_worse_better_and_gone() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let all = report(&[]);
    let mut less = all.clone();
    let removed = less.findings.pop().expect("there are findings");
    let (all, less) = (
        written(&folder, "all.json", &json(&all)),
        written(&folder, "less.json", &json(&less)),
    );
    let site = removed.site.expect("a place").to_string();

    // Of whatever grade the finding is that is new.
    let any = ["--fail-on", "suspicious"];
    let worse = pileup(&[&["diff", &less, &all][..], &any].concat());
    assert_eq!(worse.code, Some(1), "{}", worse.errors);
    let first = worse.output.lines().next().unwrap_or_default();
    assert_eq!(first, format!("new    {site}"));

    let better = pileup(&["diff", &all, &less]);
    assert_eq!(better.code, Some(0), "{}", better.errors);
    assert!(better.output.contains(&format!("gone   {site}")));

    // A comment on a pull request has a table, and the new finding folded below it.
    let comment = ["diff", &less, &all, "--format", "markdown"];
    let comment = pileup(&[&comment[..], &any].concat());
    assert_eq!(comment.code, Some(1), "{}", comment.errors);
    let comment = comment.output;
    assert!(comment.starts_with("### Leaked tasks: 1 new"), "{comment}");
    assert!(
        comment.contains(&format!("\n| new | {site} |")),
        "{comment}"
    );
    let summary = format!("<details><summary>{}", grade(removed.grade));
    assert_eq!(comment.matches(&summary).count(), 1, "{comment}");
    assert!(comment.contains("\n**Fix.** "), "{comment}");

    // A recording is compared with the report that was made of it.
    let same = pileup(&["diff", recording(), &all, "--format", "json"]);
    assert_eq!(same.code, Some(0), "{}", same.errors);
    let difference: serde_json::Value = serde_json::from_str(&same.output).expect("JSON");
    let sites = difference["sites"].as_array().expect("sites");
    assert!(!sites.is_empty() && sites.iter().all(|site| site["change"] == "same"));

    // What is not found in a recording has live tasks all the same.
    let new = pileup(&["diff", &less, recording(), "--format", "json"]);
    let new: serde_json::Value = serde_json::from_str(&new.output).expect("JSON");
    assert_eq!(new["sites"][0]["alive_before"], serde_json::Value::Null);
    assert!(new["sites"][0]["alive_after"].as_u64() > Some(0));
    let gone = pileup(&["diff", recording(), &less, "--format", "json"]);
    let gone: serde_json::Value = serde_json::from_str(&gone.output).expect("JSON");
    assert_eq!(
        gone["sites"]
            .as_array()
            .expect("sites")
            .last()
            .expect("one")["change"],
        "gone"
    );

    let notes = written(&folder, "notes.txt", "neither");
    assert_eq!(pileup(&["diff", &all, &notes]).code, Some(2));
}

#[test]
fn a_pile_that_grows_faster_is_worse_and_one_that_is_allowed_does_not_count() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let all = report(&[]);
    let mut faster = all.clone();
    let pile = faster
        .findings
        .iter_mut()
        .find(|finding| finding.growth_per_minute > 10.0);
    let pile = pile.expect("a pile grows");
    pile.growth_per_minute *= 3.0;
    let site = pile.site.clone().expect("a place").to_string();
    let all_file = written(&folder, "all.json", &json(&all));
    let faster = written(&folder, "faster.json", &json(&faster));

    let worse = pileup(&["diff", &all_file, &faster]);
    assert_eq!(worse.code, Some(1), "{}", worse.errors);
    assert!(
        worse.output.starts_with(&format!("worse  {site}\n")),
        "{}",
        worse.output
    );
    let better = pileup(&["diff", &faster, &all_file]);
    assert_eq!(better.code, Some(0), "{}", better.errors);
    assert!(
        better.output.contains(&format!("better {site}\n")),
        "{}",
        better.output
    );

    let mut none = all.clone();
    none.findings.clear();
    let none = written(&folder, "none.json", &json(&none));
    assert_eq!(pileup(&["diff", &none, &all_file]).code, Some(1));
    let list = "[[allow]]\nsite = \"shop\"\nreason = \"they are to be fixed\"";
    let list = written(&folder, "allow.toml", list);
    let rest = report(&["--allow", &list, "--include", "shop"]);
    assert_eq!(rest.findings, []);
    let allowed = written(&folder, "allowed.json", &json(&rest));
    let new = pileup(&["diff", &none, &allowed]);
    assert_eq!(new.code, Some(0), "{}", new.output);
    assert!(new.output.contains("set aside"), "{}", new.output);
}

#[test]
fn a_recording_that_ends_early_is_compared_with_a_warning() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let whole = fs::read(recording()).expect("it was recorded");
    let file = folder.path().join("cut.pileup");
    fs::write(&file, &whole[..whole.len() * 3 / 4]).expect("it can be written");
    let ended = pileup(&["diff", &text(&file), recording(), "--fail-on", "never"]);
    assert_eq!(ended.code, Some(0), "{}", ended.errors);
    assert!(ended.errors.contains("ends early"), "{}", ended.errors);
    assert!(!ended.output.is_empty());
}

#[test]
fn a_live_watch_until_certain_says_why_it_ended_and_is_replayed_byte_for_byte() {
    let _room = room();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = text(&folder.path().join("early.pileup"));
    let flags = ["--every", "100ms", "--for", "60s", "--format", "json"];
    let until = ["--until-certain", "--record", &file];
    let live = pileup(&[&["investigate", "recursive-lock"], &flags[..], &until].concat());
    assert_eq!(live.code, Some(1), "{}", live.errors);
    assert!(
        live.errors.contains("a finding is certain"),
        "{}",
        live.errors
    );
    let live_report: Report = serde_json::from_str(&live.output).expect("a report");
    assert_eq!(
        live_report.worst(),
        Some(pileup_investigate::Grade::Certain)
    );
    assert!(live_report.window_seconds < 55.0, "{live_report:#?}");
    is_as_the_schema_says(&live.output);
    let replayed = pileup(&["diagnose", "--from", &file, "--format", "json"]);
    assert_eq!(replayed.output, live.output);
}

#[test]
fn a_report_with_what_is_set_aside_is_as_the_schema_says() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let list = "[[allow]]\nsite = \"shop\"\ncode = \"PU01\"\nreason = \"known\"";
    let list = written(&folder, "allow.toml", list);
    is_as_the_schema_says(&diagnose(&["--allow", &list, "--format", "json"]).output);
}

/// Asserts that a report is as the schema says that is checked in.
fn is_as_the_schema_says(report: &str) {
    let schema = fs::read_to_string(workspace().join("docs/report.schema.json"));
    let schema = serde_json::from_str(&schema.expect("it is checked in")).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let report = serde_json::from_str(report).expect("JSON");
    let wrong: Vec<String> = validator
        .iter_errors(&report)
        .map(|error| format!("{}: {error}", error.instance_path))
        .collect();
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn a_watch_until_certain_ends_with_the_first_certain_finding() {
    let early = report(&["--until-certain"]);
    assert_eq!(early.worst(), Some(pileup_investigate::Grade::Certain));
    assert!(
        early.window_seconds < report(&[]).window_seconds,
        "{early:#?}"
    );
    let never = report(&["--until-certain", "--exclude", "payment*"]);
    assert!(never.window_seconds > 590.0, "{never:#?}");
}

fn json(report: &Report) -> String {
    serde_json::to_string(report).expect("a report is JSON")
}
