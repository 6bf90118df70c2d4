//! A program with pileup-subscriber and without a probe: pileup gets whole await stacks from the
//! second service on the console's port.

use serde_json::Value;

use crate::machine;
use crate::process::Process;
use crate::room::room;

const SITE: &str = "scenarios/unclosed-channel/src/leaky.rs";

fn leaky() -> Process {
    let flags = ["--every", "50ms", "--instrument", "pileup"];
    let process = Process::start_without_probe("unclosed-channel", &flags).expect("it starts");
    process.counts.wait_for(40).expect("it goes on");
    process
}

/// What pileup prints as JSON, and what it remarks.
fn printed(arguments: &[&str]) -> (Value, String) {
    let printed = crate::printed::printed(&[arguments, &["--format", "json"]].concat());
    let json = serde_json::from_str(&printed.text).expect("it is JSON");
    (json, printed.remarks)
}

/// Asserts that this wait has its whole stack, down to the task's own future.
fn is_whole(wait: &Value) {
    assert_eq!(wait["kind"], "mpsc::Receiver::recv", "{wait:#}");
    assert_eq!(wait["file"], SITE, "{wait:#}");
    assert!(wait["line"].is_u64(), "{wait:#}");
    let stack = wait["stack"].as_array().expect("a stack");
    let functions = stack.iter().filter_map(|frame| frame["function"].as_str());
    let functions: Vec<&str> = functions.collect();
    assert!(
        functions
            .iter()
            .any(|name| name.contains("Receiver") && name.contains("recv")),
        "{functions:?}"
    );
    assert!(
        functions.contains(&"unclosed_channel::leaky::add_up"),
        "{functions:?}"
    );
}

#[test]
fn diagnose_shows_the_await_lines_with_their_stacks() {
    let _room = room();
    let process = leaky();
    let watch = format!("{}s", machine::seconds(6));
    let arguments = [
        "diagnose",
        &process.console,
        "--for",
        &watch,
        "--fail-on",
        "never",
    ];
    let (report, remarks) = printed(&arguments);
    assert!(
        report["coverage"]["await_stacks"].as_u64() > Some(20),
        "{report:#}\n{remarks}"
    );
    let findings = report["findings"].as_array().expect("findings");
    let finding = findings
        .iter()
        .find(|finding| finding["site"]["file"] == SITE);
    let finding = finding.unwrap_or_else(|| panic!("{report:#}"));
    is_whole(&finding["waits"][0]);
    assert!(!remarks.contains("no await stacks"), "{remarks}");
}

#[test]
fn tasks_shows_the_await_stacks_of_each_task() {
    let _room = room();
    let process = leaky();
    let (each, _) = printed(&["tasks", &process.console, "--each"]);
    let tasks = each["tasks"].as_array().expect("tasks");
    let leaked = tasks.iter().filter(|task| task["site"]["file"] == SITE);
    let waits = leaked.filter_map(|task| task["waits"].as_array()?.first());
    let waits: Vec<&Value> = waits.collect();
    assert!(waits.len() >= 20, "{each:#}");
    for wait in waits {
        is_whole(wait);
    }
}

#[test]
fn without_await_stacks_the_report_is_made_as_well() {
    let _room = room();
    let process = leaky();
    let arguments = [
        "diagnose",
        &process.console,
        "--for",
        "3s",
        "--fail-on",
        "never",
    ];
    let (report, _) = printed(&[&arguments[..], &["--console-only"]].concat());
    assert_eq!(report["coverage"]["await_stacks"], 0, "{report:#}");
}
