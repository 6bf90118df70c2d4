//! What no target sends, through to every form: no panic, and each is what it claims to be.

#[path = "../../../pileup-console/tests/world/wild.rs"]
mod wild;

use std::cell::Cell;

use console_api::instrument::Update;
use pileup::{History, Report, SetAside, Why, diagnose, graph};
use pileup_console::World;
use proptest::prelude::*;
use proptest::test_runner::{TestError, TestRng, TestRunner};
use roxmltree::{Document, Node};

use super::{html, json, junit, markdown, sarif, text};
use crate::arguments::FailOn;
use crate::drawing::{dot, svg};

#[test]
fn every_form_of_every_report_is_what_it_claims_to_be() {
    let found = Cell::new(0);
    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let chance = TestRng::deterministic_rng(config.rng_algorithm);
    let mut runner = TestRunner::new_with_rng(config, chance);
    let updates = [wild::updates(), wild::updates(), wild::updates()];
    let anything = (updates, wild::text(), any::<bool>());
    let outcome = runner.run(&anything, |(updates, name, set_aside)| {
        let updates = updates.into_iter().flatten().collect();
        let history = after(updates);
        let mut report = diagnose(&history, &name);
        found.set(found.get() + report.findings.len());
        if set_aside {
            report.set_aside = aside(&mut report, &name);
        }
        check_report(&report)?;
        check_pictures(&history, &report)
    });
    if let Err(TestError::Fail(reason, (updates, ..))) = outcome {
        panic!("{reason}\n{updates:?}");
    }
    // Reports without findings would show little.
    assert!(found.get() > 50, "only {} findings", found.get());
}

fn after(updates: Vec<Update>) -> History {
    let mut world = World::default();
    let mut history = History::default();
    for update in updates {
        world.apply(update);
        history.observe(world.snapshot());
    }
    history
}

/// All but the first finding, set aside.
fn aside(report: &mut Report, reason: &str) -> Vec<SetAside> {
    let from = report.findings.len().min(1);
    let aside = report.findings.drain(from..);
    aside
        .map(|finding| SetAside {
            why: Why::Allowed,
            reason: reason.to_owned(),
            finding,
        })
        .collect()
}

fn check_report(report: &Report) -> Result<(), TestCaseError> {
    let plain = written(|output| text::write(report, 88, output));
    prop_assert!(has_only_styles(&plain), "{plain:?}");
    let issue = written(|output| markdown::write(report, output));
    prop_assert!(is_plain(&issue), "{issue:?}");

    let form = written(|output| json::write(report, output));
    prop_assert!(is_plain(&form), "{form:?}");
    let again: Report = serde_json::from_str(&form).map_err(failed)?;
    prop_assert_eq!(again.findings.len(), report.findings.len());

    let form = written(|output| sarif::write(report, output));
    prop_assert!(is_plain(&form), "{form:?}");
    let log: serde_json::Value = serde_json::from_str(&form).map_err(failed)?;
    let results = log["runs"][0]["results"].as_array().map(Vec::len);
    prop_assert_eq!(
        results,
        Some(report.findings.len() + report.set_aside.len())
    );

    let suite = written(|output| junit::write(report, FailOn::Probable, output));
    prop_assert!(is_plain(&suite), "{suite:?}");
    check_junit(&suite)
}

fn check_pictures(history: &History, report: &Report) -> Result<(), TestCaseError> {
    let graph = graph(history);
    let dot = dot::write(&graph);
    prop_assert!(is_plain(&dot), "{dot:?}");
    let picture = svg::write(&graph);
    prop_assert!(is_plain(&picture), "{picture:?}");
    Document::parse(&picture).map_err(failed)?;

    let page = written(|output| html::write(report, Some(&picture), output));
    prop_assert!(is_plain(&page), "{page:?}");
    let (_, body) = page.split_once("</head>").expect("a page has a head");
    let body = body.strip_suffix("</html>\n").expect("a page has an end");
    let body = Document::parse(body).map_err(failed)?;
    let scripts = body
        .descendants()
        .filter(|node| node.has_tag_name("script"));
    prop_assert_eq!(scripts.count(), 0);
    Ok(())
}

/// What the usual schema says of `JUnit` files (junit-10.xsd of Jenkins' xUnit plug-in).
fn check_junit(suite: &str) -> Result<(), TestCaseError> {
    let document = Document::parse(suite).map_err(failed)?;
    let suites = document.root_element();
    prop_assert_eq!(suites.tag_name().name(), "testsuites");
    for suite in elements(suites) {
        allowed(
            suite,
            "testsuite",
            &["name", "tests"],
            &["failures", "errors", "skipped", "time"],
        )?;
        let mut outcomes = Vec::new();
        for case in elements(suite) {
            allowed(case, "testcase", &["name"], &["classname", "time"])?;
            for outcome in elements(case) {
                let name = outcome.tag_name().name();
                let attributes: &[&str] = match name {
                    "failure" | "error" => &["message", "type"],
                    "skipped" => &["message"],
                    _ => &[],
                };
                prop_assert!(
                    ["failure", "error", "skipped", "system-out", "system-err"].contains(&name)
                );
                allowed(outcome, name, &[], attributes)?;
                prop_assert_eq!(elements(outcome).count(), 0);
                outcomes.push(name);
            }
        }
        let number = |name| suite.attribute(name).and_then(|number| number.parse().ok());
        let count = |name| Some(outcomes.iter().filter(|outcome| **outcome == name).count());
        prop_assert_eq!(number("tests"), Some(elements(suite).count()));
        prop_assert_eq!(number("failures"), count("failure"));
        prop_assert_eq!(number("errors"), count("error"));
        prop_assert_eq!(number("skipped"), count("skipped"));
        let time = suite.attribute("time").map(str::parse::<f64>);
        prop_assert!(matches!(time, Some(Ok(seconds)) if seconds >= 0.0));
    }
    Ok(())
}

/// An element has this name, all of the first attributes, and none beyond the second.
fn allowed(
    node: Node,
    name: &str,
    required: &[&str],
    optional: &[&str],
) -> Result<(), TestCaseError> {
    prop_assert_eq!(node.tag_name().name(), name);
    for attribute in required {
        prop_assert!(node.has_attribute(*attribute), "{name} has no {attribute}");
    }
    for attribute in node.attributes() {
        let known = [required, optional].concat().contains(&attribute.name());
        prop_assert!(known, "{name} has {}", attribute.name());
    }
    Ok(())
}

fn elements<'a, 'input>(node: Node<'a, 'input>) -> impl Iterator<Item = Node<'a, 'input>> {
    node.children().filter(Node::is_element)
}

fn written(write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> String {
    let mut output = Vec::new();
    write(&mut output).expect("memory takes all");
    String::from_utf8(output).expect("text")
}

fn failed(error: impl std::fmt::Display) -> TestCaseError {
    TestCaseError::fail(error.to_string())
}

fn is_plain(text: &str) -> bool {
    text.chars()
        .all(|character| character == '\n' || !character.is_control())
}

/// Whether all that steers a terminal is colour: `ESC [ numbers m`.
fn has_only_styles(text: &str) -> bool {
    let mut parts = text.split('\u{1b}');
    let is_style = |part: &str| {
        let numbers = part
            .strip_prefix('[')
            .and_then(|part| part.split_once('m'))
            .map(|(numbers, _)| numbers);
        numbers.is_some_and(|numbers| {
            numbers
                .chars()
                .all(|character| character.is_ascii_digit() || character == ';')
        })
    };
    parts.next().is_some_and(is_plain) && parts.all(|part| is_style(part) && is_plain(part))
}
