//! The report as one page that needs no network and no script: a summary, the wait-for graph,
//! and each finding folded below.

use std::io::{self, Write};

use pileup_diagnosis::figures::rate;
use pileup_diagnosis::{Finding, Report, graph};

use super::Document;
use super::escape::xml;
use super::excerpt::{Excerpt, Line, excerpts};
use super::words;
use crate::drawing::{curve, svg};
use crate::sources::Sources;

const STYLE: &str = include_str!("html.css");
/// The title of the picture.
const GRAPH: &str = "Who waits for what, and who holds it";

/// Writes a document as a page, with a picture of the wait-for graph unless nobody waits.
pub fn format(of: &mut Document, mut output: &mut dyn Write) -> io::Result<()> {
    let graph = of.history.map(graph);
    let graph = graph.filter(|graph| !graph.nodes.is_empty());
    let picture = graph.map(|graph| svg(&graph, GRAPH));
    write(of.report, picture.as_deref(), of.sources, &mut output)
}

/// Writes the page, with a picture of the wait-for graph if there is one.
pub fn write(
    report: &Report,
    graph: Option<&str>,
    sources: &mut Sources,
    output: &mut impl Write,
) -> io::Result<()> {
    let (summary, target) = (xml(&words::headline(report)), xml(&report.target));
    writeln!(
        output,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>pileup: {target}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <header>\n<h1>{summary}</h1>\n</header>"
    )?;
    for line in words::incomplete(report) {
        writeln!(output, "<p class=\"incomplete\">{}</p>", xml(&line))?;
    }
    writeln!(output, "<main>")?;
    write_summary(report, output)?;
    if let Some(graph) = graph {
        writeln!(
            output,
            "<section>\n<div class=\"graph\">{graph}</div>\n</section>"
        )?;
    }
    for (number, finding) in report.findings.iter().enumerate() {
        write_finding(number, finding, report.window_seconds, sources, output)?;
    }
    let aside: Vec<String> = report.set_aside.iter().map(words::set_aside).collect();
    write_list("Set aside", &aside, output)?;
    writeln!(output, "</main>\n<footer>\n<h2>Coverage</h2>")?;
    for line in words::coverage(&report.coverage) {
        writeln!(output, "<p>{}</p>", xml(&line))?;
    }
    writeln!(output, "</footer>\n</body>\n</html>")
}

/// Every finding in one row, each a link to itself.
fn write_summary(report: &Report, output: &mut impl Write) -> io::Result<()> {
    if report.findings.is_empty() {
        return Ok(());
    }
    writeln!(
        output,
        "<table>\n<tr><th>grade</th><th>code</th><th>tasks</th><th>growth</th><th>cause</th>\
         <th>spawned at</th></tr>"
    )?;
    for (number, finding) in report.findings.iter().enumerate() {
        let grade = words::grade(finding.grade);
        writeln!(
            output,
            "<tr class=\"{grade}\"><td><span class=\"grade\">{grade}</span></td>\
             <td><a href=\"#finding-{number}\">{}</a></td><td>{}</td><td>{}</td><td>{}</td>\
             <td><code>{}</code></td></tr>",
            finding.code.number(),
            words::tasks(finding),
            rate(words::tasks_per_minute(finding)),
            xml(words::cause(finding)),
            xml(&words::site(finding))
        )?;
    }
    writeln!(output, "</table>")
}

fn write_finding(
    number: usize,
    finding: &Finding,
    window: f64,
    sources: &mut Sources,
    output: &mut impl Write,
) -> io::Result<()> {
    let grade = words::grade(finding.grade);
    let code = finding.code.number();
    let site = finding.site.as_ref();
    let function = site.and_then(|site| sources.function(site));
    let title = words::title(finding, function.map(|function| &*function.name));
    writeln!(
        output,
        "<details class=\"{grade}\" id=\"finding-{number}\">\n\
         <summary><span class=\"grade\">{grade}</span> {code} {}</summary>",
        xml(&title)
    )?;
    for excerpt in excerpts(finding, sources) {
        write_excerpt(&excerpt, output)?;
    }
    if let Some(curve) = curve::write(finding, window) {
        writeln!(output, "{curve}")?;
    }
    let mut seen = words::waits(finding);
    seen.extend(finding.evidence.iter().cloned());
    seen.extend(words::involved(finding));
    write_list("Evidence", &seen, output)?;
    for (heading, text) in [("Why", &finding.explanation), ("Fix", &finding.fix)] {
        writeln!(output, "<h3>{heading}</h3>\n<p>{}</p>", xml(text))?;
    }
    writeln!(
        output,
        "<p class=\"more\">more: <code>pileup explain {code}</code></p>\n</details>"
    )
}

/// Writes lines of source with what is said of them; only the place where it is not found.
fn write_excerpt(excerpt: &Excerpt, output: &mut impl Write) -> io::Result<()> {
    let (line, column) = excerpt.place;
    let place = xml(&format!("{}:{line}:{column}", excerpt.file));
    match &excerpt.path {
        Some(path) => writeln!(
            output,
            "<p><a href=\"vscode://file{}:{line}:{column}\"><code>{place}</code></a></p>",
            words::percent_encoded(path)
        )?,
        None => writeln!(output, "<p><code>{place}</code></p>")?,
    }
    if excerpt.lines.is_empty() {
        return Ok(());
    }
    write!(output, "<pre>")?;
    let mut next = excerpt.lines.first().map_or(0, |line| line.number);
    for line in &excerpt.lines {
        if line.number > next {
            writeln!(output, "     …")?;
        }
        next = line.number + 1;
        write_line(line, output)?;
    }
    writeln!(output, "</pre>")
}

fn write_line(line: &Line, output: &mut impl Write) -> io::Result<()> {
    writeln!(output, "<i>{:>4}</i> {}", line.number, xml(&line.text))?;
    for mark in &line.marks {
        let class = if mark.is_main { "main" } else { "other" };
        writeln!(
            output,
            "     {}<b class=\"{class}\">{} {}</b>",
            " ".repeat(mark.start),
            "^".repeat(mark.length),
            xml(&mark.label)
        )?;
    }
    Ok(())
}

fn write_list(heading: &str, lines: &[String], output: &mut impl Write) -> io::Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(output, "<h3>{heading}</h3>\n<ul>")?;
    for line in lines {
        writeln!(output, "<li>{}</li>", xml(line))?;
    }
    writeln!(output, "</ul>")
}
