//! What CI systems take for `JUnit`.

use roxmltree::{Document, Node};

/// What the usual schema says of `JUnit` files (junit-10.xsd of Jenkins' xUnit plug-in).
pub fn check_junit(suite: &str) -> Result<(), String> {
    let document = Document::parse(suite).map_err(|error| error.to_string())?;
    let suites = document.root_element();
    must(
        suites.tag_name().name() == "testsuites",
        "the root is testsuites",
    )?;
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
                let known = ["failure", "error", "skipped", "system-out", "system-err"];
                must(known.contains(&name), "an outcome has a known name")?;
                allowed(outcome, name, &[], attributes)?;
                must(elements(outcome).count() == 0, "an outcome is text")?;
                outcomes.push(name);
            }
        }
        let number = |name| suite.attribute(name).and_then(|number| number.parse().ok());
        let count = |name| Some(outcomes.iter().filter(|outcome| **outcome == name).count());
        let tests = Some(elements(suite).count());
        must(number("tests") == tests, "tests are counted")?;
        for (name, outcome) in [
            ("failures", "failure"),
            ("errors", "error"),
            ("skipped", "skipped"),
        ] {
            must(
                number(name) == count(outcome),
                &format!("{name} are counted"),
            )?;
        }
        let time = suite.attribute("time").map(str::parse::<f64>);
        let is_time = matches!(time, Some(Ok(seconds)) if seconds >= 0.0);
        must(is_time, "a suite has a time")?;
    }
    Ok(())
}

/// An element has this name, all of the first attributes, and none beyond the second.
fn allowed(node: Node, name: &str, required: &[&str], optional: &[&str]) -> Result<(), String> {
    must(node.tag_name().name() == name, name)?;
    for attribute in required {
        must(
            node.has_attribute(*attribute),
            &format!("{name} has {attribute}"),
        )?;
    }
    for attribute in node.attributes() {
        let known = [required, optional].concat().contains(&attribute.name());
        must(known, &format!("{name} has no {}", attribute.name()))?;
    }
    Ok(())
}

fn elements<'a, 'input>(node: Node<'a, 'input>) -> impl Iterator<Item = Node<'a, 'input>> {
    node.children().filter(Node::is_element)
}

fn must(holds: bool, rule: &str) -> Result<(), String> {
    holds.then_some(()).ok_or_else(|| format!("broken: {rule}"))
}
