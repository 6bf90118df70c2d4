//! Who waits for whom, and when that is for good.

use std::sync::Arc;
use std::time::Duration;

use pileup_diagnosis::{Grade, Report, WaitKind};
use pileup_model::{AsyncOp, ENDED_OPS_KEPT, TaskId};

use crate::NOTHING;
use crate::program::{Lock, Program, at, found, wakers};

fn spawn(program: &mut Program, file: &str, born: f64) -> TaskId {
    program.spawn(file, born, None).id
}

/// A task that took one lock and waits for the other.
fn takes_and_waits(program: &mut Program, file: &str, takes: Lock, waits: Lock) -> TaskId {
    let task = spawn(program, file, 1.0);
    program.takes(task, takes, 1.0);
    program.waits(task, waits, 1.1);
    task
}

fn evidence(report: &Report) -> String {
    report.findings[0].evidence.join("\n")
}

#[test]
fn two_tasks_that_hold_what_the_other_waits_for_are_a_deadlock() {
    let mut program = Program::default();
    let (a, b) = (program.mutex("locks.rs"), program.mutex("locks.rs"));
    takes_and_waits(&mut program, "transfer.rs", a, b);
    takes_and_waits(&mut program, "transfer.rs", b, a);
    let report = program.watch(0.0, 12.0);
    assert_eq!(found(&report), [("transfer.rs", "PU04")]);
    assert_eq!(report.worst(), Some(Grade::Certain));
    assert!(evidence(&report).contains("2 tasks wait in a cycle"));
}

#[test]
fn three_tasks_in_a_cycle_are_one_deadlock_over_all_their_sites() {
    let mut program = Program::default();
    let (a, b, c) = (
        program.mutex("a.rs"),
        program.mutex("b.rs"),
        program.mutex("c.rs"),
    );
    takes_and_waits(&mut program, "first.rs", a, b);
    takes_and_waits(&mut program, "second.rs", b, c);
    takes_and_waits(&mut program, "third.rs", c, a);
    let report = program.watch(0.0, 12.0);
    assert_eq!(found(&report), [("first.rs", "PU04")]);
    let holders = report.findings[0].held_by.iter();
    let sites: Vec<&str> = holders
        .filter_map(|holder| holder.site.as_ref().map(|site| &*site.file))
        .collect();
    assert_eq!(sites, ["first.rs", "second.rs", "third.rs"]);
}

#[test]
fn a_task_that_waits_for_its_own_lock_is_a_deadlock() {
    let mut program = Program::default();
    let lock = program.mutex("cache.rs");
    takes_and_waits(&mut program, "cache.rs", lock, lock);
    let report = program.watch(0.0, 12.0);
    assert_eq!(found(&report), [("cache.rs", "PU04")]);
    assert!(evidence(&report).contains("1 task waits for a lock that it holds itself"));
    assert_eq!(report.worst(), Some(Grade::Certain));
}

#[test]
fn a_task_that_waits_for_its_own_lock_in_one_place_may_go_on_in_another() {
    // It is asleep with the lock, and another of its futures waits for it.
    let mut asleep = Program::default();
    let lock = asleep.mutex("report.rs");
    takes_and_waits(&mut asleep, "report.rs", lock, lock);
    wakers(asleep.last_spawned()).clones = 2;
    assert_eq!(asleep.watch(0.0, 12.0).worst(), Some(Grade::Suspicious));

    // Two of its futures wait.
    let mut joined = Program::default();
    let lock = joined.mutex("report.rs");
    let task = takes_and_waits(&mut joined, "report.rs", lock, lock);
    joined.waits(task, lock, 1.1);
    assert_eq!(joined.watch(0.0, 12.0).worst(), Some(Grade::Suspicious));
}

#[test]
fn a_task_that_took_its_lock_in_an_earlier_poll_may_have_given_it_back() {
    let mut program = Program::default();
    let lock = program.mutex("store.rs");
    takes_and_waits(&mut program, "writer.rs", lock, lock);
    let writer = program.last_spawned();
    writer.polls.count = 2;
    writer.polls.last_started = Some(at(1.1));
    writer.polls.last_ended = Some(at(1.1));
    assert_eq!(program.watch(0.0, 12.0).worst(), Some(Grade::Suspicious));
}

