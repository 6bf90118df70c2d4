//! The report for programs; and JSON in general.

use std::io::{self, Write};

use serde::Serialize;

/// Writes a value as JSON that may be shown on a terminal: JSON itself escapes only the
/// first of the characters that steer one.
pub fn write(value: &(impl Serialize + ?Sized), output: &mut impl Write) -> io::Result<()> {
    let text = serde_json::to_string_pretty(value)?;
    let mut rest = text.as_str();
    // They occur within strings only, where they may be escaped.
    let steers = |character: char| character.is_control() && character != '\n';
    while let Some((at, character)) = rest.char_indices().find(|(_, found)| steers(*found)) {
        write!(output, "{}\\u{:04x}", &rest[..at], u32::from(character))?;
        rest = &rest[at + character.len_utf8()..];
    }
    writeln!(output, "{rest}")
}
