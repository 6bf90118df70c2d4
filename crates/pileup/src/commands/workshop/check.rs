//! `pileup workshop check`: is the program fixed, and does it still do its work?

use std::process::ExitCode;
use std::time::Duration;

use tokio::time::sleep;

use super::say;
use crate::arguments::workshop::Check;
use crate::error::Error;
use crate::exit::Exit;
use crate::output::{complain, print, remark};
use crate::watching::observe;
use pileup_investigate::render::{Document, FORMATS, Page};
use pileup_workshop::Error as WorkshopError;
use pileup_workshop::Workshop;
use pileup_workshop::exercise::Exercise;
use pileup_workshop::judgement::Judgement;
use pileup_workshop::progress::Stage;
use pileup_workshop::trial::Trial;
use pileup_workshop::workbench::Workbench;

/// How often it is looked whether the program was saved.
const LOOK_EVERY: Duration = Duration::from_millis(300);

pub async fn execute(workshop: &mut Workshop, check: &Check) -> Result<ExitCode, Error> {
    let exercise = workshop.exercise(check.chosen.exercise.as_deref())?.clone();
    // What the original was must be known before it is lost.
    let folder = workshop.progress.folder_of(&exercise.name);
    Workbench::of(&exercise, folder)?;
    loop {
        let source = exercise.source()?;
        let checked = tokio::select! {
            checked = once(workshop, &exercise) => checked,
            () = saved_after(&exercise, &source) => {
                say("\nSaved meanwhile: once more.")?;
                continue;
            }
        };
        if !check.watch {
            return Ok(Exit::found(!checked?).into());
        }
        match checked {
            Ok(true) => return Ok(ExitCode::SUCCESS),
            Ok(false) => {}
            Err(
                error @ Error::Workshop(
                    WorkshopError::Build { .. } | WorkshopError::ScenarioEnded { .. },
                ),
            ) => {
                complain(&error);
            }
            Err(error) => return Err(error),
        }
        say("\nWaiting for the next save; Ctrl-C ends.")?;
        saved_after(&exercise, &source).await;
    }
}

/// Waits until the program is another than `source`.
async fn saved_after(exercise: &Exercise, source: &str) {
    // While an editor writes, the file may not be there.
    while exercise.source().ok().is_none_or(|now| now == source) {
        sleep(LOOK_EVERY).await;
    }
}

/// Checks the program as it is now, and says whether the exercise is solved.
async fn once(workshop: &mut Workshop, exercise: &Exercise) -> Result<bool, Error> {
    let watch = async |source| observe(source, None, |_, _| false).await;
    let trial = Trial::run(exercise, |line| remark(line), watch).await?;
    workshop.progress.note(&exercise.name, |standing| {
        standing.checks += u32::from(!standing.is_solved());
    })?;
    if let Some(error) = trial.cut_short {
        say(&format!(
            "Not solved: {error}.\n\nThe program has to go on for as long as work arrives: has `run` returned, or panicked?"
        ))?;
        return Ok(false);
    }
    let judgement = Judgement::of(
        &trial.report,
        exercise.counts_from,
        trial.work,
        &exercise.work,
    );
    if judgement.findings > 0 || exercise.healthy {
        let mut sources = exercise.sources()?;
        let mut document = Document::new(&trial.report, &mut sources).page(Page::of_output());
        print(|out| FORMATS[0].write(&mut document, out))?;
        say("")?;
    }
    let leaks = match judgement.findings {
        0 => "Nothing piles up.",
        _ => "The program leaks: the report above says where.",
    };
    if !judgement.is_fixed() {
        say(&format!("Not solved. {leaks} {}", judgement.work))?;
        if judgement.findings == 0 {
            say(
                "\nEach piece of work is reported by `tracing::info!`, which has to stay where the work is done. What is done more than two seconds late does not count in a check of twelve.",
            )?;
        }
        return Ok(false);
    }
    say(&format!("{leaks} {}", judgement.work))?;
    if exercise.healthy && !workshop.progress.standing(&exercise.name).predicted {
        say(
            "\nThis is what a report says when nothing is wrong. One thing is left: say which tasks are at rest, with `cargo pileup workshop answer FUNCTION`, and check again.",
        )?;
        return Ok(false);
    }
    solved(workshop, exercise)?;
    Ok(true)
}

fn solved(workshop: &mut Workshop, exercise: &Exercise) -> Result<(), Error> {
    workshop
        .progress
        .note(&exercise.name, |standing| standing.stage = Stage::Solved)?;
    let standing = workshop.progress.standing(&exercise.name);
    let alone = match (standing.looked_up, standing.hints) {
        (true, _) => "after a look at the solution".to_owned(),
        (false, 0) => "without a hint".to_owned(),
        (false, 1) => "with one hint".to_owned(),
        (false, hints) => format!("with {hints} hints"),
    };
    say(&format!(
        "\nSolved: {}, {alone}, at check {}.",
        exercise.label(),
        standing.checks
    ))?;
    if workshop.unsolved_after(None).is_none() {
        return say(&workshop.curriculum.ending.text);
    }
    let compare = if exercise.healthy {
        ""
    } else {
        "\n  cargo pileup workshop solution  shows our fix, and the price of others"
    };
    say(&format!(
        "{compare}\n  cargo pileup workshop next      goes on"
    ))
}
