//! `pileup workshop answer`: a prediction, held against the real report.

use std::fmt::Display;
use std::process::ExitCode;

use super::say;
use crate::arguments::workshop::Answer;
use crate::error::Error;
use crate::exit::Exit;
use crate::output::remark;
use crate::watching::observe;
use pileup_workshop::Error as WorkshopError;
use pileup_workshop::Workshop;
use pileup_workshop::exercise::Exercise;
use pileup_workshop::prediction::{Facts, Place, can_be_in};
use pileup_workshop::workbench::Workbench;

pub async fn execute(workshop: &mut Workshop, answer: &Answer) -> Result<ExitCode, Error> {
    let exercise = workshop.exercise(answer.exercise.as_deref())?.clone();
    let folder = workshop.progress.folder_of(&exercise.name);
    let workbench = Workbench::of(&exercise, folder)?;
    let program = workbench.original()?;
    let places = answer.site.iter().chain(&answer.held_by);
    for place in places.filter(|_| exercise.includes.is_empty()) {
        if !can_be_in(&program, place) {
            let (name, place) = (exercise.name, place.clone());
            return Err(WorkshopError::NoPlace { name, place }.into());
        }
    }
    if !workbench.report().exists() {
        if workbench.is_changed()? {
            let name = exercise.name;
            return Err(WorkshopError::PredictedTooLate { name }.into());
        }
        say("The original program is watched for 12 seconds, once, to hold your answer against.")?;
    }
    let watch = async |source| observe(source, None, |_, _| false).await;
    let remark = |line: &dyn Display| remark(line);
    let facts = Facts::of(&exercise, &workbench.report(), remark, watch).await?;
    let mut all_right = true;
    if let Some(site) = &answer.site {
        let right = names_one(&facts.spawned_at, site);
        say(&about_site(&exercise, &facts, right))?;
        if !right
            && facts
                .spawned_at
                .iter()
                .any(|place| place.is_cut_off_in(site))
        {
            say("Is the Location cut off in your terminal? `↵` on a row shows the whole of it.")?;
        }
        if right {
            workshop
                .progress
                .note(&exercise.name, |standing| standing.predicted = true)?;
        }
        all_right &= right;
    }
    if let Some(waited) = answer.waits_for {
        let right = match waited.kind() {
            Some(kind) => facts.waits_for.contains(&kind),
            None => facts.waits_for.is_empty(),
        };
        say(if right {
            "What they wait for: right."
        } else if facts.waits_for.is_empty() {
            "What they wait for: not so. Look at a task's async ops: is there one at all?"
        } else {
            "What they wait for: not so. Open the resources (`r`), and one that an async op waits on."
        })?;
        all_right &= right;
    }
    if let Some(holder) = &answer.held_by {
        let right = names_one(&facts.held_by, holder);
        say(if right {
            "Who holds it: right."
        } else if facts.held_by.is_empty() {
            "Who holds it: the report names nobody here; Tokio shows holders of locks and permits alone."
        } else {
            "Who holds it: not so. Who of those that wait has been granted another one before?"
        })?;
        all_right &= right;
    }
    if all_right {
        let program = if exercise.healthy {
            ""
        } else {
            ", once you have fixed the program"
        };
        say(&format!(
            "\n  cargo pileup workshop check     comes next{program}"
        ))?;
    }
    Ok(Exit::found(!all_right).into())
}

fn names_one(places: &[Place], text: &str) -> bool {
    places.iter().any(|place| place.is_meant_by(text))
}

fn about_site(exercise: &Exercise, facts: &Facts, right: bool) -> String {
    let places = facts.spawned_at.len();
    match (right, exercise.healthy) {
        (true, true) => "Right: they are idle all along, and no leak. Their number stays as it is, and each of them is polled when there is something for it to do.".to_owned(),
        (false, true) => "Not so. Which rows stay while others come and go? Sort by Total, and look at State.".to_owned(),
        (true, false) if places == 1 => "Where they are spawned: right.".to_owned(),
        (true, false) => format!("Where they are spawned: right; the report names {places} places in all."),
        (false, false) => "Where they are spawned: not so. Look for rows of one Location that become more and never go: sort by Total, the oldest first.".to_owned(),
    }
}
