//! The report in every format: each is a file that reads the same report, and a row of
//! [`FORMATS`].
//!
//! ```
//! use pileup_investigate::{History, diagnose, render};
//!
//! let report = diagnose(&History::default(), "http://127.0.0.1:6669");
//! let page = render::html(&report);
//! assert!(page.starts_with("<!doctype html>"));
//! println!("{}", render::text(&report));
//! ```

#[cfg(test)]
mod any_target;
pub mod difference;
mod document;
mod excerpt;
mod html;
#[cfg(test)]
mod junit_schema;
mod markdown;
#[cfg(test)]
mod tests;
mod text;

use std::io::{self, Write};

use anstream::adapter::strip_str;
pub use pileup_report::{escape, json, words};
use pileup_report::{junit, sarif};

pub use self::document::Document;
pub use self::text::Page;
use crate::Report;
use crate::sources::Sources;

/// A format of the report.
#[derive(Debug)]
pub struct Format {
    /// What it is called.
    pub name: &'static str,
    /// Who reads it, in a few words.
    pub about: &'static str,
    write: fn(&mut Document, &mut dyn Write) -> io::Result<()>,
}

/// Every format.
#[rustfmt::skip]
pub static FORMATS: &[Format] = &[
    Format { name: "text", about: "For people", write: text::format },
    Format { name: "json", about: "For programs", write: |of, mut out| json::write(of.report, &mut out) },
    Format { name: "markdown", about: "For an issue", write: markdown::format },
    Format { name: "sarif", about: "For code scanning: SARIF 2.1.0", write: |of, mut out| sarif::write(of.report, &mut out) },
    Format { name: "junit", about: "For CI systems", write: |of, mut out| junit::write(of.report, of.fails, &mut out) },
    Format { name: "html", about: "One page for a browser", write: html::format },
];

impl Format {
    /// The format of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        FORMATS.iter().find(|format| format.name == name)
    }

    /// Writes a report in this format.
    pub fn write(&self, document: &mut Document, output: &mut dyn Write) -> io::Result<()> {
        (self.write)(document, output)
    }
}

/// The report for people, in lines of at most 100 columns and without colours. Use a [`Document`]
/// to write it to a terminal.
#[must_use]
pub fn text(report: &Report) -> String {
    strip_str(&rendered(report, text::format)).to_string()
}

/// The report for an issue, or for a comment on a pull request.
#[must_use]
pub fn markdown(report: &Report) -> String {
    rendered(report, markdown::format)
}

/// The report as one page that needs no network and no script. Use a [`Document`] to have the
/// wait-for graph in it, or source files from another folder than the working directory.
#[must_use]
pub fn html(report: &Report) -> String {
    rendered(report, html::format)
}

fn rendered(
    report: &Report,
    write: impl FnOnce(&mut Document, &mut dyn Write) -> io::Result<()>,
) -> String {
    let mut output = Vec::new();
    // Writing to memory does not fail.
    let _ = write(
        &mut Document::new(report, &mut Sources::here()),
        &mut output,
    );
    String::from_utf8_lossy(&output).into_owned()
}
