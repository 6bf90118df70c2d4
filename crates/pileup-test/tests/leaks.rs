//! Tests that leave tasks behind fail by the line that spawned them, and others pass.
//!
//! The tests that fail on purpose are ignored, and run by the others, in a process of their own.

#[path = "leaks/on_purpose.rs"]
mod on_purpose;
#[path = "leaks/process.rs"]
mod process;

use process::Ended;

fn run(test: &str, environment: &[(&str, &str)]) -> Ended {
    process::run(&format!("on_purpose::{test}"), environment)
}

/// The line of a fixture's source that ends with this mark.
fn line_of(mark: &str) -> String {
    let source = include_str!("leaks/on_purpose.rs");
    let mut lines = (1..).zip(source.lines());
    let line = lines.find(|(_, line)| line.ends_with(&format!("// {mark}")));
    let (number, _) = line.expect("the mark is there");
    format!("tests/leaks/on_purpose.rs:{number}")
}

#[track_caller]
fn fails_at(ended: &Ended, mark: &str) {
    let line = line_of(mark);
    assert!(!ended.has_passed && ended.output.contains(&line), "{ended}");
}

#[test]
fn a_task_that_waits_for_ever_fails_its_test_by_its_line_and_its_wait() {
    for test in ["one_task", "one_task_on_workers"] {
        let ended = run(test, &[]);
        fails_at(&ended, test);
        assert!(ended.output.contains("1 task outlives the test"), "{ended}");
        assert!(ended.output.contains("leak[PU15]"), "{ended}");
        let wait = format!("{}: mpsc::Receiver::recv", line_of("the wait"));
        assert!(ended.output.contains(&wait), "{ended}");
        assert!(ended.output.contains("was polled once"), "{ended}");
        let allows = "allow = \"crates/pileup-test/tests/leaks/on_purpose.rs\"";
        assert!(ended.output.contains(allows), "{ended}");
        assert!(!ended.output.contains('\u{1b}'), "{ended}");
    }
}

#[test]
fn tasks_are_counted_by_their_line() {
    let ended = run("three_tasks", &[]);
    fails_at(&ended, "three tasks");
    assert!(ended.output.contains("3 tasks outlive the test"), "{ended}");
    assert!(
        ended.output.contains("3 tasks are alive after the test"),
        "{ended}"
    );
}

#[test]
fn the_task_that_spawned_what_is_left_is_named() {
    let ended = run("spawned_by_a_task", &[]);
    fails_at(&ended, "spawned by a task");
    let spawner = format!(
        "2 were spawned by tasks that were spawned at crates/pileup-test/{}",
        line_of("the task that spawns")
    );
    assert!(ended.output.contains(&spawner), "{ended}");
}

#[test]
fn a_task_that_nobody_can_wake_is_certain() {
    let ended = run("without_waker", &[]);
    fails_at(&ended, "without waker");
    assert!(ended.output.contains("leak[PU01]"), "{ended}");
}

#[test]
fn a_local_task_and_a_closure_fail_their_test_by_their_line() {
    fails_at(&run("local_task", &[]), "local task");
    let ended = run("closure", &[]);
    fails_at(&ended, "closure");
    assert!(
        ended.output.contains("1 blocking closure is alive"),
        "{ended}"
    );
}

#[test]
fn a_task_that_blocks_its_worker_fails_its_test_and_does_not_hang_it() {
    let ended = run("blocks_a_worker", &[]);
    fails_at(&ended, "blocked worker");
    assert!(
        ended
            .output
            .contains("1 task blocks its thread after the test"),
        "{ended}"
    );
    let ended = run("hangs_beside_a_blocked_worker", &[]);
    fails_at(&ended, "blocked worker");
    assert!(ended.output.contains("is not done after"), "{ended}");
    let ended = run("panics_beside_a_blocked_worker", &[]);
    assert!(
        !ended.has_passed && ended.output.contains("the test's own panic"),
        "{ended}"
    );
}

#[test]
fn a_closure_that_never_returns_does_not_hang_its_test() {
    let ended = run("closure_on_workers", &[]);
    fails_at(&ended, "closure on workers");
    assert!(
        ended.output.contains("1 blocking closure is alive"),
        "{ended}"
    );
}

