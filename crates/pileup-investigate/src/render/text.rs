//! The report for people: a summary, then each finding in the form that rustc has for its
//! diagnostics.

mod finding;
mod summary;

use std::io::{self, IsTerminal, Write};

use anstyle::{AnsiColor, Style};
use pileup_diagnosis::{Code, Finding, Report};
use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};

use super::Document;
use super::escape::printable;
use super::words;
use crate::sources::Sources;

/// The width where there is no terminal to ask.
const WIDTH: usize = 100;
/// Narrower lines hold too little.
const NARROWEST: usize = 40;
/// Longer lines of prose are hard to read, however wide the terminal is.
const WIDEST_PROSE: usize = 110;

/// What a report is written on. The default has 100 columns and no hyperlinks.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// How many columns there are.
    pub width: usize,
    /// Whether a path may be a hyperlink to its file.
    pub has_links: bool,
}

impl Default for Page {
    fn default() -> Self {
        Self::of_width(WIDTH)
    }
}

impl Page {
    /// The page that standard output is.
    #[must_use]
    pub fn of_output() -> Self {
        if io::stdout().is_terminal() {
            Self {
                width: textwrap::termwidth().max(NARROWEST),
                has_links: true,
            }
        } else {
            Self::default()
        }
    }

    /// A page without hyperlinks.
    #[must_use]
    pub fn of_width(width: usize) -> Self {
        Self {
            width,
            has_links: false,
        }
    }

    /// A text that links to a file of this machine, where links can be shown: by OSC 8.
    fn link(self, text: &str, path: Option<&str>) -> String {
        match path.filter(|_| self.has_links) {
            Some(path) => format!(
                "\u{1b}]8;;file://{}\u{1b}\\{text}\u{1b}]8;;\u{1b}\\",
                words::percent_encoded(path)
            ),
            None => text.to_owned(),
        }
    }

    /// The width of a paragraph.
    #[must_use]
    pub fn prose(self) -> usize {
        self.width.min(WIDEST_PROSE)
    }
}

/// Writes a document for people.
pub fn format(of: &mut Document, mut output: &mut dyn Write) -> io::Result<()> {
    write(of.report, of.sources, of.page, &mut output)
}

/// Writes the report, with no line wider than the page that could be broken.
pub fn write(
    report: &Report,
    sources: &mut Sources,
    page: Page,
    output: &mut impl Write,
) -> io::Result<()> {
    let warning = Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
    let incomplete = words::incomplete(report);
    for line in &incomplete {
        write!(output, "{warning}")?;
        write_wrapped("", line, page, output)?;
        write!(output, "{warning:#}")?;
    }
    if !incomplete.is_empty() {
        writeln!(output)?;
    }
    summary::write(report, sources, page, output)?;
    let mut fixes: Vec<&str> = Vec::new();
    for finding in &report.findings {
        writeln!(output)?;
        let fix = (!fixes.contains(&finding.fix.as_str())).then_some(finding.fix.as_str());
        fixes.extend(fix);
        finding::write(finding, fix, sources, page, output)?;
    }
    if !report.set_aside.is_empty() {
        writeln!(output, "\nset aside:")?;
        for aside in &report.set_aside {
            write_wrapped("- ", &words::set_aside(aside), page, output)?;
        }
    }
    write_meanings(&report.findings, page, output)?;
    writeln!(output)?;
    for line in words::coverage(&report.coverage) {
        write_wrapped("", &line, page, output)?;
    }
    Ok(())
}

/// Says what each code means, once.
fn write_meanings(findings: &[Finding], page: Page, output: &mut impl Write) -> io::Result<()> {
    let mut codes: Vec<Code> = findings.iter().map(|finding| finding.code).collect();
    codes.sort_unstable();
    codes.dedup();
    let bold = Style::new().bold();
    for code in codes {
        let of_code = findings.iter().filter(|finding| finding.code == code);
        let mut explanations: Vec<&str> = of_code.map(|finding| &*finding.explanation).collect();
        explanations.dedup();
        let (number, pattern) = (code.number(), code.pattern());
        writeln!(
            output,
            "\n{bold}{number} {pattern}{bold:#}: see pileup explain {number}"
        )?;
        for explanation in explanations {
            write_wrapped("  ", explanation, page, output)?;
        }
    }
    Ok(())
}

/// Writes text, broken between words, with `mark` before its first line.
fn write_wrapped(mark: &str, text: &str, page: Page, output: &mut impl Write) -> io::Result<()> {
    let hang = " ".repeat(mark.chars().count());
    writeln!(
        output,
        "{}",
        wrapped(mark, &hang, &printable(text), page.prose())
    )
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

/// How many columns a text takes.
fn columns(text: &str) -> usize {
    textwrap::core::display_width(text)
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
        let page = Page::of_width(88);
        write_wrapped("- ", &"word ".repeat(30), page, &mut output).expect("memory takes all");
        let text = String::from_utf8(output).expect("words");
        assert!(text.lines().all(|line| line.len() <= 88));
        assert!(text.starts_with("- word"));
        assert!(
            text.lines()
                .nth(1)
                .is_some_and(|line| line.starts_with("  word"))
        );
    }

    #[test]
    fn wide_characters_count_twice_and_paths_stay_whole() {
        let path = "src/".repeat(20);
        let mut output = Vec::new();
        let text = format!("{} {path}", "宽字 ".repeat(12));
        write_wrapped("", &text, Page::of_width(NARROWEST), &mut output).expect("memory takes all");
        let text = String::from_utf8(output).expect("words");
        let width = textwrap::core::display_width;
        assert!(
            text.lines()
                .all(|line| width(line) <= NARROWEST || line.trim() == path),
            "{text}"
        );
        assert!(text.contains(&path), "{text}");
    }

    #[test]
    fn links_are_for_terminals_alone() {
        let terminal = Page {
            width: 80,
            has_links: true,
        };
        let link = terminal.link("a.rs:3", Some("/src/a b.rs"));
        assert_eq!(
            link,
            "\u{1b}]8;;file:///src/a%20b.rs\u{1b}\\a.rs:3\u{1b}]8;;\u{1b}\\"
        );
        assert_eq!(terminal.link("a.rs:3", None), "a.rs:3");
        assert_eq!(Page::of_width(80).link("a.rs:3", Some("/a.rs")), "a.rs:3");
    }
}
