//! The report for an issue.

use std::io::{self, Write};

use pileup_diagnosis::Report;

use super::escape::markdown;
use super::words;

pub fn write(report: &Report, output: &mut impl Write) -> io::Result<()> {
    for line in words::incomplete(report) {
        writeln!(output, "**{}**\n", markdown(&line))?;
    }
    writeln!(
        output,
        "## {} in {} after {}",
        words::summary(report),
        markdown(&report.target),
        words::seconds(report.window_seconds)
    )?;
    for finding in &report.findings {
        writeln!(
            output,
            "\n### {} {}: {}\n",
            finding.code.number(),
            markdown(&finding.pattern),
            words::grade(finding.grade)
        )?;
        writeln!(output, "Spawned at {}\n", markdown(&words::site(finding)))?;
        writeln!(output, "- {}", words::figures(finding))?;
        for line in words::waits(finding).iter().chain(&finding.evidence) {
            writeln!(output, "- {}", markdown(line))?;
        }
        writeln!(output, "\n**Why.** {}", markdown(&finding.explanation))?;
        writeln!(output, "\n**Mend.** {}", markdown(&finding.fix))?;
        writeln!(output, "\nMore: `pileup explain {}`", finding.code.number())?;
    }
    if !report.set_aside.is_empty() {
        writeln!(output, "\n### Set aside\n")?;
        for aside in &report.set_aside {
            writeln!(output, "- {}", markdown(&words::set_aside(aside)))?;
        }
    }
    writeln!(output)?;
    for line in words::coverage(&report.coverage) {
        writeln!(output, "- {}", markdown(&line))?;
    }
    Ok(())
}
