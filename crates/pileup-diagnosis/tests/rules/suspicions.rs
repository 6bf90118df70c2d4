//! What is unusual and not proven, unless it piles up.

use pileup_diagnosis::Grade;
use pileup_model::{Polls, TaskKind};

use crate::NOTHING;
use crate::program::{Program, found, wakers};

#[test]
fn a_local_task_that_nobody_drives_is_never_polled() {
    let mut program = Program::default();
    let task = program.spawn("local.rs", 1.0, None);
    task.kind = TaskKind::Local;
    task.polls = Polls::default();
    let report = program.watch(0.0, 12.0);
    assert_eq!(found(&report), [("local.rs", "PU08")]);
    assert_eq!(report.worst(), Some(Grade::Suspicious));
}

#[test]
fn local_tasks_that_pile_up_unpolled_are_a_pile_whose_reason_is_known() {
    let mut program = Program::default();
    for number in 1..=115 {
        let task = program.spawn("local.rs", f64::from(number) / 10.0, None);
        task.kind = TaskKind::Local;
        task.polls = Polls::default();
    }
    let report = program.watch(0.0, 12.0);
    assert_eq!(found(&report), [("local.rs", "PU08")]);
    assert_eq!(report.worst(), Some(Grade::Probable));
}

#[test]
fn a_task_that_was_just_spawned_has_time_for_its_first_poll() {
    let mut program = Program::default();
    program.spawn("new.rs", 11.5, None).polls = Polls::default();
    assert_eq!(found(&program.watch(0.0, 12.0)), NOTHING);
}

#[test]
fn a_task_that_wakes_itself_thousands_of_times_a_second_is_a_storm() {
    let mut program = Program::default();
    let task = program.spawn("spin.rs", 2.0, None);
    wakers(task).wakes = 100_000;
    wakers(task).self_wakes = 99_000;
    assert_eq!(found(&program.watch(0.0, 12.0)), [("spin.rs", "PU09")]);
}

#[test]
fn storms_that_pile_up_are_a_pile_whose_reason_is_known() {
    let mut program = Program::default();
    for number in 1..=115 {
        let task = program.spawn("spin.rs", f64::from(number) / 10.0, None);
        wakers(task).wakes = 100_000;
        wakers(task).self_wakes = 99_000;
    }
    let report = program.watch(0.0, 12.0);
    assert_eq!(found(&report), [("spin.rs", "PU09")]);
    assert_eq!(report.worst(), Some(Grade::Probable));
}

#[test]
fn a_busy_task_that_others_wake_is_no_storm() {
    let mut program = Program::default();
    let task = program.spawn("actor.rs", 2.0, None);
    wakers(task).wakes = 100_000;
    wakers(task).self_wakes = 20_000;
    assert_eq!(found(&program.watch(0.0, 12.0)), NOTHING);
}

fn requests(program: &mut Program) {
    for number in 1..=110 {
        program.spawn("request.rs", f64::from(number) / 10.0, Some(0.05));
    }
}

#[test]
fn two_requests_that_stand_still_beside_a_hundred_that_finish_are_left_behind() {
    let mut program = Program::default();
    requests(&mut program);
    program.spawn("request.rs", 2.05, None);
    program.spawn("request.rs", 4.05, None);
    let report = program.watch(0.0, 12.0);
    assert_eq!(found(&report), [("request.rs", "PU10")]);
    assert_eq!(report.worst(), Some(Grade::Suspicious));
}

#[test]
fn a_pool_that_shares_its_site_with_short_work_is_not_left_behind() {
    let mut program = Program::default();
    requests(&mut program);
    for _ in 0..20 {
        program.spawn("request.rs", 0.1, None);
    }
    assert_eq!(found(&program.watch(0.0, 12.0)), NOTHING);
}

/// A pool of four threads, whose closures run for `seconds` from the start on, and two closures
/// that wait for a thread.
fn pool(seconds: Option<f64>) -> Program {
    let mut program = Program::default();
    for number in 0..4 {
        let task = program.spawn("subscriber.rs", f64::from(number) / 10.0, seconds);
        task.kind = TaskKind::Blocking;
        task.polls.last_ended = None;
    }
    for born in [1.0, 2.0] {
        let task = program.spawn("export.rs", born, None);
        task.kind = TaskKind::Blocking;
        task.polls = Polls::default();
    }
    program
}

#[test]
fn closures_that_keep_all_threads_are_found_and_those_that_wait_with_them() {
    let report = pool(None).watch(0.0, 30.0);
    assert_eq!(found(&report), [("subscriber.rs", "PU11")]);
    assert_eq!(report.worst(), Some(Grade::Probable));
    let evidence = report.findings[0].evidence.join("\n");
    assert!(
        evidence.contains("2 tasks wait behind them, spawned at export.rs"),
        "{evidence}"
    );
}

#[test]
fn a_full_pool_whose_closures_return_may_be_busy() {
    let mut program = pool(None);
    let task = program.spawn("subscriber.rs", 0.5, Some(20.0));
    task.kind = TaskKind::Blocking;
    task.polls.last_ended = None;
    assert_eq!(program.watch(0.0, 30.0).worst(), Some(Grade::Suspicious));
}

#[test]
fn a_pool_that_becomes_full_during_the_watch_is_one_finding() {
    let mut program = Program::default();
    let mut closure = |born: f64, lifetime: Option<f64>, has_begun: bool| {
        let task = program.spawn("export.rs", born, lifetime);
        task.kind = TaskKind::Blocking;
        task.polls.last_ended = None;
        if !has_begun {
            task.polls = Polls::default();
        }
    };
    for number in 0..100 {
        closure(f64::from(number) / 10.0, Some(0.01), true);
    }
    for number in 0..4 {
        closure(10.0 + f64::from(number) / 10.0, None, true);
    }
    for number in 0..60 {
        closure(11.0 + f64::from(number) / 3.0, None, false);
    }
    let report = program.watch(0.0, 40.0);
    assert_eq!(found(&report), [("export.rs", "PU11")]);
    assert_eq!(report.worst(), Some(Grade::Probable));
}

#[test]
fn a_pool_in_which_closures_begin_is_not_full() {
    let mut program = pool(None);
    let task = program.spawn("export.rs", 25.0, None);
    task.kind = TaskKind::Blocking;
    task.polls.last_ended = None;
    let report = program.watch(0.0, 30.0);
    assert!(
        found(&report).iter().all(|(_, code)| *code != "PU11"),
        "{report:#?}"
    );
}