#[test]
fn permits_can_be_passed_on_and_added() {
    let mut program = Program::default();
    let limit = program.semaphore("limit.rs", 1.0);
    takes_and_waits(&mut program, "dispatcher.rs", limit, limit);
    let report = program.watch(0.0, 12.0);
    assert_eq!(found(&report), [("dispatcher.rs", "PU04")]);
    assert_eq!(report.worst(), Some(Grade::Suspicious));
    assert!(evidence(&report).contains("permits of a semaphore"));
}

#[test]
fn one_reader_who_is_not_in_the_cycle_may_open_it() {
    let mut program = Program::default();
    let table = program.rw_lock_read_by("table.rs", 2);
    let log = program.mutex("log.rs");
    takes_and_waits(&mut program, "writer.rs", log, table);
    takes_and_waits(&mut program, "stuck.rs", table, log);
    let reader = spawn(&mut program, "reader.rs", 1.0);
    program.takes(reader, table, 1.0);
    // Either lock can be opened by one reader more or less: only all of them are a deadlock.
    assert_eq!(found(&program.watch(0.0, 12.0)), NOTHING);
}

#[test]
fn those_who_wait_behind_a_deadlock_are_told_with_it() {
    let mut program = Program::default();
    let lock = program.mutex("cache.rs");
    takes_and_waits(&mut program, "cache.rs", lock, lock);
    for number in 0..100 {
        let task = spawn(&mut program, "reader.rs", 2.0 + f64::from(number) / 10.0);
        program.waits(task, lock, 2.0 + f64::from(number) / 10.0);
    }
    let report = program.watch(0.0, 12.0);
    assert_eq!(found(&report), [("cache.rs", "PU04")]);
    assert!(
        evidence(&report).contains("100 tasks wait behind them"),
        "{}",
        evidence(&report)
    );
}

#[test]
fn a_cycle_that_has_just_closed_may_yet_open() {
    let mut program = Program::default();
    let lock = program.mutex("cache.rs");
    let task = spawn(&mut program, "cache.rs", 1.0);
    program.takes(task, lock, 11.0);
    program.waits(task, lock, 11.1);
    assert_eq!(found(&program.watch(0.0, 12.0)), NOTHING);
}

#[test]
fn a_lock_granted_to_a_future_that_is_not_polled_is_a_futurelock() {
    let mut program = Program::default();
    let lock = program.mutex("job.rs");
    let task = spawn(&mut program, "job.rs", 1.0);
    program.is_granted(task, lock, 1.1);
    program.waits(task, lock, 1.2);
    let report = program.watch(0.0, 12.0);
    assert_eq!(found(&report), [("job.rs", "PU05")]);
    assert_eq!(report.worst(), Some(Grade::Certain));
}

#[test]
fn a_lock_whose_holder_has_ended_is_told_by_the_holder() {
    let mut program = Program::default();
    let lock = program.mutex("account.rs");
    let holder = program.spawn("checkout.rs", 1.0, Some(0.5)).id;
    program.takes(holder, lock, 1.2);
    let waiter = spawn(&mut program, "deposit.rs", 2.0);
    program.waits(waiter, lock, 2.0);
    let report = program.watch(0.0, 12.0);
    assert_eq!(found(&report), [("checkout.rs", "PU06")]);
    let finding = &report.findings[0];
    // Its guard may be with a task that is at work with it.
    assert_eq!(finding.grade, Grade::Suspicious);
    assert_eq!(finding.held_by[0].task, holder);
    let waits_on = finding.waits_on.as_ref().expect("what they wait for");
    assert_eq!(waits_on.kind, WaitKind::Mutex);
    let resource = waits_on.resource.as_ref().expect("where it was made");
    assert_eq!((&*resource.file, resource.line), ("account.rs", 2));
}

