//! Of every exercise: the leaky program fails its check, the fixed one passes, one that
//! does nothing fails, and the true answers are found right.

use std::fs;
use std::sync::Mutex;
use std::thread;

use crate::copy::{Copy, Said};
use crate::machine;
use crate::programs::workspace;
use crate::truth::{self, Scenario, lines_of};

/// What a check takes of an ordinary core.
const CORES_EACH: f64 = 0.16;

const EMPTY: &str = "\
//! Does nothing.

use pileup_scenario::Arrivals;

/// Waits.
pub async fn run(_: Arrivals) {
    std::future::pending().await
}
";

/// Fixes that end the wait and lose the result: the scenario, a part of its program, and what
/// somebody in a hurry makes of it.
const HASTY: [(&str, &str, &str); 4] = [
    (
        "unclosed-channel",
        "let mut sum = 0;",
        "items.close();\n        let mut sum = 0;",
    ),
    (
        "endless-loop",
        "sleep(PAUSE).await;",
        "sleep(PAUSE).await;\n        if next.is_none() {\n            break;\n        }",
    ),
    ("full-channel", "for row in 0..ROWS", "for row in 0..0"),
    ("blocking-loop", "loaded != FULL_LOAD", "loaded > FULL_LOAD"),
];

pub fn check() {
    let copy = Copy::with_programs();
    let scenarios = truth::scenarios().expect("the manifests can be read");
    copy.build();
    let mut wrong = Vec::new();
    wrong.extend(each(&scenarios, |scenario| {
        expect(
            &copy.run(&["check", &scenario.name]),
            1,
            "The program leaks",
        )
    }));
    wrong.extend(each(&scenarios, |scenario| {
        let answers = answers(scenario)?;
        let arguments: Vec<&str> = answers.iter().map(String::as_str).collect();
        expect(&copy.run(&arguments), 0, "right")
    }));
    wrong.extend(each(&scenarios, |scenario| {
        // What an exercise includes is run anew for every answer.
        let alone = scenario.sites.iter().filter(|_| scenario.finds.is_some());
        for (file, line) in alone {
            let site = format!("{file}:{line}");
            let arguments = ["answer", &site, "--exercise", &scenario.name];
            expect(&copy.run(&arguments), 0, "right")?;
        }
        Ok(())
    }));
    wrong.extend(each(&scenarios, |scenario| {
        let arguments = ["answer", "run", "--exercise", &scenario.name];
        expect(&copy.run(&arguments), 1, "not so")
    }));
    for scenario in &scenarios {
        fs::write(copy.program(&scenario.name), copy.fixed(&scenario.name)).expect("it is written");
    }
    copy.build();
    wrong.extend(each(&scenarios, |scenario| {
        expect(&copy.run(&["check", &scenario.name]), 0, "Solved")
    }));
    for scenario in &scenarios {
        fs::write(copy.program(&scenario.name), EMPTY).expect("it is written");
    }
    copy.build();
    wrong.extend(each(&scenarios, |scenario| {
        let said = copy.run(&["check", &scenario.name]);
        expect(&said, 1, "does not do its work")
    }));
    for (name, part, instead) in HASTY {
        let original = workspace().join(format!("scenarios/{name}/src/leaky.rs"));
        let original = fs::read_to_string(original).expect("it is there");
        assert!(original.contains(part), "{name} has no {part:?}");
        fs::write(copy.program(name), original.replace(part, instead)).expect("it is written");
    }
    copy.build();
    let hasty = scenarios
        .iter()
        .filter(|scenario| HASTY.iter().any(|(name, ..)| *name == scenario.name));
    wrong.extend(each(hasty, |scenario| {
        let said = copy.run(&["check", &scenario.name]);
        expect(
            &said,
            1,
            "Nothing piles up. The program does not do its work",
        )
    }));
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// The prediction that is right by the manifest.
fn answers(scenario: &Scenario) -> Result<Vec<String>, String> {
    let (file, line) = scenario.sites.first().ok_or("no site")?;
    let mut answers = vec!["answer".to_owned(), format!("{file}:{line}")];
    let finds = scenario.finds.as_ref();
    if let Some(finds) = finds {
        let waits_for = finds.waits_for.as_deref().unwrap_or("not-shown");
        answers.push(format!("--waits-for={}", waits_for.replace('_', "-")));
    }
    if let Some(holder) = finds.and_then(|finds| finds.held_by.as_deref()) {
        // It must be there, for the answer to mean anything.
        lines_of(&scenario.name, holder)?;
        answers.push(format!("--held-by={holder}"));
    }
    answers.push(format!("--exercise={}", scenario.name));
    Ok(answers)
}

fn expect(said: &Said, code: i32, text: &str) -> Result<(), String> {
    if said.code == Some(code) && said.text.contains(text) {
        return Ok(());
    }
    Err(format!(
        "exit code {:?}, and not {code} with {text:?}\n{}",
        said.code, said.text
    ))
}

/// Does something with every scenario, several at once, and gives what went wrong.
fn each<'a>(
    scenarios: impl IntoIterator<Item = &'a Scenario, IntoIter: Send>,
    check: impl Fn(&Scenario) -> Result<(), String> + Sync,
) -> Vec<String> {
    let left = Mutex::new(scenarios.into_iter());
    let wrong = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..machine::trials_at_once(CORES_EACH) {
            scope.spawn(|| {
                loop {
                    let next = left.lock().expect("no thread panics").next();
                    let Some(scenario) = next else { return };
                    if let Err(reason) = check(scenario) {
                        let reason = format!("{}: {reason}", scenario.name);
                        wrong.lock().expect("no thread panics").push(reason);
                    }
                }
            });
        }
    });
    wrong.into_inner().expect("no thread panics")
}
