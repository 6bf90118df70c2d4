//! Hostile text in every form.

use std::sync::Arc;

use pileup_diagnosis::{Code, Finding, Grade, Report, ReportCoverage, SCHEMA};
use pileup_model::{Site, TaskState};

use crate::arguments::FailOn;

use super::{html, junit, markdown, sarif};

const HOSTILE: &str = "<script>\"'&\u{1b}[2J @all";

fn report() -> Report {
    Report {
        schema: SCHEMA.to_owned(),
        target: HOSTILE.to_owned(),
        window_seconds: 30.0,
        coverage: ReportCoverage {
            tasks_seen: 9,
            uninstrumented_waits: 1,
            dropped_events: 0,
            state_withheld: false,
            lag_seconds: 0.0,
        },
        findings: vec![Finding {
            code: Code::PilingUp,
            pattern: Code::PilingUp.pattern().to_owned(),
            grade: Grade::Probable,
            site: Some(Site {
                file: Arc::from(HOSTILE),
                line: 3,
                column: 5,
            }),
            task_names: vec![HOSTILE.to_owned()],
            alive: 9,
            growth_per_minute: 18.0,
            oldest_seconds: 29.5,
            state: TaskState::Idle,
            waits_on: None,
            held_by: Vec::new(),
            evidence: vec![HOSTILE.to_owned()],
            explanation: HOSTILE.to_owned(),
            fix: HOSTILE.to_owned(),
        }],
        set_aside: Vec::new(),
    }
}

#[test]
fn no_form_lets_the_target_write_markup_or_control_characters() {
    let mut forms = [const { Vec::new() }; 3];
    let [page, suite, issue] = &mut forms;
    html::write(&report(), page).expect("memory takes all");
    junit::write(&report(), FailOn::Probable, suite).expect("memory takes all");
    markdown::write(&report(), issue).expect("memory takes all");
    for form in forms {
        let text = String::from_utf8(form).expect("text");
        assert!(text.contains("&lt;script&gt;"), "{text}");
        assert!(!text.contains("<script"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
    }
}

#[test]
fn a_sarif_result_names_its_rule_level_and_place() {
    let mut output = Vec::new();
    sarif::write(&report(), &mut output).expect("memory takes all");
    let log: serde_json::Value = serde_json::from_slice(&output).expect("JSON");
    let run = &log["runs"][0];
    let result = &run["results"][0];
    assert_eq!(log["version"], "2.1.0");
    assert_eq!(run["tool"]["driver"]["rules"][2]["id"], result["ruleId"]);
    assert_eq!(result["ruleIndex"], 2);
    assert_eq!(result["level"], "warning");
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["region"]["startLine"], 3);
}
