//! `pileup workshop list`.

use std::io::Write;
use std::process::ExitCode;

use comfy_table::{Table, presets};

use crate::error::Error;
use crate::output::print;
use pileup_workshop::Workshop;
use pileup_workshop::exercise::Exercise;
use pileup_workshop::progress::{Stage, Standing};

pub fn execute(workshop: &Workshop) -> Result<ExitCode, Error> {
    for part in &workshop.curriculum.parts {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        let of_part = workshop
            .exercises
            .iter()
            .filter(|exercise| exercise.part == part.name);
        for exercise in of_part {
            let standing = workshop.progress.standing(&exercise.name);
            let current = workshop.progress.current() == Some(&exercise.name);
            table.add_row([
                if current { ">" } else { "" }.to_owned(),
                exercise.label(),
                about(exercise, &standing)?,
                format!("{} min", exercise.minutes),
                how_it_stands(standing.stage).to_owned(),
            ]);
        }
        print(|out| {
            writeln!(out, "{}: {}", part.name, part.goal)?;
            writeln!(out, "{}\n", table.trim_fmt())
        })?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What goes wrong in it would give an exercise away that is not solved yet.
fn about(exercise: &Exercise, standing: &Standing) -> Result<String, Error> {
    let title = exercise.page()?.title;
    Ok(if standing.is_solved() {
        format!("{title}: {}", exercise.summary)
    } else {
        title
    })
}

fn how_it_stands(stage: Stage) -> &'static str {
    match stage {
        Stage::Solved => "solved",
        Stage::Begun => "begun",
        Stage::Untouched => "",
    }
}
