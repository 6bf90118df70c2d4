//! `pileup graph`: who waits for what, and who holds it, as a picture; or the functions that
//! spawn, and what their tasks wait in.

use std::io::Write;
use std::process::ExitCode;

use pileup_diagnosis::graph;

use crate::arguments::{Graph, GraphFormat};
use crate::drawing::stacks::Stacks;
use crate::drawing::{dot, svg};
use crate::error::Error;
use crate::output::print;
use crate::sources::Sources;
use crate::views::profile::profile;
use crate::watch::{observe, open};

pub async fn execute(arguments: Graph) -> Result<ExitCode, Error> {
    let mut sources = Sources::below(&arguments.view.sources.folders)?;
    let source = open(arguments.view.target, arguments.view.duration).await?;
    let watched = observe(source, None, |_, _| false).await?;
    let snapshot = watched.latest()?;
    // Where waits are not seen, a picture of them would say that nobody waits.
    let of_stacks = snapshot.coverage.waits_unseen || arguments.stacks;
    let drawn = if of_stacks {
        let profile = profile(snapshot, &mut sources);
        let stacks = Stacks::of(&profile);
        match arguments.format {
            GraphFormat::Dot => stacks.dot(),
            GraphFormat::Svg => stacks.svg(),
        }
    } else {
        let graph = graph(&watched.history);
        match arguments.format {
            GraphFormat::Dot => dot::write(&graph),
            GraphFormat::Svg => svg::write(&graph),
        }
    };
    print(|out| write!(out, "{drawn}"))?;
    watched.ended()
}
