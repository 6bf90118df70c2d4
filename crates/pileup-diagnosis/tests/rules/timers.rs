//! Tasks that wait under a timer.

use pileup_diagnosis::Grade;

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
