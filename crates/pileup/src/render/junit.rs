//! The report for CI systems: `JUnit` XML.
//!
//! A finding is a failed test; one that is not proven is a skipped test, which CI systems
//! show and do not fail on.

use std::io::{self, Write};

use pileup_diagnosis::{Finding, Grade, Report};

use super::escape::xml;
use super::words;

pub fn write(report: &Report, output: &mut impl Write) -> io::Result<()> {
    let findings = &report.findings;
    let skipped = findings.iter().filter(|finding| is_unproven(finding));
    let skipped = skipped.count();
    let (tests, failures) = (findings.len().max(1), findings.len() - skipped);
    writeln!(output, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(output, "<testsuites>")?;
    writeln!(
        output,
        r#"  <testsuite name="{}" tests="{tests}" failures="{failures}" errors="0" skipped="{skipped}" time="{:.1}">"#,
        xml(&report.target),
        report.window_seconds
    )?;
    if findings.is_empty() {
        let name = words::summary(report);
        writeln!(
            output,
            r#"    <testcase classname="pileup" name="{name}"/>"#
        )?;
    }
    for finding in findings {
        write_case(finding, output)?;
    }
    writeln!(output, "  </testsuite>")?;
    writeln!(output, "</testsuites>")
}

fn write_case(finding: &Finding, output: &mut impl Write) -> io::Result<()> {
    let name = format!("{} at {}", finding.pattern, words::site(finding));
    let message = format!(
        "{}: {}",
        words::grade(finding.grade),
        words::figures(finding)
    );
    let element = if is_unproven(finding) {
        "skipped"
    } else {
        "failure"
    };
    let (code, name, message) = (finding.code.number(), xml(&name), xml(&message));
    writeln!(
        output,
        r#"    <testcase classname="pileup.{code}" name="{name}">"#
    )?;
    writeln!(output, r#"      <{element} message="{message}">"#)?;
    let tail = [&finding.explanation, &finding.fix];
    let waits = words::waits(finding);
    for line in waits.iter().chain(&finding.evidence).chain(tail) {
        writeln!(output, "{}", xml(line))?;
    }
    writeln!(output, "      </{element}>")?;
    writeln!(output, "    </testcase>")
}

fn is_unproven(finding: &Finding) -> bool {
    finding.grade == Grade::Suspicious
}
