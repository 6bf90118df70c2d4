//! The report for people.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use pileup_diagnosis::{Finding, Grade, Report, ReportCoverage, WaitedFor};
use pileup_model::{Site, TaskState};

/// Text under a heading starts here; lines end before the usual edge of a terminal.
const INDENT: &str = "  ";
const WIDTH: usize = 88;

pub fn write(report: &Report, output: &mut impl Write) -> io::Result<()> {
    for finding in &report.findings {
        write_finding(finding, output)?;
        writeln!(output)?;
    }
    let bold = Style::new().bold();
    let summary = match report.findings.len() {
        0 => "nothing piles up".to_owned(),
        1 => "1 finding".to_owned(),
        more => format!("{more} findings"),
    };
    writeln!(
        output,
        "{bold}{summary}{bold:#} in {} after {:.1} s",
        printable(&report.target),
        report.window_seconds
    )?;
    write_coverage(&report.coverage, output)
}

fn write_finding(finding: &Finding, output: &mut impl Write) -> io::Result<()> {
    let color = Style::new().bold().fg_color(Some(
        match finding.grade {
            Grade::Certain => AnsiColor::Red,
            Grade::Probable => AnsiColor::Yellow,
            Grade::Suspicious => AnsiColor::Cyan,
        }
        .into(),
    ));
    let grade = match finding.grade {
        Grade::Certain => "certain",
        Grade::Probable => "probable",
        Grade::Suspicious => "suspicious",
    };
    let bold = Style::new().bold();
    writeln!(
        output,
        "{color}{grade}{color:#} {} {}",
        finding.code.number(),
        finding.pattern
    )?;
    let site = finding.site.as_ref().map(Site::to_string);
    writeln!(
        output,
        "{INDENT}spawned at {bold}{}{bold:#}",
        printable(
            site.as_deref()
                .unwrap_or("a place that the target does not tell")
        )
    )?;
    let state = match finding.state {
        TaskState::Idle => "idle",
        TaskState::Scheduled => "scheduled",
        TaskState::Running => "running",
    };
    writeln!(
        output,
        "{INDENT}{} alive, {:+.0} a minute, the oldest for {:.1} s, {state}",
        finding.alive, finding.growth_per_minute, finding.oldest_seconds
    )?;
    if let Some(waits_on) = &finding.waits_on
        && let Some(resource) = &waits_on.resource
    {
        let WaitedFor { r#type, file, line } = resource;
        let line = format!("waits for {type} made at {file}:{line}");
        writeln!(output, "{INDENT}{}", printable(&line))?;
    }
    for holder in &finding.held_by {
        let site = holder.site.as_ref().map(Site::to_string);
        let site = site.as_deref().unwrap_or("a place that is not told");
        let line = format!("held by task {:x} spawned at {site}", holder.task.0);
        writeln!(output, "{INDENT}{}", printable(&line))?;
    }
    for line in &finding.evidence {
        write_wrapped("- ", line, output)?;
    }
    write_wrapped("why   ", &finding.explanation, output)?;
    write_wrapped("mend  ", &finding.fix, output)
}

fn write_coverage(coverage: &ReportCoverage, output: &mut impl Write) -> io::Result<()> {
    write_wrapped(
        "",
        &format!(
            "seen: {} tasks; {} of the living wait for something that Tokio does not \
             instrument (a channel's recv, a Notify, a JoinHandle, I/O)",
            coverage.tasks_seen, coverage.uninstrumented_waits
        ),
        output,
    )?;
    if coverage.dropped_events > 0 {
        write_wrapped(
            "",
            &format!(
                "incomplete: the target lost {} events, its buffer was full",
                coverage.dropped_events
            ),
            output,
        )?;
    }
    if coverage.state_withheld {
        write_wrapped(
            "",
            "incomplete: the target withheld what lived in it before the attach",
            output,
        )?;
    }
    if coverage.lag_seconds >= 1.0 {
        write_wrapped(
            "",
            &format!(
                "late: the target told of new tasks {:.1} s after their birth",
                coverage.lag_seconds
            ),
            output,
        )?;
    }
    Ok(())
}

/// Writes indented text, broken between words, with `mark` before its first line.
fn write_wrapped(mark: &str, text: &str, output: &mut impl Write) -> io::Result<()> {
    let hang = " ".repeat(mark.len());
    let room = WIDTH - INDENT.len() - mark.len();
    let mut line = String::new();
    let mut start = mark;
    for word in printable(text).split_whitespace() {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > room {
            writeln!(output, "{INDENT}{start}{line}")?;
            line.clear();
            start = &hang;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    writeln!(output, "{INDENT}{start}{line}")
}

/// Text of the target, with whatever would steer a terminal made visible.
fn printable(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            safe.extend(character.escape_default());
        } else {
            safe.push(character);
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_sequences_of_the_target_are_shown_not_obeyed() {
        assert_eq!(printable("a\u{1b}[2Jb"), "a\\u{1b}[2Jb");
    }

    #[test]
    fn long_text_is_broken_between_words_and_hangs_under_its_mark() {
        let mut output = Vec::new();
        write_wrapped("- ", &"word ".repeat(30), &mut output).expect("memory takes all");
        let text = String::from_utf8(output).expect("words");
        assert!(text.lines().all(|line| line.len() <= WIDTH));
        assert!(text.starts_with("  - word"));
        assert!(
            text.lines()
                .nth(1)
                .is_some_and(|line| line.starts_with("    word"))
        );
    }
}
