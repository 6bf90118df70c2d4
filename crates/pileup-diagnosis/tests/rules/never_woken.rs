//! Which tasks nothing can wake, and which only look so.

use std::sync::Arc;

use crate::NOTHING;
use crate::program::{Program, at, found, wakers};
use pileup_diagnosis::Grade;
use pileup_model::{Frame, TaskKind, Wait, Wakers};

#[test]
fn an_idle_task_without_wakers_is_certain_even_if_it_is_the_only_one() {
    let mut program = Program::default();
    program.spawn("first.rs", 0.0, None);
    wakers(program.spawn("pending.rs", 0.5, None)).clones = 0;
    let report = program.watch(0.0, 12.0);
    assert_eq!(found(&report), [("pending.rs", "PU01")]);
    assert_eq!(report.worst(), Some(Grade::Certain));
}

#[test]
fn where_most_of_them_waited_last_is_named() {
    let mut program = Program::default();
    for (born, line) in [(1.0, 7), (1.1, 7), (1.2, 9)] {
        let task = program.spawn("pending.rs", born, None);
        wakers(task).clones = 0;
        task.last_wait = Some(Arc::new(Wait {
            kind: "time::sleep".into(),
            place: Some(Frame {
                function: "shop::charge".into(),
                file: Some("src/shop.rs".into()),
                line: Some(line),
            }),
            stack: Vec::new(),
            passed: false,
        }));
    }
    let report = program.watch(0.0, 12.0);
    let said = report.findings[0].evidence.join("\n");
    let expected = "2 of the 3 last waited in time::sleep at src/shop.rs:7, in shop::charge, and \
                    went on from there";
    assert!(said.contains(expected), "{said}");
}

/// A program whose first task is polled from 0.0 s to 0.3 s, and makes the first clone of a
/// waker meanwhile.
fn slow_to_count() -> Program {
    let mut program = Program::default();
    program.spawn("first.rs", 0.0, None).polls.last_ended = Some(at(0.3));
    program
}

#[test]
fn wakers_that_were_cloned_before_the_first_was_counted_may_yet_exist() {
    let mut program = slow_to_count();
    for _ in 0..6 {
        wakers(program.spawn("press.rs", 0.1, None)).clones = 0;
    }
    // The second waker of this one was counted, and the first one's drop.
    let woken = program.spawn("press.rs", 0.2, None);
    woken.polls.count = 2;
    woken.polls.last_started = Some(at(0.4));
    *wakers(woken) = Wakers {
        wakes: 1,
        clones: 1,
        drops: 1,
        woken_for_last_poll: Some(true),
        ..Wakers::default()
    };
    let report = program.watch(0.5, 12.5);
    assert_eq!(report.worst(), Some(Grade::Suspicious));
}

#[test]
fn wakers_are_counted_a_second_after_the_first_task_at_the_latest() {
    for (born, grade) in [(0.9, Grade::Suspicious), (1.1, Grade::Certain)] {
        let mut program = Program::default();
        wakers(program.spawn("tick.rs", 0.0, None)).clones = 0;
        wakers(program.spawn("pending.rs", born, None)).clones = 0;
        assert_eq!(program.watch(2.0, 12.0).worst(), Some(grade));
    }
}

#[test]
fn a_pile_of_them_is_one_finding() {
    let mut program = Program::default();
    for number in 1..=120 {
        let born = f64::from(number) / 10.0;
        wakers(program.spawn("pending.rs", born, None)).clones = 0;
    }
    assert_eq!(found(&program.watch(0.0, 12.0)), [("pending.rs", "PU01")]);
}

/// Tasks that were woken twice, and polled once for each wake or else once in all and once
/// when they were dropped.
fn woken_twice(last_polls: impl IntoIterator<Item = Option<bool>>) -> Program {
    let mut program = Program::default();
    for (number, last_poll) in (1..).zip(last_polls) {
        let task = program.spawn("session.rs", f64::from(number) / 100.0, None);
        task.polls.count = 3;
        *wakers(task) = Wakers {
            wakes: 2,
            clones: 2,
            drops: 2,
            woken_for_last_poll: last_poll,
            ..Wakers::default()
        };
    }
    program
}

