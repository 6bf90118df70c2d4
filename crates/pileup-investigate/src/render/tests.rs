//! Every form of a few reports: what it looks like, and that hostile text does no harm.

use std::sync::Arc;
use std::time::Duration;

use pileup_diagnosis::{
    AliveAt, Code, EndedEarly, Evidence, Finding, Gaps, Grade, HeldBy, Involved, Report,
    ReportCoverage, Role, SCHEMA, SetAside, WaitKind, WaitPlace, WaitedFor, WaitsOn, Why,
};
use pileup_model::{Frame, Site, TaskId, TaskState};
use tempfile::TempDir;

use super::junit_schema::check_junit;
use super::text::{self, Page};
use super::{html, json, junit, markdown, sarif};
use crate::sources::Sources;

const HOSTILE: &str = "<script>\"'&\u{1b}[2J | 宽 @all";

fn report() -> Report {
    Report {
        schema: SCHEMA.to_owned(),
        target: HOSTILE.to_owned(),
        window_seconds: 30.0,
        coverage: ReportCoverage {
            tasks_seen: 9,
            live_tasks: 9,
            uninstrumented_waits: 1,
            ..ReportCoverage::default()
        },
        findings: vec![Finding {
            code: Code::PilingUp,
            pattern: Code::PilingUp.pattern().to_owned(),
            grade: Grade::Probable,
            title: format!("9 tasks {HOSTILE}"),
            cause: HOSTILE.to_owned(),
            tasks: 9,
            tasks_per_minute: 18.0,
            site: Some(Site {
                file: Arc::from(HOSTILE),
                line: 3,
                column: 5,
            }),
            task_names: vec![HOSTILE.to_owned()],
            alive: 9,
            alive_over_time: Vec::new(),
            growth_per_minute: 18.0,
            oldest_seconds: 29.5,
            state: TaskState::Idle,
            waits_on: None,
            held_by: Vec::new(),
            involved: Vec::new(),
            waits: Vec::new(),
            facts: Vec::new(),
            doubts: Vec::new(),
            evidence: vec![HOSTILE.to_owned()],
            explanation: HOSTILE.to_owned(),
            fix: HOSTILE.to_owned(),
        }],
        set_aside: Vec::new(),
    }
}

#[test]
fn of_the_awaits_of_a_finding_only_a_send_is_labelled_with_the_full_channel() {
    let mut report = report();
    let place = |kind: &str, line| WaitPlace {
        kind: kind.to_owned(),
        function: None,
        file: Some("src/a.rs".to_owned()),
        line: Some(line),
        tasks: 4,
        passed: false,
        stack: Vec::new(),
    };
    report.findings[0].waits_on = Some(WaitsOn {
        kind: WaitKind::ChannelSend,
        resource: None,
    });
    let (send, recv) = ("mpsc::Sender::send", "mpsc::Receiver::recv");
    report.findings[0].waits = vec![place(send, 7), place(recv, 9)];
    let mut text = Vec::new();
    text::write(&report, &mut sources().1, Page::of_width(100), &mut text)
        .expect("memory takes all");
    let text = String::from_utf8(text).expect("text");
    assert!(
        text.contains("4 wait here: mpsc::Sender::send, the channel is full"),
        "{text}"
    );
    assert!(text.contains("4 wait here: mpsc::Receiver::recv"), "{text}");
    assert!(!text.contains("recv, the channel is full"), "{text}");
}

