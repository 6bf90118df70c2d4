//! `pileup workshop`: without a subcommand, where you are and what comes next.

mod answer;
mod check;
mod hint;
mod list;
mod next;
mod prepare;
mod reset;
mod solution;
mod start;
mod timetable;

use std::io::Write;
use std::process::ExitCode;

use crate::arguments::workshop::{Workshop as Command, WorkshopCommand};
use crate::error::Error;
use crate::output::print;
use crate::prose::filled;
use pileup_investigate::render::Page;
use pileup_workshop::Workshop;

pub async fn execute(command: Command) -> Result<ExitCode, Error> {
    let mut workshop = Workshop::open()?;
    let Some(command) = command.command else {
        return status(&workshop);
    };
    match command {
        WorkshopCommand::Prepare => prepare::execute(&workshop),
        WorkshopCommand::List => list::execute(&workshop),
        WorkshopCommand::Start(chosen) => start::execute(&mut workshop, &chosen),
        WorkshopCommand::Next => next::execute(&mut workshop),
        WorkshopCommand::Answer(answer) => answer::execute(&mut workshop, &answer).await,
        WorkshopCommand::Hint(chosen) => hint::execute(&mut workshop, &chosen),
        WorkshopCommand::Check(check) => check::execute(&mut workshop, &check).await,
        WorkshopCommand::Solution(chosen) => solution::execute(&mut workshop, &chosen),
        WorkshopCommand::Reset(chosen) => reset::execute(&mut workshop, &chosen),
        WorkshopCommand::Timetable => timetable::execute(&workshop),
    }
}

fn status(workshop: &Workshop) -> Result<ExitCode, Error> {
    let total = workshop.exercises.len();
    let solved = workshop
        .exercises
        .iter()
        .filter(|exercise| workshop.progress.standing(&exercise.name).is_solved());
    let solved = solved.count();
    say(&format!("{solved} of {total} exercises are solved."))?;
    if solved == total {
        say(&workshop.curriculum.ending.text)?;
        return Ok(ExitCode::SUCCESS);
    }
    let Some(current) = workshop.progress.current() else {
        say(
            "Each is a program that leaks tasks: you watch them pile up, find out why, fix the program, and have that checked. It takes two terminals.\n\n  \
             cargo pileup workshop prepare   builds everything, once\n  \
             cargo pileup workshop start     begins with the first exercise",
        )?;
        return Ok(ExitCode::SUCCESS);
    };
    let exercise = workshop.exercise(Some(current))?;
    let standing = workshop.progress.standing(current);
    say(&format!(
        "You are at {}: {}.",
        exercise.label(),
        exercise.page()?.title
    ))?;
    let next = if standing.is_solved() {
        "It is solved.\n\n  cargo pileup workshop next      goes on"
    } else if exercise.healthy {
        "\n  cargo pileup workshop start     shows its page again\n  \
         cargo pileup workshop answer …  says which tasks are at rest\n  \
         cargo pileup workshop check     looks at the program"
    } else if standing.predicted || standing.checks > 0 {
        "\n  cargo pileup workshop check     tries your leaky.rs\n  \
         cargo pileup workshop hint      shows one more hint"
    } else {
        "\n  cargo pileup workshop start     shows its page again\n  \
         cargo pileup workshop answer …  says where you expect the leak\n  \
         cargo pileup workshop check     tries your leaky.rs\n  \
         cargo pileup workshop hint      shows a hint"
    };
    say(next)?;
    Ok(ExitCode::SUCCESS)
}

/// Prints some lines, broken where they are too long.
fn say(text: &str) -> Result<(), Error> {
    let text = filled(text, Page::of_output().prose());
    print(|out| write!(out, "{text}"))
}
