//! Spawn sites that are exhausted, and those that are only idle.

use pileup_diagnosis::Grade;

use crate::NOTHING;
use crate::program::{Program, at, found};

/// A pool whose requests were done in a moment, until its permits were lost.
fn exhausted() -> Program {
    let mut program = Program::default();
    for number in 0..200 {
        program.spawn("request.rs", f64::from(number) / 10.0, Some(0.02));
    }
    let pool = program.semaphore_with("pool.rs", &[(0.0, 4), (20.0, 0)]);
    for number in 0..40 {
        let born = 20.0 + f64::from(number) / 4.0;
        let task = program.spawn("request.rs", born, None).id;
        program.waits(task, pool, born);
    }
    program
}

#[test]
fn a_pool_that_is_empty_is_found_without_growth() {
    let program = exhausted();
    for (from, to) in [(60.0, 90.0), (150.0, 180.0)] {
        let report = program.watch(from, to);
        assert_eq!(found(&report), [("request.rs", "PU13")]);
        assert_eq!(report.worst(), Some(Grade::Probable));
        let said = report.findings[0].evidence.join("; ");
        assert!(
            said.contains("200 tasks of the site finished, after 20 ms at most"),
            "{said}"
        );
    }
}

#[test]
fn it_is_found_by_what_a_probe_has_counted() {
    let program = exhausted();
    let report = program.watch_by_probe(60.0, 90.0);
    assert_eq!(found(&report), [("request.rs", "PU13")]);
}

#[test]
fn a_holder_that_works_may_give_back_yet() {
    for (works_until, grade) in [(149.0, Grade::Suspicious), (19.5, Grade::Probable)] {
        let mut program = Program::default();
        for number in 0..200 {
            program.spawn("request.rs", f64::from(number) / 10.0, Some(0.02));
        }
        let lock = program.mutex("lock.rs");
        let holder = program.spawn("holder.rs", 19.0, None);
        let id = holder.id;
        holder.polls.last_started = Some(at(works_until));
        holder.polls.last_ended = Some(at(works_until));
        program.takes(id, lock, 19.5);
        for number in 0..40 {
            let born = 20.0 + f64::from(number) / 4.0;
            let task = program.spawn("request.rs", born, None).id;
            program.waits(task, lock, born);
        }
        let report = program.watch(120.0, 150.0);
        assert_eq!(report.worst(), Some(grade), "{report:?}");
    }
}

/// Connections that wait for the next request, at a site whose others were done in a moment.
fn idle(worked_for: f64) -> Program {
    let mut program = Program::default();
    for number in 0..200 {
        program.spawn("connection.rs", f64::from(number) / 10.0, Some(0.02));
    }
    for number in 0..40 {
        let born = f64::from(number) / 4.0;
        let task = program.spawn("connection.rs", born, None);
        task.polls.count = 20;
        task.polls.last_started = Some(at(born + worked_for));
        task.polls.last_ended = Some(at(born + worked_for));
    }
    program
}

#[test]
fn connections_and_workers_that_are_idle_after_load_are_no_finding() {
    assert_eq!(found(&idle(10.0).watch(60.0, 90.0)), NOTHING);
    assert_eq!(found(&idle(10.0).watch_by_probe(60.0, 90.0)), NOTHING);
}

#[test]
fn connections_that_were_opened_and_hardly_used_are_never_accused() {
    for report in [
        idle(0.0).watch(60.0, 90.0),
        idle(0.0).watch_by_probe(60.0, 90.0),
    ] {
        assert_eq!(report.worst(), Some(Grade::Suspicious));
    }
}

#[test]
fn a_pool_that_was_empty_for_less_than_a_minute_may_be_busy() {
    assert_eq!(
        exhausted().watch(32.0, 62.0).worst(),
        Some(Grade::Suspicious)
    );
}

#[test]
fn a_pool_that_becomes_empty_during_the_watch_is_found_after_a_minute() {
    let report = exhausted().watch(0.0, 70.0);
    assert!(report.worst() <= Some(Grade::Suspicious), "{report:#?}");
    let report = exhausted().watch(0.0, 95.0);
    assert_eq!(found(&report), [("request.rs", "PU13")]);
    assert_eq!(report.worst(), Some(Grade::Probable), "{report:#?}");
}

#[test]
fn a_site_of_which_tasks_still_finish_is_not_exhausted() {
    let mut program = exhausted();
    program.spawn("request.rs", 70.0, Some(0.02));
    let report = program.watch(60.0, 90.0);
    assert!(report.worst() <= Some(Grade::Suspicious), "{report:?}");
}

#[test]
fn workers_that_never_finished_wait_for_as_long_as_they_like() {
    let mut program = Program::default();
    let queue = program.mutex("queue.rs");
    for _ in 0..20 {
        let worker = program.spawn("worker.rs", 1.0, None).id;
        program.waits(worker, queue, 1.0);
    }
    assert_eq!(found(&program.watch(60.0, 90.0)), NOTHING);
}
