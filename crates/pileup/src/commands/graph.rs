//! `pileup graph`: who waits for what, and who holds it, as a picture.

use std::io::Write;
use std::process::ExitCode;

use pileup_diagnosis::graph;

use crate::arguments::{Graph, GraphFormat};
use crate::drawing::{dot, svg};
use crate::error::Error;
use crate::watch::{Source, observe};

pub async fn execute(arguments: Graph) -> Result<ExitCode, Error> {
    let source = Source::of(arguments.view.target, arguments.view.duration).await?;
    let watched = observe(source, None, |_| false).await?;
    let graph = graph(&watched.history);
    let drawn = match arguments.format {
        GraphFormat::Dot => dot::write(&graph),
        GraphFormat::Svg => svg::write(&graph),
    };
    write!(anstream::stdout(), "{drawn}").map_err(Error::Print)?;
    watched.ended()
}
