//! The library, as the tests of a service use it: they run the service as a child, watch it,
//! and fail if it leaks.

#[path = "../../pileup/tests/support/machine.rs"]
#[allow(dead_code, reason = "each test uses a part of it")]
mod machine;
#[path = "../../pileup/tests/support/process.rs"]
mod process;

use std::time::Duration;

use machine::{Meter, Slowness};
use pileup_investigate::{Address, Code, Connection, Expected, Grade, History, Report, TaskState};
use process::Process;

/// Runs a service under load, and reports on it. Returns also how slow the machine was meanwhile.
async fn report_on(service: &str, flags: &[&str]) -> (Report, Slowness) {
    let service = Process::start(service, flags).expect("the service starts");
    let meter = Meter::start();
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
    let report = pileup_investigate::diagnose_expecting(&history, &address.to_string(), &expected);
    (report, meter.slowness())
}

/// Whether the watch has not proven the leak, on a machine that did not keep up.
fn is_undecided(report: &Report, slowness: &Slowness) -> bool {
    let is_unproven = report.worst() < Some(Grade::Probable);
    let undecided = is_unproven && slowness.is_too_slow();
    if undecided {
        machine::was_too_slow("the leak is not proven");
    }
    undecided
}

#[tokio::test]
async fn a_service_that_leaks_is_told_where() {
    let (report, slowness) = report_on("unclosed-channel", &["--every", "50ms"]).await;
    if is_undecided(&report, &slowness) {
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
    let (report, slowness) = report_on("unclosed-channel", &flags).await;
    assert!(!report.coverage.state_withheld, "{report:#?}");
    let fewest = if slowness.is_too_slow() { 20 } else { 50 };
    assert!(report.coverage.tasks_seen > fewest, "{report:#?}");
    assert!(report.worst() < Some(Grade::Probable), "{report:#?}");
}
