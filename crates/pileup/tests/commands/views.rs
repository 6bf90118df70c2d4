//! The views that pprof users know, of a real program: by its console, by its probe, and by
//! a recording of either.

use std::process::Output;

use pileup_investigate::{Ending, Recorder};
use pileup_model::TaskKind;
use serde_json::Value;
use tempfile::TempDir;

use crate::machine;
use crate::process::Process;
use crate::room::room;

const SITE: &str = "scenarios/unclosed-channel/src/leaky.rs";
/// The flags of a report that is read.
const REPORT: [&str; 4] = ["--format", "json", "--fail-on", "never"];
const FUNCTION: &str = "unclosed_channel::leaky::add_up";

fn pileup(arguments: &[&str]) -> Output {
    let output = crate::pileup().args(arguments).output();
    output.expect("pileup can be run")
}

fn printed(arguments: &[&str]) -> String {
    crate::printed::printed(arguments).text
}

/// A program of which more tasks have leaked already than a view must show.
fn leaky() -> Process {
    let process = Process::start("unclosed-channel", &["--every", "50ms"]).expect("it starts");
    process.counts.wait_for(40).expect("it goes on");
    process
}

/// Asserts what every view shows of a source.
fn shows(source: &[&str]) {
    let view = |arguments: &[&str]| printed(&[arguments, source].concat());

    let top = view(&["top"]);
    let mut rows = top.lines().filter(|line| line.contains(FUNCTION));
    // Of the lines of the function, it is the one that spawns that grows.
    let row = rows.find(|line| line.contains('+'));
    let row = row.unwrap_or_else(|| panic!("{FUNCTION} does not grow in {top}"));
    let alive: u64 = row
        .split_whitespace()
        .nth(3)
        .and_then(|cum| cum.parse().ok())
        .expect(row);
    assert!(alive >= 20, "{top}");
    assert!(row.contains(&format!("{SITE}:")), "{top}");

    let list = view(&["list", "unclosed.*add_up"]);
    let count = |column: usize, text: &str| -> u64 {
        let line = list.lines().find(|line| line.contains(text));
        let line = line.unwrap_or_else(|| panic!("no {text} in {list}"));
        let count = line.split_whitespace().nth(column);
        count.and_then(|count| count.parse().ok()).unwrap_or(0)
    };
    assert!(count(1, "tokio::spawn(") >= 20, "{list}");
    // Only a probe shows where tasks wait.
    if source.contains(&"--probe") {
        assert!(count(0, ".recv().await") >= 20, "{list}");
    }

    let spawned = format!("spawned by {FUNCTION} at {SITE}:");
    let grouped = view(&["tasks"]);
    assert!(grouped.contains(" live tasks"), "{grouped}");
    assert!(grouped.contains(&spawned), "{grouped}");

    let each = view(&["tasks", "--each"]);
    let tasks = each.lines().filter(|line| line.starts_with("task "));
    assert!(tasks.count() >= 20, "{each}");
    assert!(each.contains(&spawned), "{each}");

    let each = json(&view(&["tasks", "--each", "--format", "json"]));
    let tasks = each["tasks"].as_array().expect("tasks");
    let mut leaked = tasks.iter().filter(|task| task["site"]["file"] == SITE);
    assert!(leaked.clone().count() >= 20, "{each:#}");
    assert!(leaked.all(|task| task["polls"].is_u64() && task["age_seconds"].is_number()));
    let groups = json(&view(&["tasks", "--format", "json"]));
    let groups = groups["groups"].as_array().expect("groups");
    let counted: u64 = groups
        .iter()
        .filter_map(|group| group["tasks"].as_u64())
        .sum();
    assert!(counted >= 20, "{groups:#?}");
}

/// The report on a watch by the probe, as JSON. The watch is recorded.
fn recorded(process: &Process, file: &str) -> String {
    let watch = [
        "diagnose",
        "--probe",
        &process.probe,
        "--for",
        &format!("{}s", machine::seconds(6)),
        "--record",
        file,
    ];
    printed(&[&watch[..], &REPORT].concat())
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("it is JSON")
}

#[test]
fn a_task_as_json_has_the_line_at_which_it_waits_as_a_finding_has() {
    let _room = room();
    let process = leaky();
    let folder = TempDir::new().expect("a folder can be made");
    let file = folder.path().join("watch.pileup");
    let file = file.to_str().expect("it is text");
    let report = json(&recorded(&process, file));
    let findings = report["findings"].as_array().expect("findings");
    let finding = findings
        .iter()
        .find(|finding| finding["site"]["file"] == SITE);
    let finding = finding.unwrap_or_else(|| panic!("{report:#}"));
    let expected = &finding["waits"][0];
    assert_eq!(expected["kind"], "mpsc::Receiver::recv", "{finding:#}");

    let each = json(&printed(&[
        "tasks", "--each", "--format", "json", "--from", file,
    ]));
    let tasks = each["tasks"].as_array().expect("tasks");
    let waits = tasks.iter().filter_map(|task| task["waits"].as_array());
    let wait = waits
        .flatten()
        .find(|wait| wait["kind"] == "mpsc::Receiver::recv");
    let wait = wait.unwrap_or_else(|| panic!("{each:#}"));
    for field in ["function", "file", "line", "stack"] {
        assert_eq!(wait[field], expected[field], "{field}");
    }
    assert_eq!(wait["tasks"], 1);
    assert_eq!(wait["function"], FUNCTION);
}

