//! `pileup workshop start`: the page of an exercise, without what would give it away.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use super::say;
use crate::arguments::workshop::Chosen;
use crate::error::Error;
use crate::output::print;
use crate::prose::{filled, for_terminal};
use pileup_investigate::render::Page;
use pileup_workshop::Workshop;
use pileup_workshop::exercise::Exercise;
use pileup_workshop::terminals::Terminals;
use pileup_workshop::workbench::Workbench;

const TAKEN: &str = "Something listens on port 6669 or 6060 already, so that these are other ones. \
    If it is the program of another exercise, end it with Ctrl-C, and `start` again; \
    if it is this one, attach with `tokio-console`.\n";

const LOOKALIKE: &str = "For `--variant lookalike`, end A with Ctrl-C and add that to its line. ";

pub fn execute(workshop: &mut Workshop, chosen: &Chosen) -> Result<ExitCode, Error> {
    let unsolved = |workshop: &Workshop| {
        let current = workshop.exercise(None).ok();
        let is_open =
            current.filter(|current| !workshop.progress.standing(&current.name).is_solved());
        is_open.or(workshop.unsolved_after(None)).cloned()
    };
    let exercise = match &chosen.exercise {
        Some(name) => Some(workshop.exercise(Some(name))?.clone()),
        None => unsolved(workshop),
    };
    let Some(exercise) = exercise else {
        say(
            "Every exercise is solved. Name the one that you want to see again; `list` shows them.",
        )?;
        return Ok(ExitCode::SUCCESS);
    };
    begin(workshop, &exercise)
}

/// Makes an exercise the current one, and shows its page.
pub fn begin(workshop: &mut Workshop, exercise: &Exercise) -> Result<ExitCode, Error> {
    let folder = workshop.progress.folder_of(&exercise.name);
    let workbench = Workbench::of(exercise, folder)?;
    let changed = workbench.is_changed()?;
    workshop.progress.begin(&exercise.name)?;

    let page = exercise.page()?;
    let total = workshop.exercises.len();
    let terminals = Terminals::of(&exercise.name);
    let heading = format!(
        "# {:02}: {}\n\n{}, about {} minutes, one of {total} exercises\n\n",
        exercise.number, page.title, exercise.part, exercise.minutes
    );
    let mut parts = vec![heading];
    let mut section = |heading: &str, content: &str| {
        parts.push(format!("## {heading}\n\n{content}\n\n"));
    };
    section(
        "The symptom",
        page.section("The symptom").unwrap_or_default(),
    );
    section(
        "Two terminals",
        &format!(
            "```\nA  {}\nB  {}\n```\n{}\
             B needs 125 columns for the whole Location, or `↵` on a row. Its columns and keys are explained in docs/tokio-console.md. \
             {}\
             In place of B, `{}` watches for half a minute and reports; try without it first.",
            terminals.scenario,
            terminals.console,
            if terminals.is_taken { TAKEN } else { "" },
            if exercise.healthy { "" } else { LOOKALIKE },
            terminals.investigator
        ),
    );
    section(
        "What to watch",
        page.section("What to watch").unwrap_or_default(),
    );
    section("Questions", page.section("Questions").unwrap_or_default());
    section("What to do", &what_to_do(exercise));
    if changed {
        parts.push(
            "Your changes to the program are kept; `reset` puts the original back.\n".to_owned(),
        );
    }
    let (text, width) = (parts.concat(), Page::of_output().prose());
    let text = if io::stdout().is_terminal() {
        for_terminal(&text, width)
    } else {
        filled(&text, width)
    };
    print(|out| write!(out, "{text}"))?;
    Ok(ExitCode::SUCCESS)
}

fn what_to_do(exercise: &Exercise) -> String {
    let program = exercise.program();
    // As it is called from the root of the clone, where `scenarios` is.
    let root = program.ancestors().nth(4).unwrap_or(&program);
    let program = program.strip_prefix(root).unwrap_or(&program).display();
    if exercise.healthy {
        return format!(
            "Say which tasks are at rest all along: `cargo pileup workshop answer FUNCTION`, or a line of {program}. \
             Then `cargo pileup workshop check` shows what a report says when nothing is wrong."
        );
    }
    if !exercise.includes.is_empty() {
        return format!(
            "It runs the programs of {} other exercises, as you have left them: what you have fixed is fixed here as well. \
             Find out which are left, fix those in their own `leaky.rs`, and have all of them checked at once: `cargo pileup workshop check`. \
             To see every pile that the page speaks of, run it in a clone where nothing is fixed.",
            exercise.includes.len()
        );
    }
    format!(
        "1. Before you read the code, predict: `cargo pileup workshop answer leaky.rs:LINE` (the Location of the tasks that stay), \
         with `--waits-for` and `--held-by` if you can tell.\n\
         2. Fix {program}, and nothing else.\n\
         3. `cargo pileup workshop check` tries it; with `--watch`, each time that you save.\n\
         4. `cargo pileup workshop hint`, when you are stuck for five minutes."
    )
}