#[test]
fn a_woken_task_has_not_finished_if_its_last_poll_came_of_its_last_wake() {
    let report = woken_twice([Some(true)]).watch(0.0, 12.0);
    assert_eq!(found(&report), [("session.rs", "PU01")]);
    assert_eq!(report.worst(), Some(Grade::Certain));
}

#[test]
fn a_woken_task_may_have_finished_and_be_kept_on_the_wire_by_a_span() {
    for last_polls in [
        vec![None],
        // By chance one seems to have been woken.
        (0..40).map(|number| Some(number == 7)).collect(),
    ] {
        let report = woken_twice(last_polls).watch(0.0, 12.0);
        assert_eq!(report.worst(), Some(Grade::Suspicious));
    }
}

#[test]
fn tasks_that_are_known_to_have_finished_are_no_finding_and_not_alive() {
    let report = woken_twice(vec![Some(false); 40]).watch(0.0, 12.0);
    assert_eq!(found(&report), NOTHING);
    assert_eq!(report.coverage.live_tasks, 0);
    assert_eq!(report.coverage.tasks_seen, 40);
}

#[test]
fn those_whose_like_have_ended_before_may_be_aborted_as_well() {
    let mut program = Program::default();
    for number in 0..12 {
        let born = f64::from(number);
        wakers(program.spawn("lease.rs", born, Some(6.0))).clones = 0;
    }
    let report = program.watch(0.0, 12.0);
    assert_eq!(found(&report), [("lease.rs", "PU01")]);
    assert_eq!(report.worst(), Some(Grade::Suspicious));
}

#[test]
fn wakers_of_which_more_were_dropped_than_cloned_are_not_all_seen() {
    let mut program = Program::default();
    wakers(program.spawn("exporter.rs", 1.0, None)).drops = 5;
    assert_eq!(found(&program.watch(0.0, 12.0)), NOTHING);
}

#[test]
fn a_task_that_was_just_polled_may_yet_keep_a_waker() {
    let mut program = Program::default();
    wakers(program.spawn("young.rs", 11.8, None)).clones = 0;
    assert_eq!(found(&program.watch(0.0, 12.0)), NOTHING);
}

#[test]
fn a_task_that_was_never_polled_waits_for_a_worker_not_for_a_waker() {
    let mut program = Program::default();
    let task = program.spawn("unpolled.rs", 1.0, None);
    wakers(task).clones = 0;
    task.polls = pileup_model::Polls::default();
    assert_eq!(found(&program.watch(0.0, 12.0)), [("unpolled.rs", "PU08")]);
}

#[test]
fn a_woken_task_waits_for_a_worker_not_for_a_waker() {
    let mut program = Program::default();
    let task = program.spawn("scheduled.rs", 1.0, None);
    wakers(task).drops = 1;
    wakers(task).last_wake = Some(at(2.0));
    assert_eq!(found(&program.watch(0.0, 12.0)), NOTHING);
}

#[test]
fn the_ghost_of_a_task_that_a_blocking_closure_keeps_on_the_wire_is_no_finding() {
    let mut program = Program::default();
    let ghost = program.spawn("ghost.rs", 1.0, None);
    wakers(ghost).clones = 0;
    wakers(ghost).wakes = 2;
    ghost.polls.count = 3;
    ghost.polls.last_ended = Some(at(1.5));
    program.spawn("closure.rs", 1.2, None).kind = TaskKind::Blocking;
    assert_eq!(found(&program.watch(0.0, 12.0)), NOTHING);
}

#[test]
fn a_task_polled_more_often_than_it_was_woken_has_been_dropped_unseen() {
    let mut program = Program::default();
    let ghost = program.spawn("ghost.rs", 1.0, None);
    wakers(ghost).clones = 0;
    ghost.polls.count = 2;
    assert_eq!(found(&program.watch(0.0, 12.0)), NOTHING);
}

#[test]
fn the_future_that_drives_the_runtime_has_no_waker_on_the_wire() {
    let mut program = Program::default();
    let main = program.spawn("main.rs", 0.1, None);
    main.kind = TaskKind::BlockOn;
    wakers(main).clones = 0;
    assert_eq!(found(&program.watch(0.0, 12.0)), NOTHING);
}
