//! `cargo test` and `cargo nextest` show every report whole, also of many tests that fail at once.
//!
//! The tests that fail on purpose are ignored, and run by the others, in a process of their own.
#![cfg(tokio_unstable)]

#[path = "runners/nextest.rs"]
mod nextest;
#[path = "leaks/process.rs"]
#[allow(dead_code, reason = "other tests use more of it")]
mod process;

use std::process::Command;
use std::sync::Mutex;

use process::Ended;
use rstest::rstest;
use tokio::sync::mpsc;

/// Tests that fail at once.
const FAILING: usize = 20;

/// Senders that live as long as the process.
static KEPT: Mutex<Vec<mpsc::Sender<()>>> = Mutex::new(Vec::new());

async fn wait_for_ever() {
    let (sender, mut receiver) = mpsc::channel::<()>(1);
    KEPT.lock().expect("no test panics here").push(sender);
    receiver.recv().await;
}

/// Leaves as many tasks as its case says, so that each report differs from the others.
#[rstest]
#[pileup_test::test]
#[ignore = "fails on purpose"]
async fn leaves(
    #[values(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20)] tasks: usize,
) {
    for _ in 0..tasks {
        tokio::spawn(wait_for_ever());
    }
}

#[pileup_test::test]
#[ignore = "hangs on purpose"]
async fn hangs() {
    tokio::spawn(wait_for_ever()).await.expect("it never ends");
}

/// A command that runs the failing tests of this program, all at once.
fn cargo_test(arguments: &[&str]) -> Command {
    let program = std::env::current_exe().expect("a test has a program");
    let mut command = Command::new(program);
    command.args(["leaves::", "--ignored", "--test-threads"]);
    command.arg(FAILING.to_string()).args(arguments);
    // Without capture, the backtraces of tests that fail at the same time get in between.
    command.env("RUST_BACKTRACE", "1");
    command
}

#[test]
fn cargo_test_shows_every_report_whole() {
    for arguments in [&[][..], &["--nocapture"]] {
        let ended = process::end(cargo_test(arguments));
        shows_every_report_whole(&ended);
    }
}

#[test]
fn cargo_nextest_shows_every_report_whole() {
    let Some(nextest) = nextest::Nextest::find() else {
        return;
    };
    let ended = nextest.run(&["leaves::", "--no-fail-fast", "--test-threads", "20"], "");
    shows_every_report_whole(&ended);
}

#[test]
fn a_test_that_nextest_ends_shows_what_it_waits_for() {
    let Some(nextest) = nextest::Nextest::find() else {
        return;
    };
    // On a slow machine the test may not have come to its wait after the first of these times.
    let mut ended = None;
    for period in ["2s", "20s"] {
        let config = format!(
            "slow-timeout = {{ period = \"{period}\", terminate-after = 1, grace-period = \"60s\" }}"
        );
        let run = ended.insert(nextest.run(&["hangs"], &config));
        assert!(!run.has_passed, "{run}");
        let waits = [
            "SIGTERM: the test runners::hangs",
            "JoinHandle",
            "mpsc::Receiver::recv",
        ];
        if waits.iter().all(|text| run.output.contains(text)) {
            return;
        }
    }
    panic!("the log of nextest does not end with the report: {ended:?}");
}

#[cfg(unix)]
#[test]
fn a_terminal_gets_colours_unless_it_wants_none() {
    for (no_color, has_colours) in [("", true), ("1", false)] {
        let shown = in_a_terminal("leaves::tasks_01_1", no_color);
        assert!(shown.contains("[PU15]"), "{shown}");
        assert_eq!(
            shown.contains("\u{1b}[31mleak[PU15]"),
            has_colours,
            "{shown}"
        );
    }
}

/// What a terminal shows of a test.
#[cfg(unix)]
fn in_a_terminal(test: &str, no_color: &str) -> String {
    use std::io::Read;

    let (mut terminal, side) = pty_process::blocking::open().expect("a pseudo-terminal");
    let program = std::env::current_exe().expect("a test has a program");
    let command = pty_process::blocking::Command::new(program)
        .args(["--exact", test, "--ignored"])
        .env("TERM", "xterm-256color")
        .env("NO_COLOR", no_color);
    let mut child = command.spawn(side).expect("the program can be run");
    let mut bytes = Vec::new();
    // A terminal whose other side is closed ends with an error, on some systems.
    let _ = terminal.read_to_end(&mut bytes);
    child.wait().expect("it ends");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Each of the tests has its own report in the output, from its first line to its last, with
/// nothing of another report in between, and without colours.
#[track_caller]
fn shows_every_report_whole(ended: &Ended) {
    assert!(!ended.has_passed, "{ended}");
    assert!(!ended.output.contains('\u{1b}'), "{ended}");
    let lines: Vec<&str> = ended.output.lines().map(str::trim).collect();
    for tasks in 1..=FAILING {
        let alive = if tasks == 1 {
            "1 task is alive after the test runners::leaves::".to_owned()
        } else {
            format!("{tasks} tasks are alive after the test runners::leaves::")
        };
        let starts = lines
            .iter()
            .position(|line| line.starts_with(&alive) && line.contains(", at "));
        let report = starts.map(|start| &lines[start..]);
        let report = report.unwrap_or_else(|| panic!("no report begins with {alive:?}: {ended}"));
        let outlive = if tasks == 1 {
            "task outlives"
        } else {
            "tasks outlive"
        };
        for (line, begins) in report[1..].iter().zip([
            String::new(),
            format!("leak[PU15]: {tasks} {outlive} the test"),
            "--> crates/pileup-test/tests/runners.rs:".to_owned(),
            "= ".to_owned(),
            format!("= {tasks} wait"),
            "runners::wait_for_ever crates/pileup-test/tests/runners.rs:".to_owned(),
            "= help: ".to_owned(),
            "= if this is meant: ".to_owned(),
            String::new(),
            "more: pileup explain PU15".to_owned(),
        ]) {
            assert!(
                line.starts_with(&begins) && line.is_empty() == begins.is_empty(),
                "{line:?} is not {begins:?} in the report of {tasks} tasks: {ended}"
            );
        }
    }
}