#[test]
fn a_lock_that_changes_hands_is_no_finding() {
    let mut program = Program::default();
    let lock = program.mutex("account.rs");
    for turn in 0..24 {
        let time = f64::from(turn) / 2.0;
        let task = program.spawn("deposit.rs", time - 2.0, Some(2.5)).id;
        program.takes(task, lock, time);
    }
    let waiter = spawn(&mut program, "deposit.rs", 10.5);
    program.waits(waiter, lock, 10.5);
    assert_eq!(found(&program.watch(0.0, 12.0)), NOTHING);
}

#[test]
fn a_pile_behind_an_idle_holder_is_the_holders_finding() {
    let mut program = Program::default();
    let lock = program.mutex("state.rs");
    let holder = spawn(&mut program, "refresh.rs", 0.5);
    program.takes(holder, lock, 0.5);
    for number in 1..=110 {
        let born = 0.6 + f64::from(number) / 10.0;
        let task = spawn(&mut program, "request.rs", born);
        program.waits(task, lock, born);
    }
    let report = program.watch(0.0, 12.0);
    assert_eq!(found(&report), [("refresh.rs", "PU07")]);
    assert_eq!(report.worst(), Some(Grade::Probable));
    assert!(evidence(&report).contains("request.rs"));
}

#[test]
fn a_pile_that_waits_for_several_things_names_them() {
    let mut program = Program::default();
    let locks = ["state.rs", "index.rs"].map(|file| program.mutex(file));
    for number in 1..=110 {
        let born = 0.6 + f64::from(number) / 10.0;
        let task = spawn(&mut program, "request.rs", born);
        match number % 10 {
            0..5 => program.waits(task, locks[0], born),
            5..8 => program.waits(task, locks[1], born),
            _ => {}
        }
    }
    let report = program.watch(0.0, 12.0);
    assert_eq!(found(&report), [("request.rs", "PU03")]);
    assert!(report.findings[0].waits_on.is_none());
    let says = "they do not all wait for one thing: 39 to lock a Mutex made at state.rs:2:2, 23 to \
                lock a Mutex made at index.rs:2:2, 14 for what Tokio does not instrument";
    assert!(evidence(&report).contains(says), "{}", evidence(&report));
}

#[test]
fn a_pile_behind_a_holder_that_nobody_saw_says_so() {
    let mut program = Program::default();
    let lock = program.mutex("state.rs");
    for number in 1..=115 {
        let born = f64::from(number) / 10.0;
        let task = spawn(&mut program, "request.rs", born);
        program.waits(task, lock, born);
    }
    let report = program.watch(0.0, 12.0);
    assert_eq!(found(&report), [("request.rs", "PU03")]);
    assert!(evidence(&report).contains("its holder is unknown"));
    assert!(report.findings[0].held_by.is_empty());
}

#[test]
fn a_reader_that_waits_behind_a_writer_for_its_own_lock_is_a_deadlock() {
    let mut program = Program::default();
    let lock = program.rw_lock_read_by("table.rs", 1);
    takes_and_waits(&mut program, "reader.rs", lock, lock);
    let writer = spawn(&mut program, "writer.rs", 1.05);
    program.waits(writer, lock, 1.05);
    let report = program.watch(0.0, 12.0);
    assert_eq!(found(&report), [("reader.rs", "PU04")]);
    assert_eq!(report.worst(), Some(Grade::Certain));
}

#[test]
fn a_reader_among_others_that_nobody_saw_take_the_lock_is_not_taken_for_the_holder() {
    let mut program = Program::default();
    let lock = program.rw_lock_read_by("table.rs", 1);
    let reader = spawn(&mut program, "reader.rs", 1.0);
    for number in 0..5 {
        program.takes(reader, lock, 62.0 + f64::from(number));
    }
    program.waits(reader, lock, 70.0);
    let polls = &mut program.last_spawned().polls;
    (polls.last_started, polls.last_ended) = (Some(at(70.0)), Some(at(70.0)));
    assert_eq!(found(&program.watch(60.0, 90.0)), NOTHING);
}

#[test]
fn a_dispatcher_that_passes_its_guards_on_is_at_most_suspicious() {
    let mut program = Program::default();
    let lock = program.mutex("slots.rs");
    takes_and_waits(&mut program, "dispatcher.rs", lock, lock);
    program.gives_owned_guards(lock);
    let report = program.watch(0.0, 12.0);
    assert_eq!(report.worst(), Some(Grade::Suspicious));
}

