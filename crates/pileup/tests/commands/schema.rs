//! The JSON schema of the report, which is checked in for its readers.

use std::fs;
use std::path::Path;

use pileup_investigate::{Grade, History, Report, diagnose};
use serde_json::{Value, json};

use crate::process::programs::workspace;

const CHECKED_IN: &str = "docs/report.schema.json";

fn schema() -> Value {
    schemars::schema_for!(Report).to_value()
}

#[test]
fn the_schema_that_is_checked_in_is_that_of_the_report() {
    let text = fs::read_to_string(workspace().join(CHECKED_IN)).unwrap_or_default();
    let checked_in: Value = serde_json::from_str(&text).unwrap_or_default();
    if checked_in != schema() {
        let made = Path::new(env!("CARGO_TARGET_TMPDIR")).join("report.schema.json");
        let text = serde_json::to_string_pretty(&schema()).expect("a schema is JSON");
        fs::write(&made, text + "\n").expect("the build folder can be written");
        panic!(
            "the report has changed; look at what its readers have to know, then\n\
             cp {} {CHECKED_IN}",
            made.display()
        );
    }
}

#[test]
fn reports_are_as_the_schema_says_and_others_are_not() {
    let validator = jsonschema::validator_for(&schema()).expect("a schema");
    let empty = diagnose(&History::default(), "nothing");
    let report = serde_json::to_value(&empty).expect("a report is JSON");
    assert!(validator.is_valid(&report));

    let finding = json!({
        "code": "PU04", "pattern": "deadlock", "grade": Grade::Certain,
        "site": { "file": "src/main.rs", "line": 3, "column": 5 },
        "task_names": [], "alive": 2, "growth_per_minute": 0.0, "oldest_seconds": 9.5,
        "state": "idle",
        "waits_on": { "kind": "mutex", "resource": { "type": "Mutex", "file": "a.rs", "line": 1 } },
        "held_by": [{ "task": 7, "site": null }],
        "evidence": ["seen"], "explanation": "why", "fix": "fix"
    });
    let mut report = report;
    report["findings"] = json!([finding]);
    report["set_aside"] = json!([{ "why": "allowed", "reason": "known", "finding": finding }]);
    assert!(validator.is_valid(&report), "{report:#}");
    serde_json::from_value::<Report>(report.clone()).expect("a report");

    for (pointer, wrong) in [
        ("/findings/0/grade", json!("sure")),
        ("/findings/0/code", json!("PU99")),
        ("/findings/0/alive", json!("two")),
        ("/window_seconds", json!("long")),
    ] {
        let mut broken = report.clone();
        *broken.pointer_mut(pointer).expect("it is there") = wrong;
        assert!(!validator.is_valid(&broken), "{pointer}");
    }
}
