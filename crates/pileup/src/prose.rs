//! Markdown as it reads well in a terminal.

use anstyle::Style;
use textwrap::Options;

/// The text as it is, but for the headings, which are bold.
pub fn with_bold_headings(text: &str) -> String {
    let bold = Style::new().bold();
    let lines = text.lines().map(|line| {
        if line.starts_with('#') {
            format!("{bold}{line}{bold:#}\n")
        } else {
            format!("{line}\n")
        }
    });
    lines.collect()
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
    fn items_of_lists_hang_and_code_is_left_alone() {
        let text =
            "1. one two three\n- four five six\n```\nlet one_line = \"as long as it is\";\n```";
        let expected = "1. one two\n   three\n- four five\n  six\n```\nlet one_line = \"as long as it is\";\n```\n";
        assert_eq!(filled(text, 11), expected);
    }
}
