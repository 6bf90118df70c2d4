//! `pileup tasks`: the live tasks, alike ones together or each by itself.

use std::process::ExitCode;

use crate::arguments::{Tasks, TasksFormat};
use crate::error::Error;
use crate::output::print;
use crate::watching::{ended, observe, open};
use pileup_investigate::sources::Sources;
use pileup_investigate::views::tasks::{write_alike, write_each};
use pileup_investigate::views::tasks_json;

pub async fn execute(tasks: Tasks) -> Result<ExitCode, Error> {
    let mut sources = Sources::below(&tasks.view.sources.folders)?;
    let source = open(tasks.view.target, tasks.view.duration).await?;
    let watched = observe(source, None, |_, _| false).await?;
    let snapshot = watched.latest()?;
    print(|out| match (tasks.format, tasks.each) {
        (TasksFormat::Text, true) => write_each(snapshot, &mut sources, out),
        (TasksFormat::Text, false) => write_alike(snapshot, &mut sources, out),
        (TasksFormat::Json, true) => tasks_json::write_each(snapshot, out),
        (TasksFormat::Json, false) => tasks_json::write_alike(snapshot, out),
    })?;
    ended(watched)
}
