//! A program that gets too little processor time, and one that holds itself up; and watches
//! that could not have seen a leak.

use std::sync::Arc;
use std::time::Duration;

use pileup_diagnosis::{Blind, Doubt, Grade, Report};
use pileup_model::{Process, Scheduling, Site, Snapshot, Stops, Task, Thread, ThreadState, Wait};

use crate::program::{Program, at, wakers};

const WORKERS: u64 = 10;

/// A site that piles up, and tasks that work all the time.
fn program() -> Program {
    let mut program = Program::default();
    for _ in 0..WORKERS {
        program.spawn("src/workers.rs", 0.0, None);
    }
    for second in 0..60 {
        program.spawn("src/leak.rs", f64::from(second), None);
    }
    program
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a program on paper runs for a minute"
)]
fn whole_seconds(time: f64) -> u32 {
    time as u32
}

/// Every worker is polled once a second: it waits for that, and then takes so long.
fn work(snapshot: &mut Snapshot, now: f64, wait: Duration, busy: Duration) {
    let polls = whole_seconds(now);
    for task in &mut snapshot.tasks {
        if task.id.0 <= WORKERS {
            let task = Arc::make_mut(task);
            task.polls.count = u64::from(polls);
            task.polls.busy = busy * polls;
            task.polls.last_started = Some(at(now));
            task.polls.last_ended = Some(at(now));
            wakers(task).wakes = u64::from(polls);
            wakers(task).scheduled = wait * polls;
        }
    }
}

fn watched(wait: Duration, busy: Duration) -> Report {
    program().watch_changed(20.0, 50.0, |snapshot, now| work(snapshot, now, wait, busy))
}

/// The grade of the finding at a file.
fn grade_at(report: &Report, file: &str) -> Option<Grade> {
    let mut findings = report.findings.iter();
    let at_file = |site: &Site| &*site.file == file;
    let found = findings.find(|finding| finding.site.as_ref().is_some_and(at_file));
    found.map(|finding| finding.grade)
}

fn grade_of_leak(report: &Report) -> Option<Grade> {
    grade_at(report, "src/leak.rs")
}

fn is_starved(report: &Report) -> bool {
    let mut blind = report.coverage.blind.iter();
    blind.any(|blind| matches!(blind, Blind::Starved { .. }))
}

#[test]
fn a_leak_is_probable_where_tasks_are_polled_in_time() {
    let report = watched(Duration::from_micros(80), Duration::from_micros(50));
    assert_eq!(grade_of_leak(&report), Some(Grade::Probable));
    assert_eq!(report.coverage.blind, []);
}

#[test]
fn nothing_is_accused_by_growth_where_every_poll_is_late() {
    let report = watched(Duration::from_millis(400), Duration::from_micros(50));
    assert_eq!(grade_of_leak(&report), Some(Grade::Suspicious));
    assert!(report.findings[0].doubts.contains(&Doubt::Starved));
    let [
        Blind::Starved {
            polls, late_polls, ..
        },
    ] = report.coverage.blind[..]
    else {
        panic!("{:?}", report.coverage.blind);
    };
    assert!(late_polls * 10 > polls * 9, "{late_polls} of {polls}");
    let said = report.coverage.blind[0].sentence();
    assert!(said.contains("100 ms late"), "{said}");
}

#[test]
fn tasks_that_are_aborted_are_not_starved() {
    // The poll in which the future is dropped follows no wake.
    let report = program().watch_changed(20.0, 50.0, |snapshot, now| {
        work(snapshot, now, Duration::from_millis(400), Duration::ZERO);
        for task in &mut snapshot.tasks {
            wakers(Arc::make_mut(task)).wakes = 0;
        }
    });
    assert!(!is_starved(&report), "{:?}", report.coverage.blind);
}

#[test]
fn tasks_that_wait_for_the_long_polls_of_others_are_held_up_and_not_starved() {
    let report = watched(Duration::from_millis(400), Duration::from_millis(200));
    assert_eq!(grade_of_leak(&report), Some(Grade::Probable));
    assert!(!is_starved(&report));
}

