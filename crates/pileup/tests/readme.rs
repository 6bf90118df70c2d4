//! The README's commands do what the README shows.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

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

/// A command in the README, with what the README shows of its output.
struct Shown {
    command: String,
    output: String,
}

#[test]
fn every_command_is_run_and_prints_what_is_shown() {
    // They wait far more than they work.
    thread::scope(|scope| {
        for shown in commands(&readme()) {
            scope.spawn(move || is_as_shown(&shown));
        }
    });
}

fn is_as_shown(shown: &Shown) {
    let command = shown.command.as_str();
    let mut elsewhere = RUN_ELSEWHERE.iter();
    if elsewhere.any(|(elsewhere, _)| *elsewhere == command) {
        return;
    }
    if command == "cargo pileup investigate send-without-receive" {
        let (output, code) = run(command);
        assert_eq!(code, Some(1), "{output}");
        if !shown.output.is_empty() {
            assert_eq!(without_figures(&output), without_figures(&shown.output));
        }
        return;
    }
    // Nothing is expected to listen there; the flags must be right, though.
    let nowhere = command.replace(":6669", ":1").replace(":6060", ":1");
    assert_ne!(
        nowhere, command,
        "the README has a command that no test runs"
    );
    let (output, code) = run(&nowhere);
    assert_eq!(code, Some(3), "{output}");
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
fn commands(readme: &str) -> Vec<Shown> {
    let mut commands: Vec<Shown> = Vec::new();
    let blocks = readme.split("```console\n").skip(1);
    for line in blocks
        .filter_map(|block| block.split("```").next())
        .flat_map(str::lines)
    {
        match (line.strip_prefix("$ "), commands.last_mut()) {
            (Some(command), _) => commands.push(Shown {
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

/// Standard output and exit code of a command, run as a person would.
fn run(command: &str) -> (String, Option<i32>) {
    let mut words = command.split_whitespace();
    assert_eq!(words.next(), Some("cargo"));
    let output = Command::new(env!("CARGO"))
        .args(words)
        .current_dir(workspace())
        .output()
        .expect("cargo runs");
    (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        output.status.code(),
    )
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
