//! Which programs pile up, and which only look so.

use pileup_diagnosis::Grade;
use pileup_model::{Polls, TaskKind};

use crate::NOTHING;
use crate::program::{Program, at, found, noise, wakers};

/// Tasks born at a steady pace.
fn steady(every: f64, until: f64, lifetime: impl Fn(usize) -> Option<f64>) -> Program {
    let mut program = Program::default();
    for (number, born) in times(every, until).enumerate() {
        program.spawn("work.rs", born, lifetime(number));
    }
    program
}

fn times(every: f64, until: f64) -> impl Iterator<Item = f64> {
    (1..)
        .map(move |number| every * f64::from(number))
        .take_while(move |time| *time <= until)
}

#[test]
fn ten_a_second_that_stay_are_found_in_twelve_seconds() {
    let program = steady(0.1, 12.0, |_| None);
    assert_eq!(found(&program.watch(0.0, 12.0)), [("work.rs", "PU03")]);
}

#[test]
fn those_that_have_finished_and_are_kept_on_the_wire_are_no_pile() {
    let mut program = Program::default();
    for born in times(0.1, 12.0) {
        let ghost = program.spawn("work.rs", born, None);
        ghost.polls.count = 2;
        wakers(ghost).clones = 0;
    }
    assert_eq!(found(&program.watch(0.0, 12.0)), NOTHING);
}

#[test]
fn a_pool_that_fills_ever_slower_is_no_pile() {
    let mut program = Program::default();
    for number in 0..40 {
        // Of forty tenants, the later ones are rarer.
        let born = 18.0 * (1.0 - (1.0 - f64::from(number) / 46.0).sqrt());
        program.spawn("tenant.rs", born, None);
    }
    assert_eq!(found(&program.watch(0.0, 12.0)), NOTHING);
}

#[test]
fn one_in_two_seconds_is_found_in_half_a_minute() {
    let program = steady(2.0, 30.0, |_| None);
    assert_eq!(found(&program.watch(0.3, 30.0)), [("work.rs", "PU03")]);
}

#[test]
fn one_request_in_ten_that_stays_is_found_among_those_that_finish() {
    let program = steady(0.02, 12.0, |number| (number % 10 != 0).then_some(0.05));
    assert_eq!(found(&program.watch(0.0, 12.0)), [("work.rs", "PU03")]);
}

#[test]
fn a_leak_among_slow_requests_that_finish_is_found() {
    let slow = |number: usize| 11.0 + (number % 30) as f64 / 10.0;
    let half = steady(0.1, 60.0, |number| (number % 2 != 0).then(|| slow(number)));
    assert_eq!(found(&half.watch(0.0, 60.0)), [("work.rs", "PU03")]);
    let tenth = steady(0.02, 60.0, |number| {
        (number % 10 != 0).then(|| slow(number))
    });
    assert_eq!(found(&tenth.watch(0.0, 60.0)), [("work.rs", "PU03")]);
}

#[test]
fn a_slow_leak_is_found_soon_in_a_program_that_has_run_for_long() {
    let program = steady(2.0, 615.0, |_| None);
    assert_eq!(found(&program.watch(600.0, 615.0)), [("work.rs", "PU03")]);
}

#[test]
fn what_finished_long_before_the_watch_hides_no_leak() {
    let mut program = steady(0.5, 730.0, |_| None);
    program.spawn("main.rs", 0.0, None);
    for _ in 0..30 {
        program.spawn("work.rs", 0.2, Some(40.0));
    }
    assert_eq!(found(&program.watch(700.0, 730.0)), [("work.rs", "PU03")]);
    let by_probe = program.watch_by_probe(700.0, 730.0);
    assert_eq!(found(&by_probe), [("work.rs", "PU03")]);
}

#[test]
fn a_leak_in_batches_is_found() {
    let mut program = Program::default();
    for born in times(5.0, 60.0) {
        for _ in 0..20 {
            program.spawn("work.rs", born, None);
        }
    }
    assert_eq!(found(&program.watch(0.0, 60.0)), [("work.rs", "PU03")]);
}

#[test]
fn the_evidence_says_how_many_how_fast_and_how_old() {
    let report = steady(0.1, 12.0, |_| None).watch(0.0, 12.0);
    let finding = &report.findings[0];
    assert_eq!(finding.alive, 120);
    assert!((599.0..601.0).contains(&finding.growth_per_minute));
    assert!((11.8..12.0).contains(&finding.oldest_seconds));
    assert_eq!(
        finding.evidence,
        [
            "alive went from 0 to 120 in the 12 s of the watch",
            "120 of the live tasks were born in the watch, in every part of it; none finished",
            "none of the 80 tasks older than 4 s has finished",
            "none was polled in the last 4 s",
            "if these tasks finish at all, they live for 3 min 58 s or more on average (95 % \
             confidence)",
            "what they wait for is not seen: Tokio does not instrument recv, Notify, JoinHandle and \
             I/O",
        ]
    );
}

