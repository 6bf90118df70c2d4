//! The commands in the documents that a visitor reads first do what is shown there.

use std::io::{self, Write};
use std::process::{Command, Output};
use std::thread;
use std::time::Duration;

use crate::attempts::{Outcome, Shown, until_all_is_shown};
use crate::process::programs::workspace;
use crate::room::room;

/// Commands that are not run here, and where they are.
const RUN_ELSEWHERE: [(&str, &str); 7] = [
    (
        "cargo install --locked --path crates/pileup",
        "builds the packed command: .ci/packed-crates-are-used",
    ),
    (
        "RUSTFLAGS=\"--cfg tokio_unstable\" cargo run",
        "runs a program of the reader: .ci/packed-crates-are-used",
    ),
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

/// A command in a document, with what the document shows of its output.
struct Example {
    command: String,
    output: String,
}

#[test]
fn every_command_is_run_and_prints_what_is_shown() {
    // They wait far more than they work.
    thread::scope(|scope| {
        let texts = ["README.md", "docs/command-line.md", "scenarios/README.md"];
        let mut examples: Vec<Example> = texts
            .iter()
            .flat_map(|file| commands(&text(file)))
            .collect();
        // One that is shown twice is run once, with the output where it is shown.
        examples.sort_by(|a, b| {
            let longest_first = b.output.len().cmp(&a.output.len());
            a.command.cmp(&b.command).then(longest_first)
        });
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
        // The tool and the scenario are built before the machine is measured.
        let _room = room();
        run(&format!("{command} --for 2s"));
        match until_all_is_shown(&WATCHES, |_| Ok(reports(command, &example.output))) {
            Ok(Outcome::Passed) => return,
            Ok(Outcome::Undecided(reason)) => {
                // What is printed by a macro is seen only if the test fails.
                let _ = writeln!(io::stderr(), "{reason}");
                return;
            }
            Err(wrong) => panic!("{wrong}"),
        }
    }
    if command.starts_with("pileup explain ") {
        assert!(run(command).status.success(), "{command}");
        return;
    }
    // Nothing is expected to listen there; the flags must be right, though.
    let nowhere = command.replace(":6669", ":1").replace(":6060", ":1");
    assert_ne!(nowhere, command, "{command} is shown, and no test runs it");
    let output = run(&nowhere);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
}

/// What a report says, without its figures and without what it could not see: whether a task
/// happens to be between two awaits differs from run to run.
fn text_of(report: &str) -> String {
    let seen = report.split("\nunknown:").next().unwrap_or(report);
    without_figures(seen)
}

/// Whether a text has all parts of what is shown, in order. A line `…` stands for what was cut.
fn has_all_of(text: &str, shown: &str) -> bool {
    let mut rest = Some(text);
    for part in shown.split("\n…\n") {
        rest = rest.and_then(|rest| Some(rest.split_once(&without_figures(part))?.1));
    }
    rest.is_some()
}

/// Whether a command reports what is expected, and shows on standard error how cargo builds the
/// tool and then the scenario.
fn reports(command: &str, expected: &str) -> Shown {
    let output = run(command);
    let report = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(errors.matches("Finished").count(), 2, "{errors}");
    if output.status.code() == Some(1) && has_all_of(&text_of(&report), expected) {
        return Shown::All;
    }
    let code = output.status.code();
    let wrong = format!("the report of {command} differs, exit code {code:?}:\n{report}\n{errors}");
    if code == Some(0) {
        Shown::CalledClean(wrong)
    } else {
        Shown::Incomplete(wrong)
    }
}

#[test]
fn the_tables_have_every_scenario() {
    let tables = text("scenarios/README.md");
    for folder in std::fs::read_dir(workspace().join("scenarios")).expect("the folder is there") {
        let folder = folder.expect("its entries can be read").path();
        if !folder.is_dir() {
            continue;
        }
        let name = folder.file_name().expect("a folder has a name");
        let name = name.to_string_lossy();
        let row = format!("| [`{name}`]({name}) |");
        assert!(tables.contains(&row), "there is no row for {name}");
    }
}

fn text(file: &str) -> String {
    std::fs::read_to_string(workspace().join(file)).expect("the document is there")
}

/// The commands in the console blocks of a document: lines after `$ `, and what follows them.
fn commands(text: &str) -> Vec<Example> {
    let mut commands: Vec<Example> = Vec::new();
    let blocks = text.split("```console\n").skip(1);
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

/// Runs a command as a person would, but reads what it prints where it would go to a file.
fn run(command: &str) -> Output {
    let command = command.split(" > ").next().unwrap_or_default();
    let mut words = command.split_whitespace();
    let program = match words.next() {
        Some("cargo") => env!("CARGO"),
        Some("pileup") => env!("CARGO_BIN_EXE_pileup"),
        other => panic!("no test runs {other:?}"),
    };
    Command::new(program)
        .args(words)
        .current_dir(workspace())
        .output()
        .expect("the program runs")
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
