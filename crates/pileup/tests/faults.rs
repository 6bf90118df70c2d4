//! What a target can do to whoever watches it: each ends in the right report, or in the
//! right exit code with a sentence that says what to do; never in a hang, nor in a clean
//! report of what was not seen.

#[path = "support/machine.rs"]
#[allow(dead_code, reason = "each test uses a part of it")]
mod machine;
#[path = "support/process.rs"]
mod process;
#[path = "faults/proxy.rs"]
mod proxy;
#[path = "faults/target.rs"]
mod target;
#[path = "support/unanswered.rs"]
mod unanswered;
#[path = "faults/watcher.rs"]
mod watcher;

use std::io::{self, Write};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use console_api::instrument::instrument_client::InstrumentClient;
use console_api::instrument::{InstrumentRequest, PauseRequest, ResumeRequest};
use libtest_mimic::{Arguments, Trial};
use tokio::runtime::Runtime;

use self::machine::Meter;
use self::process::Process;
use self::proxy::Proxy;
use self::target::Target;
use self::unanswered::unanswered;
use self::watcher::{Verdict, Watcher, diagnose};

/// Long enough for a signal to be noticed.
const A_WHILE: Duration = Duration::from_secs(2);
/// For the next update to come, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a test takes of an ordinary core: most of them wait.
const CORES_EACH: f64 = 0.25;

/// Trials of the names of these tests.
macro_rules! trials {
    ($($test:ident),* $(,)?) => {
        [$(Trial::test(stringify!($test), || {
            $test();
            Ok(())
        })),*]
    };
}

/// The same of tests that are clients of a console themselves.
macro_rules! async_trials {
    ($($test:ident),* $(,)?) => {
        [$(Trial::test(stringify!($test), || {
            Runtime::new()?.block_on($test());
            Ok(())
        })),*]
    };
}

fn main() {
    let mut arguments = Arguments::from_args();
    if arguments.test_threads.is_none() {
        arguments.test_threads = Some(machine::trials_at_once(CORES_EACH));
    }
    let trials = trials![
        a_target_that_never_comes,
        a_target_that_is_not_there_yet,
        a_target_that_goes_away_in_the_watch,
        a_connection_that_breaks_while_the_target_lives,
        a_probe_that_cannot_be_reached_for_a_while,
        a_watch_that_the_user_ends,
        a_user_who_does_not_wait_for_the_report,
        a_target_that_is_restarted_on_the_same_port,
        a_target_that_was_frozen_before,
        a_target_that_freezes_in_the_watch,
        a_target_that_tells_only_every_three_seconds,
        five_thousand_idle_tasks_attached_late,
        forty_thousand_idle_tasks_attached_late,
        twenty_thousand_idle_tasks_and_later_attaches_which_are_not_told_of_them,
        a_thousand_healthy_spawns_a_second,
    ];
    let clients = async_trials![
        a_target_that_another_client_pauses,
        a_client_that_is_there_already_sees_what_it_would_have_seen,
    ];
    let trials = trials.into_iter().chain(clients).collect();
    libtest_mimic::run(&arguments, trials).exit();
}

fn a_target_that_never_comes() {
    let socket = unanswered();
    let address = socket.local_addr().expect("its port");
    let verdict = diagnose(&format!("http://{address}"), 2);
    verdict.says(3, "failed to reach");
    verdict.says(3, "is the program running");
    assert!(verdict.report.is_none());
}

fn a_target_that_is_not_there_yet() {
    // pileup tries for five seconds: a machine on which the target needs longer to start cannot
    // show it.
    for _ in 0..5 {
        let socket = unanswered();
        let address = socket.local_addr().expect("its port").to_string();
        let (meter, watched_since) = (Meter::start(), Instant::now());
        let watcher = Watcher::start(&format!("http://{address}"), 3);
        thread::sleep(Duration::from_millis(500));
        drop(socket);
        let _target = Target::start_at(&address, "healthy", &["standby"], &[]);
        let is_late = watched_since.elapsed() > Duration::from_secs(4);
        let verdict = watcher.verdict();
        let is_missed = verdict.code == Some(3) && is_late;
        if is_missed || is_undecided(&verdict, &meter) {
            continue;
        }
        assert_eq!(verdict.code, Some(0), "{}", verdict.said);
        assert!(verdict.report().coverage.tasks_seen > 0);
        return;
    }
    machine::was_too_slow("the target needs four seconds to start");
}