#[test]
fn a_lease_that_is_handed_to_a_worker_is_at_most_suspicious() {
    let mut program = Program::default();
    let lock = program.mutex("lease.rs");
    let elected = program.spawn("election.rs", 1.0, Some(0.5)).id;
    program.takes(elected, lock, 1.2);
    let standby = spawn(&mut program, "election.rs", 2.0);
    program.waits(standby, lock, 2.0);
    program.gives_owned_guards(lock);
    let report = program.watch(0.0, 12.0);
    assert_eq!(report.worst(), Some(Grade::Suspicious));
}

#[test]
fn a_pile_behind_a_lost_owned_guard_is_probable() {
    let mut program = Program::default();
    let lock = program.mutex("account.rs");
    let holder = program.spawn("checkout.rs", 0.1, Some(0.2)).id;
    program.takes(holder, lock, 0.2);
    for number in 1..=115 {
        let born = 0.2 + f64::from(number) / 10.0;
        let task = spawn(&mut program, "deposit.rs", born);
        program.waits(task, lock, born);
    }
    program.gives_owned_guards(lock);
    let report = program.watch(0.0, 12.0);
    assert_eq!(found(&report), [("checkout.rs", "PU06")]);
    assert_eq!(report.worst(), Some(Grade::Probable));
}

#[test]
fn a_pile_behind_two_idle_readers_counts_each_task_once() {
    let mut program = Program::default();
    let lock = program.rw_lock_read_by("table.rs", 2);
    for _ in 0..2 {
        let reader = spawn(&mut program, "export.rs", 0.1);
        program.takes(reader, lock, 0.1);
    }
    for number in 1..=110 {
        let born = 0.6 + f64::from(number) / 10.0;
        let task = spawn(&mut program, "writer.rs", born);
        program.waits(task, lock, born);
    }
    let report = program.watch(0.0, 12.0);
    assert_eq!(found(&report), [("export.rs", "PU07")]);
    assert!(
        evidence(&report)
            .contains("76 tasks spawned at writer.rs:1:1 wait for what 2 tasks of this site hold"),
        "{}",
        evidence(&report)
    );
}

/// Tasks that wait for a permit, ten a second from 1 s on.
fn clients(program: &mut Program, lock: Lock) {
    for number in 1..=110 {
        let born = 1.0 + f64::from(number) / 10.0;
        let task = spawn(program, "client.rs", born);
        program.waits(task, lock, born);
    }
}

#[test]
fn the_live_takers_of_all_permits_that_are_held_hold_them() {
    let mut program = Program::default();
    let pool = program.semaphore_with("pool.rs", &[(0.0, 2), (0.5, 0)]);
    // Many have taken a permit and given it back.
    for number in 0..20 {
        let task = program
            .spawn("client.rs", 0.1, Some(0.1 + f64::from(number) / 100.0))
            .id;
        program.takes(task, pool, 0.1 + f64::from(number) / 100.0);
    }
    for _ in 0..2 {
        let holder = spawn(&mut program, "lease.rs", 0.4);
        program.takes(holder, pool, 0.5);
    }
    clients(&mut program, pool);
    let report = program.watch(0.0, 12.0);
    assert_eq!(found(&report), [("lease.rs", "PU07")]);
    assert_eq!(report.worst(), Some(Grade::Probable));
}

#[test]
fn permits_whose_takers_have_all_ended_are_forgotten() {
    let mut program = Program::default();
    let lines = program.semaphore_with("lines.rs", &[(0.0, 2), (0.5, 0)]);
    for born in [0.2, 0.4] {
        let task = program.spawn("driver.rs", born, Some(0.2)).id;
        program.takes(task, lines, born + 0.1);
    }
    clients(&mut program, lines);
    let report = program.watch(0.0, 12.0);
    assert_eq!(found(&report), [("driver.rs", "PU06")]);
    assert_eq!(report.worst(), Some(Grade::Probable));
    assert!(
        evidence(&report).contains("2 tasks that took them"),
        "{}",
        evidence(&report)
    );
    assert!(report.findings[0].fix.contains("forget()"));
}

