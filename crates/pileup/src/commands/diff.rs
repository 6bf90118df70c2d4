//! `pileup diff`: what changed from one report, or recording, to another.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anstyle::Style;
use pileup::{Ending, Expected, History, Recording, diagnose_expecting};
use pileup_diagnosis::figures::rate;

use crate::arguments::{Diff, PlainFormat};
use crate::difference::{Change, Compared, Difference, Seen, SiteChange};
use crate::error::Error;
use crate::exit::Exit;
use crate::output::{complain, print, remark};
use crate::render::escape::printable;
use crate::render::json;
use crate::render::words;
use crate::selection::read_report;

/// A recording is told by its first bytes.
const HEAD: u64 = 64;

pub fn execute(arguments: &Diff) -> Result<ExitCode, Error> {
    let (before, after) = (
        read(&arguments.before, arguments.max_lifetime)?,
        read(&arguments.after, arguments.max_lifetime)?,
    );
    let difference = Difference::of(&before, &after);
    let fails = difference
        .worst()
        .is_some_and(|grade| arguments.fail_on.fails(grade));
    if before.report.coverage.state_withheld {
        remark(format_args!(
            "{}: the target withheld some of its state: what is new may be old",
            arguments.before.display()
        ));
    }
    print(|out| match arguments.format {
        PlainFormat::Text => write_text(&difference, out),
        PlainFormat::Json => json::write(&difference, out),
    })?;
    if after.report.coverage.state_withheld && !fails {
        return Err(Error::StateWithheld {
            target: after.report.target,
        });
    }
    Ok(Exit::found(fails).into())
}

/// Reads a report, or makes it of a recording.
fn read(file: &Path, max_lifetime: Duration) -> Result<Compared, Error> {
    let mut head = Vec::new();
    let opened = File::open(file).and_then(|input| input.take(HEAD).read_to_end(&mut head));
    opened.map_err(|source| Error::ReadFile {
        file: file.to_owned(),
        source,
    })?;
    if !pileup_recording::is_recording(&head) {
        return Ok(Compared {
            report: read_report(file)?,
            history: None,
        });
    }
    let failed = |source| Error::Recording {
        file: file.to_owned(),
        source,
    };
    let mut recording = Recording::open(file).map_err(failed)?;
    let mut history = History::default();
    for snapshot in &mut recording {
        match snapshot {
            Ok(snapshot) => history.observe(snapshot),
            // What there is of a recording is worth comparing, with a warning.
            Err(source) if history.latest().is_some() => {
                complain(failed(source));
                break;
            }
            Err(source) => return Err(failed(source)),
        }
    }
    if let Some(Ending::CutShort(reason)) = recording.ending() {
        remark(format_args!(
            "{}: the recorded watch was cut short: {reason}",
            file.display()
        ));
    }
    let expected = Expected {
        max_lifetime,
        ..Expected::default()
    };
    Ok(Compared {
        report: diagnose_expecting(&history, recording.target(), &expected),
        history: Some(history),
    })
}

fn write_text(difference: &Difference, output: &mut impl Write) -> io::Result<()> {
    if difference.sites.is_empty() {
        return writeln!(output, "no finding in either");
    }
    let bold = Style::new().bold();
    for SiteChange {
        change,
        site,
        before,
        after,
        alive_before,
        alive_after,
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
        let before = in_short(before.as_ref(), *alive_before);
        let after = in_short(after.as_ref(), *alive_after);
        writeln!(output, "       {before} -> {after}")?;
    }
    Ok(())
}

fn in_short(seen: Option<&Seen>, alive: Option<usize>) -> String {
    let Some(seen) = seen else {
        return alive.map_or_else(
            || "nothing found".to_owned(),
            |alive| format!("nothing found, {alive} alive"),
        );
    };
    format!(
        "{} {} {}, {} alive, {}{}",
        words::grade(seen.grade),
        seen.code.number(),
        printable(&seen.pattern),
        seen.alive,
        rate(seen.growth_per_minute),
        if seen.set_aside { ", set aside" } else { "" }
    )
}