fn a_target_that_goes_away_in_the_watch() {
    let mut target = Target::start("unclosed-channel", &["--every", "50ms"]);
    let watcher = Watcher::start(&target.console, 60);
    watcher.has_seen_a_task();
    target.kill();
    let verdict = watcher.verdict();
    verdict.says(4, "went away");
    let coverage = &verdict.report().coverage;
    assert!(coverage.tasks_seen > 0);
    let early = coverage.ended_early.as_ref().expect("it says so");
    assert!(early.reason.contains("went away"), "{}", early.reason);
    assert!(early.after_seconds < 60.0);
}

/// Watches through a proxy until that has a connection, cuts it, and gives what came of it.
fn cut_off(proxy: &Proxy, target: &[&str], meter: &Meter) -> Option<Verdict> {
    let watcher = Watcher::start_with(target, machine::seconds(12), Stdio::piped());
    proxy.has_carried(1);
    watcher.has_seen_a_task();
    let is_noticed = proxy.cut();
    let verdict = watcher.verdict();
    // A watch may end before it asks again, on a machine that is slow.
    let is_missed = !is_noticed && meter.slowness().is_too_slow();
    if is_missed {
        machine::was_too_slow(&verdict.said);
    }
    (!is_missed).then_some(verdict)
}

/// The leak is found; or, on a machine that did not keep up, the watch was incomplete, or it saw the
/// leak and asks for a longer watch.
#[track_caller]
fn finds_the_leak(verdict: &Verdict, meter: &Meter) {
    let asks_for_more = verdict.code == Some(0) && !verdict.report().findings.is_empty();
    let is_unproven = asks_for_more || verdict.code == Some(3);
    if is_unproven && meter.slowness().is_too_slow() {
        machine::was_too_slow(&verdict.said);
        return;
    }
    assert_eq!(verdict.code, Some(1), "{}", verdict.said);
}

fn a_connection_that_breaks_while_the_target_lives() {
    let target = Target::start("unclosed-channel", &["--every", "100ms"]);
    let meter = Meter::start();
    let proxy = Proxy::to(target.host_and_port());
    let target = [&proxy.address, "--max-lifetime", "1m"];
    let Some(verdict) = cut_off(&proxy, &target, &meter) else {
        return;
    };
    let report = verdict.report();
    let gaps = report
        .coverage
        .gaps
        .as_ref()
        .expect("the report has the break");
    assert_eq!(gaps.count, 1, "{}", verdict.said);
    assert!(gaps.seconds < 10.0, "{gaps:?}");
    assert_eq!(report.coverage.ended_early, None, "{}", verdict.said);
    assert!(report.window_seconds > 10.0);
    // As if nothing had happened.
    finds_the_leak(&verdict, &meter);
}

fn a_probe_that_cannot_be_reached_for_a_while() {
    let target = Process::start("unclosed-channel", &["--every", "100ms"]).expect("it starts");
    let meter = Meter::start();
    let pages = target.probe.trim_start_matches("http://");
    let (host_and_port, _) = pages.split_once('/').expect("the address of a page");
    let proxy = Proxy::to(host_and_port);
    let target = ["--probe", &proxy.address, "--max-lifetime", "1m"];
    let Some(verdict) = cut_off(&proxy, &target, &meter) else {
        return;
    };
    let report = verdict.report();
    let gaps = report
        .coverage
        .gaps
        .as_ref()
        .expect("the report has the break");
    assert!(gaps.count >= 1, "{gaps:?}");
    assert_eq!(report.coverage.ended_early, None, "{}", verdict.said);
    finds_the_leak(&verdict, &meter);
}

fn a_watch_that_the_user_ends() {
    for signal in ["INT", "TERM"] {
        let target = Target::start("healthy", &["standby"]);
        let watcher = Watcher::start(&target.console, 60);
        watcher.has_seen_a_task();
        watcher.signal(signal);
        let verdict = watcher.verdict();
        verdict.says(130, "interrupted");
        let report = verdict.report();
        assert!(report.coverage.tasks_seen > 0);
        let early = report.coverage.ended_early.as_ref().expect("it says so");
        assert_eq!(early.reason, "interrupted");
        assert!(early.after_seconds < 60.0);
    }
}

fn a_user_who_does_not_wait_for_the_report() {
    // As much as a pipe holds: the report waits for a reader that never comes.
    let (_reader, mut full) = io::pipe().expect("a pipe");
    full.write_all(&vec![b'\n'; 1 << 16]).expect("it fits");
    let target = Target::start("healthy", &["standby"]);
    let watcher = Watcher::start_with(&[&target.console], 60, full.into());
    watcher.has_seen_a_task();
    watcher.signal("INT");
    thread::sleep(A_WHILE);
    watcher.signal("INT");
    let verdict = watcher.verdict();
    assert_eq!(verdict.code, Some(130), "{}", verdict.said);
    assert!(!verdict.said.contains("interrupted"), "it stopped at once");
}