#[test]
fn a_frozen_runtime_is_not_starved() {
    let report = program().watch_changed(20.0, 50.0, |snapshot, now| {
        // Until the poll begins that does not return, every poll is late, too.
        work(
            snapshot,
            now.min(25.0),
            Duration::from_millis(400),
            Duration::ZERO,
        );
        if now > 25.0 {
            let first = Arc::make_mut(&mut snapshot.tasks[0]);
            first.polls.last_started = Some(at(25.0));
            first.polls.last_ended = Some(at(24.0));
        }
    });
    assert!(!is_starved(&report), "{:?}", report.coverage.blind);
    assert!(grade_at(&report, "src/workers.rs").is_some());
}

#[test]
fn tasks_that_nobody_polls_at_all_are_not_starved() {
    let report = program().watch_changed(20.0, 50.0, |snapshot, _| {
        for task in &mut snapshot.tasks {
            let task = Arc::make_mut(task);
            task.polls.last_started = None;
            wakers(task).last_wake = Some(task.created_at);
        }
    });
    assert!(!is_starved(&report));
}

/// What a probe counts: of a hundred polls a second, how many are late and how many are long.
fn by_probe(late: u64, long: u64, overslept: Duration) -> Report {
    program().watch_changed(20.0, 50.0, |snapshot, now| {
        let seconds = whole_seconds(now);
        snapshot.coverage.scheduling = Some(Scheduling {
            polls: 1_000 * u64::from(seconds),
            late_polls: 10 * late * u64::from(seconds),
            long_polls: 10 * long * u64::from(seconds),
            slept: Duration::from_secs(1) * seconds,
            overslept: overslept * seconds,
        });
    })
}

#[test]
fn a_probe_tells_late_polls_from_long_ones() {
    let little = Duration::from_millis(30);
    for (late, long, overslept, starved) in [
        (1, 0, little, false),
        (80, 0, little, true),
        (80, 5, little, false),
        (1, 0, Duration::from_secs(4), true),
    ] {
        let report = by_probe(late, long, overslept);
        let case = format!("{late} {long} {overslept:?}");
        assert_eq!(is_starved(&report), starved, "{case}");
        let grade = if starved {
            Grade::Suspicious
        } else {
            Grade::Probable
        };
        assert_eq!(grade_of_leak(&report), Some(grade), "{case}");
    }
}

/// A thread that wants to sleep for 10 ms each time, and sleeps for so long instead.
fn oversleeps(snapshot: &mut Snapshot, now: f64, slept: f64) {
    let sleeps = whole_seconds(now / slept);
    snapshot.coverage.scheduling = Some(Scheduling {
        slept: Duration::from_millis(10) * sleeps,
        overslept: Duration::from_secs_f64(slept - 0.01) * sleeps,
        ..Scheduling::default()
    });
}

#[test]
fn the_more_a_thread_oversleeps_the_clearer_it_is_that_the_program_is_starved() {
    for (slept, starved) in [(0.012, false), (0.05, true), (0.5, true), (3.0, true)] {
        let report = program().watch_changed(20.0, 50.0, |snapshot, now| {
            oversleeps(snapshot, now, slept);
        });
        assert_eq!(is_starved(&report), starved, "sleeps of {slept} s");
    }
}

#[test]
fn a_poll_that_does_not_return_does_not_hold_up_a_thread_that_only_sleeps() {
    let report = program().watch_changed(20.0, 50.0, |snapshot, now| {
        oversleeps(snapshot, now, 0.1);
        let first = Arc::make_mut(&mut snapshot.tasks[0]);
        first.polls.last_started = Some(at(5.0));
        first.polls.last_ended = Some(at(4.0));
    });
    assert!(is_starved(&report));
    let said = report.coverage.blind[0].sentence();
    assert!(said.contains("slept 10.0 times as long"), "{said}");
}

