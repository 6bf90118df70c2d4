//! `pileup diff`: what changed from one report, or recording, to another.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use pileup_investigate::{
    Ending, Error as WatchError, Expected, History, Recording, diagnose_expecting,
};

use crate::arguments::{Diff, DiffFormat};
use crate::error::Error;
use crate::exit::Exit;
use crate::output::{complain, print, remark};
use pileup_investigate::difference::{Compared, Difference};
use pileup_investigate::render::{difference as rendered, json};
use pileup_investigate::selection::read_report;

/// The first bytes of a file show whether it is a recording.
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
        DiffFormat::Text => rendered::write_text(&difference, out),
        DiffFormat::Json => json::write(&difference, out),
        DiffFormat::Markdown => rendered::write_markdown(&difference, &after.report, out),
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
    opened.map_err(|source| WatchError::ReadFile {
        file: file.to_owned(),
        source,
    })?;
    if !pileup_recording::is_recording(&head) {
        return Ok(Compared {
            report: read_report(file)?,
            history: None,
        });
    }
    let failed = |source| WatchError::Recording {
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
                complain(&failed(source).into());
                break;
            }
            Err(source) => return Err(failed(source).into()),
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
