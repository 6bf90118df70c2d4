//! `pileup diff`: what changed from one report, or recording, to another.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::ExitCode;

use anstyle::Style;
use pileup::{Ending, History, Recording, Report, diagnose};

use crate::arguments::{Diff, DiffFormat};
use crate::difference::{Change, Difference, Seen, SiteChange};
use crate::error::Error;
use crate::render::escape::printable;
use crate::render::words;
use crate::selection::read_report;

/// A recording is told by its first bytes.
const HEAD: u64 = 64;

pub fn execute(arguments: &Diff) -> Result<ExitCode, Error> {
    let (before, after) = (read(&arguments.before)?, read(&arguments.after)?);
    let difference = Difference::of(&before, &after);
    let fails = difference
        .worst()
        .is_some_and(|grade| arguments.fail_on.fails(grade));
    if after.coverage.state_withheld && !fails {
        return Err(Error::StateWithheld {
            target: after.target,
        });
    }
    let mut output = anstream::stdout().lock();
    match arguments.format {
        DiffFormat::Text => write_text(&difference, &mut output),
        DiffFormat::Json => write_json(&difference, &mut output),
    }
    .map_err(Error::Print)?;
    Ok(ExitCode::from(u8::from(fails)))
}

/// Reads a report, or makes it of a recording.
fn read(file: &Path) -> Result<Report, Error> {
    let mut head = Vec::new();
    let opened = File::open(file).and_then(|input| input.take(HEAD).read_to_end(&mut head));
    opened.map_err(|source| Error::ReadFile {
        file: file.to_owned(),
        source,
    })?;
    if !pileup_recording::is_recording(&head) {
        return read_report(file);
    }
    let failed = |source| Error::Recording {
        file: file.to_owned(),
        source,
    };
    let mut recording = Recording::open(file).map_err(failed)?;
    let mut history = History::default();
    for snapshot in &mut recording {
        history.observe(snapshot.map_err(failed)?);
    }
    if let Some(Ending::CutShort(reason)) = recording.ending() {
        anstream::eprintln!(
            "{}: the recorded watch was cut short: {reason}",
            file.display()
        );
    }
    Ok(diagnose(&history, recording.target()))
}

fn write_json(difference: &Difference, output: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *output, difference)?;
    writeln!(output)
}

fn write_text(difference: &Difference, output: &mut impl Write) -> io::Result<()> {
    if difference.sites.is_empty() {
        return writeln!(output, "nothing piles up in either");
    }
    let bold = Style::new().bold();
    for SiteChange {
        change,
        site,
        before,
        after,
    } in &difference.sites
    {
        let change = match change {
            Change::New => "new",
            Change::Worse => "worse",
            Change::Same => "same",
            Change::Better => "better",
            Change::Gone => "gone",
        };
        let site = words::place(site.as_ref());
        writeln!(output, "{bold}{change:<6}{bold:#} {}", printable(&site))?;
        let (before, after) = (in_short(before.as_ref()), in_short(after.as_ref()));
        writeln!(output, "       {before} -> {after}")?;
    }
    Ok(())
}

fn in_short(seen: Option<&Seen>) -> String {
    seen.map_or_else(
        || "nothing".to_owned(),
        |seen| {
            format!(
                "{} {} {}, {} alive, {:+.0} a minute",
                words::grade(seen.grade),
                seen.code.number(),
                seen.pattern,
                seen.alive,
                seen.growth_per_minute
            )
        },
    )
}
