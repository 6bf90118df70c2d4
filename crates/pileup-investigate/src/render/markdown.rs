//! The report for an issue, or for a comment on a pull request: a table, and each finding
//! folded below it.

use std::io::{self, Write};

use pileup_diagnosis::figures::rate;
use pileup_diagnosis::{Finding, Report};

use super::Document;
use super::escape::markdown;
use super::words;

/// Writes a document for an issue.
pub fn format(of: &mut Document, mut output: &mut dyn Write) -> io::Result<()> {
    write(of.report, &mut output)
}

pub fn write(report: &Report, output: &mut impl Write) -> io::Result<()> {
    for line in words::incomplete(report) {
        writeln!(output, "**{}**\n", markdown(&line))?;
    }
    writeln!(output, "### {}", markdown(&words::headline(report)))?;
    if !report.findings.is_empty() {
        writeln!(
            output,
            "\n| grade | code | tasks | growth | cause | spawned at |\n|---|---|--:|--:|---|---|"
        )?;
        for finding in &report.findings {
            write_row(finding, output)?;
        }
    }
    for finding in &report.findings {
        write_details(finding, output)?;
    }
    if !report.set_aside.is_empty() {
        writeln!(output, "\n<details><summary>Set aside</summary>\n")?;
        for aside in &report.set_aside {
            writeln!(output, "- {}", markdown(&words::set_aside(aside)))?;
        }
        writeln!(output, "\n</details>")?;
    }
    writeln!(output)?;
    for line in words::coverage(&report.coverage) {
        writeln!(output, "- {}", markdown(&line))?;
    }
    Ok(())
}

fn write_row(finding: &Finding, output: &mut impl Write) -> io::Result<()> {
    writeln!(
        output,
        "| {} | {} | {} | {} | {} | {} |",
        words::grade(finding.grade),
        finding.code.number(),
        words::tasks(finding),
        rate(words::tasks_per_minute(finding)),
        markdown(words::cause(finding)),
        markdown(&words::site(finding))
    )
}

/// Writes a finding, folded.
pub fn write_details(finding: &Finding, output: &mut impl Write) -> io::Result<()> {
    let number = finding.code.number();
    writeln!(
        output,
        "\n<details><summary>{} {number}: {}</summary>\n",
        words::grade(finding.grade),
        markdown(&words::title(finding, None))
    )?;
    for line in words::waits(finding).iter().chain(&finding.evidence) {
        writeln!(output, "- {}", markdown(line))?;
    }
    for involved in words::involved(finding) {
        writeln!(output, "- {}", markdown(&involved))?;
    }
    writeln!(output, "\n**Why.** {}", markdown(&finding.explanation))?;
    writeln!(output, "\n**Fix.** {}", markdown(&finding.fix))?;
    writeln!(output, "\nMore: `pileup explain {number}`\n\n</details>")
}