#[test]
fn a_console_a_probe_and_a_recording_show_the_same() {
    let _room = room();
    let process = leaky();
    let folder = TempDir::new().expect("a folder can be made");
    for (name, source) in [
        ("console", vec![process.console.as_str()]),
        ("probe", vec!["--probe", process.probe.as_str()]),
    ] {
        let file = folder.path().join(name);
        let file = file.to_str().expect("it is text");
        let watch = [
            &["diagnose"],
            &source[..],
            &["--for", "3s", "--record", file],
        ]
        .concat();
        pileup(&[&watch[..], &["--fail-on", "never"]].concat());
        shows(&["--from", file]);
        shows(&[&source[..], &["--for", "2s"]].concat());
    }
}

#[test]
fn a_recording_of_a_probe_gives_the_report_of_the_watch() {
    let _room = room();
    let process = leaky();
    let folder = TempDir::new().expect("a folder can be made");
    let file = folder.path().join("watch.pileup");
    let file = file.to_str().expect("it is text");
    let live = recorded(&process, file);
    assert!(live.contains("PU03"), "{live}");
    let recorded = printed(&[&["diagnose", "--from", file], &REPORT[..]].concat());
    assert_eq!(live, recorded);
}

#[test]
fn a_profile_is_written_once() {
    let _room = room();
    let process = leaky();
    let folder = TempDir::new().expect("a folder can be made");
    let file = folder.path().join("tasks.pb.gz");
    let file = file.to_str().expect("it is text");
    let arguments = [
        "profile",
        "--probe",
        &process.probe,
        "--for",
        "2s",
        "-o",
        file,
    ];
    assert!(pileup(&arguments).status.success());
    let written = std::fs::read(file).expect("it is there");
    assert_eq!(written[..2], [0x1f, 0x8b], "it is gzipped");
    let again = pileup(&arguments);
    assert_eq!(again.status.code(), Some(2));
    assert_eq!(std::fs::read(file).expect("it is there"), written);
}

#[test]
fn what_cannot_be_shown_is_reported_with_its_fix() {
    let _room = room();
    let process = leaky();
    let console = process.console.trim_start_matches("http://");
    for (arguments, code, words) in [
        (
            vec!["top", "--probe", "127.0.0.1:1"],
            3,
            "does it serve a probe there",
        ),
        (vec!["top", "--probe", console], 3, "not another server"),
        (
            vec!["top", "--probe", "https://localhost"],
            2,
            "http://127.0.0.1:6060",
        ),
        (vec!["list", "("], 2, "unclosed group"),
        (
            vec![
                "list",
                "no_such_function",
                "--probe",
                &process.probe,
                "--for",
                "2s",
            ],
            2,
            "`pileup top` shows",
        ),
    ] {
        let output = pileup(&arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(
            said.replace("\n  │ ", " ").contains(words),
            "{arguments:?}: {said}"
        );
    }
}

#[test]
fn a_console_and_a_probe_of_one_program_count_each_task_once() {
    let _room = room();
    let process = leaky();
    let watch = format!("{}s", machine::seconds(6));
    let flags = ["--for", &watch, "--format", "json", "--fail-on", "never"];
    let watch = ["diagnose", &process.console, "--probe", &process.probe];
    let report = printed(&[&watch[..], &flags].concat());
    let report: serde_json::Value = serde_json::from_str(&report).expect("it is JSON");
    let finding = &report["findings"][0];
    assert_eq!(finding["code"], "PU03", "{report:#}");
    assert_eq!(report["coverage"]["waits_unseen"], false, "{report:#}");
    // 20 a second since it was started, and not twice as many.
    let alive = finding["alive"].as_f64().expect("a number");
    let oldest = finding["oldest_seconds"].as_f64().expect("a number");
    assert!(alive > 20.0 && alive < oldest * 20.0 + 20.0, "{report:#}");
}

#[test]
fn nothing_that_a_target_says_steers_a_terminal() {
    let _room = room();
    let folder = TempDir::new().expect("a folder can be made");
    let file = folder.path().join("hostile");
    let hostile = "src/\u{1b}[2J\u{7}\u{9b}31m.rs";
    let task = pileup_investigate::Task {
        name: Some(hostile.into()),
        site: Some(pileup_investigate::Site {
            file: hostile.into(),
            line: 7,
            column: 1,
        }),
        ..pileup_investigate::Task::new(
            pileup_investigate::TaskId(1),
            TaskKind::Async,
            jiff::Timestamp::UNIX_EPOCH,
        )
    };
    let snapshot = pileup_investigate::Snapshot {
        tasks: vec![task.into()],
        ..pileup_investigate::Snapshot::new(jiff::Timestamp::UNIX_EPOCH)
    };
    let mut recorder = Recorder::create(&file, "hostile").expect("it can be written");
    recorder.record(&snapshot).expect("it can be written");
    recorder
        .finish(&Ending::Complete)
        .expect("it can be written");

    let file = file.to_str().expect("it is text");
    for view in [
        &["top"][..],
        &["list", "."],
        &["tasks"],
        &["tasks", "--each"],
        &["graph", "--stacks"],
        &["graph", "--stacks", "--format", "svg"],
    ] {
        let shown = printed(&[view, &["--from", file]].concat());
        assert!(shown.contains("31m.rs"), "{view:?}: {shown:?}");
        let steers = |character: char| character.is_control() && !"\n\t".contains(character);
        assert!(!shown.contains(steers), "{view:?}: {shown:?}");
    }
}