fn a_target_that_is_restarted_on_the_same_port() {
    // pileup tries for five seconds, as above.
    for _ in 0..5 {
        let mut first = Target::start("healthy", &["standby"]);
        let meter = Meter::start();
        let watcher = Watcher::start(&first.console, 60);
        watcher.has_seen_a_task();
        first.kill();
        let killed = Instant::now();
        let _second = Target::start_at(first.host_and_port(), "healthy", &["standby"], &[]);
        let is_late = killed.elapsed() > Duration::from_secs(4);
        let verdict = watcher.verdict();
        if is_late && verdict.said.contains("went away") {
            continue;
        }
        verdict.says(4, "was restarted");
        // Whoever comes next sees the new process, as any other.
        let verdict = diagnose(&first.console, 2);
        if !is_undecided(&verdict, &meter) {
            assert_eq!(verdict.code, Some(0), "{}", verdict.said);
            assert!(verdict.report().coverage.tasks_seen > 0);
        }
        return;
    }
    machine::was_too_slow("the target needs four seconds to start");
}

fn a_target_that_was_frozen_before() {
    let target = Target::start("healthy", &["standby"]);
    target.freeze();
    let verdict = diagnose(&target.console, 2);
    verdict.says(3, "has sent nothing for 20 s");
    verdict.says(3, "the program may be stopped");
    assert!(verdict.report.is_none());
}

fn a_target_that_freezes_in_the_watch() {
    let target = Target::start("healthy", &["standby"]);
    let watcher = Watcher::start(&target.console, 60);
    watcher.has_seen_a_task();
    target.freeze();
    let verdict = watcher.verdict();
    verdict.says(4, "has sent nothing for 30 s");
    verdict.says(4, "the program may be stopped");
    let early = verdict.report().coverage.ended_early.as_ref();
    assert!(early.is_some_and(|early| early.reason.contains("has sent nothing")));
}

async fn a_target_that_another_client_pauses() {
    let target = Target::start("healthy", &["standby"]);
    let meter = Meter::start();
    let other = InstrumentClient::connect(target.console.clone()).await;
    let mut other = other.expect("the target has a console");
    other.pause(PauseRequest {}).await.expect("it pauses");
    let console = target.console.clone();
    let watched = tokio::task::spawn_blocking(move || diagnose(&console, 2));
    let verdict = watched.await.expect("it ends");
    verdict.says(
        4,
        "another tokio-console may have paused it (space resumes)",
    );

    other.resume(ResumeRequest {}).await.expect("it resumes");
    let console = target.console.clone();
    let watched = tokio::task::spawn_blocking(move || diagnose(&console, 2));
    let verdict = watched.await.expect("it ends");
    if !is_undecided(&verdict, &meter) {
        assert_eq!(verdict.code, Some(0), "{}", verdict.said);
    }
}

fn a_target_that_tells_only_every_three_seconds() {
    let slow = [("TOKIO_CONSOLE_PUBLISH_INTERVAL", "3s")];
    let flags = ["--every", "100ms"];
    let target = Target::start_at("127.0.0.1:0", "unclosed-channel", &flags, &slow);
    let meter = Meter::start();
    let arguments = [&target.console, "--max-lifetime", "1m"];
    let watcher = Watcher::spawn(&arguments, machine::seconds(12), Stdio::piped(), None);
    let verdict = watcher.verdict();
    finds_the_leak(&verdict, &meter);
    assert_eq!(verdict.report().findings.len(), 1);
}

fn five_thousand_idle_tasks_attached_late() {
    all_are_seen(5_000, 3);
}

fn forty_thousand_idle_tasks_attached_late() {
    all_are_seen(40_000, 12);
}

/// A crowd takes all that a small machine has.
fn crowds() -> MutexGuard<'static, ()> {
    static ONE_BY_ONE: Mutex<()> = Mutex::new(());
    let free = ONE_BY_ONE.lock();
    free.unwrap_or_else(PoisonError::into_inner)
}

/// Whether a target was silent for longer than pileup waits, or late for too much of the watch.
fn is_late(verdict: &Verdict) -> bool {
    let reasons = ["has sent nothing", "could not have seen a leak"];
    reasons.iter().any(|reason| verdict.said.contains(reason))
}

/// Whether a target was late on a machine that did not keep up.
fn is_undecided(verdict: &Verdict, meter: &Meter) -> bool {
    let undecided = is_late(verdict) && meter.slowness().is_too_slow();
    if undecided {
        assert_ne!(verdict.code, Some(0), "{}", verdict.said);
        machine::was_too_slow(&verdict.said);
    }
    undecided
}

