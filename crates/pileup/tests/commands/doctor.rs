//! `pileup doctor` on real targets.

use std::process::{Command, Output};
use std::time::Duration;

use console_subscriber::{ConsoleLayer, ServerParts};
use serde_json::Value;
use tokio_stream::wrappers::TcpListenerStream;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::prelude::*;

use crate::machine::Meter;
use crate::process::Process;
use crate::room::room;
use crate::unanswered::unanswered;

fn doctor(console: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pileup"));
    command.args(["doctor", console, "--for", "3s", "--format", "json"]);
    command.output().expect("pileup runs")
}

#[test]
fn a_target_that_reports_all_is_fine() {
    let _room = room();
    let target = Process::start("healthy", &["fire-and-forget", "--every", "100ms"]);
    let target = target.expect("it starts");
    let meter = Meter::start();
    let output = doctor(&target.console);
    let is_too_slow = meter.slowness().is_too_slow();
    let said = String::from_utf8_lossy(&output.stderr);
    let checks: Vec<Value> = serde_json::from_slice(&output.stdout).expect("checks");
    for check in &checks {
        // On a slow machine the target is late for a reason.
        let follows_from_lag = check["name"] == "lag" || check["name"] == "serves";
        if !(is_too_slow && follows_from_lag) {
            assert_eq!(check["health"], "fine", "{check:#}");
        }
    }
    let is_fine = checks.iter().all(|check| check["health"] == "fine");
    let code = i32::from(!is_fine);
    assert_eq!(output.status.code(), Some(code), "{said}\n{checks:#?}");
    let names: Vec<&str> = checks
        .iter()
        .filter_map(|check| check["name"].as_str())
        .collect();
    assert!(
        names.starts_with(&["tasks", "activity", "resources"]),
        "{names:?}"
    );
}

/// A target as one looks from outside whose filter keeps all events of Tokio from
/// console-subscriber: the same as one that was built without what Tokio needs to report.
#[tokio::test]
async fn a_target_of_which_nothing_is_recorded_learns_what_to_fix() {
    let builder = ConsoleLayer::builder().publish_interval(Duration::from_millis(50));
    let (layer, server) = builder.build();
    let recorder = tracing_subscriber::registry().with(layer.with_filter(LevelFilter::INFO));
    let _recorded = tracing::subscriber::set_default(recorder);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("a free port");
    let console = format!("http://{}", listener.local_addr().expect("its port"));
    let ServerParts {
        instrument_server,
        aggregator,
        ..
    } = server.into_parts();
    tokio::spawn(aggregator.run());
    let service = tonic::transport::Server::builder()
        .add_service(instrument_server)
        .serve_with_incoming(TcpListenerStream::new(listener));
    tokio::spawn(service);

    let examined = tokio::task::spawn_blocking(move || doctor(&console));
    let output = examined.await.expect("it ends");
    let checks: Vec<Value> = serde_json::from_slice(&output.stdout).expect("checks");
    assert_eq!(output.status.code(), Some(1), "{checks:#?}");
    let tasks = checks.iter().find(|check| check["name"] == "tasks");
    let tasks = tasks.expect("tasks were looked at");
    assert_ne!(tasks["health"], "fine", "{checks:#?}");
    assert_eq!(tasks["seen"], "no task is reported");
    let fix = tasks["fix"].as_str().expect("it can be fixed");
    for part in ["tokio=trace", "runtime=trace", "--cfg tokio_unstable"] {
        assert!(fix.contains(part), "{fix}");
    }
}

#[test]
fn a_target_that_is_not_there_is_not_examined() {
    let socket = unanswered();
    let address = socket.local_addr().expect("its port");
    let output = doctor(&format!("http://{address}"));
    assert_eq!(output.status.code(), Some(3));
    assert!(output.stdout.is_empty());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("is the program running"), "{said}");
}
