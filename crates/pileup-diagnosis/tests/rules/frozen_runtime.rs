//! Runtimes that poll nothing any more, and those that only look so.

use std::sync::Arc;
use std::time::Duration;

use pileup_diagnosis::{Doubt, Grade};
use pileup_model::{Process, Scheduling, Stops, TaskKind, Thread, ThreadState};

use crate::NOTHING;
use crate::program::{Program, at, found, wakers};

/// A task enters a poll that does not return.
fn hold(program: &mut Program, file: &str, since: f64) {
    program.spawn(file, since, None).polls.last_ended = None;
}

/// A task is woken, and waits for a worker since then.
fn wake(program: &mut Program, file: &str, woken: f64) {
    let task = program.spawn(file, 0.5, None);
    wakers(task).last_wake = Some(at(woken));
}

#[test]
fn one_poll_and_a_woken_task_that_nobody_polls_are_a_frozen_runtime() {
    let mut program = Program::default();
    hold(&mut program, "flush.rs", 5.0);
    wake(&mut program, "flushed.rs", 5.0);
    let report = program.watch(2.0, 32.0);
    assert_eq!(found(&report), [("flush.rs", "PU12")]);
    assert_eq!(report.worst(), Some(Grade::Certain));
}

#[test]
fn timers_that_are_overdue_show_it_as_well() {
    let mut program = Program::default();
    hold(&mut program, "blocks.rs", 5.0);
    program.timer(4.0, 3);
    let report = program.watch(2.0, 32.0);
    assert_eq!(found(&report), [("blocks.rs", "PU12")]);
    let said = report.findings[0].evidence.join("; ");
    assert!(said.contains("1 timer became due"), "{said}");
}

#[test]
fn a_runtime_that_was_frozen_before_the_attach_is_found() {
    let mut program = Program::default();
    hold(&mut program, "flush.rs", 5.0);
    wake(&mut program, "flushed.rs", 5.1);
    let report = program.watch(120.0, 150.0);
    assert_eq!(found(&report), [("flush.rs", "PU12")]);
}

#[test]
fn a_long_poll_in_a_program_that_has_nothing_to_do_is_no_frozen_runtime() {
    let mut program = Program::default();
    hold(&mut program, "computes.rs", 5.0);
    program.spawn("idle.rs", 0.5, None);
    // It elapsed before, and is kept by a task that works.
    program.timer(0.0, 3);
    assert_eq!(found(&program.watch(2.0, 32.0)), [("computes.rs", "PU02")]);
}

#[test]
fn an_idle_program_is_not_frozen() {
    let mut program = Program::default();
    for _ in 0..5 {
        program.spawn("idle.rs", 0.5, None);
    }
    program.timer(0.0, 3);
    assert_eq!(found(&program.watch(2.0, 32.0)), NOTHING);
}

#[test]
fn a_runtime_that_polls_other_tasks_is_not_frozen() {
    let mut program = Program::default();
    hold(&mut program, "blocks.rs", 5.0);
    wake(&mut program, "woken.rs", 5.0);
    for second in 0..31 {
        program.spawn("request.rs", f64::from(second), Some(0.2));
    }
    let report = program.watch(2.0, 32.0);
    assert!(found(&report).iter().all(|(_, code)| *code != "PU12"));
}

#[test]
fn a_freeze_that_has_lasted_for_a_moment_may_be_heavy_work() {
    let mut program = Program::default();
    hold(&mut program, "computes.rs", 26.0);
    wake(&mut program, "woken.rs", 26.0);
    let report = program.watch(2.0, 32.0);
    assert!(found(&report).iter().all(|(_, code)| *code != "PU12"));
}

#[test]
fn the_main_future_can_block_its_own_runtime() {
    let mut program = Program::default();
    hold(&mut program, "main.rs", 5.0);
    program.last_spawned().kind = TaskKind::BlockOn;
    wake(&mut program, "woken.rs", 5.0);
    assert_eq!(found(&program.watch(2.0, 32.0)), [("main.rs", "PU12")]);
}

#[test]
fn a_starved_machine_does_not_make_a_frozen_runtime() {
    let mut program = Program::default();
    hold(&mut program, "computes.rs", 5.0);
    wake(&mut program, "woken.rs", 5.0);
    let report = program.watch_changed(2.0, 32.0, |snapshot, now| {
        snapshot.coverage.scheduling = Some(Scheduling {
            slept: Duration::from_secs_f64(now / 10.0),
            overslept: Duration::from_secs_f64(now * 0.9),
            ..Scheduling::default()
        });
    });
    assert_eq!(report.worst(), Some(Grade::Suspicious));
    let of_runtime = report
        .findings
        .iter()
        .find(|found| found.code.number() == "PU12");
    let doubts = of_runtime.map(|found| &found.doubts);
    assert_eq!(doubts, Some(&vec![Doubt::Starved]));
}

