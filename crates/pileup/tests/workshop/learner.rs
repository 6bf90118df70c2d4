//! Plays a learner, in a pseudo-terminal.

use std::fs;
use std::io::Read;
use std::process::Child;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use pty_process::{Size, blocking};

use crate::copy::Copy;
use crate::pages;
use crate::truth::{self, Scenario};

const WIDTH: u16 = 100;
const FIRST_ARC: usize = 6;
/// Far longer than a build and a check take, on a machine that is busy too.
const PATIENCE: Duration = Duration::from_secs(180);

/// What commands out the whole program, as somebody does who is only after the report.
const COMMENTED_OUT: &str = "\
use pileup_scenario::Arrivals;

pub async fn run(mut arrivals: Arrivals) {
    loop {
        arrivals.next().await;
    }
}
";

pub fn play() {
    let copy = Copy::with_programs();
    let scenarios = truth::scenarios().expect("the manifests can be read");
    let at = |arguments: &str, code: i32, text: &str| {
        let (shown, ended) = shown(&copy, arguments);
        assert_eq!(ended, Some(code), "{arguments}\n{shown}");
        assert!(shown.contains(text), "{arguments}: no {text:?} in\n{shown}");
    };

    let exercises = pages::exercises().len();
    at("", 0, &format!("0 of {exercises}"));
    at("start", 0, "00: Nothing is wrong");
    at("check", 1, "One thing is left");
    at("answer serve", 1, "Not so");
    at("answer hire_baker", 0, "Right");
    at("check", 0, "Solved: 00 warm-up, without a hint, at check 2");

    at("next", 0, "01: ");
    at("answer run", 1, "not so");
    at("answer charge --waits-for not-shown", 0, "right");
    at("check", 1, "The program leaks");
    let program = copy.program("nil-channel-receive");
    let original = fs::read_to_string(&program).expect("it is there");
    fs::write(
        &program,
        original.replace("session.released().await", "session.released()await"),
    )
    .expect("it is written");
    at("check", 3, "expected one of");
    fs::write(&program, COMMENTED_OUT).expect("it is written");
    at("check", 1, "does not do its work");
    at("", 0, "You are at 01");
    at("hint", 0, "Hint 1 of 3");
    fs::write(&program, copy.fixed("nil-channel-receive")).expect("it is written");
    at("check", 0, "Solved: 01 nil-channel-receive, with one hint");
    at("", 0, "It is solved");

    for number in 2..FIRST_ARC {
        at("next", 0, &format!("{number:02}: "));
        let exercise = current(&copy);
        if number == 2 {
            watch_while_it_is_fixed(&copy, &exercise);
            continue;
        }
        let scenario = scenarios.iter().find(|scenario| scenario.name == exercise);
        let (_, line) = scenario.and_then(first_site).expect("it has a site");
        at(&format!("answer leaky.rs:{line}"), 0, "right");
        fs::write(copy.program(&exercise), copy.fixed(&exercise)).expect("it is written");
        at("check", 0, "Solved");
    }
    at("", 0, &format!("6 of {exercises}"));
    at("next", 0, "06: ");
}

fn first_site(scenario: &Scenario) -> Option<&(String, u32)> {
    scenario.sites.first()
}

fn current(copy: &Copy) -> String {
    let progress = fs::read_to_string(copy.path(".pileup/workshop.toml")).expect("it is kept");
    let progress: toml::Table = toml::from_str(&progress).expect("TOML");
    progress["current"].as_str().expect("a name").to_owned()
}

/// Has `check --watch` see a save in the middle of a run, one after it, and then the fix.
fn watch_while_it_is_fixed(copy: &Copy, exercise: &str) {
    let program = copy.program(exercise);
    let original = fs::read_to_string(&program).expect("it is there");
    let (terminal, mut child) = terminal(copy, "check --watch");
    let mut screen = Screen::of(terminal);
    screen.until("Finished");
    fs::write(&program, format!("{original}\nfn half")).expect("it is written");
    screen.until("Saved meanwhile: once more.");
    screen.until("does not build");
    screen.until("Waiting for the next save");
    fs::write(&program, copy.fixed(exercise)).expect("it is written");
    screen.until("Solved");
    assert!(!screen.shown.contains("Not solved"), "{}", screen.shown);
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

/// What a terminal has shown so far, and how far it was read.
struct Screen {
    chunks: mpsc::Receiver<Vec<u8>>,
    shown: String,
    read: usize,
}

impl Screen {
    fn of(mut terminal: blocking::Pty) -> Self {
        let (sender, chunks) = mpsc::channel();
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = terminal.read(&mut bytes)
                && sender.send(bytes[..count].to_vec()).is_ok()
            {}
        });
        Self {
            chunks,
            shown: String::new(),
            read: 0,
        }
    }

    /// Reads on until some text is shown, after what was read before.
    fn until(&mut self, text: &str) {
        loop {
            if let Some(at) = self.shown[self.read..].find(text) {
                self.read += at + text.len();
                return;
            }
            match self.chunks.recv_timeout(PATIENCE) {
                Ok(bytes) => self.shown += &String::from_utf8_lossy(&bytes),
                Err(error) => panic!("no {text:?} ({error}):\n{}", self.shown),
            }
        }
    }
}

/// What a terminal gets to show, and the exit code.
fn shown(copy: &Copy, arguments: &str) -> (String, Option<i32>) {
    let (mut terminal, mut child) = terminal(copy, arguments);
    let mut bytes = Vec::new();
    // A terminal whose other side is closed ends with an error, on some systems.
    let _ = terminal.read_to_end(&mut bytes);
    let ended = child.wait().expect("it ends");
    (String::from_utf8_lossy(&bytes).into_owned(), ended.code())
}

/// A command of the workshop in a terminal.
fn terminal(copy: &Copy, arguments: &str) -> (blocking::Pty, Child) {
    let (terminal, side) = blocking::open().expect("a pseudo-terminal");
    terminal
        .resize(Size::new(40, WIDTH))
        .expect("it has a size");
    let command = blocking::Command::new(env!("CARGO_BIN_EXE_pileup"))
        .arg("workshop")
        .args(arguments.split_whitespace())
        .current_dir(copy.path(""))
        .env("TERM", "xterm-256color")
        .env("NO_COLOR", "1");
    (terminal, command.spawn(side).expect("pileup runs"))
}