#[test]
fn a_task_that_blocks_the_only_thread_ends_the_process_with_a_report() {
    for (test, mark) in [
        ("blocks_the_only_thread", "the only thread"),
        ("synchronous_and_blocks", "synchronous and blocks"),
    ] {
        let ended = run(test, &[]);
        fails_at(&ended, mark);
        assert!(
            ended.output.contains("one of its tasks blocks the thread"),
            "{ended}"
        );
    }
}

#[test]
fn a_local_runtime_is_guarded_as_the_others_are() {
    let ended = run("on_a_local_runtime", &[]);
    fails_at(&ended, "local runtime");
    fails_at(&ended, "spawned on a local runtime");
    let wait = format!("{}: mpsc::Receiver::recv", line_of("the wait"));
    assert!(ended.output.contains(&wait), "{ended}");
    let ended = run("leaves_nothing_on_a_local_runtime", &[]);
    assert!(ended.has_passed, "{ended}");
    let ended = run("hangs_on_a_local_runtime", &[]);
    fails_at(&ended, "hangs on a local runtime");
    fails_at(&ended, "the test waits on a local runtime");
    let ended = run("on_a_local_runtime", &[("PILEUP_TEST", "off")]);
    assert!(ended.has_passed, "{ended}");
}

#[test]
fn a_guard_ends_the_process_where_the_drop_of_a_runtime_would_wait_for_ever() {
    for (test, mark) in [
        ("guarded_closure", "guarded closure"),
        ("guarded_beside_a_blocked_worker", "blocked worker"),
    ] {
        let ended = run(test, &[]);
        fails_at(&ended, mark);
        let why = "the drop of the test's runtime waits";
        assert!(ended.output.contains(why), "{ended}");
    }
}

#[test]
fn a_guard_that_is_not_checked_says_so() {
    let ended = run("guarded_and_not_checked", &[]);
    let place = line_of("not checked");
    let says = format!("{place} was dropped without a check");
    assert!(ended.has_passed && ended.output.contains(&says), "{ended}");
    let ended = run("guarded_and_not_checked", &[("PILEUP_TEST", "off")]);
    assert!(!ended.output.contains(&says), "{ended}");
}

#[test]
fn a_test_with_a_subscriber_of_its_own_fails_by_the_line_alone() {
    let ended = run("with_a_subscriber", &[]);
    fails_at(&ended, "with a subscriber");
    for hidden in ["unseen", "the wait"] {
        assert!(!ended.output.contains(&line_of(hidden)), "{ended}");
    }
}

#[test]
fn a_paused_clock_is_advanced_and_not_waited_for() {
    fails_at(&run("paused", &[]), "paused");
}

#[test]
fn what_is_allowed_passes_and_a_wrong_switch_is_explained() {
    assert!(run("allowed", &[]).has_passed);
    for switch in ["off", "warn"] {
        let ended = run("one_task", &[("PILEUP_TEST", switch)]);
        assert!(ended.has_passed, "{ended}");
        assert_eq!(ended.output.contains("PU15"), switch == "warn", "{ended}");
    }
    let ended = run("one_task", &[("PILEUP_TEST", "no")]);
    assert!(!ended.has_passed, "{ended}");
    assert!(
        ended.output.contains("off, warn, fail and strict"),
        "{ended}"
    );
}

#[test]
fn an_allow_list_is_read_and_a_wrong_one_is_explained() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let file = folder.path().join("allow.toml");
    let with = |text: &str| {
        std::fs::write(&file, text).expect("it can be written");
        run(
            "one_task",
            &[("PILEUP_TEST_ALLOW", &file.to_string_lossy())],
        )
    };
    let ended = with("[[allow]]\nsite = \"on_purpose.rs\"\nreason = \"to see it\"\n");
    assert!(ended.has_passed, "{ended}");
    let ended = with("[[allow]]\nsite = \"other.rs\"\nreason = \"to see it\"\n");
    assert!(!ended.has_passed, "{ended}");
    let ended = with("[[allow]]\nsite = \"on_purpose.rs\"\n");
    assert!(
        !ended.has_passed && ended.output.contains("missing field `reason`"),
        "{ended}"
    );
    let named = "which PILEUP_TEST_ALLOW names";
    assert!(ended.output.contains(named), "{ended}");

    let usual = folder.path().join("pileup-test.toml");
    std::fs::rename(&file, &usual).expect("it can be renamed");
    let package = folder.path().to_string_lossy();
    let ended = run("one_task", &[("CARGO_MANIFEST_DIR", &package)]);
    assert!(!ended.has_passed, "{ended}");
    let wrong = format!("the allow list {} is wrong", usual.display());
    assert!(ended.output.contains(&wrong), "{ended}");
}

