//! `pileup doctor` on real targets.

#[path = "support/process.rs"]
mod process;

use std::net::TcpListener;
use std::process::{Command, Output};

use process::Process;
use serde_json::Value;

fn doctor(console: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pileup"));
    command.args(["doctor", console, "--for", "3s", "--format", "json"]);
    command.output().expect("pileup runs")
}

#[test]
fn a_target_that_tells_all_is_fine() {
    let target = Process::start("healthy", &["fire-and-forget", "--every", "100ms"]);
    let target = target.expect("it starts");
    let output = doctor(&target.console);
    let said = String::from_utf8_lossy(&output.stderr);
    let checks: Vec<Value> = serde_json::from_slice(&output.stdout).expect("checks");
    assert_eq!(output.status.code(), Some(0), "{said}\n{checks:#?}");
    for check in &checks {
        assert_eq!(check["health"], "fine", "{check:#}");
    }
    let names: Vec<&str> = checks
        .iter()
        .filter_map(|check| check["name"].as_str())
        .collect();
    assert!(
        names.starts_with(&["tasks", "activity", "resources"]),
        "{names:?}"
    );
}

#[test]
fn a_target_that_is_not_there_is_not_examined() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = free.local_addr().expect("its port");
    drop(free);
    let output = doctor(&format!("http://{address}"));
    assert_eq!(output.status.code(), Some(3));
    assert!(output.stdout.is_empty());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("is the program running"), "{said}");
}