#[test]
fn a_few_that_are_polled_do_not_speak_for_all() {
    let mut program = steady(0.1, 12.0, |_| None);
    for task in program.spawned().step_by(10) {
        task.polls.count = 40;
        task.polls.last_ended = Some(at(11.9));
    }
    let report = program.watch(0.0, 12.0);
    let evidence = report.findings[0].evidence.join("\n");
    assert!(
        evidence.contains("72 of the 80 old were not polled in the last 4 s"),
        "{evidence}"
    );
}

#[test]
fn closures_that_do_not_return_have_no_awaits_to_look_at() {
    let mut program = steady(0.1, 12.0, |_| None);
    for task in program.spawned() {
        task.kind = TaskKind::Blocking;
        task.polls.last_ended = None;
        wakers(task).clones = 0;
    }
    let report = program.watch(0.0, 12.0);
    assert_eq!(found(&report), [("work.rs", "PU03")]);
    let finding = &report.findings[0];
    let evidence = finding.evidence.join("\n");
    assert!(
        evidence.contains("kept a thread of the blocking pool for 4 s"),
        "{evidence}"
    );
    assert!(evidence.contains("debugger"), "{evidence}");
    assert!(finding.fix.contains("recv_timeout"), "{}", finding.fix);
}

#[test]
fn closures_that_wait_for_a_thread_keep_none() {
    let mut program = steady(0.1, 12.0, |_| None);
    for (number, task) in program.spawned().enumerate() {
        task.kind = TaskKind::Blocking;
        task.polls.last_ended = None;
        wakers(task).clones = 0;
        if number >= 70 {
            task.polls = Polls::default();
        }
    }
    let report = program.watch(0.0, 12.0);
    let pile = report
        .findings
        .iter()
        .find(|finding| finding.code.number() == "PU03");
    let evidence = pile.expect("a pile").evidence.join("\n");
    let says = "70 of the old have each kept a thread of the blocking pool for 5 s or longer, \
                and 10 wait for one";
    assert!(evidence.contains(says), "{evidence}");
}

#[test]
fn a_single_snapshot_finds_nothing() {
    let program = steady(0.1, 12.0, |_| None);
    assert_eq!(found(&program.watch(12.0, 12.0)), NOTHING);
}

#[test]
fn slow_requests_that_finish_are_no_pile() {
    for lifetime in [0.2, 1.5, 4.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0] {
        let program = steady(0.1, 12.0, |_| Some(lifetime));
        assert_eq!(found(&program.watch(0.0, 12.0)), NOTHING, "{lifetime} s");
    }
}

#[test]
fn lifetimes_that_vary_are_no_pile() {
    for mean in [0.5, 3.0, 10.0, 20.0, 40.0, 80.0] {
        let mut noise = noise();
        let mut program = Program::default();
        for born in times(0.1, 130.0) {
            let lifetime = -noise().max(1e-9).ln() * mean;
            program.spawn("work.rs", born, Some(lifetime));
        }
        for (from, to) in [(0.0, 30.0), (40.0, 52.0), (100.0, 130.0)] {
            let report = program.watch(from, to);
            assert_eq!(found(&report), NOTHING, "mean {mean} s, from {from} s");
        }
    }
}

#[test]
fn a_large_stock_that_turns_over_slowly_is_no_pile() {
    let program = steady(2.0, 2030.0, |_| Some(600.0));
    assert_eq!(found(&program.watch(2000.0, 2030.0)), NOTHING);
}

#[test]
fn a_pool_of_constant_size_is_no_pile() {
    let mut program = Program::default();
    for _ in 0..200 {
        program.spawn("work.rs", 0.1, None);
    }
    assert_eq!(found(&program.watch(0.0, 30.0)), NOTHING);
}

#[test]
fn a_pool_whose_site_also_spawns_short_work_is_no_pile() {
    let mut program = steady(0.05, 30.0, |_| Some(0.3));
    for _ in 0..50 {
        program.spawn("work.rs", 0.1, None);
    }
    let report = program.watch(0.0, 30.0);
    assert!(
        report.worst() <= Some(Grade::Suspicious),
        "{:?}",
        found(&report)
    );
}

#[test]
fn a_pool_whose_site_also_spawns_slow_work_is_no_pile() {
    let mut program = steady(0.1, 30.0, |number| {
        Some(5.0 + (number * 37 % 100) as f64 / 10.0)
    });
    for _ in 0..50 {
        program.spawn("work.rs", 0.1, None);
    }
    assert_eq!(found(&program.watch(0.0, 30.0)), NOTHING);
}