#[test]
fn a_guard_and_a_runtime_need_no_attribute() {
    fails_at(&run("guarded", &[]), "guarded");
    fails_at(&run("guarded_in_ours", &[]), "guarded in ours");
    let ended = run("guarded_on_a_local_runtime", &[]);
    fails_at(&ended, "guarded on a local runtime");
    let ended = run("guarded_on_workers", &[]);
    assert!(
        !ended.has_passed && ended.output.contains("Tokio counts 1 task"),
        "{ended}"
    );
    fails_at(&run("synchronous", &[]), "synchronous");
}

#[test]
fn the_tests_own_failure_is_not_buried() {
    for test in ["panics", "returns_an_error"] {
        let ended = run(test, &[]);
        assert!(
            !ended.has_passed && ended.output.contains("the test's own"),
            "{ended}"
        );
        assert!(!ended.output.contains("PU15"), "{ended}");
    }
}

#[test]
fn a_runtime_in_a_runtime_and_a_guard_without_one_are_explained() {
    for (test, explained) in [
        ("nested", "inside a Tokio runtime"),
        ("ours_in_theirs", "inside a Tokio runtime"),
        ("without_a_runtime", "there is no Tokio runtime here"),
    ] {
        let ended = run(test, &[]);
        assert!(!ended.has_passed, "{ended}");
        assert!(ended.output.contains(explained), "{ended}");
    }
}

#[test]
fn each_case_of_rstest_is_a_test() {
    let ended = run("cases::case_1", &[]);
    assert!(ended.has_passed, "{ended}");
    let ended = run("cases::case_2", &[]);
    fails_at(&ended, "cases");
    let named = "2 tasks are alive after the test leaks::on_purpose::cases::case_2";
    assert!(ended.output.contains(named), "{ended}");
}

#[test]
fn a_test_that_hangs_fails_with_who_waits_for_what() {
    let ended = run("hangs", &[]);
    assert!(!ended.has_passed, "{ended}");
    assert!(ended.output.contains("is not done after"), "{ended}");
    let own = format!("waits at crates/pileup-test/{}", line_of("the test waits"));
    assert!(ended.output.contains(&own), "{ended}");
    let task = format!("1 task, spawned at crates/pileup-test/{}", line_of("hangs"));
    assert!(ended.output.contains(&task), "{ended}");
    assert!(ended.output.contains(&line_of("the wait")), "{ended}");
}

#[test]
fn a_test_that_blocks_its_thread_ends_with_a_report() {
    let ended = run("blocks", &[]);
    assert!(!ended.has_passed, "{ended}");
    assert!(ended.output.contains("reaches no .await"), "{ended}");
}

#[cfg(unix)]
#[test]
fn sigterm_under_nextest_prints_the_report() {
    let ended = run("takes_sigterm", &[("NEXTEST", "1")]);
    assert!(!ended.has_passed, "{ended}");
    assert!(ended.output.contains("SIGTERM: the test"), "{ended}");
    assert!(ended.output.contains(&line_of("the last wait")), "{ended}");
    for (test, mark) in [
        ("takes_sigterm_with_a_guard", "guarded until SIGTERM"),
        ("takes_sigterm_with_a_runtime", "synchronous until SIGTERM"),
    ] {
        let ended = run(test, &[("NEXTEST", "1")]);
        fails_at(&ended, mark);
        assert!(ended.output.contains("SIGTERM: the test"), "{ended}");
    }
}

#[test]
fn reports_are_written_in_the_forms_of_diagnose() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().to_string_lossy().into_owned();
    for (format, extension, part) in [
        ("json", "json", "\"code\": \"PU15\""),
        ("sarif", "sarif", "\"ruleId\": \"PU15\""),
        ("junit", "xml", "pileup.PU15"),
    ] {
        let set = [
            ("PILEUP_TEST_REPORT", path.as_str()),
            ("PILEUP_TEST_REPORT_FORMAT", format),
        ];
        let ended = run("one_task", &set);
        let file = folder
            .path()
            .join(format!("leaks.on_purpose.one_task.{extension}"));
        let text = std::fs::read_to_string(&file);
        let text = text.unwrap_or_else(|error| panic!("{error}\n{ended}"));
        assert!(text.contains(part), "{text}");
    }
}
