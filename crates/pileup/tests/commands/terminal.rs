//! The report in a terminal: coloured and as wide as that is, and plain everywhere else.
#![cfg(unix)]

use std::io::Read;
use std::path::PathBuf;
use std::process::Command;

use pileup_investigate::{Ending, Recorder, Snapshot};
use pty_process::Size;
use pty_process::blocking;
use tempfile::TempDir;

const WIDTH: u16 = 50;
const CONTROL: char = '\u{1b}';

/// A watch of a program without tasks.
fn recording(folder: &TempDir) -> PathBuf {
    let file = folder.path().join("watch.pileup");
    let mut recorder = Recorder::create(&file, "http://127.0.0.1:6669").expect("it is new");
    for second in 1..5 {
        let snapshot = Snapshot::new(jiff::Timestamp::from_second(second).expect("in range"));
        recorder.record(&snapshot).expect("it is written");
    }
    recorder.finish(&Ending::Complete).expect("it is written");
    file
}

/// What a terminal gets to show.
fn shown(arguments: &[&str], no_color: &str) -> String {
    let (mut terminal, side) = blocking::open().expect("a pseudo-terminal");
    terminal
        .resize(Size::new(40, WIDTH))
        .expect("it has a size");
    let command = blocking::Command::new(env!("CARGO_BIN_EXE_pileup"))
        .args(arguments)
        .env("TERM", "xterm-256color")
        .env("NO_COLOR", no_color)
        .env_remove("CLICOLOR_FORCE");
    let mut child = command.spawn(side).expect("pileup runs");
    let mut bytes = Vec::new();
    // A terminal whose other side is closed ends with an error, on some systems.
    let _ = terminal.read_to_end(&mut bytes);
    assert!(child.wait().expect("it ends").success());
    String::from_utf8(bytes).expect("text")
}

/// What a pipe gets.
fn piped(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_pileup"))
        .args(arguments)
        .output()
        .expect("pileup runs");
    assert!(output.status.success(), "{arguments:?}");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn a_terminal_gets_colours_unless_it_wants_none_and_lines_of_its_width() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = recording(&folder);
    let diagnose = ["diagnose", "--from", file.to_str().expect("a plain name")];
    let coloured = shown(&diagnose, "");
    assert!(coloured.contains(CONTROL), "{coloured}");
    let plain = shown(&diagnose, "1");
    assert!(!plain.contains(CONTROL), "{plain}");
    assert!(plain.contains("nothing piles up"), "{plain}");
    let widths: Vec<usize> = plain
        .lines()
        .map(|line| line.trim_end().chars().count())
        .collect();
    assert!(widths.len() > 2, "{plain}");
    assert!(
        widths.iter().all(|width| *width <= usize::from(WIDTH)),
        "{plain}"
    );
}

#[test]
fn a_pipe_gets_no_colours() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = Command::new(env!("CARGO_BIN_EXE_pileup"))
        .args(["diagnose", "--from"])
        .arg(recording(&folder))
        .env_remove("NO_COLOR")
        .env_remove("CLICOLOR_FORCE")
        .output()
        .expect("pileup runs");
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(text.contains("nothing piles up"), "{text}");
    assert!(!text.contains(CONTROL), "{text}");
}

#[test]
fn a_page_is_markdown_in_a_pipe_and_none_in_a_terminal() {
    let page = piped(&["explain", "PU03"]);
    assert!(page.starts_with("# PU03 piling-up\n"), "{page}");
    assert!(page.contains("```rust"), "{page}");
    let shown = shown(&["explain", "PU03"], "1");
    assert!(shown.starts_with("PU03 piling-up"), "{shown}");
    for mark in ["# ", "`", "]("] {
        assert!(!shown.contains(mark), "{mark:?}: {shown}");
    }
}

#[test]
fn what_goes_wrong_in_a_scenario_is_listed_on_request_alone() {
    let plain = piped(&["list-scenarios"]);
    assert!(plain.contains("unclosed-channel"), "{plain}");
    assert!(!plain.contains("what goes wrong"), "{plain}");
    assert!(!plain.contains("rangeCauseLeak"), "{plain}");
    let spoilers = piped(&["list-scenarios", "--spoilers"]);
    assert!(spoilers.contains("what goes wrong"), "{spoilers}");
    assert!(spoilers.contains("rangeCauseLeak"), "{spoilers}");
}
