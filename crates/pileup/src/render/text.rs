//! The report for people.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use pileup_diagnosis::{Finding, Grade, Report};

use super::escape::printable;
use super::words;

/// Text under a heading starts here; lines end before the usual edge of a terminal.
const INDENT: &str = "  ";
const WIDTH: usize = 88;

pub fn write(report: &Report, output: &mut impl Write) -> io::Result<()> {
    for finding in &report.findings {
        write_finding(finding, output)?;
        writeln!(output)?;
    }
    if !report.set_aside.is_empty() {
        writeln!(output, "set aside")?;
        for aside in &report.set_aside {
            write_wrapped("- ", &words::set_aside(aside), output)?;
        }
        writeln!(output)?;
    }
    let bold = Style::new().bold();
    let summary = words::summary(report);
    writeln!(
        output,
        "{bold}{summary}{bold:#} in {} after {:.1} s",
        printable(&report.target),
        report.window_seconds
    )?;
    for line in words::coverage(&report.coverage) {
        write_wrapped("", &line, output)?;
    }
    Ok(())
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
    let grade = words::grade(finding.grade);
    let bold = Style::new().bold();
    writeln!(
        output,
        "{color}{grade}{color:#} {} {}",
        finding.code.number(),
        finding.pattern
    )?;
    writeln!(
        output,
        "{INDENT}spawned at {bold}{}{bold:#}",
        printable(&words::site(finding))
    )?;
    writeln!(output, "{INDENT}{}", words::figures(finding))?;
    for line in words::waits(finding) {
        writeln!(output, "{INDENT}{}", printable(&line))?;
    }
    for line in &finding.evidence {
        write_wrapped("- ", line, output)?;
    }
    write_wrapped("why   ", &finding.explanation, output)?;
    write_wrapped("mend  ", &finding.fix, output)?;
    writeln!(
        output,
        "{INDENT}more: pileup explain {}",
        finding.code.number()
    )
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
