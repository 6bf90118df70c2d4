//! `pileup list`: source with the number of live tasks beside the lines that spawned them.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::process::ExitCode;

use pileup::{Site, Snapshot};

use crate::arguments::List;
use crate::error::Error;
use crate::output::print;
use crate::render::escape::printable;
use crate::sources::{Function, Sources};
use crate::watch::{observe, open};

/// Lines around a site whose function is not known.
const AROUND: usize = 5;

pub async fn execute(list: List) -> Result<ExitCode, Error> {
    let mut sources = Sources::below(&list.view.sources.folders)?;
    let source = open(list.view.target, list.view.duration).await?;
    let watched = observe(source, None, |_, _| false).await?;
    let snapshot = watched.latest()?;
    let mut routines: BTreeMap<(String, String), (Function, BTreeMap<usize, usize>)> =
        BTreeMap::new();
    for (site, tasks) in counts(snapshot) {
        let Ok(line) = usize::try_from(site.line) else {
            continue;
        };
        let function = sources.function(site).cloned().unwrap_or_else(|| Function {
            name: site.to_string(),
            first: line.saturating_sub(AROUND).max(1),
            last: line + AROUND,
        });
        if list.pattern.is_match(&function.name) || list.pattern.is_match(&site.file) {
            let key = (site.file.to_string(), function.name.clone());
            let (_, lines) = routines.entry(key).or_insert((function, BTreeMap::new()));
            *lines.entry(line).or_default() += tasks;
        }
    }
    if routines.is_empty() {
        return Err(Error::NothingMatches {
            pattern: list.pattern.to_string(),
        });
    }
    let total = snapshot.live_tasks().count();
    print(|out| {
        writeln!(out, "{total} live tasks")?;
        for ((file, _), (function, lines)) in routines {
            let site = Site {
                file: file.into(),
                line: 0,
                column: 0,
            };
            write_routine(&site, &function, &lines, &mut sources, out)?;
        }
        Ok(())
    })?;
    watched.ended()
}

/// The live tasks by the place that spawned them.
fn counts(snapshot: &Snapshot) -> BTreeMap<&Site, usize> {
    let mut counts = BTreeMap::new();
    for site in snapshot.live_tasks().filter_map(|task| task.site.as_ref()) {
        *counts.entry(site).or_default() += 1;
    }
    counts
}

fn write_routine(
    site: &Site,
    function: &Function,
    counts: &BTreeMap<usize, usize>,
    sources: &mut Sources,
    out: &mut impl Write,
) -> io::Result<()> {
    let source = sources.file(site);
    // As pprof does, the file that is shown: there may be several of its name.
    let file = source.map_or(site.file.as_ref().into(), |source| {
        source.path().to_string_lossy()
    });
    let (name, file) = (printable(&function.name), printable(&file));
    writeln!(out, "\n{name} in {file}")?;
    let all: usize = counts.values().sum();
    writeln!(out, "{all:>8} tasks spawned here are alive")?;
    let Some(source) = source else {
        for (line, tasks) in counts {
            writeln!(
                out,
                "{tasks:>8} {line:>6}  (no source here; see --source-root)"
            )?;
        }
        return Ok(());
    };
    let lines = source.lines().iter().enumerate();
    for (index, text) in lines.take(function.last).skip(function.first - 1) {
        let tasks = counts
            .get(&(index + 1))
            .map_or(".".to_owned(), usize::to_string);
        let text = printable(&text.replace('\t', "    "));
        writeln!(out, "{tasks:>8} {:>6}  {text}", index + 1)?;
    }
    Ok(())
}
