//! Spawn sites that serve several kinds of task, and what tells these apart.

use std::sync::Arc;

use pileup_diagnosis::{Grade, Report};
use pileup_model::{Frame, Task, Wait};

use crate::NOTHING;
use crate::program::{Program, at, found, noise};

/// In each second, three sessions that end after a minute on average, and one task that stays.
/// All are spawned at one line.
fn one_in_four_stays(until: u32) -> Program {
    let mut noise = noise();
    let mut program = Program::default();
    for second in 0..until {
        let born = f64::from(second);
        for after in [0.1, 0.3, 0.5] {
            let lifetime = -noise().max(1e-9).ln() * 60.0;
            program.spawn("accept.rs", born + after, Some(lifetime));
        }
        program.spawn("accept.rs", born + 0.7, None);
    }
    program
}

fn waits_at(line: u32) -> Arc<[Arc<Wait>]> {
    let place = Frame {
        function: "shop::handle".into(),
        file: Some("handler.rs".into()),
        line: Some(line),
    };
    let wait = Wait {
        kind: "mpsc::Receiver::recv".into(),
        stack: vec![place.clone()],
        place: Some(place),
        passed: false,
    };
    [Arc::new(wait)].into()
}

fn evidence(report: &Report) -> String {
    report.findings[0].evidence.join("\n")
}

/// Changes the tasks of every snapshot of a watch. The closure gets each task, whether it stays,
/// and the time in seconds.
fn watch(program: &Program, to: f64, mut change: impl FnMut(&mut Task, bool, f64)) -> Report {
    program.watch_changed(0.0, to, |snapshot, now| {
        for task in &mut snapshot.tasks {
            // Every fourth that is spawned.
            let stays = task.id.0.is_multiple_of(4);
            change(Arc::make_mut(task), stays, now);
        }
    })
}

#[test]
fn a_site_whose_tasks_cannot_be_told_apart_is_not_split() {
    let report = one_in_four_stays(60).watch(0.0, 60.0);
    assert!(report.worst() <= Some(Grade::Suspicious), "{report:#?}");
}

#[test]
fn tasks_that_stay_at_an_await_of_their_own_are_found_among_sessions() {
    let report = watch(&one_in_four_stays(60), 60.0, |task, stays, _| {
        task.waits = Some(waits_at(if stays { 88 } else { 12 }));
    });
    assert_eq!(found(&report), [("accept.rs", "PU03")]);
    let evidence = evidence(&report);
    let says = "live tasks of the site, the 60 that wait at handler.rs:88 stay; ";
    assert!(evidence.contains(says), "{evidence}");
    assert!(evidence.contains(" s, none has left"), "{evidence}");
    assert!(
        (40..=60).contains(&report.findings[0].tasks),
        "{}",
        report.findings[0].tasks
    );
}

#[test]
fn tasks_that_come_to_their_await_after_a_while_are_found() {
    let report = watch(&one_in_four_stays(90), 90.0, |task, stays, now| {
        let is_there = stays && at(now - 5.0) >= task.created_at;
        task.waits = Some(waits_at(if is_there { 88 } else { 12 }));
    });
    assert_eq!(found(&report), [("accept.rs", "PU03")]);
}

#[test]
fn healthy_tasks_that_wait_in_the_end_at_another_await_are_no_pile() {
    let mut noise = noise();
    let mut program = Program::default();
    for second in 0..120 {
        let lifetime = -noise().max(1e-9).ln() * 40.0;
        program.spawn("accept.rs", f64::from(second), Some(lifetime));
    }
    // Who waits at the second await has lived for ten seconds, without an end.
    let report = watch(&program, 120.0, |task, _, now| {
        let is_there = at(now - 10.0) >= task.created_at;
        task.waits = Some(waits_at(if is_there { 88 } else { 12 }));
    });
    assert_eq!(found(&report), NOTHING);
}

#[test]
fn tasks_of_one_name_that_stay_are_found() {
    let report = watch(&one_in_four_stays(60), 60.0, |task, stays, _| {
        let kind = if stays { "job" } else { "session" };
        task.name = Some(format!("{kind}-{}", task.id.0).into());
    });
    assert_eq!(found(&report), [("accept.rs", "PU03")]);
    let evidence = evidence(&report);
    assert!(
        evidence.contains("the 60 that are named `job-*` stay"),
        "{evidence}"
    );
}

#[test]
fn names_of_which_each_task_has_its_own_tell_no_kinds_apart() {
    let report = watch(&one_in_four_stays(100), 100.0, |task, stays, _| {
        // Without a digit, so that each name is another.
        let letters = format!("{stays}-{:b}", task.id.0);
        task.name = Some(letters.replace('0', "a").replace('1', "b").into());
    });
    assert_eq!(found(&report), NOTHING);
}

