//! What a finding says beside its rule: who is involved, where they wait, what they take.

use std::sync::Arc;

use pileup_diagnosis::{Evidence, Involved, Role};
use pileup_model::{Frame, Wait};

use crate::program::{Program, found};

fn recv(line: u32) -> Arc<Wait> {
    let frame = Frame {
        function: "shop::order::next".into(),
        file: Some("src/order.rs".into()),
        line: Some(line),
    };
    Arc::new(Wait {
        kind: "mpsc::Receiver::recv".into(),
        place: Some(frame.clone()),
        stack: vec![frame],
        passed: false,
    })
}

/// A pile whose tasks wait at line 30, and every fourth at line 40 as well.
fn pile() -> Program {
    let mut program = Program::default();
    for number in 0..120 {
        let task = program.spawn("work.rs", f64::from(number) / 10.0, None);
        task.size_bytes = Some(1024);
        task.waits = Some(match number % 4 {
            0 => [recv(30), recv(40)].into(),
            _ => [recv(30)].into(),
        });
    }
    program
}

#[test]
fn equal_waits_are_one_place_and_the_most_tasks_come_first() {
    let report = pile().watch(0.0, 12.0);
    let finding = &report.findings[0];
    let places: Vec<(Option<u32>, usize)> = finding
        .waits
        .iter()
        .map(|place| (place.line, place.tasks))
        .collect();
    assert_eq!(places, [(Some(30), 120), (Some(40), 30)]);
    let evidence = finding.evidence.join("\n");
    assert!(
        evidence.contains("120 tasks wait in mpsc::Receiver::recv at src/order.rs:30"),
        "{evidence}"
    );
    assert!(!evidence.contains("is not seen"), "{evidence}");
}

#[test]
fn the_futures_of_a_pile_take_at_least_their_sizes() {
    let report = pile().watch(0.0, 12.0);
    let facts = &report.findings[0].facts;
    let bytes = facts.iter().find_map(|fact| match fact {
        Evidence::FutureBytes { tasks, bytes, .. } => Some((*tasks, *bytes)),
        _ => None,
    });
    assert_eq!(bytes, Some((120, 120 * 1024)), "{facts:?}");
}

#[test]
fn whoever_waits_behind_a_holder_is_involved_by_site() {
    let mut program = Program::default();
    let lock = program.mutex("state.rs");
    let holder = program.spawn("refresh.rs", 0.5, None).id;
    program.takes(holder, lock, 0.5);
    for number in 1..=110 {
        let born = 0.6 + f64::from(number) / 10.0;
        let task = program.spawn("request.rs", born, None).id;
        program.waits(task, lock, born);
    }
    let report = program.watch(0.0, 12.0);
    assert_eq!(found(&report), [("refresh.rs", "PU07")]);
    let involved = &report.findings[0].involved;
    let parts: Vec<(Role, &str, usize)> = involved
        .iter()
        .map(
            |Involved {
                 site, role, tasks, ..
             }| {
                let file = site.as_ref().map_or("", |site| &site.file);
                (*role, file, *tasks)
            },
        )
        .collect();
    assert_eq!(
        parts,
        [
            (Role::Holder, "refresh.rs", 1),
            (Role::Waiting, "request.rs", 76)
        ]
    );
}
