//! The report in every form: each a file that reads the same report.

mod escape;
mod html;
mod json;
mod junit;
mod markdown;
mod sarif;
#[cfg(test)]
mod tests;
mod text;
mod words;

use std::io;

use pileup_diagnosis::Report;

use crate::arguments::Format;

/// Prints a report on standard output, which carries nothing else.
pub fn print(report: &Report, format: Format) -> io::Result<()> {
    let mut output = anstream::stdout().lock();
    match format {
        Format::Text => text::write(report, &mut output),
        Format::Json => json::write(report, &mut output),
        Format::Markdown => markdown::write(report, &mut output),
        Format::Sarif => sarif::write(report, &mut output),
        Format::Junit => junit::write(report, &mut output),
        Format::Html => html::write(report, &mut output),
    }
}
