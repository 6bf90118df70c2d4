//! What no target sends, through to every form: no panic, and each is what it claims to be.

#[path = "../../../pileup-console/tests/world/wild.rs"]
mod wild;

use std::cell::Cell;

use crate::{Grade, History, Report, SetAside, Why, diagnose, graph};
use console_api::instrument::Update;
use pileup_console::World;
use proptest::prelude::*;
use proptest::test_runner::{TestError, TestRng, TestRunner};
use roxmltree::Document;

use super::junit_schema::check_junit;
use super::text::{self, Page};
use super::{html, json, junit, markdown, sarif};
use crate::drawing::{dot, svg};
use crate::sources::Sources;

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
    let mut sources = Sources::below(&[]).map_err(failed)?;
    let plain = written(|output| text::write(report, &mut sources, Page::of_width(88), output));
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

    let suite = written(|output| junit::write(report, |grade| grade >= Grade::Probable, output));
    prop_assert!(is_plain(&suite), "{suite:?}");
    check_junit(&suite).map_err(TestCaseError::fail)
}

fn check_pictures(history: &History, report: &Report) -> Result<(), TestCaseError> {
    let graph = graph(history);
    let dot = dot(&graph, &report.target);
    prop_assert!(is_plain(&dot), "{dot:?}");
    let picture = svg(&graph, &report.target);
    prop_assert!(is_plain(&picture), "{picture:?}");
    Document::parse(&picture).map_err(failed)?;

    let mut sources = Sources::below(&[]).map_err(failed)?;
    let page = written(|output| html::write(report, Some(&picture), &mut sources, output));
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
