//! Lengths of time, as short as people write them.

use std::io::{self, Write};
use std::time::Duration;

/// Writes `350ms`, `12s`, `3m12s`, `5h2m` or `2d4h`.
pub(crate) fn write_length(length: Duration, out: &mut impl Write) -> io::Result<()> {
    let seconds = length.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match seconds {
        0 => write!(out, "{}ms", length.as_millis()),
        1..60 => write!(out, "{seconds}s"),
        60..3_600 => write!(out, "{minutes}m{}s", seconds % 60),
        3_600..86_400 => write!(out, "{hours}h{minutes}m"),
        _ => write!(out, "{days}d{hours}h"),
    }
}
