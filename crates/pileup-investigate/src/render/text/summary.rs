//! The first lines of a report: what was watched, and every finding in one line.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use pileup_diagnosis::figures::rate;
use pileup_diagnosis::{Finding, Grade, Report};

use super::{Page, columns, wrapped};
use crate::render::escape::printable;
use crate::render::words;
use crate::sources::Sources;

/// Between two columns.
const GAP: &str = "  ";
/// A place is not cut to less than this.
const NARROWEST_PLACE: usize = 16;

/// One finding, in the columns of the table.
struct Row<'a> {
    finding: &'a Finding,
    cells: [String; 6],
    place: String,
    path: Option<String>,
}

pub fn write(
    report: &Report,
    sources: &mut Sources,
    page: Page,
    output: &mut impl Write,
) -> io::Result<()> {
    let bold = Style::new().bold();
    let head = wrapped("", "  ", &printable(&words::headline(report)), page.width);
    writeln!(output, "{bold}{head}{bold:#}")?;
    if report.findings.is_empty() {
        return Ok(());
    }
    writeln!(output)?;
    let findings = report.findings.iter();
    let rows: Vec<Row> = findings.map(|finding| row(finding, sources)).collect();
    let width = |column: usize| rows.iter().map(|row| columns(&row.cells[column])).max();
    let widths: [usize; 6] = std::array::from_fn(|column| width(column).unwrap_or_default());
    let taken = widths.iter().map(|width| width + GAP.len()).sum::<usize>();
    let left = page.width.saturating_sub(taken).max(NARROWEST_PLACE);
    for row in &rows {
        let cells = row.cells.iter().enumerate().map(|(column, cell)| {
            let space = " ".repeat(widths[column] - columns(cell));
            // Numbers stand under their units.
            match column {
                0 => {
                    let style = color(row.finding.grade);
                    format!("{style}{cell}{style:#}{space}{GAP}")
                }
                2 | 3 => format!("{space}{cell}{GAP}"),
                _ => format!("{cell}{space}{GAP}"),
            }
        });
        let mut line: String = cells.collect();
        line.push_str(&page.link(&words::cut_left(&row.place, left), row.path.as_deref()));
        writeln!(output, "{}", line.trim_end())?;
    }
    Ok(())
}

/// The colour of a grade.
pub fn color(grade: Grade) -> Style {
    let color = match grade {
        Grade::Certain => AnsiColor::BrightRed,
        Grade::Probable => AnsiColor::Yellow,
        Grade::Suspicious => AnsiColor::BrightCyan,
    };
    Style::new().bold().fg_color(Some(color.into()))
}

fn row<'a>(finding: &'a Finding, sources: &mut Sources) -> Row<'a> {
    let site = finding.site.as_ref();
    let function = site.and_then(|site| sources.function(site));
    let function = function.map_or_else(String::new, |function| printable(&function.name));
    let place = site.map_or_else(
        || words::place(None),
        |site| format!("{}:{}", site.short_file(), site.line),
    );
    let path = site.and_then(|site| sources.file(site));
    Row {
        finding,
        cells: [
            words::grade(finding.grade).to_owned(),
            finding.code.number().to_owned(),
            words::tasks(finding).to_string(),
            rate(words::tasks_per_minute(finding)),
            printable(words::cause(finding)),
            function,
        ],
        place: printable(&place),
        path: path.map(|file| file.path().display().to_string()),
    }
}
