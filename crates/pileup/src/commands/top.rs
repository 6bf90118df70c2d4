//! `pileup top`: the places that have the most live tasks.

use std::io::Write;
use std::process::ExitCode;

use comfy_table::{CellAlignment, Table, presets};
use pileup_diagnosis::figures::rate;
use pileup_profile::Frame;

use crate::arguments::Top;
use crate::error::Error;
use crate::output::print;
use crate::watching::{ended, observe, open};
use pileup_investigate::render::escape::printable;
use pileup_investigate::sources::Sources;
use pileup_investigate::views::profile::{profile, short_file};
use pileup_investigate::views::top::rows;

pub async fn execute(top: Top) -> Result<ExitCode, Error> {
    let mut sources = Sources::below(&top.view.sources.folders)?;
    let source = open(top.view.target, top.view.duration).await?;
    let watched = observe(source, None, |_, _| false).await?;
    let snapshot = watched.latest()?;
    let profile = profile(snapshot, &mut sources);
    let total = profile.total();
    let rows = rows(&profile, &watched.history);

    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["flat", "flat%", "sum%", "cum", "cum%", "growth", "place"]);
    for column in table.column_iter_mut().take(6) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let mut sum = 0;
    for row in rows.iter().take(top.count) {
        sum += row.flat;
        table.add_row([
            row.flat.to_string(),
            percent(row.flat, total),
            percent(sum, total),
            row.cumulative.to_string(),
            percent(row.cumulative, total),
            row.growth_per_minute.map_or_else(String::new, rate),
            place(row.frame),
        ]);
    }
    let shown = rows.len().min(top.count);
    let places = rows.len();
    print(|out| {
        writeln!(out, "{total} live tasks, {shown} of {places} places")?;
        writeln!(out, "{}", table.trim_fmt())
    })?;
    ended(watched)
}

fn place(frame: &Frame) -> String {
    let site = format!("{}:{}", short_file(&frame.file), frame.line);
    if frame.file.is_empty() || frame.function.starts_with(&site) {
        printable(&frame.function)
    } else {
        printable(&format!("{} {site}", frame.function))
    }
}

fn percent(part: i64, whole: i64) -> String {
    if whole == 0 {
        return "0%".to_owned();
    }
    format!("{:.1}%", part as f64 * 100.0 / whole as f64)
}