/// A pool of two, of which a hundred drivers take a permit, and two do not give it back. Of the
/// ops that ended, only the newest are known, as on the console.
fn a_pool_that_many_used(last_ends: Option<f64>) -> Report {
    let mut program = Program::default();
    let pool = program.semaphore_with("pool.rs", &[(0.0, 2), (2.0, 1), (12.0, 0)]);
    for number in 0..100 {
        let born = 2.0 + f64::from(number) / 10.0;
        let lifetime = if number == 99 { last_ends } else { Some(0.2) };
        let task = program.spawn("driver.rs", born, lifetime).id;
        program.takes(task, pool, born + 0.01);
    }
    for number in 1..=110 {
        let born = 12.0 + f64::from(number) / 10.0;
        let task = spawn(&mut program, "client.rs", born);
        program.waits(task, pool, born);
    }
    program.watch_changed(0.0, 24.0, |snapshot, now| {
        let has_ended = |op: &Arc<AsyncOp>| op.dropped_at.is_some_and(|end| end <= at(now));
        let acquires = snapshot.async_ops.iter().filter(|op| op.parent.is_some());
        let ended = acquires.filter(|op| has_ended(op)).count();
        let mut forgotten = ended.saturating_sub(ENDED_OPS_KEPT);
        snapshot.async_ops.retain(|op| {
            let forget = forgotten > 0 && op.parent.is_some() && has_ended(op);
            forgotten -= usize::from(forget);
            !forget
        });
    })
}

#[test]
fn permits_that_many_took_and_some_kept_are_lost_when_all_of_them_have_ended() {
    let report = a_pool_that_many_used(Some(0.2));
    assert_eq!(found(&report), [("driver.rs", "PU06")]);
    assert!(
        evidence(&report).contains("all 100 tasks that took them"),
        "{}",
        evidence(&report)
    );
    assert!(report.findings[0].fix.contains("connection"));
}

#[test]
fn permits_of_which_a_live_task_may_hold_one_are_not_lost() {
    let report = a_pool_that_many_used(None);
    let accused = found(&report);
    assert!(
        !accused.iter().any(|(_, code)| *code == "PU06"),
        "{accused:?}"
    );
}

#[test]
fn a_semaphore_that_was_exhausted_at_the_attach_is_not_free_and_not_exclusive() {
    let mut program = Program::default();
    // Eight leases, of which one comes back in the watch, and is taken again.
    let pool = program.semaphore_with("pool.rs", &[(0.0, 8), (1.0, 0), (64.0, 1), (65.0, 0)]);
    let leases: Vec<TaskId> = (0..8)
        .map(|_| spawn(&mut program, "lease.rs", 0.5))
        .collect();
    for lease in &leases {
        program.takes(*lease, pool, 1.0);
    }
    program.takes(leases[0], pool, 65.0);
    program.waits(leases[1], pool, 66.0);
    // Were there but one permit, its newest taker would hold it, and the others wait for it.
    let report = program.watch(60.0, 90.0);
    assert!(
        report
            .findings
            .iter()
            .all(|finding| finding.held_by.is_empty()),
        "{report:#?}"
    );
}

/// A cycle over a mutex, an `RwLock` and a semaphore of one permit, which was taken and given
/// back before by tasks of a file.
fn cycle_with_a_permit(taken_before_by: &str) -> Program {
    let mut program = Program::default();
    let (mutex, table) = (
        program.mutex("state.rs"),
        program.rw_lock_read_by("table.rs", 1),
    );
    let permit = program.semaphore_with("limit.rs", &[(0.0, 1), (0.6, 0), (0.8, 1), (1.0, 0)]);
    let before = program.spawn(taken_before_by, 0.5, Some(0.3)).id;
    program.takes(before, permit, 0.6);
    takes_and_waits(&mut program, "export.rs", mutex, table);
    takes_and_waits(&mut program, "import.rs", table, permit);
    takes_and_waits(&mut program, "report.rs", permit, mutex);
    program
}

