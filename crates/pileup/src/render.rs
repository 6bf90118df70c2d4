//! The report in every form: each a file that reads the same report.

#[cfg(test)]
mod any_target;
pub mod difference;
mod excerpt;
mod html;
#[cfg(test)]
mod junit_schema;
mod markdown;
#[cfg(test)]
mod tests;
pub mod text;

use pileup::{History, Report, graph};
pub use pileup_report::{escape, json, words};
use pileup_report::{junit, sarif};

use crate::arguments::{FailOn, Format};
use crate::drawing::svg;
use crate::error::Error;
use crate::output;
use crate::sources::Sources;

/// Prints a report on standard output, which carries nothing else.
pub fn print(
    report: &Report,
    history: &History,
    format: Format,
    fail_on: FailOn,
    sources: &mut Sources,
) -> Result<(), Error> {
    output::print(|out| match format {
        Format::Text => text::write(report, sources, text::Page::of_output(), out),
        Format::Json => json::write(report, out),
        Format::Markdown => markdown::write(report, out),
        Format::Sarif => sarif::write(report, out),
        Format::Junit => junit::write(report, |grade| fail_on.fails(grade), out),
        Format::Html => {
            let graph = graph(history);
            let picture = (!graph.nodes.is_empty()).then(|| svg::write(&graph, html::GRAPH));
            html::write(report, picture.as_deref(), sources, out)
        }
    })
}
