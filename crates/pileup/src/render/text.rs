//! The report for people.

use std::io::{self, IsTerminal, Write};

use anstyle::{AnsiColor, Style};
use pileup_diagnosis::{Finding, Grade, Report};
use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};

use super::escape::printable;
use super::words;

/// Text under a heading starts here.
const INDENT: &str = "  ";
/// Longer lines are hard to read, and shorter ones hold too little.
const WIDEST: usize = 88;
const NARROWEST: usize = 40;

/// The width of the terminal that shows standard output, within what can be read well.
pub fn width() -> usize {
    if io::stdout().is_terminal() {
        textwrap::termwidth().clamp(NARROWEST, WIDEST)
    } else {
        WIDEST
    }
}

/// Writes the report, with no line wider than `width` that could be broken.
pub fn write(report: &Report, width: usize, output: &mut impl Write) -> io::Result<()> {
    for finding in &report.findings {
        write_finding(finding, width, output)?;
        writeln!(output)?;
    }
    if !report.set_aside.is_empty() {
        writeln!(output, "set aside")?;
        for aside in &report.set_aside {
            write_wrapped("- ", &words::set_aside(aside), width, output)?;
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
        write_wrapped("", &line, width, output)?;
    }
    Ok(())
}

fn write_finding(finding: &Finding, width: usize, output: &mut impl Write) -> io::Result<()> {
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
    let heading = format!(
        "{color}{grade}{color:#} {} {}: tasks spawned at {bold}{}{bold:#}",
        finding.code.number(),
        printable(&finding.pattern),
        printable(&words::site(finding))
    );
    writeln!(output, "{}", wrapped("", INDENT, &heading, width))?;
    write_wrapped("", &words::figures(finding), width, output)?;
    for line in words::waits(finding) {
        write_wrapped("", &line, width, output)?;
    }
    for line in &finding.evidence {
        write_wrapped("- ", line, width, output)?;
    }
    write_wrapped("why   ", &finding.explanation, width, output)?;
    write_wrapped("mend  ", &finding.fix, width, output)?;
    writeln!(
        output,
        "{INDENT}more: pileup explain {}",
        finding.code.number()
    )
}

/// Writes indented text, broken between words, with `mark` before its first line.
fn write_wrapped(mark: &str, text: &str, width: usize, output: &mut impl Write) -> io::Result<()> {
    let first = format!("{INDENT}{mark}");
    let hang = " ".repeat(first.len());
    let text = wrapped(&first, &hang, &printable(text), width);
    writeln!(output, "{text}")
}

/// Breaks text between words, never within: a path must stay one to be copied.
fn wrapped(first: &str, hang: &str, text: &str, width: usize) -> String {
    let options = Options::new(width)
        .initial_indent(first)
        .subsequent_indent(hang)
        .break_words(false)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation)
        .wrap_algorithm(WrapAlgorithm::FirstFit);
    textwrap::fill(text, options)
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
        write_wrapped("- ", &"word ".repeat(30), WIDEST, &mut output).expect("memory takes all");
        let text = String::from_utf8(output).expect("words");
        assert!(text.lines().all(|line| line.len() <= WIDEST));
        assert!(text.starts_with("  - word"));
        assert!(
            text.lines()
                .nth(1)
                .is_some_and(|line| line.starts_with("    word"))
        );
    }

    #[test]
    fn wide_characters_count_twice_and_paths_stay_whole() {
        let path = "src/".repeat(20);
        let mut output = Vec::new();
        let text = format!("{} {path}", "宽字 ".repeat(12));
        write_wrapped("", &text, NARROWEST, &mut output).expect("memory takes all");
        let text = String::from_utf8(output).expect("words");
        let width = textwrap::core::display_width;
        assert!(
            text.lines()
                .all(|line| width(line) <= NARROWEST || line.trim() == path),
            "{text}"
        );
        assert!(text.contains(&path), "{text}");
    }
}