#[test]
fn a_ramp_that_ends_is_no_pile() {
    for end in [5.0, 10.0, 20.0, 25.0] {
        let program = steady(1.0, end, |_| None);
        assert_eq!(found(&program.watch(0.0, 30.0)), NOTHING, "{end} s");
    }
}

#[test]
fn a_ramp_that_slows_down_is_no_pile() {
    let mut program = Program::default().expects_lifetimes_up_to(300);
    for number in 0..40 {
        program.spawn("work.rs", 1.2_f64.powi(number) - 1.0, None);
    }
    let report = program.watch(0.0, 30.0);
    assert!(
        report.worst() <= Some(Grade::Suspicious),
        "{:?}",
        found(&report)
    );
}

#[test]
fn a_burst_is_no_pile() {
    let mut program = Program::default();
    for number in 0..2000 {
        program.spawn("work.rs", 3.0 + f64::from(number) / 1000.0, Some(20.0));
    }
    assert_eq!(found(&program.watch(0.0, 12.0)), NOTHING);
    assert_eq!(found(&program.watch(0.0, 30.0)), NOTHING);
}

#[test]
fn a_queue_that_is_overloaded_but_moves_is_no_pile() {
    // Twice as much arrives as is done, first come first served: waits grow with time.
    let mut program = Program::default();
    for born in times(0.05, 30.0) {
        program.spawn("work.rs", born, Some(born + 0.1));
    }
    assert_eq!(found(&program.watch(0.0, 30.0)), NOTHING);
}

#[test]
fn users_who_come_and_go_in_waves_are_no_pile() {
    let mut program = Program::default();
    for born in times(0.5, 60.0) {
        let wave_ends = (born / 20.0).ceil() * 20.0;
        program.spawn("work.rs", born, Some(wave_ends - born + 1.0));
    }
    assert_eq!(found(&program.watch(0.0, 30.0)), NOTHING);
    assert_eq!(found(&program.watch(30.0, 60.0)), NOTHING);
}

#[test]
fn what_was_done_every_five_minutes_before_the_watch_is_no_pile() {
    let mut program = steady(0.5, 1000.0, |number| {
        let born = number as f64 / 2.0;
        Some((born / 300.0).ceil() * 300.0 - born + 0.1)
    });
    program = program.expects_lifetimes_up_to(300);
    program.spawn("main.rs", 0.0, None);
    assert_eq!(found(&program.watch(960.0, 990.0)), NOTHING);
    assert_eq!(found(&program.watch_by_probe(960.0, 990.0)), NOTHING);
}

#[test]
fn several_sites_are_several_findings_and_healthy_ones_are_none() {
    let mut program = Program::default();
    for born in times(0.1, 12.0) {
        program.spawn("leaks.rs", born, None);
        program.spawn("healthy.rs", born, Some(0.5));
        program.spawn("leaks_twice_as_much.rs", born, None);
        program.spawn("leaks_twice_as_much.rs", born, None);
    }
    assert_eq!(
        found(&program.watch(0.0, 12.0)),
        [("leaks_twice_as_much.rs", "PU03"), ("leaks.rs", "PU03")]
    );
}

#[test]
fn tasks_that_a_dependency_spawns_for_a_caller_belong_to_the_callers_finding() {
    let library = "/home/a/.cargo/registry/src/index.crates.io-1/hyper-util-0.1.21/src/rt.rs";
    let mut program = Program::default();
    for born in times(0.1, 12.0) {
        let caller = program.spawn("request.rs", born, None);
        caller.polls.last_ended = Some(crate::program::at(born + 0.005));
        program.spawn(library, born + 0.002, None);
    }
    let report = program.watch(0.0, 12.0);
    assert_eq!(found(&report), [("request.rs", "PU03")]);
    let evidence = report.findings[0].evidence.join("\n");
    assert!(
        evidence.contains("hyper-util-0.1.21/src/rt.rs:1:1"),
        "{evidence}"
    );
}

#[test]
fn tasks_of_a_dependency_that_nobody_here_spawned_stand_for_themselves() {
    let library = "/home/a/.cargo/registry/src/index.crates.io-1/hyper-util-0.1.21/src/rt.rs";
    let mut program = Program::default();
    for born in times(0.1, 12.0) {
        program.spawn("request.rs", born, None);
        program.spawn(library, born + 0.05, None);
    }
    let report = program.watch(0.0, 12.0);
    assert_eq!(found(&report), [("request.rs", "PU03"), (library, "PU03")]);
}

