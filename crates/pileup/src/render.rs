//! The report in every form: each a file that reads the same report.

pub mod escape;
mod html;
mod json;
mod junit;
mod markdown;
mod sarif;
#[cfg(test)]
mod tests;
mod text;
pub mod words;

use std::io;

use pileup_diagnosis::Report;

use crate::arguments::{FailOn, Format};

/// Prints a report on standard output, which carries nothing else.
pub fn print(report: &Report, format: Format, fail_on: FailOn) -> io::Result<()> {
    let mut output = anstream::stdout().lock();
    match format {
        Format::Text => text::write(report, &mut output),
        Format::Json => json::write(report, &mut output),
        Format::Markdown => markdown::write(report, &mut output),
        Format::Sarif => sarif::write(report, &mut output),
        Format::Junit => junit::write(report, fail_on, &mut output),
        Format::Html => html::write(report, &mut output),
    }
}