/// The process of a program whose three threads get a processor ten times a second, each time for
/// 30 ms. `waits` is for how long each of them waits for it, in milliseconds; `stopped` is how many
/// looks of a hundred find the process stopped.
fn process(now: f64, waits: [u64; 3], stopped: u64) -> Process {
    let seconds = u64::from(whole_seconds(now));
    let thread = |(id, milliseconds): (u32, u64)| Thread {
        id,
        name: "tokio-rt-worker".into(),
        state: ThreadState::Asleep,
        ran: Duration::from_millis(30) * whole_seconds(now) * 10,
        waited: Duration::from_millis(milliseconds) * whole_seconds(now) * 10,
        turns: 10 * seconds,
    };
    Process {
        id: 4711,
        name: "shop".into(),
        threads: (4711..).zip(waits).map(thread).collect(),
        stops: Stops {
            looks: 14 * seconds,
            stopped: 14 * seconds * stopped / 100,
        },
    }
}

#[test]
fn a_process_that_the_system_does_not_let_run_is_starved() {
    for (waits, stopped, says) in [
        ([0, 0, 0], 0, None),
        // Threads that compute wait for each other on any machine.
        ([1, 300, 300], 0, None),
        (
            [60, 300, 300],
            0,
            Some("waited 60 ms or longer for a processor"),
        ),
        ([0, 0, 0], 10, None),
        ([0, 0, 0], 90, Some("stopped at 90 of 100 looks")),
    ] {
        let report = program().watch_changed(20.0, 50.0, |snapshot, now| {
            snapshot.process = Some(process(now, waits, stopped));
        });
        let case = format!("{waits:?} {stopped}");
        assert_eq!(is_starved(&report), says.is_some(), "{case}");
        let grade = says.map_or(Grade::Probable, |_| Grade::Suspicious);
        assert_eq!(grade_of_leak(&report), Some(grade), "{case}");
        if let Some(says) = says {
            let said = report.coverage.blind[0].sentence();
            assert!(said.contains(says), "{said}");
        }
    }
}

/// The task goes on every second, and waits so in between.
fn go_on(task: &mut Task, now: f64, wait: Option<&str>) {
    task.polls.count = u64::from(whole_seconds(now));
    task.polls.last_started = Some(at(now));
    task.polls.last_ended = Some(at(now));
    task.waits = wait.map(|kind| {
        let wait = Wait {
            kind: kind.into(),
            place: None,
            stack: Vec::new(),
            passed: false,
        };
        [Arc::new(wait)].into()
    });
}

#[test]
fn tasks_that_go_on_in_a_slowed_program_may_be_late_unless_they_wait_for_a_timer() {
    let mut program = program();
    for second in 0..60 {
        program.spawn("src/loop.rs", f64::from(second), None);
    }
    // In each case, every `one_in`th task shows its await stack.
    for (waits_for_processor, waits_in, one_in, is_late) in [
        ([1, 60, 60], None, 1, false),
        ([1, 60, 60], Some("task::yield_now"), 1, false),
        ([1, 99, 99], None, 1, true),
        ([1, 99, 99], Some("task::yield_now"), 1, true),
        ([1, 99, 99], Some("time::sleep"), 1, false),
        ([1, 99, 99], Some("task::yield_now"), 5, true),
        ([1, 99, 99], Some("time::sleep"), 5, false),
    ] {
        let report = program.watch_changed(20.0, 50.0, |snapshot, now| {
            for task in &mut snapshot.tasks {
                let site = task.site.as_ref();
                if site.is_some_and(|site| &*site.file == "src/loop.rs") {
                    let seen = waits_in.filter(|_| task.id.0.is_multiple_of(one_in));
                    go_on(Arc::make_mut(task), now, seen);
                }
            }
            snapshot.process = Some(process(now, waits_for_processor, 0));
        });
        let case = format!("{waits_for_processor:?} {waits_in:?} {one_in}");
        let grade = if is_late {
            Grade::Suspicious
        } else {
            Grade::Probable
        };
        assert_eq!(grade_at(&report, "src/loop.rs"), Some(grade), "{case}");
        // Nobody polls those.
        assert_eq!(grade_of_leak(&report), Some(Grade::Probable), "{case}");
        assert_eq!(is_starved(&report), is_late, "{case}");
        if let [blind] = &report.coverage.blind[..] {
            let said = blind.sentence();
            let says = "its threads waited for a processor 2.2 times as long as they ran";
            assert!(said.contains(says), "{said}");
        }
    }
}