#[test]
fn no_form_lets_the_target_write_markup_or_control_characters() {
    let mut forms = [const { Vec::new() }; 3];
    let [page, suite, issue] = &mut forms;
    html::write(&report(), None, &mut sources().1, page).expect("memory takes all");
    junit::write(&report(), |grade| grade >= Grade::Probable, suite).expect("memory takes all");
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

/// A report with a finding of each grade, a cycle, and one that is set aside.
fn several() -> Report {
    let site = |line| {
        Some(Site {
            file: Arc::from("src/bank.rs"),
            line,
            column: 9,
        })
    };
    let finding = |code: Code, grade, line| Finding {
        code,
        pattern: code.pattern().to_owned(),
        grade,
        title: "4 tasks do not finish".to_owned(),
        cause: "wait is not seen".to_owned(),
        tasks: 4,
        tasks_per_minute: 8.0,
        site: site(line),
        task_names: Vec::new(),
        alive: 4,
        alive_over_time: [(0.0, 0), (15.0, 2), (30.0, 4)]
            .map(|(seconds, alive)| AliveAt { seconds, alive })
            .to_vec(),
        growth_per_minute: 8.0,
        oldest_seconds: 29.5,
        state: TaskState::Idle,
        waits_on: None,
        held_by: Vec::new(),
        involved: Vec::new(),
        waits: Vec::new(),
        facts: Vec::new(),
        doubts: Vec::new(),
        evidence: vec!["what was seen, with figures".to_owned()],
        explanation: "What it means.".to_owned(),
        fix: "How to fix it.".to_owned(),
    };
    let involved = |role, line, tasks| Involved {
        site: site(line),
        role,
        tasks,
        ended: false,
    };
    let frame = Frame {
        function: "bank::audit::next".into(),
        file: Some("src/bank.rs".into()),
        line: Some(54),
    };
    let pile = Finding {
        waits: vec![WaitPlace {
            kind: "mpsc::Receiver::recv".to_owned(),
            function: Some("bank::audit::next".to_owned()),
            file: Some("src/bank.rs".to_owned()),
            line: Some(54),
            tasks: 4,
            passed: false,
            stack: vec![frame],
        }],
        ..finding(Code::PilingUp, Grade::Probable, 52)
    };
    let deadlock = Finding {
        task_names: vec!["transfer".to_owned()],
        waits_on: Some(WaitsOn {
            kind: WaitKind::Mutex,
            resource: Some(WaitedFor {
                r#type: "Mutex".to_owned(),
                file: "src/account.rs".to_owned(),
                line: 12,
                column: 27,
            }),
        }),
        title: "6 tasks wait in a deadlock, or behind it".to_owned(),
        cause: "deadlock".to_owned(),
        tasks: 6,
        held_by: vec![HeldBy {
            task: TaskId(17),
            site: site(40),
        }],
        involved: vec![
            involved(Role::Holder, 40, 2),
            involved(Role::Waiting, 44, 3),
            involved(Role::Waiting, 60, 1),
        ],
        facts: vec![Evidence::StoodStill {
            tasks: 2,
            still_seconds: Duration::from_secs(20).into(),
        }],
        ..finding(Code::Deadlock, Grade::Certain, 40)
    };
    Report {
        target: "http://127.0.0.1:6669".to_owned(),
        findings: vec![
            deadlock,
            pile,
            finding(Code::WakeStorm, Grade::Suspicious, 60),
        ],
        set_aside: vec![SetAside {
            why: Why::Allowed,
            reason: "a session lives as long as its user".to_owned(),
            finding: finding(Code::PilingUp, Grade::Probable, 70),
        }],
        ..report()
    }
}

fn clean() -> Report {
    Report {
        target: "http://127.0.0.1:6669".to_owned(),
        findings: Vec::new(),
        ..report()
    }
}

/// What a clean report never comes from: nothing was found, and much was not seen.
fn incomplete() -> Report {
    let mut report = clean();
    report.coverage.dropped_events = 12;
    report.coverage.state_withheld = true;
    report.coverage.lag_seconds = 3.25;
    report
}

/// The source of the bank, and none of its account. It is there as long as the folder is.
fn sources() -> (TempDir, Sources) {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let mut lines = vec!["    // …".to_owned(); 80];
    for (line, text) in [
        (40, "        tokio::spawn(transfer(from, to));"),
        (44, "        tokio::spawn(deposit(to));"),
        (52, "        tokio::spawn(async move {"),
        (
            54,
            "            while let Some(entry) = entries.recv().await {",
        ),
        (60, "        tokio::spawn(retry());"),
        (70, "        tokio::spawn(session(user));"),
    ] {
        text.clone_into(&mut lines[line - 1]);
    }
    let path = folder.path();
    std::fs::create_dir(path.join("src")).expect("it is empty");
    std::fs::write(path.join("src/bank.rs"), lines.join("\n")).expect("it can be written");
    let sources = Sources::below(&[path.to_owned()]).expect("it is there");
    (folder, sources)
}

/// A watch that the user ended, after a connection that broke.
fn ended_early() -> Report {
    let mut report = several();
    report.coverage.ended_early = Some(EndedEarly {
        reason: HOSTILE.to_owned(),
        after_seconds: 4.8,
    });
    report.coverage.gaps = Some(Gaps {
        count: 2,
        seconds: 1.25,
    });
    report
}

fn written(write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> String {
    let mut output = Vec::new();
    write(&mut output).expect("memory takes all");
    String::from_utf8(output).expect("text")
}

#[test]
fn every_form_of_every_report_is_as_it_was() {
    let reports = [
        ("several", several()),
        ("clean", clean()),
        ("incomplete", incomplete()),
        ("ended-early", ended_early()),
        ("hostile", report()),
    ];
    for (name, report) in reports {
        let plain = written(|output| {
            let mut output = anstream::StripStream::new(output);
            text::write(&report, &mut sources().1, Page::of_width(100), &mut output)
        });
        insta::assert_snapshot!(format!("{name}.text"), plain);
        let form = written(|output| markdown::write(&report, output));
        insta::assert_snapshot!(format!("{name}.markdown"), form);
        let form =
            written(|output| junit::write(&report, |grade| grade >= Grade::Probable, output));
        insta::assert_snapshot!(format!("{name}.junit"), form);
        let form = written(|output| json::write(&report, output));
        insta::assert_snapshot!(format!("{name}.json"), form);
        let (folder, mut sources) = sources();
        let form = written(|output| html::write(&report, None, &mut sources, output));
        let form = form.replace(&folder.path().display().to_string(), "/checkout");
        let (head, body) = form.split_once("</style>").expect("a page has a style");
        assert!(head.starts_with("<!doctype html>"));
        insta::assert_snapshot!(format!("{name}.html"), body);
        let form = written(|output| sarif::write(&report, output));
        let log: serde_json::Value = serde_json::from_str(&form).expect("JSON");
        let run = &log["runs"][0];
        let parts = serde_json::json!({
            "invocations": run["invocations"],
            "results": run["results"],
        });
        let results = serde_json::to_string_pretty(&parts);
        insta::assert_snapshot!(format!("{name}.sarif"), results.expect("JSON"));
    }
}

#[test]
fn a_suite_is_as_the_schema_of_its_readers_has_it() {
    for report in [several(), clean(), incomplete(), ended_early(), report()] {
        for fails_from in [Some(Grade::Probable), None] {
            let fails = |grade| fails_from.is_some_and(|from| grade >= from);
            let suite = written(|output| junit::write(&report, fails, output));
            let checked = check_junit(&suite);
            assert_eq!(checked, Ok(()), "{suite}");
        }
    }
}

#[test]
fn every_form_says_in_its_first_lines_that_a_watch_ended_early() {
    let report = ended_early();
    let plain =
        written(|output| text::write(&report, &mut sources().1, Page::of_width(100), output));
    let issue = written(|output| markdown::write(&report, output));
    for form in [&plain, &issue] {
        let first = form.lines().next().unwrap_or_default();
        assert!(
            first.contains("INCOMPLETE") && first.contains("4.8 s"),
            "{first}"
        );
    }
    let page = written(|output| html::write(&report, None, &mut sources().1, output));
    let (_, body) = page.split_once("<body>").expect("a page has a body");
    let (header, _) = body.split_once("<main>").expect("a page has a main part");
    assert!(header.contains("INCOMPLETE"), "{header}");
    let form = written(|output| json::write(&report, output));
    let form: serde_json::Value = serde_json::from_str(&form).expect("JSON");
    assert_eq!(form["coverage"]["ended_early"]["after_seconds"], 4.8);
    let form = written(|output| sarif::write(&report, output));
    let log: serde_json::Value = serde_json::from_str(&form).expect("JSON");
    let invocation = &log["runs"][0]["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    let suite = written(|output| junit::write(&report, |_| false, output));
    assert!(suite.contains(r#"errors="1""#), "{suite}");
}

#[test]
fn colours_are_only_for_people() {
    let coloured =
        written(|output| text::write(&several(), &mut sources().1, Page::of_width(100), output));
    assert!(coloured.contains("\u{1b}["));
    for form in [
        written(|output| markdown::write(&several(), output)),
        written(|output| json::write(&several(), output)),
        written(|output| sarif::write(&several(), output)),
    ] {
        assert!(!form.contains('\u{1b}'), "{form}");
    }
}
