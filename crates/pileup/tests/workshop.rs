//! The workshop: every exercise has its parts, checks what it should, and can be played
//! through.
//!
//! The tests work in copies of the workspace: a learner's progress and programs in the
//! workspace itself are not touched. Those that build the copies take minutes, and are run
//! with `-- --ignored`.
#![cfg(unix)]

#[path = "workshop/copy.rs"]
mod copy;
#[path = "workshop/learner.rs"]
mod learner;
#[path = "support/machine.rs"]
#[allow(dead_code, reason = "each test uses a part of it")]
mod machine;
#[path = "workshop/matrix.rs"]
mod matrix;
#[path = "workshop/pages.rs"]
mod pages;
#[path = "support/programs.rs"]
mod programs;
/// As the tests of scenarios have it, with which the truth is shared.
mod process {
    pub(crate) use super::programs;
}
#[path = "scenarios/truth.rs"]
#[expect(dead_code, reason = "the tests of scenarios need more of it")]
mod truth;

use std::fs;

use self::copy::Copy;

#[test]
fn it_says_where_one_is_and_what_comes_next() {
    let copy = Copy::new();
    let exercises = pages::exercises().len();
    copy.run(&[])
        .says(&format!("0 of {exercises} exercises are solved"));
    copy.run(&["start"]).says("# 00: Nothing is wrong");
    copy.run(&[]).says("You are at 00 warm-up");
    copy.run(&["list"]).says("> 00 warm-up");
    copy.run(&["start", "5"]).says("The sum that is not shown");
    copy.run(&["start", "channel-send"]).says("# 06: ");
    copy.run(&["list"]).says("> 06 nil-channel-send");
    // What was begun stays open, and nothing moves on by itself.
    copy.run(&["start"]).says("# 06: ");
    copy.run(&["next"]).says("# 07: ");
    copy.run(&["timetable"]).says("See it, 56 minutes");
}

#[test]
fn hints_come_one_by_one_and_the_solution_last() {
    let copy = Copy::new();
    copy.run(&["start", "unclosed-channel"]);
    let first = copy.run(&["hint"]);
    first.says("Hint 1 of 3");
    assert!(!first.text.contains("Hint 2"), "{}", first.text);
    copy.run(&["hint"]).says("Hint 2 of 3");
    copy.run(&["hint"]).says("Hint 3 of 3");
    copy.run(&["hint"]).says("These are all");
    let solution = copy.run(&["solution"]);
    solution.says("-        till.close_bill(customer);");
    solution.says("+        till.close_bill(customer);");
    solution.says("Other fixes, and their price");
}

#[test]
fn a_reset_puts_the_original_back_and_keeps_what_was_written() {
    let copy = Copy::new();
    copy.run(&["start", "unclosed-channel"]);
    let file = copy.program("unclosed-channel");
    let original = fs::read_to_string(&file).expect("it is there");
    fs::write(&file, "// mine").expect("it is written");
    // To begin again does not take what was written for the original.
    copy.run(&["start", "unclosed-channel"])
        .says("Your changes to the program are kept");
    let reset = copy.run(&["reset"]);
    reset.says("What you wrote is kept in");
    let back = fs::read_to_string(&file).expect("it is there");
    assert_eq!(back, original);
    let kept = copy.path(".pileup/workshop/unclosed-channel/before-reset-1.rs");
    assert_eq!(fs::read_to_string(kept).expect("it is kept"), "// mine");
    copy.run(&["reset"]).says("was not changed");
    copy.run(&["list"]).says("begun");
}

#[test]
fn what_cannot_be_done_is_refused_with_a_fix() {
    let copy = Copy::new();
    copy.run(&["hint"]).fails_saying("workshop start");
    copy.run(&["start", "no-such-thing"])
        .fails_saying("workshop list");
    copy.run(&["start", "nil-channel"])
        .fails_saying("01 nil-channel-receive or 06 nil-channel-send");
    copy.run(&["start", "99"]).fails_saying("workshop list");
    copy.run(&["answer"]).fails_saying("required");
    copy.run(&["start", "lock-order"]);
    fs::write(copy.program("lock-order"), "// mine").expect("it is written");
    copy.run(&["answer", "sell"]).fails_saying("workshop reset");
    fs::write(copy.path(".pileup/workshop.toml"), "solved = all").expect("it is written");
    copy.run(&[]).fails_saying("count as not begun");
}

#[test]
fn every_exercise_has_all_its_parts() {
    pages::check();
}

#[test]
fn the_page_on_tokio_console_shows_places_that_are_there() {
    pages::check_places_of_console_page();
}

#[test]
#[ignore = "builds every program four times: run by .ci/run"]
fn every_check_and_every_answer_is_right() {
    matrix::check();
}

#[test]
#[ignore = "plays for minutes: run by .ci/run"]
fn a_learner_comes_to_the_end_of_the_first_arc() {
    learner::play();
}