#[test]
fn new_tasks_that_become_rarer_in_a_slowed_program_show_no_pool_that_becomes_full() {
    let mut program = Program::default();
    for number in 0..75 {
        program.spawn("src/leak.rs", 20.0 + 0.2 * f64::from(number), None);
        program.spawn("src/pool.rs", 20.0 + 0.02 * f64::from(number), None);
    }
    for number in 0..8 {
        program.spawn("src/leak.rs", 35.0 + 2.0 * f64::from(number), None);
    }
    for (waits_for_processor, grade) in [
        ([1, 60, 60], None),
        ([1, 99, 99], Some(Grade::Suspicious)),
        ([60, 300, 300], Some(Grade::Suspicious)),
    ] {
        let report = program.watch_changed(20.0, 50.0, |snapshot, now| {
            snapshot.process = Some(process(now, waits_for_processor, 0));
        });
        let case = format!("{waits_for_processor:?}");
        assert_eq!(grade_of_leak(&report), grade, "{case}");
        assert_eq!(is_starved(&report), grade.is_some(), "{case}");
        // Most of it came at once.
        assert_eq!(grade_at(&report, "src/pool.rs"), None, "{case}");
    }
}

#[test]
fn a_process_that_is_stopped_for_a_moment_is_not_starved() {
    let stopped_for = |looks: u64| {
        program().watch_changed(20.0, 50.0, |snapshot, now| {
            let mut process = process(now, [0; 3], 0);
            let since = 14 * u64::from(whole_seconds(now.max(30.0) - 30.0));
            process.stops.stopped = since.min(looks);
            snapshot.process = Some(process);
        })
    };
    assert!(!is_starved(&stopped_for(3 * 14)));
    assert!(is_starved(&stopped_for(12 * 14)));
}

#[test]
fn a_burst_of_tasks_that_wait_for_each_other_is_not_starvation() {
    let late_between = |starts: f64, ends: f64| {
        program().watch_changed(20.0, 50.0, |snapshot, now| {
            let seconds = u64::from(whole_seconds(now));
            snapshot.coverage.scheduling = Some(Scheduling {
                polls: 200 * seconds,
                late_polls: u64::from(whole_seconds(now.clamp(starts, ends) - starts)) * 150,
                long_polls: 0,
                slept: Duration::from_secs(seconds),
                overslept: Duration::ZERO,
            });
        })
    };
    assert!(!is_starved(&late_between(30.0, 32.0)));
    assert!(is_starved(&late_between(30.0, 45.0)));
}

#[test]
fn a_watch_that_knows_less_than_half_of_itself_is_blind() {
    let mut empty = Program::default();
    empty.spawn("src/main.rs", 0.0, None);
    assert_eq!(empty.watch_late(20.0, 50.0, 4.0).coverage.blind, []);
    let late = empty.watch_late(20.0, 50.0, 20.0);
    assert!(matches!(late.coverage.blind[..], [Blind::Late { .. }]));
    let gaps = |seconds| {
        let report = empty.watch_changed(20.0, 50.0, |snapshot, _| {
            snapshot.coverage.reconnects = 1;
            snapshot.coverage.unwatched = Duration::from_secs(seconds);
        });
        report.coverage.blind
    };
    assert_eq!(gaps(3), []);
    assert!(matches!(gaps(16)[..], [Blind::Unwatched { .. }]));
}