#[test]
fn polls_of_two_sites_that_last_are_probable() {
    let mut program = Program::default();
    hold(&mut program, "one.rs", 5.0);
    hold(&mut program, "other.rs", 5.0);
    let mut polls = 0;
    let report = program.watch_changed(2.0, 32.0, |snapshot, now| {
        polls += 1;
        // Another worker goes on.
        if let Some(task) = snapshot.tasks.first_mut() {
            let mut busy = (**task).clone();
            busy.id = pileup_model::TaskId(77);
            busy.site = None;
            busy.polls.count = polls;
            busy.polls.last_started = Some(at(now));
            busy.polls.last_ended = Some(at(now));
            snapshot.tasks.push(Arc::new(busy));
        }
    });
    assert_eq!(found(&report), [("one.rs", "PU02"), ("other.rs", "PU02")]);
    assert_eq!(report.worst(), Some(Grade::Probable));
}

/// The process at a time: a worker that may compute, two that sleep on a futex, and the console's
/// thread, which waits for clients.
fn process(now: f64, computes: bool) -> Process {
    let thread = |id, name: &str, state, seconds| Thread {
        id,
        name: name.into(),
        state,
        ran: Duration::from_secs_f64(seconds),
        waited: Duration::ZERO,
        turns: 0,
    };
    let (held, ran) = if computes {
        (ThreadState::Running, now)
    } else {
        (ThreadState::OnFutex, 1.0)
    };
    Process {
        id: 4711,
        name: "shop".into(),
        threads: vec![
            thread(4712, "tokio-rt-worker", held, ran),
            thread(4713, "tokio-rt-worker", ThreadState::OnFutex, 1.0),
            thread(4714, "tokio-rt-worker", ThreadState::OnFutex, 1.0),
            thread(4715, "console", ThreadState::Asleep, 0.01 * now),
        ],
        stops: Stops::default(),
    }
}

#[test]
fn a_thread_that_gets_little_of_a_busy_machine_computes_as_well() {
    let mut program = Program::default();
    hold(&mut program, "collects.rs", 5.0);
    wake(&mut program, "flushed.rs", 5.0);
    let report = program.watch_changed(2.0, 32.0, |snapshot, now| {
        let mut process = process(now, true);
        process.threads[0].ran = Duration::from_secs_f64(now / 50.0);
        snapshot.process = Some(process);
    });
    let said = report.findings[0].evidence.join("; ");
    assert!(said.contains("1 computes (tokio-rt-worker)"), "{said}");
}

/// What is said of the threads of a frozen runtime that are seen in every snapshot.
fn said_of_threads(computes: bool) -> String {
    let mut program = Program::default();
    hold(&mut program, "flush.rs", 5.0);
    wake(&mut program, "flushed.rs", 5.0);
    let report = program.watch_changed(2.0, 32.0, |snapshot, now| {
        snapshot.process = Some(process(now, computes));
    });
    assert_eq!(found(&report), [("flush.rs", "PU12")]);
    report.findings[0].evidence.join("; ")
}

#[test]
fn the_thread_that_computes_is_named_where_the_process_is_seen() {
    let said = said_of_threads(true);
    let says = "of the threads of process 4711 (shop), in 27 s: 1 computes (tokio-rt-worker), \
                with 27 s of processor time; 2 sleep on a futex (2 tokio-rt-worker); 1 waits for \
                I/O or a time";
    assert!(said.contains(says), "{said}");
}

#[test]
fn threads_of_which_none_computes_show_that_the_poll_blocks() {
    let said = said_of_threads(false);
    let says = "none computes; 3 sleep on a futex (3 tokio-rt-worker)";
    assert!(said.contains(says), "{said}");
}

#[test]
fn nothing_is_said_of_threads_that_are_not_seen() {
    let mut program = Program::default();
    hold(&mut program, "flush.rs", 5.0);
    wake(&mut program, "flushed.rs", 5.0);
    let report = program.watch(2.0, 32.0);
    let said = report.findings[0].evidence.join("; ");
    assert!(!said.contains("threads"), "{said}");
}
