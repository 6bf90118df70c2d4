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
         <header>\n<h1>{summary}</h1>\n<p><code>{target}</code>, watched for {:.1} s</p>\n\
         </header>\n<main>",
        report.window_seconds
    )?;
    for finding in &report.findings {
        write_card(finding, report.window_seconds, output)?;
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

fn write_card(finding: &Finding, window: f64, output: &mut impl Write) -> io::Result<()> {
    let grade = words::grade(finding.grade);
    writeln!(
        output,
        "<article class=\"{grade}\">\n<h2><span class=\"grade\">{grade}</span> {} {}</h2>\n\
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