/// All are seen in a watch that is long enough for the target to report them. There are up to three
/// watches, each twice as long as the one before. Each has a target of its own, since a target reports
/// all of its tasks only to its first client.
fn all_are_seen(count: usize, seconds: u32) {
    let _one_by_one = crowds();
    let attach = |seconds| {
        let target = Target::crowd(count);
        let meter = Meter::start();
        (diagnose(&target.console, machine::seconds(seconds)), meter)
    };
    let watches = [seconds, seconds * 2].into_iter().map(attach);
    let mut in_time = watches.filter(|(verdict, _)| !is_late(verdict));
    let (verdict, meter) = in_time.next().unwrap_or_else(|| attach(seconds * 4));
    if is_undecided(&verdict, &meter) {
        return;
    }
    let report = verdict.report();
    assert_eq!(verdict.code, Some(0), "{}\n{report:#?}", verdict.said);
    assert!(report.coverage.tasks_seen >= count as u64, "{report:#?}");
    assert!(!report.coverage.state_withheld);
}

fn twenty_thousand_idle_tasks_and_later_attaches_which_are_not_told_of_them() {
    let _one_by_one = crowds();
    let target = Target::crowd(20_000);
    let meter = Meter::start();
    let first = diagnose(&target.console, machine::seconds(5));
    if is_undecided(&first, &meter) {
        return;
    }
    assert_eq!(first.code, Some(0), "{}\n{:#?}", first.said, first.report());
    assert!(first.report().coverage.tasks_seen >= 20_000);

    let second = diagnose(&target.console, 2);
    if is_undecided(&second, &meter) {
        return;
    }
    second.says(3, "withheld the tasks that lived before pileup attached");
    second.says(3, "a program that leaks can look clean in it");
    assert!(second.report().coverage.state_withheld);

    let doctor = Command::new(env!("CARGO_BIN_EXE_pileup"))
        .args(["doctor", &target.console, "--for", "2s"])
        .output()
        .expect("pileup runs");
    let said = String::from_utf8_lossy(&doctor.stdout);
    assert_eq!(doctor.status.code(), Some(1), "{said}");
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("it is more than 4 MiB"), "{said}");
    assert!(
        said.contains("restart the program and attach before"),
        "{said}"
    );
}

fn a_thousand_healthy_spawns_a_second() {
    let target = Target::start("healthy", &["fire-and-forget", "--every", "4ms"]);
    let meter = Meter::start();
    let verdict = diagnose(&target.console, machine::seconds(15));
    if is_undecided(&verdict, &meter) {
        return;
    }
    assert_eq!(verdict.code, Some(0), "{}", verdict.said);
    let report = verdict.report();
    // On a machine that is busy it spawns less.
    let fewest = if meter.slowness().is_too_slow() {
        1_000
    } else {
        3_000
    };
    assert!(report.coverage.tasks_seen > fewest, "{report:#?}");
    assert_eq!(report.findings, []);
}

async fn a_client_that_is_there_already_sees_what_it_would_have_seen() {
    let target = Target::start("healthy", &["standby", "--every", "50ms"]);
    let other = InstrumentClient::connect(target.console.clone()).await;
    let mut other = other.expect("the target has a console");
    let updates = other.watch_updates(InstrumentRequest {}).await;
    let mut updates = updates.expect("it sends updates").into_inner();
    let meter = Meter::start();
    let console = target.console.clone();
    let watched = tokio::task::spawn_blocking(move || diagnose(&console, machine::seconds(3)));
    // When the next update was made, and how many tasks are new in it.
    let mut next = async || {
        let update = tokio::time::timeout(PATIENCE, updates.message()).await;
        let update = update.expect("it goes on").expect("it goes on");
        let update = update.expect("it goes on");
        let made = SystemTime::try_from(update.now.expect("a time")).expect("a time");
        let new = update.task_update.map_or(0, |tasks| tasks.new_tasks.len());
        (made, new as u64)
    };
    let mut count = 0;
    let mut told_of = 0;
    while !watched.is_finished() {
        told_of += next().await.1;
        count += 1;
    }
    let ended = SystemTime::now();
    // At 20 updates a second.
    assert!(count > 10, "{count} updates");
    let verdict = watched.await.expect("it ends");
    if is_undecided(&verdict, &meter) {
        return;
    }
    assert_eq!(verdict.code, Some(0), "{}", verdict.said);
    let tasks_seen = verdict.report().coverage.tasks_seen;
    // Some of what was sent before the watch ended may not have been read yet.
    loop {
        let (made, new) = next().await;
        told_of += new;
        if made >= ended {
            break;
        }
    }
    assert!(told_of >= tasks_seen, "{told_of} of {tasks_seen}");
}
