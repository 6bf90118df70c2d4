//! Tasks that wait under a timer.

use pileup_diagnosis::Grade;
use pileup_model::WaitKind;

use crate::program::{Program, at};

/// Tasks that arrive for half a minute, and each wait under a timer from their birth on.
fn timed(seconds: u32) -> Program {
    let mut program = Program::default();
    for number in 1..300 {
        let born = f64::from(number) * 0.1;
        program.spawn("work.rs", born, Some(f64::from(seconds)));
        program.timer(born, seconds);
    }
    program
}

fn worst(program: &Program) -> Option<Grade> {
    program.watch(0.0, 30.0).worst()
}

#[test]
fn a_pile_whose_timers_are_due_after_the_watch_is_a_suspicion() {
    let report = timed(60).watch(0.0, 30.0);
    assert_eq!(report.worst(), Some(Grade::Suspicious));
    let evidence = report.findings[0].evidence.join("\n");
    assert!(evidence.contains("due in 30.1 s to 50 s"), "{evidence}");
}

#[test]
fn a_timer_that_is_due_tomorrow_ends_nothing() {
    assert_eq!(worst(&timed(86_400)), Some(Grade::Probable));
}

#[test]
fn a_timer_that_was_due_has_ended_nothing() {
    let mut program = Program::default();
    for number in 1..300 {
        let born = f64::from(number) * 0.1;
        program.spawn("work.rs", born, None);
        program.timer(born, 1);
    }
    assert_eq!(worst(&program), Some(Grade::Probable));
}

#[test]
fn a_loop_that_sleeps_has_no_end() {
    let mut program = Program::default();
    for number in 1..100 {
        let born = f64::from(number) * 0.3;
        let last_lap = 30.0 - (30.0 - born) % 2.0;
        let task = program.spawn("work.rs", born, None);
        task.polls.count = 5;
        task.polls.last_started = Some(at(last_lap));
        task.polls.last_ended = Some(at(last_lap));
        program.timer(last_lap, 2);
    }
    assert_eq!(worst(&program), Some(Grade::Probable));
}

/// A task that never ends arrives every 0.3 s, and each goes to sleep at its birth. The snapshots
/// show which task polls which timer if `is_linked`.
fn sleepers(is_linked: bool) -> Program {
    let mut program = Program::default();
    for number in 1..100 {
        let born = f64::from(number) * 0.3;
        let task = program.spawn("work.rs", born, None).id;
        program.timer(born, 86_400);
        if is_linked {
            program.waits_for_timer(task, born);
        }
    }
    program
}

#[test]
fn a_sleeping_task_waits_for_no_resource() {
    let finding = |is_linked| {
        let mut report = sleepers(is_linked).watch(0.0, 30.0);
        assert_eq!(report.findings.len(), 1);
        report.findings.remove(0)
    };
    let linked = finding(true);
    assert_eq!(linked.waits_on, None);
    assert_eq!(linked, finding(false), "the link to its timer adds nothing");
}

#[test]
fn a_task_that_waits_for_a_lock_under_a_timer_waits_for_the_lock() {
    let mut program = sleepers(true);
    let lock = program.mutex("lock.rs");
    let sleepers: Vec<_> = program
        .spawned()
        .map(|task| (task.id, task.created_at))
        .collect();
    for (task, born) in sleepers {
        program.waits(task, lock, born.duration_since(at(0.0)).as_secs_f64());
    }
    let report = program.watch(0.0, 30.0);
    let waits_on = report.findings[0].waits_on.as_ref();
    assert_eq!(waits_on.map(|on| on.kind), Some(WaitKind::Mutex));
}

#[test]
fn a_timer_that_was_made_in_two_polls_at_once_is_nobodys() {
    let mut program = timed(60);
    for number in 1..300 {
        let born = f64::from(number) * 0.1;
        let task = program.spawn("other.rs", born - 0.01, Some(0.2));
        task.polls.last_ended = Some(at(born + 0.01));
    }
    assert_eq!(worst(&program), Some(Grade::Suspicious), "they have ended");

    let mut program = timed(60);
    for number in 1..300 {
        let born = f64::from(number) * 0.1;
        let task = program.spawn("other.rs", born - 0.01, None);
        task.polls.last_ended = Some(at(born + 0.01));
    }
    assert_eq!(worst(&program), Some(Grade::Probable));
}
