//! The report for CI systems: `JUnit` XML.
//!
//! A watch that is incomplete is an error. A finding that makes the exit code 1 is a failed test. One below that passes and says so
//! in its output; one that is set aside is skipped.

use std::io::{self, Write};

use pileup_diagnosis::{Finding, Grade, Report, SetAside};

use super::escape::xml;
use super::words;

/// Writes a report. A finding is a failed test if `fails` says so of its grade.
pub fn write(
    report: &Report,
    fails: impl Fn(Grade) -> bool,
    output: &mut impl Write,
) -> io::Result<()> {
    let counts = |finding: &&Finding| fails(finding.grade);
    let failures = report.findings.iter().filter(counts).count();
    let skipped = report.set_aside.len();
    let incomplete = words::incomplete(report);
    let errors = incomplete.len();
    let tests = (report.findings.len() + skipped + errors).max(1);
    writeln!(output, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(output, "<testsuites>")?;
    writeln!(
        output,
        r#"  <testsuite name="{}" tests="{tests}" failures="{failures}" errors="{errors}" skipped="{skipped}" time="{:.1}">"#,
        xml(&report.target),
        report.window_seconds
    )?;
    for line in &incomplete {
        let message = xml(line);
        writeln!(
            output,
            r#"    <testcase classname="pileup" name="the watch is whole">"#
        )?;
        writeln!(output, r#"      <error message="{message}"/>"#)?;
        writeln!(output, "    </testcase>")?;
    }
    if errors + report.findings.len() + skipped == 0 {
        let name = words::summary(report);
        writeln!(
            output,
            r#"    <testcase classname="pileup" name="{name}"/>"#
        )?;
    }
    for finding in &report.findings {
        write_case(finding, fails(finding.grade), output)?;
    }
    for aside in &report.set_aside {
        write_set_aside(aside, output)?;
    }
    writeln!(output, "  </testsuite>")?;
    writeln!(output, "</testsuites>")
}

fn write_case(finding: &Finding, fails: bool, output: &mut impl Write) -> io::Result<()> {
    let message = format!(
        "{}: {}",
        words::grade(finding.grade),
        words::figures(finding)
    );
    let message = xml(&message);
    open_case(finding, output)?;
    if fails {
        writeln!(output, r#"      <failure message="{message}">"#)?;
    } else {
        writeln!(output, "      <system-out>{message}")?;
    }
    let tail = [&finding.explanation, &finding.fix];
    let waits = words::waits(finding);
    for line in waits.iter().chain(&finding.evidence).chain(tail) {
        writeln!(output, "{}", xml(line))?;
    }
    let element = if fails { "failure" } else { "system-out" };
    writeln!(output, "      </{element}>")?;
    writeln!(output, "    </testcase>")
}

fn write_set_aside(aside: &SetAside, output: &mut impl Write) -> io::Result<()> {
    let message = xml(&words::set_aside(aside));
    open_case(&aside.finding, output)?;
    writeln!(output, r#"      <skipped message="{message}"/>"#)?;
    writeln!(output, "    </testcase>")
}

fn open_case(finding: &Finding, output: &mut impl Write) -> io::Result<()> {
    let name = format!("{} at {}", finding.pattern, words::site(finding));
    let (code, name) = (finding.code.number(), xml(&name));
    writeln!(
        output,
        r#"    <testcase classname="pileup.{code}" name="{name}">"#
    )
}