#[test]
fn tasks_that_stand_still_are_found_among_those_that_are_polled() {
    let mut polls = 1;
    let report = watch(&one_in_four_stays(60), 60.0, |task, stays, now| {
        polls += 1;
        if !stays {
            task.polls.count = polls;
            task.polls.last_started = Some(at(now));
            task.polls.last_ended = Some(at(now));
        }
    });
    assert_eq!(found(&report), [("accept.rs", "PU03")]);
    let evidence = evidence(&report);
    assert!(
        evidence.contains("the 59 that are not polled any more stay"),
        "{evidence}"
    );
}

#[test]
fn a_pool_of_which_a_few_work_now_and_then_is_no_pile() {
    for seconds in 20..60 {
        let mut noise = noise();
        let mut program = Program::default();
        for number in 0..100 {
            program.spawn("pool.rs", f64::from(number) * 0.015, None);
        }
        let mut polls = 1;
        let report = program.watch_changed(0.0, f64::from(seconds), |snapshot, now| {
            for task in &mut snapshot.tasks {
                // Whoever comes back to rest is not new there.
                if task.id.0 <= 5 && noise() < 0.2 {
                    polls += 1;
                    let task = Arc::make_mut(task);
                    task.polls.count = polls;
                    task.polls.last_started = Some(at(now));
                    task.polls.last_ended = Some(at(now));
                }
            }
        });
        assert_eq!(found(&report), NOTHING, "in {seconds} s: {report:#?}");
    }
}

#[test]
fn tasks_that_wait_for_the_same_lock_are_found_among_sessions() {
    let mut program = one_in_four_stays(60);
    let lock = program.mutex("state.rs");
    let stay = program
        .spawned()
        .filter(|task| task.finished_at.is_none())
        .map(|task| {
            (
                task.id,
                (task.created_at.duration_since(at(0.0))).as_secs_f64(),
            )
        });
    for (task, born) in stay.collect::<Vec<_>>() {
        program.waits(task, lock, born);
    }
    let report = program.watch(0.0, 60.0);
    assert_eq!(found(&report), [("accept.rs", "PU03")]);
    let evidence = evidence(&report);
    assert!(
        evidence.contains("the 60 that wait to lock a Mutex made at state.rs:2:2 stay"),
        "{evidence}"
    );
}

#[test]
fn two_kinds_of_task_that_stay_are_two_findings() {
    let report = watch(&one_in_four_stays(90), 90.0, |task, stays, _| {
        let line = match (stays, task.id.0 % 3) {
            (false, _) => 12,
            (true, 0) => 88,
            (true, _) => 99,
        };
        task.waits = Some(waits_at(line));
    });
    assert_eq!(
        found(&report),
        [("accept.rs", "PU03"), ("accept.rs", "PU03")]
    );
    let says = ["handler.rs:99 stay", "handler.rs:88 stay"];
    for (finding, says) in report.findings.iter().zip(says) {
        assert!(finding.evidence.join("\n").contains(says), "{finding:#?}");
    }
}

#[test]
fn a_second_kind_of_task_that_stays_is_shown_before_it_is_decided() {
    let mut polls = 1;
    let report = watch(&one_in_four_stays(60), 60.0, |task, stays, now| {
        let line = match (stays, task.id.0 % 32) {
            (false, _) => 12,
            (true, 0) => 88,
            (true, _) => 99,
        };
        task.waits = Some(waits_at(line));
        if !stays {
            polls += 1;
            task.polls.count = polls;
            task.polls.last_started = Some(at(now));
            task.polls.last_ended = Some(at(now));
        }
    });
    let grades: Vec<Grade> = report.findings.iter().map(|found| found.grade).collect();
    assert_eq!(grades, [Grade::Probable, Grade::Suspicious], "{report:#?}");
    let says = ["handler.rs:99 stay", "handler.rs:88 stay"];
    for (finding, says) in report.findings.iter().zip(says) {
        assert!(finding.evidence.join("\n").contains(says), "{finding:#?}");
    }
}

#[test]
fn tasks_that_stay_and_differ_from_others_in_two_ways_are_one_finding() {
    let report = watch(&one_in_four_stays(60), 60.0, |task, stays, _| {
        task.waits = Some(waits_at(if stays { 88 } else { 12 }));
        task.name = Some(if stays { "job" } else { "session" }.into());
    });
    assert_eq!(found(&report), [("accept.rs", "PU03")]);
    assert!(
        evidence(&report).contains("the 60 that wait at handler.rs:88 stay"),
        "{}",
        evidence(&report)
    );
}

#[test]
fn tasks_whose_awaits_become_known_later_have_not_come_just_then() {
    // Everybody gets a mailbox, and most people have one by now. Six tasks wait elsewhere.
    let mut program = Program::default();
    for person in 0..170 {
        let born = -20.0 * (1.0 - f64::from(person) / 200.0).ln();
        program.spawn("accept.rs", born, None);
    }
    let report = program.watch_changed(4.0, 34.0, |snapshot, now| {
        for task in &mut snapshot.tasks {
            let line = if task.id.0 <= 6 { 12 } else { 88 };
            Arc::make_mut(task).waits = (now > 5.0).then(|| waits_at(line));
        }
    });
    assert_eq!(found(&report), NOTHING);
}
