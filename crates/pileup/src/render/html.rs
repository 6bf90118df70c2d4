//! The report as one page that needs no network and no script.

use std::io::{self, Write};

use pileup_diagnosis::{Finding, Report};

use super::escape::xml;
use super::words;
use crate::drawing::curve;

const STYLE: &str = include_str!("html.css");

/// Writes the page, with a picture of the wait-for graph if there is one.
pub fn write(report: &Report, graph: Option<&str>, output: &mut impl Write) -> io::Result<()> {
    let (summary, target) = (words::summary(report), xml(&report.target));
    writeln!(
        output,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{summary} in {target}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <header>\n<h1>{summary}</h1>\n<p><code>{target}</code>, watched for {}</p>\n\
         </header>",
        words::seconds(report.window_seconds)
    )?;
    for line in words::incomplete(report) {
        writeln!(output, "<p class=\"incomplete\">{}</p>", xml(&line))?;
    }
    writeln!(output, "<main>")?;
    write_contents(report, output)?;
    for (number, finding) in report.findings.iter().enumerate() {
        write_card(number, finding, report.window_seconds, output)?;
    }
    if let Some(graph) = graph {
        writeln!(
            output,
            "<section>\n<h2>Who waits for what, and who holds it</h2>\n\
             <div class=\"graph\">{graph}</div>\n</section>"
        )?;
    }
    let aside: Vec<String> = report.set_aside.iter().map(words::set_aside).collect();
    write_list("Set aside", &aside, output)?;
    writeln!(output, "</main>\n<footer>\n<h2>Coverage</h2>")?;
    for line in words::coverage(&report.coverage) {
        writeln!(output, "<p>{}</p>", xml(&line))?;
    }
    writeln!(output, "</footer>\n</body>\n</html>")
}

/// Says what is on a page that does not fit a screen.
fn write_contents(report: &Report, output: &mut impl Write) -> io::Result<()> {
    if report.findings.len() < 2 {
        return Ok(());
    }
    writeln!(output, "<nav>\n<ol>")?;
    for (number, finding) in report.findings.iter().enumerate() {
        let grade = words::grade(finding.grade);
        writeln!(
            output,
            "<li class=\"{grade}\"><a href=\"#finding-{number}\">{grade} {} {}</a> \
             <code>{}</code> <span>{} alive</span></li>",
            finding.code.number(),
            xml(&finding.pattern),
            xml(&words::site(finding)),
            finding.alive
        )?;
    }
    writeln!(output, "</ol>\n</nav>")
}

fn write_card(
    number: usize,
    finding: &Finding,
    window: f64,
    output: &mut impl Write,
) -> io::Result<()> {
    let grade = words::grade(finding.grade);
    writeln!(
        output,
        "<article class=\"{grade}\" id=\"finding-{number}\">\n<h2><span class=\"grade\">{grade}</span> {} {}</h2>\n\
         <p>spawned at <code>{}</code></p>\n<p class=\"figures\">{}</p>",
        finding.code.number(),
        xml(&finding.pattern),
        xml(&words::site(finding)),
        xml(&words::figures(finding))
    )?;
    if let Some(curve) = curve::write(finding, window) {
        writeln!(output, "{curve}")?;
    }
    write_list("Waits", &words::waits(finding), output)?;
    write_list("Evidence", &finding.evidence, output)?;
    for (heading, text) in [("Why", &finding.explanation), ("Mend", &finding.fix)] {
        writeln!(output, "<h3>{heading}</h3>\n<p>{}</p>", xml(text))?;
    }
    writeln!(
        output,
        "<p class=\"more\">more: <code>pileup explain {}</code></p>\n</article>",
        finding.code.number()
    )
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
