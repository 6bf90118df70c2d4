//! `pileup tasks`: the living tasks as the texts of `debug=1` and `debug=2`.

use std::io::{self, Write};
use std::process::ExitCode;

use pileup::{Snapshot, Task};
use pileup_model::elapsed;
use pileup_profile::TaskLine;

use crate::arguments::Tasks;
use crate::error::Error;
use crate::output::print;
use crate::sources::Sources;
use crate::views::profile::{profile, waits};
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
            profile(snapshot, &mut sources).write_grouped(out)
        }
    })?;
    watched.ended()
}

/// Writes every task by itself, the oldest first.
fn write_each(snapshot: &Snapshot, sources: &mut Sources, out: &mut impl Write) -> io::Result<()> {
    let waits = waits(snapshot);
    let mut tasks: Vec<&Task> = snapshot.tasks.iter().map(AsRef::as_ref).collect();
    tasks.sort_by_key(|task| task.created_at);
    for task in tasks {
        let Some(state) = task.state() else { continue };
        let function = task.site.as_ref().and_then(|site| sources.function(site));
        let newest = task.waits.as_deref().and_then(<[_]>::first);
        TaskLine {
            id: task.tokio_id.unwrap_or(task.id.0),
            state,
            waits_in: waits
                .get(&task.id)
                .map(AsRef::as_ref)
                .or(newest.map(|wait| &*wait.kind)),
            stack: newest.map_or(&[], |wait| &wait.stack),
            age: task.age(snapshot.at),
            idle: elapsed(task.last_active(), snapshot.at),
            polls: task.polls.count,
            name: task.name.as_deref(),
            runtime: None,
            function: function.map(|function| &*function.name),
            site: task.site.as_ref(),
            parent: task.parent,
        }
        .write(out)?;
    }
    Ok(())
}