#[test]
fn a_cycle_over_a_permit_that_its_tasks_alone_have_taken_is_probable() {
    let report = cycle_with_a_permit("report.rs").watch(0.0, 12.0);
    assert_eq!(found(&report), [("export.rs", "PU04")]);
    assert_eq!(
        report.worst(),
        Some(Grade::Probable),
        "{}",
        evidence(&report)
    );

    // Somebody else, who takes it too, may give one.
    let report = cycle_with_a_permit("other.rs").watch(0.0, 12.0);
    assert_eq!(report.worst(), Some(Grade::Suspicious));
}

/// A pool of six that twenty queries have used, and whose permits six subscriptions have taken
/// since. It is watched from later on.
fn a_pool_with_six_holders() -> Program {
    let mut program = Program::default();
    let pool = program.semaphore_with("pool.rs", &[(0.0, 6), (3.0, 0)]);
    for number in 0..20 {
        let born = 0.1 + f64::from(number) / 10.0;
        let query = program.spawn("query.rs", born, Some(0.05)).id;
        program.takes(query, pool, born);
    }
    for _ in 0..6 {
        let subscription = spawn(&mut program, "subscription.rs", 3.0);
        program.takes(subscription, pool, 3.0);
    }
    for number in 1..=400 {
        let born = 3.0 + f64::from(number) / 10.0;
        let query = spawn(&mut program, "query.rs", born);
        program.waits(query, pool, born);
    }
    program
}

#[test]
fn holders_that_took_their_permits_before_the_watch_are_named() {
    let report = a_pool_with_six_holders().watch(10.0, 40.0);
    assert_eq!(found(&report), [("subscription.rs", "PU07")]);
    assert!(
        evidence(&report).contains("wait for what 6 tasks of this site hold"),
        "{}",
        evidence(&report)
    );
}

#[test]
fn holders_are_not_guessed_where_one_may_have_given_its_permit_back() {
    let mut program = a_pool_with_six_holders();
    let one = program
        .spawned()
        .find(|task| task.created_at == at(3.0))
        .expect("a subscription");
    one.polls.last_started = Some(at(3.5));
    one.polls.last_ended = Some(at(3.5));
    let report = program.watch(10.0, 40.0);
    assert_eq!(found(&report), [("query.rs", "PU03")]);
}

#[test]
fn holders_are_not_guessed_where_the_program_may_have_forgotten_some() {
    let forgotten = at(2.0);
    let program = a_pool_with_six_holders();
    let report = program.watch_changed(10.0, 40.0, |snapshot, _| {
        let is_known = |end: Option<_>| end.is_none_or(|end| end >= forgotten);
        snapshot.async_ops.retain(|op| is_known(op.dropped_at));
        snapshot.finished.retain(|task| is_known(task.finished_at));
        snapshot.coverage.keeps_ended_for = None;
    });
    assert_eq!(found(&report), [("query.rs", "PU03")]);
}

/// A watch of a program that forgets what ended, from 10 s on: the first snapshot has what ended
/// at 0.5 s or later.
fn watch_after_it_began_to_forget(program: &Program) -> Report {
    program.watch_changed(10.0, 40.0, |snapshot, _| {
        let is_known = |end: Option<_>| end.is_none_or(|end| end >= at(0.5));
        snapshot.async_ops.retain(|op| is_known(op.dropped_at));
        snapshot.finished.retain(|task| is_known(task.finished_at));
        snapshot.coverage.keeps_ended_for = Some(Duration::from_secs_f64(9.5));
    })
}