#[test]
fn a_target_that_tells_of_births_late_hides_no_pile() {
    let program = steady(0.1, 12.0, |_| None);
    let report = program.watch_late(0.0, 12.0, 3.0);
    assert_eq!(found(&report), [("work.rs", "PU03")]);
}

#[test]
fn a_leak_that_begins_within_the_watch_is_found_when_it_has_gone_on_for_half_of_it() {
    let program = steady(0.1, 30.0, |number| (number < 100).then_some(0.05));
    let report = program.watch(0.0, 30.0);
    assert_eq!(found(&report), [("work.rs", "PU03")]);
    assert_eq!(
        report.findings[0].evidence[1],
        "200 of the live tasks were born in the last 19.8 s of the watch, in every part of it; \
         100 tasks of the site finished in the watch"
    );
    assert_eq!(found(&program.watch(0.0, 18.0)), NOTHING);
}

#[test]
fn a_stall_that_is_over_before_the_end_is_no_pile() {
    // From 10 s on nothing is done, until all is done at 26 s.
    let mut program = Program::default();
    for born in times(0.1, 30.0) {
        let stalled = (10.0..26.0).contains(&born);
        program.spawn(
            "work.rs",
            born,
            Some(if stalled { 26.1 - born } else { 0.05 }),
        );
    }
    assert_eq!(found(&program.watch(0.0, 30.0)), NOTHING);
}

const LIBRARY: &str = "/home/a/.cargo/registry/src/index.crates.io-1/hyper-util-0.1.21/src/rt.rs";

#[test]
fn tasks_that_a_dependency_spawned_for_a_task_of_the_program_are_found_at_its_line() {
    let mut program = Program::default();
    program.spawn("server.rs", 0.0, None).tokio_id = Some(7);
    let inner = program.spawn(LIBRARY, 0.01, None);
    (inner.tokio_id, inner.parent) = (Some(8), Some(7));
    for born in times(0.1, 12.0) {
        program.spawn(LIBRARY, born, None).parent = Some(8);
    }
    let report = program.watch(0.0, 12.0);
    assert_eq!(found(&report), [("server.rs", "PU03")]);
    let finding = &report.findings[0];
    assert!(finding.alive > 100, "{}", finding.alive);
    let sites: Vec<&str> = finding
        .involved
        .iter()
        .filter_map(|involved| involved.site.as_ref().map(|site| &*site.file))
        .collect();
    assert_eq!(sites, [LIBRARY]);
}

#[test]
fn a_line_whose_tasks_have_ended_is_still_the_one_that_spawned_them() {
    // A request ends, and the connection that a library opened for it stays: watched from the
    // start, or from later on with what the source knows of the parents.
    for (attached, source_knows) in [(0.0, false), (30.0, true)] {
        let mut program = Program::default();
        for (number, born) in (0..).zip(times(0.1, 60.0)) {
            let request = program.spawn("requests.rs", born, Some(0.75));
            request.tokio_id = Some(1000 + number);
            let site = request.site.clone();
            let connection = program.spawn(LIBRARY, born + 0.01, None);
            connection.parent = Some(1000 + number);
            connection.parent_site = site.filter(|_| source_knows);
        }
        let report = program.watch(attached, 60.0);
        assert_eq!(found(&report), [("requests.rs", "PU03")]);
        let evidence = report.findings[0].evidence.join("\n");
        assert!(evidence.contains("inside a dependency"), "{evidence}");
    }
}

#[test]
fn connections_of_a_server_that_wait_for_the_programs_own_tasks_are_found_with_them() {
    // Each connection of a library's server spawns a task of the program, and waits for it.
    let mut program = Program::default();
    for born in times(0.1, 12.0) {
        let connection = program.spawn(LIBRARY, born, None);
        connection.polls.last_ended = Some(at(born + 0.002));
        program.spawn("orders.rs", born + 0.001, None);
    }
    let report = program.watch(0.0, 12.0);
    assert_eq!(found(&report), [("orders.rs", "PU03")]);
    let finding = &report.findings[0];
    assert!(finding.tasks > 200, "{}", finding.tasks);
    let evidence = finding.evidence.join("\n");
    assert!(
        evidence.contains("spawned these and may wait"),
        "{evidence}"
    );
}

#[test]
fn where_no_line_of_the_program_is_known_the_crate_is_named() {
    let mut program = Program::default();
    for born in times(0.1, 12.0) {
        program.spawn(LIBRARY, born, None);
    }
    let report = program.watch(0.0, 12.0);
    let evidence = report.findings[0].evidence.join("\n");
    assert!(
        evidence.contains("spawned by hyper-util 0.1.21"),
        "{evidence}"
    );
}
