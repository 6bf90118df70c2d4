//! The pages of the exercises are all of one form.

use std::collections::BTreeSet;
use std::fs;

use crate::programs::workspace;
use crate::truth;

const PARTS: [&str; 8] = [
    "The symptom",
    "Run it",
    "What to watch",
    "Questions",
    "Hints",
    "The fix",
    "In Go",
    "In real projects",
];
const HINTS: usize = 3;
/// What stands at the places of `docs/tokio-console.md`: a spawn, or a lock that is made.
const SHOWN: [&str; 3] = ["tokio::spawn(", "Mutex::new(", "room.spawn_local("];

pub fn check() {
    let exercises = exercises();
    let in_order = in_order();
    let named: BTreeSet<String> = in_order.iter().cloned().collect();
    assert!(named.is_subset(&exercises), "only scenarios are exercises");
    assert_eq!(named.len(), in_order.len(), "none comes twice");
    for exercise in exercises {
        check_page(&exercise);
    }
}

/// The names of all exercises: every scenario, and the healthy one.
pub fn exercises() -> BTreeSet<String> {
    let scenarios = truth::scenarios().expect("the manifests can be read");
    let mut names: BTreeSet<String> = scenarios
        .into_iter()
        .map(|scenario| scenario.name)
        .collect();
    names.insert("warm-up".to_owned());
    names
}

/// The exercises that have a place in the order.
fn in_order() -> Vec<String> {
    let file = workspace().join("scenarios/workshop.toml");
    let text = fs::read_to_string(file).expect("the order of the exercises");
    let order: toml::Table = toml::from_str(&text).expect("TOML");
    let arcs = order["arc"].as_array().expect("arcs");
    let of_arc = |arc: &toml::Value| arc["exercises"].as_array().expect("exercises").clone();
    let names = arcs.iter().flat_map(of_arc);
    names
        .map(|name| name.as_str().expect("a name").to_owned())
        .collect()
}

fn check_page(exercise: &str) {
    let file = workspace().join(format!("scenarios/{exercise}/README.md"));
    let page = fs::read_to_string(file).expect("a page");
    let headings: Vec<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .collect();
    assert_eq!(headings, PARTS, "{exercise}");
    let part = |heading: &str| {
        let begins = format!("## {heading}\n");
        let text = page.split(&begins).nth(1).unwrap_or_default();
        text.split("\n## ").next().unwrap_or_default().trim()
    };
    for heading in PARTS {
        assert!(part(heading).len() > 40, "{exercise}: {heading}");
    }
    for hint in 1..=HINTS {
        let summary = format!("<details><summary>Hint {hint}</summary>");
        assert!(part("Hints").contains(&summary), "{exercise}: hint {hint}");
    }
    assert!(
        part("What to watch").contains("rite down"),
        "{exercise}: what to write down"
    );
    let with_await_lines = format!("just run-scenario {exercise} --instrument pileup");
    assert!(
        part("What to watch").contains(&with_await_lines),
        "{exercise}: where to see the line at which the tasks wait"
    );
    assert!(part("Questions").contains("\n2. "), "{exercise}: questions");
    assert!(part("The fix").contains("<details>"), "{exercise}: folded");
    for command in [
        format!("just run-scenario {exercise}"),
        "tokio-console".to_owned(),
    ] {
        assert!(part("Run it").contains(&command), "{exercise}: {command}");
    }
}

/// The page on tokio-console shows places of scenarios as they are.
pub fn check_places_of_console_page() {
    let page = fs::read_to_string(workspace().join("docs/tokio-console.md")).expect("the page");
    let mut places = 0;
    for rest in page.split("scenarios/").skip(1) {
        let place = rest.split_whitespace().next().unwrap_or_default();
        // Those that a narrow screen has cut off have no column.
        let [file, line, column] = place.split(':').collect::<Vec<_>>()[..] else {
            continue;
        };
        let source = fs::read_to_string(workspace().join("scenarios").join(file));
        let source = source.expect("the file is there");
        let number: usize = line.parse().expect("a line");
        let from: usize = column.parse().expect("a column");
        let line = source.lines().nth(number - 1).expect("the line is there");
        let there = &line[from - 1..];
        let is_shown = SHOWN.iter().any(|shown| there.starts_with(shown));
        assert!(is_shown, "{place}: {there}");
        places += 1;
    }
    assert!(places > 10, "only {places} places");
}
