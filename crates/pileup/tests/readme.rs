//! The README's commands do what the README shows.

#[path = "support/attempts.rs"]
mod attempts;
#[path = "support/machine.rs"]
#[allow(dead_code, reason = "each test uses a part of it")]
mod machine;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread;
use std::time::Duration;

use attempts::{Outcome, Shown, until_all_is_shown};

/// Commands that are not run here, and where they are.
const RUN_ELSEWHERE: [(&str, &str); 6] = [
    ("cargo test --workspace", "this test is a part of it"),
    ("just run-scenario unclosed-channel", "needs just: .ci/run"),
    ("tokio-console", "needs tokio-console: .ci/run"),
    ("cargo pileup workshop prepare", "builds all: .ci/run"),
    (
        "cargo pileup workshop start",
        "tests/workshop.rs, in a copy",
    ),
    (
        "cargo pileup workshop check",
        "tests/workshop.rs, in a copy",
    ),
];

/// The watch of a command that names no time, as often as a slow machine may need.
const WATCHES: [Duration; 3] = [Duration::from_secs(30); 3];

/// A command in the README, with what the README shows of its output.
struct Example {
    command: String,
    output: String,
}

#[test]
fn every_command_is_run_and_prints_what_is_shown() {
    // They wait far more than they work.
    thread::scope(|scope| {
        let mut examples = commands(&readme());
        // One that is shown twice is run once, and its output is shown the first time.
        examples.sort_by(|a, b| a.command.cmp(&b.command));
        examples.dedup_by(|again, first| again.command == first.command);
        for example in examples {
            scope.spawn(move || is_as_shown(&example));
        }
    });
}

fn is_as_shown(example: &Example) {
    let command = example.command.as_str();
    let mut elsewhere = RUN_ELSEWHERE.iter();
    if elsewhere.any(|(elsewhere, _)| *elsewhere == command) {
        return;
    }
    if command == "cargo pileup investigate send-without-receive" {
        match until_all_is_shown(&WATCHES, |_| Ok(reports(command, &example.output))) {
            Ok(Outcome::Passed) => return,
            Ok(Outcome::Undecided(reason)) => return eprintln!("{reason}"),
            Err(wrong) => panic!("{wrong}"),
        }
    }
    // Nothing is expected to listen there; the flags must be right, though.
    let nowhere = command.replace(":6669", ":1").replace(":6060", ":1");
    assert_ne!(
        nowhere, command,
        "the README has a command that no test runs"
    );
    let output = run(&nowhere);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
}

/// What a report says, without its figures and without what it could not see: whether a task
/// happens to be between two awaits differs from run to run.
fn text_of(report: &str) -> String {
    let seen = report.split("\nunknown:").next().unwrap_or(report);
    without_figures(seen)
}

/// Whether a command reports what is expected, and shows on standard error how cargo builds the
/// tool and then the scenario.
fn reports(command: &str, expected: &str) -> Shown {
    let output = run(command);
    let report = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(errors.matches("Finished").count(), 2, "{errors}");
    if output.status.code() == Some(1) && text_of(&report) == text_of(expected) {
        return Shown::All;
    }
    Shown::Incomplete(format!(
        "the report of {command} differs, exit code {:?}:\n{report}\n{errors}",
        output.status.code()
    ))
}

#[test]
fn the_tables_have_every_scenario() {
    let readme = readme();
    for folder in std::fs::read_dir(workspace().join("scenarios")).expect("the folder is there") {
        let folder = folder.expect("its entries can be read").path();
        if !folder.is_dir() {
            continue;
        }
        let name = folder.file_name().expect("a folder has a name");
        let name = name.to_string_lossy();
        let row = format!("| [`{name}`](scenarios/{name}) |");
        assert!(readme.contains(&row), "the README has no row for {name}");
    }
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn readme() -> String {
    std::fs::read_to_string(workspace().join("README.md")).expect("the README is there")
}

/// The commands in the README's console blocks: lines after `$ `, and what follows them.
fn commands(readme: &str) -> Vec<Example> {
    let mut commands: Vec<Example> = Vec::new();
    let blocks = readme.split("```console\n").skip(1);
    for line in blocks
        .filter_map(|block| block.split("```").next())
        .flat_map(str::lines)
    {
        match (line.strip_prefix("$ "), commands.last_mut()) {
            (Some(command), _) => commands.push(Example {
                command: command.to_owned(),
                output: String::new(),
            }),
            (None, Some(last)) => {
                last.output.push_str(line);
                last.output.push('\n');
            }
            (None, None) => panic!("a console block starts with a command, not with {line}"),
        }
    }
    commands
}

/// Runs a command as a person would.
fn run(command: &str) -> Output {
    let mut words = command.split_whitespace();
    assert_eq!(words.next(), Some("cargo"));
    Command::new(env!("CARGO"))
        .args(words)
        .current_dir(workspace())
        .output()
        .expect("cargo runs")
}

/// The words of a text, with every number, and every curve, as `#`: figures differ from run to
/// run.
fn without_figures(text: &str) -> String {
    let mut plain = String::new();
    for word in text.split_whitespace() {
        let mut in_number = false;
        for character in word.chars() {
            let bar = ('▁'..='█').contains(&character);
            let digit = bar || character.is_ascii_digit() || (in_number && character == '.');
            if !digit {
                plain.push(character);
            } else if !in_number {
                plain.push('#');
            }
            in_number = digit;
        }
        plain.push(' ');
    }
    plain
}
