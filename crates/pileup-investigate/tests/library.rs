//! The library, as the tests of a service use it: they run the service as a child, watch it,
//! and fail if it leaks.

#[path = "../../pileup/tests/support/machine.rs"]
#[allow(dead_code, reason = "each test uses a part of it")]
mod machine;
#[path = "../../pileup/tests/support/process.rs"]
mod process;

use std::time::Duration;

use pileup_investigate::{Address, Code, Connection, Expected, Grade, History, Report, TaskState};
use process::Process;

/// Runs a service under load, and reports on it.
async fn report_on(service: &str, flags: &[&str]) -> Report {
    let service = Process::start(service, flags).expect("the service starts");
    let address: Address = service.console.parse().expect("the service prints it");
    let attached = Connection::attach(address.clone()).await;
    let mut connection = attached.expect("the service has console-subscriber");
    let watch = Duration::from_secs(machine::seconds(6).into());
    let snapshots = connection.watch(watch);
    let mut history = History::default();
    let watched = pileup_investigate::observe(snapshots, &mut history, |_| false).await;
    watched.expect("the service is there to the end of the watch");
    // Its work is done in a moment: with that known, a few seconds decide.
    let expected = Expected {
        max_lifetime: Duration::from_secs(5),
        ..Expected::default()
    };
    pileup_investigate::diagnose_expecting(&history, &address.to_string(), &expected)
}

/// Whether the service was starved, so that the watch could not have seen a leak.
fn is_undecided(report: &Report) -> bool {
    let blind = &report.coverage.blind;
    if !blind.is_empty() {
        eprintln!("the machine was too slow to decide: {blind:?}");
    }
    !blind.is_empty()
}

#[tokio::test]
async fn a_service_that_leaks_is_told_where() {
    let report = report_on("unclosed-channel", &["--every", "50ms"]).await;
    if is_undecided(&report) {
        return;
    }
    let [finding] = &report.findings[..] else {
        panic!("not one finding: {report:#?}");
    };
    assert_eq!(finding.code, Code::PilingUp);
    assert_eq!(finding.grade, Grade::Probable);
    assert_eq!(finding.state, TaskState::Idle);
    let site = finding.site.as_ref().expect("Tokio knows the place");
    assert_eq!(&*site.file, "scenarios/unclosed-channel/src/leaky.rs");
    assert!(report.window_seconds > 5.0, "{report:#?}");
}

#[tokio::test]
async fn a_service_that_does_not_leak_passes() {
    let flags = ["--every", "50ms", "--variant", "fixed"];
    let report = report_on("unclosed-channel", &flags).await;
    assert!(!report.coverage.state_withheld, "{report:#?}");
    assert!(report.coverage.tasks_seen > 20, "{report:#?}");
    assert!(report.worst() < Some(Grade::Probable), "{report:#?}");
}
