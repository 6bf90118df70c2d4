//! `pileup workshop solution`: the difference to the fixed program, and why it helps.

use std::io::{self, Write};
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use similar::{ChangeTag, TextDiff};

use super::say;
use crate::arguments::workshop::Chosen;
use crate::error::Error;
use crate::output::{Output, print};
use pileup_workshop::Workshop;
use pileup_workshop::workbench::Workbench;

/// Unchanged lines around a change.
const AROUND: usize = 3;

pub fn execute(workshop: &mut Workshop, chosen: &Chosen) -> Result<ExitCode, Error> {
    let exercise = workshop.exercise(chosen.exercise.as_deref())?.clone();
    if exercise.healthy {
        say("There is nothing to fix in the warm-up. `hint` helps with its question.")?;
        return Ok(ExitCode::SUCCESS);
    }
    let folder = workshop.progress.folder_of(&exercise.name);
    let original = Workbench::of(&exercise, folder)?.original()?;
    let fixed = exercise.fixed()?;
    print(|out| write_difference(&original, &fixed, out))?;
    if let Some(fix) = exercise.page()?.fix() {
        say(&format!("\n{fix}"))?;
    }
    workshop.progress.note(&exercise.name, |standing| {
        standing.looked_up |= !standing.is_solved();
    })?;
    Ok(ExitCode::SUCCESS)
}

fn write_difference(original: &str, fixed: &str, out: &mut Output) -> io::Result<()> {
    let difference = TextDiff::from_lines(original, fixed);
    writeln!(out, "--- leaky.rs\n+++ fixed.rs")?;
    for group in difference.grouped_ops(AROUND) {
        writeln!(out, "@@")?;
        for change in group
            .iter()
            .flat_map(|operation| difference.iter_changes(operation))
        {
            let (sign, style) = match change.tag() {
                ChangeTag::Equal => (' ', Style::new()),
                ChangeTag::Delete => ('-', AnsiColor::Red.on_default()),
                ChangeTag::Insert => ('+', AnsiColor::Green.on_default()),
            };
            let line = change.value().trim_end_matches('\n');
            writeln!(out, "{style}{sign}{line}{style:#}")?;
        }
    }
    Ok(())
}
