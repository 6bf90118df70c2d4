//! Tasks that keep a future in a queue and no longer poll it, as the await stacks show them.

use std::sync::Arc;

use pileup_diagnosis::{Evidence, Finding, Grade, Report};
use pileup_model::{Task, Wait};

use crate::program::{Program, at};

const UNTIL: f64 = 40.0;
const LOCK: &str = "async_lock::Mutex::lock";

fn waits(task: &mut Task, now: &str, unpolled: Option<&str>) {
    let wait = |kind: &str, passed| {
        Arc::new(Wait {
            kind: kind.into(),
            place: None,
            stack: Vec::new(),
            passed,
        })
    };
    let waits = [(now, false)].into_iter();
    let waits = waits.chain(unpolled.map(|kind| (kind, true)));
    task.waits = Some(waits.map(|(kind, passed)| wait(kind, passed)).collect());
}

/// A program whose requests come each half second and stay, waiting for the lock. The first two
/// keep a future in the queue of `unpolled` and wait in `now`.
fn program(now: &str, unpolled: &str) -> Program {
    let mut program = Program::default();
    for _ in 0..2 {
        waits(program.spawn("refresh.rs", 0.0, None), now, Some(unpolled));
    }
    for number in 1..=79 {
        let request = program.spawn("request.rs", f64::from(number) * 0.5, None);
        waits(request, LOCK, None);
    }
    program
}

fn unpolled(report: &Report) -> Option<&Finding> {
    let mut findings = report.findings.iter();
    findings.find(|finding| finding.code.number() == "PU16")
}

#[test]
fn whoever_queues_behind_an_unpolled_future_is_part_of_one_finding() {
    let report = program(LOCK, LOCK).watch(0.0, UNTIL);
    let finding = unpolled(&report).expect("a finding");
    assert_eq!(finding.grade, Grade::Probable, "{finding:#?}");
    assert_eq!(report.findings.len(), 1, "{report:#?}");
    let said = finding.evidence.join("\n");
    assert!(
        said.contains(
            "2 tasks keep a future that they no longer poll, in async_lock::Mutex::lock; they \
             have been idle for 10 s or longer"
        ),
        "{said}"
    );
    assert!(
        said.contains("2 of them wait in such a queue themselves; "),
        "{said}"
    );
    assert!(
        said.contains("tasks wait in such a queue, spawned at request.rs:1:1"),
        "{said}"
    );
}

#[test]
fn without_growth_it_is_a_suspicion() {
    let mut program = Program::default();
    waits(program.spawn("refresh.rs", 0.0, None), LOCK, Some(LOCK));
    let report = program.watch(0.0, UNTIL);
    let finding = unpolled(&report).expect("a finding");
    assert_eq!(finding.grade, Grade::Suspicious, "{finding:#?}");
}

#[test]
fn a_queue_in_which_nobody_waits_keeps_nobody() {
    let mut program = Program::default();
    let send = Some("flume::Sender::send_async");
    waits(program.spawn("refresh.rs", 0.0, None), LOCK, send);
    assert!(unpolled(&program.watch(0.0, UNTIL)).is_none());
}

#[test]
fn an_unpolled_future_that_is_in_no_queue_keeps_nobody() {
    let mut program = program("time::sleep", "mpsc::Receiver::recv");
    program
        .spawned()
        .filter(|task| {
            task.site
                .as_ref()
                .is_some_and(|site| &*site.file == "request.rs")
        })
        .for_each(|task| waits(task, "mpsc::Receiver::recv", None));
    assert!(unpolled(&program.watch(0.0, UNTIL)).is_none());
}

#[test]
fn a_task_that_was_polled_lately_may_come_back_to_its_future() {
    let mut program = Program::default();
    let task = program.spawn("refresh.rs", 0.0, None);
    waits(task, LOCK, Some(LOCK));
    task.polls.count = 2;
    task.polls.last_started = Some(at(UNTIL - 2.0));
    task.polls.last_ended = Some(at(UNTIL - 2.0));
    assert!(unpolled(&program.watch(0.0, UNTIL)).is_none());
}

#[test]
fn the_facts_are_counted() {
    let report = program(LOCK, LOCK).watch(0.0, UNTIL);
    let facts = &unpolled(&report).expect("a finding").facts;
    assert!(
        facts.iter().any(|fact| matches!(
            fact,
            Evidence::SameKindOfQueue { members: 2, others, .. } if *others > 0
        )),
        "{facts:#?}"
    );
}
