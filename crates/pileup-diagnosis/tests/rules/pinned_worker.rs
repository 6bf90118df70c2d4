//! Which polls are too long, and which only look so.

use std::time::Duration;

use crate::NOTHING;
use crate::program::{Program, at, found, wakers};
use pileup_diagnosis::Grade;
use pileup_model::TaskKind;

/// Where Tokio spawns the workers of a runtime with several threads.
const WORKER: &str = "/home/a/.cargo/registry/src/index.crates.io-1/tokio-1.54.1/src/runtime/\
                      scheduler/multi_thread/worker.rs";

fn spawn_in_poll(program: &mut Program, file: &str, born: f64) {
    program.spawn(file, born, None).polls.last_ended = None;
}

#[test]
fn several_polls_that_last_for_most_of_the_watch_are_probable() {
    let mut program = Program::default();
    spawn_in_poll(&mut program, "blocks.rs", 1.0);
    spawn_in_poll(&mut program, "blocks.rs", 1.1);
    let report = program.watch(0.0, 12.0);
    assert_eq!(found(&report), [("blocks.rs", "PU02")]);
    assert_eq!(report.worst(), Some(Grade::Probable));
}

#[test]
fn where_workers_are_not_seen_long_polls_may_have_given_up_theirs() {
    let mut program = Program::default();
    spawn_in_poll(&mut program, "blocks.rs", 1.0);
    spawn_in_poll(&mut program, "blocks.rs", 1.1);
    for (workers_unseen, grade) in [(true, Grade::Suspicious), (false, Grade::Probable)] {
        let report = program.watch_changed(0.0, 12.0, |snapshot, _| {
            snapshot.coverage.workers_unseen = workers_unseen;
        });
        assert_eq!(report.worst(), Some(grade), "{workers_unseen}");
    }
}

#[test]
fn a_single_long_poll_is_suspicious() {
    let mut program = Program::default();
    spawn_in_poll(&mut program, "blocks.rs", 1.0);
    let report = program.watch(0.0, 12.0);
    assert_eq!(report.worst(), Some(Grade::Suspicious));
}

#[test]
fn a_single_long_poll_is_probable_where_a_task_waits_for_that_worker() {
    let mut program = Program::default();
    spawn_in_poll(&mut program, "flush.rs", 1.0);
    let woken = program.spawn("flushed.rs", 0.5, None);
    wakers(woken).last_wake = Some(at(1.5));
    // Another worker polls.
    for second in 1..31 {
        program.spawn("request.rs", f64::from(second), Some(0.1));
    }
    let report = program.watch(0.0, 30.0);
    assert_eq!(found(&report), [("flush.rs", "PU02")]);
    assert_eq!(report.worst(), Some(Grade::Probable));
}

#[test]
fn polls_are_long_only_beside_those_of_their_own_site() {
    let mut program = Program::default();
    for born in 0..5 {
        let heavy = program.spawn("heavy.rs", f64::from(born), Some(1.5));
        heavy.polls.busy = Duration::from_millis(1500);
    }
    spawn_in_poll(&mut program, "heavy.rs", 7.0);
    spawn_in_poll(&mut program, "heavy.rs", 7.5);
    assert_eq!(found(&program.watch(0.0, 12.0)), NOTHING);
}

#[test]
fn a_blocking_closure_may_run_for_as_long_as_it_likes() {
    let mut program = Program::default();
    for _ in 0..3 {
        let closure = program.spawn("closure.rs", 1.0, None);
        closure.kind = TaskKind::Blocking;
        closure.polls.last_ended = None;
    }
    assert_eq!(found(&program.watch(0.0, 12.0)), NOTHING);
}

#[test]
fn a_task_that_gave_up_its_worker_first_may_block() {
    let mut program = Program::default();
    for born in [1.0, 2.0] {
        spawn_in_poll(&mut program, "in_place.rs", born);
        let worker = program.spawn(WORKER, born + 0.001, None);
        worker.kind = TaskKind::Blocking;
    }
    assert_eq!(found(&program.watch(0.0, 12.0)), NOTHING);
}

#[test]
fn the_task_that_is_known_to_have_spawned_the_worker_gave_it_up() {
    let mut program = Program::default();
    let in_place = program.spawn("in_place.rs", 1.0, None);
    in_place.polls.last_ended = None;
    in_place.tokio_id = Some(71);
    spawn_in_poll(&mut program, "blocks.rs", 1.5);
    spawn_in_poll(&mut program, "blocks.rs", 2.0);
    // By its birth, it would be of another one.
    let worker = program.spawn(WORKER, 2.001, None);
    worker.kind = TaskKind::Blocking;
    worker.parent = Some(71);
    assert_eq!(found(&program.watch(0.0, 12.0)), [("blocks.rs", "PU02")]);
}

#[test]
fn a_worker_that_was_given_up_excuses_one_task_alone() {
    let mut program = Program::default();
    spawn_in_poll(&mut program, "blocks.rs", 1.0);
    spawn_in_poll(&mut program, "blocks.rs", 1.5);
    spawn_in_poll(&mut program, "in_place.rs", 2.0);
    program.spawn(WORKER, 2.001, None).kind = TaskKind::Blocking;
    assert_eq!(found(&program.watch(0.0, 12.0)), [("blocks.rs", "PU02")]);
}
