//! Which findings count: filters, the allow list, the baseline, and what changed since.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use pileup::{Report, Why};
use tempfile::TempDir;

struct Ended {
    code: Option<i32>,
    output: String,
    errors: String,
}

fn pileup(arguments: &[&str]) -> Ended {
    let output = Command::new(env!("CARGO_BIN_EXE_pileup"))
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
        .args(arguments)
        .output()
        .expect("pileup runs");
    Ended {
        code: output.status.code(),
        output: String::from_utf8(output.stdout).expect("text"),
        errors: String::from_utf8(output.stderr).expect("text"),
    }
}

/// A recorded watch of all patterns of the seed.
fn recording() -> &'static str {
    static RECORDED: OnceLock<(TempDir, String)> = OnceLock::new();
    let (_folder, file) = RECORDED.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = text(&folder.path().join("watch.pileup"));
        let flags = ["--every", "100ms", "--for", "8s", "--record", &file];
        let ended = pileup(&[&["investigate", "everything"][..], &flags].concat());
        assert_eq!(ended.code, Some(1), "{}", ended.errors);
        (folder, file)
    });
    file
}

fn text(path: &Path) -> String {
    path.to_str()
        .expect("temporary files have plain names")
        .to_owned()
}

fn diagnose(flags: &[&str]) -> Ended {
    pileup(&[&["diagnose", "--from", recording()], flags].concat())
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
    let one = report(&["--include", "scenarios/nil-channel-receive"]);
    let [finding] = &one.findings[..] else {
        panic!("not one finding: {one:#?}");
    };
    let site = finding.site.as_ref().expect("a place");
    let with_line = format!("leaky.rs:{}", site.line);
    let file = "nil-channel-receive";
    assert_eq!(
        report(&["--include", file, "--exclude", &with_line]).findings,
        []
    );
    let rest = report(&["--exclude", "scenarios/nil-channel-receive"]);
    assert_eq!(rest.findings.len(), all.findings.len() - 1);
    assert_eq!(diagnose(&["--exclude", "scenarios"]).code, Some(0));
    assert_eq!(diagnose(&["--include", "[oops"]).code, Some(2));
}

#[test]
fn what_is_allowed_is_shown_with_its_reason_and_does_not_count() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let list = r#"
        [[allow]]
        site = "scenarios/*"
        reason = "they are made to leak"

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
        assert!(ended.output.contains("they are made to leak"), "{format}");
        assert!(ended.errors.contains("src/elsewhere.rs"), "{format}");
    }

    let one = r#"allow = [{ site = "scenarios", code = "PU01", reason = "known" }]"#;
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

    let worse = pileup(&["diff", &less, &all]);
    assert_eq!(worse.code, Some(1), "{}", worse.errors);
    let first = worse.output.lines().next().unwrap_or_default();
    assert_eq!(first, format!("new    {site}"));

    let better = pileup(&["diff", &all, &less]);
    assert_eq!(better.code, Some(0), "{}", better.errors);
    assert!(better.output.contains(&format!("gone   {site}")));

    // A recording is compared with the report that was made of it.
    let same = pileup(&["diff", recording(), &all, "--format", "json"]);
    assert_eq!(same.code, Some(0), "{}", same.errors);
    let difference: serde_json::Value = serde_json::from_str(&same.output).expect("JSON");
    let sites = difference["sites"].as_array().expect("sites");
    assert!(!sites.is_empty() && sites.iter().all(|site| site["change"] == "same"));

    let notes = written(&folder, "notes.txt", "neither");
    assert_eq!(pileup(&["diff", &all, &notes]).code, Some(2));
}

#[test]
fn a_watch_until_certain_ends_with_the_first_certain_finding() {
    let early = report(&["--until-certain"]);
    assert_eq!(early.worst(), Some(pileup::Grade::Certain));
    assert!(
        early.window_seconds < report(&[]).window_seconds,
        "{early:#?}"
    );
    let never = report(&["--until-certain", "--exclude", "nil-channel*"]);
    assert!(never.window_seconds > 7.0, "{never:#?}");
}

fn json(report: &Report) -> String {
    serde_json::to_string(report).expect("a report is JSON")
}
