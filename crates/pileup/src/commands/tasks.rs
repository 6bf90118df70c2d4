//! `pileup tasks`: the live tasks, alike ones together or each by itself.

use std::process::ExitCode;

use crate::arguments::Tasks;
use crate::error::Error;
use crate::output::print;
use crate::sources::Sources;
use crate::views::tasks::{write_alike, write_each};
use crate::watch::{observe, open};

pub async fn execute(tasks: Tasks) -> Result<ExitCode, Error> {
    let mut sources = Sources::below(&tasks.view.sources.folders)?;
    let source = open(tasks.view.target, tasks.view.duration).await?;
    let watched = observe(source, None, |_, _| false).await?;
    let snapshot = watched.latest()?;
    print(|out| {
        if tasks.each {
            write_each(snapshot, &mut sources, out)
        } else {
            write_alike(snapshot, &mut sources, out)
        }
    })?;
    watched.ended()
}
