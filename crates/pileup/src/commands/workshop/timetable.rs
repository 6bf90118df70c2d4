//! `pileup workshop timetable`: a plan for a class.

use std::io::Write;
use std::process::ExitCode;

use comfy_table::{Table, presets};

use super::say;
use crate::error::Error;
use crate::output::print;
use pileup_workshop::Workshop;

pub fn execute(workshop: &Workshop) -> Result<ExitCode, Error> {
    let mut elapsed = 0;
    let mut ends = Vec::new();
    for part in &workshop.curriculum.parts {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        let began = elapsed;
        let of_part = workshop
            .exercises
            .iter()
            .filter(|exercise| exercise.part == part.name);
        for exercise in of_part {
            table.add_row([
                clock(elapsed),
                format!("{} min", exercise.minutes),
                exercise.label(),
                exercise.page()?.title,
            ]);
            elapsed += exercise.minutes;
        }
        ends.push(clock(elapsed));
        let minutes = elapsed - began;
        print(|out| {
            writeln!(out, "{}, {minutes} minutes: {}", part.name, part.goal)?;
            writeln!(out, "{}\n", table.trim_fmt())
        })?;
    }
    say(&format!(
        "The parts end at {}, without breaks. For a class of two hours take the first two, and let `everything` be the homework.",
        ends.join(", ")
    ))?;
    Ok(ExitCode::SUCCESS)
}

fn clock(minutes: u32) -> String {
    format!("{}:{:02}", minutes / 60, minutes % 60)
}
