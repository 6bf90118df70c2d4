//! Markdown as it reads well in a terminal.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use textwrap::Options;

/// Markdown as a terminal shows it: headings and emphasis by their style, code indented, and
/// paragraphs as wide as they may be.
pub fn for_terminal(markdown: &str, width: usize) -> String {
    let bold = Style::new().bold();
    let mut shown = String::new();
    let mut paragraph = String::new();
    let mut is_code = false;
    for line in markdown.lines().chain([""]) {
        let is_fence = line.starts_with("```");
        let begins = is_fence || is_code || line.is_empty() || line.starts_with('#');
        if (begins || marker(line) > leading(line)) && !paragraph.is_empty() {
            shown.push_str(&filled(&styled(&paragraph), width));
            paragraph.clear();
        }
        if is_fence {
            is_code = !is_code;
        } else if is_code {
            shown.push_str("    ");
            shown.push_str(line);
            shown.push('\n');
        } else if line.starts_with('#') {
            let heading = styled(line.trim_start_matches('#').trim_start());
            // Writing to a String does not fail.
            let _ = writeln!(shown, "{bold}{heading}{bold:#}");
        } else if line.is_empty() {
            shown.push('\n');
        } else if paragraph.is_empty() {
            paragraph.push_str(line);
        } else {
            paragraph.push(' ');
            paragraph.push_str(line.trim_start());
        }
    }
    // The end of the last line began an empty one.
    shown.truncate(shown.trim_end().len());
    shown.push('\n');
    shown
}

/// A paragraph with `code`, *emphasis* and links by their style.
fn styled(paragraph: &str) -> String {
    let mut styled = String::with_capacity(paragraph.len());
    let mut rest = paragraph;
    while let Some(at) = rest.find(['`', '*', '[']) {
        let (before, from) = rest.split_at(at);
        styled.push_str(before);
        let (span, after) = span(from).unwrap_or_else(|| {
            let (mark, after) = from.split_at(1);
            (mark.to_owned(), after)
        });
        styled.push_str(&span);
        rest = after;
    }
    styled + rest
}

/// The span that begins a text, by its style, and what follows it.
fn span(text: &str) -> Option<(String, &str)> {
    if let Some(link) = text.strip_prefix('[') {
        let (name, rest) = link.split_once("](")?;
        let (address, after) = rest.split_once(')')?;
        let is_page = address.starts_with("http");
        let name = self::styled(name);
        let shown = if is_page {
            format!("{name} ({address})")
        } else {
            name
        };
        return Some((shown, after));
    }
    let (mark, style) = [
        ("`", Style::new().fg_color(Some(AnsiColor::Cyan.into()))),
        ("**", Style::new().bold()),
        ("*", Style::new().italic()),
    ]
    .into_iter()
    .find(|(mark, _)| text.starts_with(mark))?;
    let (inner, after) = text[mark.len()..].split_once(mark)?;
    // A star with spaces around it is a star.
    let is_span = !inner.is_empty() && !inner.starts_with(' ') && !inner.ends_with(' ');
    is_span.then(|| (format!("{style}{inner}{style:#}"), after))
}

/// The text with its lines broken at `width`, but for those of code.
pub fn filled(text: &str, width: usize) -> String {
    let mut filled = String::new();
    let mut is_code = false;
    for line in text.lines() {
        let is_fence = line.starts_with("```");
        is_code ^= is_fence;
        if is_code || is_fence {
            filled.push_str(line);
        } else {
            let indent = " ".repeat(marker(line));
            let options = Options::new(width)
                .subsequent_indent(&indent)
                .break_words(false);
            filled.push_str(&textwrap::fill(line, options));
        }
        filled.push('\n');
    }
    filled
}

/// The spaces before the text of a line.
fn leading(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// How wide the mark of a list's item is, with the spaces around it.
fn marker(line: &str) -> usize {
    let text = line.trim_start();
    let indent = line.len() - text.len();
    let digits = text.chars().take_while(char::is_ascii_digit).count();
    let mark = match &text[digits..] {
        rest if digits > 0 && rest.starts_with(". ") => digits + 2,
        rest if digits == 0 && rest.starts_with("- ") => 2,
        _ => 0,
    };
    indent + mark
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_shows_no_marks_of_markdown() {
        let markdown = "# PU03 piling-up\n\nMore tasks of `spawn` are *alive*,\nand **old** ones \
                        [stay](https://a.example/).\n\n- One thing\n  that goes on.\n- Another, see \
                        [the page](PU05.md).\n\n```rust\nlet a = b * c;\n```\n";
        let shown = for_terminal(markdown, 80);
        let plain = anstream::adapter::strip_str(&shown).to_string();
        let expected = "PU03 piling-up\n\nMore tasks of spawn are alive, and old ones stay \
                        (https://a.example/).\n\n- One thing that goes on.\n- Another, see the \
                        page.\n\n    let a = b * c;\n";
        assert_eq!(plain, expected);
        assert!(shown.contains("\u{1b}[1mPU03"), "{shown:?}");
    }

    #[test]
    fn every_page_is_shown_without_a_mark_and_within_the_width() {
        for code in pileup_diagnosis::Code::ALL {
            let shown = for_terminal(code.page(), 60);
            let plain = anstream::adapter::strip_str(&shown).to_string();
            for line in plain.lines().filter(|line| !line.starts_with("    ")) {
                let is_marked = line.starts_with('#') || line.contains('`') || line.contains("](");
                assert!(!is_marked, "{code:?}: {line}");
                assert!(
                    line.len() <= 60 || !line.trim().contains(' '),
                    "{code:?}: {line}"
                );
            }
        }
    }

    #[test]
    fn items_of_lists_hang_and_code_is_left_alone() {
        let text =
            "1. one two three\n- four five six\n```\nlet one_line = \"as long as it is\";\n```";
        let expected = "1. one two\n   three\n- four five\n  six\n```\nlet one_line = \"as long as it is\";\n```\n";
        assert_eq!(filled(text, 11), expected);
    }
}
