//! Each scenario as a test under guard: its leaky variant fails by its name and by the lines that
//! spawn the tasks at fault, its fixed variant and its look-alike pass.
//!
//! What is at fault stands in the manifest of the scenario.

use crate::truth;
use std::fmt::Write;
use std::process::Command;
use std::slice;
use std::sync::Mutex;
use std::thread;

use crate::machine;
use crate::one_test::{Ended, end};
use crate::process::programs::{programs, workspace};
use crate::truth::Scenario;

/// What a guarded program takes of an ordinary core: a leaky one waits for most of its time.
const CORES_EACH: f64 = 0.08;

/// Functions of healthy variants whose tasks live as long as the program, and why.
const LIVES_ON: [(&str, &str, &str, &str); 9] = [
    (
        "everything",
        "fixed",
        "run",
        "the programs of the town run on",
    ),
    (
        "everything",
        "lookalike",
        "run",
        "the programs of the town run on",
    ),
    (
        "lock-held-across-call",
        "fixed",
        "dial",
        "the office waits for the next report",
    ),
    (
        "lock-held-across-call",
        "lookalike",
        "dial",
        "the office waits for the next report",
    ),
    (
        "permit-hoarding",
        "lookalike",
        "ring_up",
        "the drivers call again and again",
    ),
    (
        "self-waking-poll",
        "fixed",
        "start_printer",
        "the printer waits for the next train",
    ),
    (
        "self-waking-poll",
        "lookalike",
        "start_printer",
        "the printer waits for the next train",
    ),
    (
        "sync-guard-across-await",
        "fixed",
        "start_",
        "feeds and clients stay until the next bell",
    ),
    (
        "unclosed-channel",
        "lookalike",
        "add_up",
        "the tills are open all day",
    ),
];

#[test]
fn every_leaky_variant_fails_by_its_name_and_its_lines() {
    let scenarios = scenarios();
    let wrong = in_parallel(&scenarios, |scenario| {
        wrong_of_leaky(scenario, &run(&scenario.name, "leaky", &[]))
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn every_fixed_variant_and_every_lookalike_passes() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let file = folder.path().join("allow.toml");
    std::fs::write(&file, allow_list()).expect("it can be written");
    let file = file.to_string_lossy();
    let scenarios = scenarios();
    let healthy = scenarios
        .iter()
        .flat_map(|scenario| ["fixed", "lookalike"].map(|variant| (scenario, variant)));
    let healthy: Vec<(&Scenario, &str)> = healthy.collect();
    let wrong = in_parallel(&healthy, |(scenario, variant)| {
        let ended = run(&scenario.name, variant, &[("PILEUP_TEST_ALLOW", &file)]);
        let name = &scenario.name;
        (!ended.has_passed).then(|| format!("{name}, {variant}:\n{}", ended.output))
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

fn scenarios() -> Vec<Scenario> {
    truth::scenarios().expect("the manifests of the scenarios can be read")
}

/// Runs a variant of a scenario as a test.
fn run(scenario: &str, variant: &str, environment: &[(&str, &str)]) -> Ended {
    let program = programs().expect("the programs are built").join(scenario);
    let mut command = Command::new(program);
    command
        .current_dir(workspace())
        .args(["--as-test", "--variant", variant])
        .env_remove("PILEUP_TEST")
        .env_remove("PILEUP_TEST_ALLOW")
        .env_remove("PILEUP_TEST_REPORT")
        .envs(environment.iter().copied());
    end(command)
}

/// What is not as it should be in the failure of a leaky variant.
fn wrong_of_leaky(scenario: &Scenario, ended: &Ended) -> Option<String> {
    let mut expected = vec![format!("alive after the test {}, at ", scenario.name)];
    for (file, line) in &scenario.sites {
        expected.push(format!("--> {file}:{line}:"));
    }
    for (file, line) in &scenario.waits_at {
        expected.push(format!(" at {file}:{line}: "));
    }
    if scenario
        .finds
        .as_ref()
        .is_some_and(|finds| finds.code == "PU02")
    {
        expected.push("in a poll that has not returned".to_owned());
    }
    let missing: Vec<&String> = expected
        .iter()
        .filter(|text| !ended.output.contains(*text))
        .collect();
    let is_wrong = ended.has_passed || !missing.is_empty();
    let (name, output) = (&scenario.name, &ended.output);
    is_wrong.then(|| format!("{name}: the report lacks {missing:?}:\n{output}"))
}

/// The allow list of the healthy variants.
fn allow_list() -> String {
    let mut list = String::new();
    for (scenario, variant, function, reason) in LIVES_ON {
        let file = format!("scenarios/{scenario}/src/{variant}.rs");
        let source = workspace().join(&file);
        let source = std::fs::read_to_string(source).expect("it can be read");
        let mut inside = false;
        for (number, line) in (1..).zip(source.lines()) {
            if line.contains("fn ") {
                inside = line.contains(&format!("fn {function}"));
            }
            if inside && line.contains("spawn(") {
                let _ = writeln!(
                    list,
                    "[[allow]]\nsite = \"{file}:{number}\"\nreason = \"{reason}\"\n"
                );
            }
        }
    }
    list
}

/// What is wrong with some of the items, a few looked at at once.
fn in_parallel<T: Sync>(items: &[T], look: impl Fn(&T) -> Option<String> + Sync) -> Vec<String> {
    let left = Mutex::new(items.iter());
    let wrong = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..machine::trials_at_once(CORES_EACH) {
            scope.spawn(|| {
                while let Some(item) = next(&left) {
                    let found = look(item);
                    wrong.lock().expect("no look panics").extend(found);
                }
            });
        }
    });
    wrong.into_inner().expect("no look panics")
}

fn next<'item, T>(left: &Mutex<slice::Iter<'item, T>>) -> Option<&'item T> {
    left.lock().expect("no look panics").next()
}