#[test]
fn no_reader_is_accused_in_place_of_one_that_the_program_has_just_forgotten() {
    let mut program = Program::default();
    let table = program.rw_lock_read_by("table.rs", 1);
    let holder = spawn(&mut program, "holder.rs", 0.1);
    program.takes(holder, table, 0.3);
    // Another one reads, goes on, and lives.
    let visitor = spawn(&mut program, "visitor.rs", 0.6);
    program.takes(visitor, table, 0.6);
    let polls = &mut program.last_spawned().polls;
    (polls.last_started, polls.last_ended) = (Some(at(0.8)), Some(at(0.8)));
    for number in 1..=400 {
        let born = 1.0 + f64::from(number) / 10.0;
        let writer = spawn(&mut program, "writer.rs", born);
        program.waits(writer, table, born);
    }
    let report = watch_after_it_began_to_forget(&program);
    assert_eq!(found(&report), [("writer.rs", "PU03")]);
    assert_eq!(report.findings[0].held_by, []);
    // The same, where the program has forgotten nothing: the holder is there.
    let report = program.watch(10.0, 40.0);
    assert!(
        !evidence(&report).contains("visitor.rs"),
        "{}",
        evidence(&report)
    );
}

#[test]
fn nobody_is_accused_of_a_permit_in_place_of_one_that_the_program_has_just_forgotten() {
    let mut program = Program::default();
    let pool = program.semaphore_with("pool.rs", &[(0.0, 2), (0.3, 1), (1.0, 0)]);
    let holder = spawn(&mut program, "holder.rs", 0.1);
    program.takes(holder, pool, 0.3);
    // Another one has a permit for a moment, and lives.
    let visitor = spawn(&mut program, "visitor.rs", 0.6);
    program.takes(visitor, pool, 0.6);
    let polls = &mut program.last_spawned().polls;
    (polls.last_started, polls.last_ended) = (Some(at(0.8)), Some(at(0.8)));
    // The permit goes to a job, which the one who took it has spawned.
    let dispatcher = program.spawn("dispatcher.rs", 0.9, Some(0.2)).id;
    program.takes(dispatcher, pool, 1.0);
    for number in 1..=400 {
        let born = 1.0 + f64::from(number) / 10.0;
        let query = spawn(&mut program, "query.rs", born);
        program.waits(query, pool, born);
    }
    let report = watch_after_it_began_to_forget(&program);
    assert_eq!(found(&report), [("query.rs", "PU03")]);
    assert_eq!(report.findings[0].held_by, []);
}

#[test]
fn permits_are_not_called_lost_where_one_who_is_forgotten_may_hold_them() {
    let mut program = Program::default();
    let pool = program.semaphore_with("pool.rs", &[(0.0, 2), (0.3, 1), (1.0, 0)]);
    let holder = spawn(&mut program, "holder.rs", 0.1);
    program.takes(holder, pool, 0.3);
    // Others have the second permit, each for a moment.
    for number in 0..3 {
        let born = 0.6 + f64::from(number) / 10.0;
        let visitor = program.spawn("visitor.rs", born, Some(0.05)).id;
        program.takes(visitor, pool, born);
    }
    for number in 1..=400 {
        let born = 1.0 + f64::from(number) / 10.0;
        let query = spawn(&mut program, "query.rs", born);
        program.waits_for(query, pool, born, 2);
    }
    let report = watch_after_it_began_to_forget(&program);
    assert_eq!(found(&report), [("query.rs", "PU03")]);
}

#[test]
fn a_pile_and_its_holder_are_one_finding_before_they_are_decided() {
    let report = a_pool_with_six_holders()
        .expects_lifetimes_up_to(3600)
        .watch(10.0, 40.0);
    assert_eq!(found(&report), [("subscription.rs", "PU07")]);
    assert_eq!(report.worst(), Some(Grade::Suspicious));
    assert!(
        evidence(&report).contains("a watch that is"),
        "{}",
        evidence(&report)
    );
}

#[test]
fn a_reader_that_waits_for_its_own_lock_since_before_the_watch_is_a_deadlock() {
    let mut program = Program::default();
    let table = program.rw_lock_read_by("table.rs", 1);
    for number in 0..20 {
        let born = 0.1 + f64::from(number) / 10.0;
        let request = program.spawn("request.rs", born, Some(0.05)).id;
        program.takes(request, table, born);
    }
    let reload = spawn(&mut program, "reload.rs", 3.0);
    program.takes(reload, table, 3.0);
    program.waits(reload, table, 3.0);
    let report = program.watch(10.0, 40.0);
    assert_eq!(found(&report), [("reload.rs", "PU04")]);
    assert_eq!(report.worst(), Some(Grade::Certain));
}
