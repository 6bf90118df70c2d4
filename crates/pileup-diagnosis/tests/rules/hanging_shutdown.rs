//! Programs that were told to end.

use pileup_diagnosis::Grade;

use crate::NOTHING;
use crate::program::{Program, at, found};

/// Fifty connections that end, and one worker that does not.
fn draining(until: f64) -> Program {
    let mut program = Program::default();
    for number in 0..50 {
        let end = until * f64::from(number) / 50.0;
        program.spawn("connection.rs", 0.0, Some(end));
    }
    program.spawn("worker.rs", 0.0, None);
    program
}

#[test]
fn who_is_left_when_nothing_finishes_any_more_is_reported() {
    let report = draining(3.0).shuts_down().watch(2.0, 32.0);
    assert_eq!(found(&report), [("worker.rs", "PU14")]);
    assert_eq!(report.worst(), Some(Grade::Probable));
}

#[test]
fn a_drain_that_goes_on_is_suspicious() {
    let report = draining(31.0).shuts_down().watch(2.0, 32.0);
    assert_eq!(found(&report), [("worker.rs", "PU14")]);
    assert_eq!(report.worst(), Some(Grade::Suspicious));
}

#[test]
fn a_loop_that_is_still_polled_may_be_detached() {
    let mut program = draining(3.0);
    let task = program.last_spawned();
    task.polls.last_started = Some(at(31.0));
    task.polls.last_ended = Some(at(31.0));
    let report = program.shuts_down().watch(2.0, 32.0);
    assert_eq!(report.worst(), Some(Grade::Suspicious));
}

#[test]
fn a_program_that_was_not_told_to_end_may_be_idle() {
    assert_eq!(found(&draining(3.0).watch(2.0, 32.0)), NOTHING);
}

#[test]
fn a_program_that_has_ended_all_tasks_is_clean() {
    let mut program = draining(3.0);
    program.last_spawned().finished_at = Some(at(4.0));
    assert_eq!(found(&program.shuts_down().watch(2.0, 32.0)), NOTHING);
}
