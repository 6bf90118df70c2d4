//! `pileup list`: source with the number of live tasks beside the lines at which they wait, and
//! that spawned them.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;

use pileup_investigate::{Site, Snapshot};

use crate::arguments::List;
use crate::error::Error;
use crate::output::print;
use crate::watching::{ended, observe, open};
use pileup_investigate::render::escape::printable;
use pileup_investigate::sources::{Function, Sources};

/// Lines around a site whose function is not known.
const AROUND: usize = 5;

pub async fn execute(list: List) -> Result<ExitCode, Error> {
    let mut sources = Sources::below(&list.view.sources.folders)?;
    let source = open(list.view.target, list.view.duration).await?;
    let watched = observe(source, None, |_, _| false).await?;
    let snapshot = watched.latest()?;
    let mut routines: BTreeMap<(String, String), (Function, BTreeMap<usize, Count>)> =
        BTreeMap::new();
    for (site, count) in counts(snapshot) {
        let Ok(line) = usize::try_from(site.line) else {
            continue;
        };
        let function = sources
            .function(&site)
            .cloned()
            .unwrap_or_else(|| Function {
                name: site.to_string(),
                first: line.saturating_sub(AROUND).max(1),
                last: line + AROUND,
            });
        if list.pattern.is_match(&function.name) || list.pattern.is_match(&site.file) {
            let key = (site.file.to_string(), function.name.clone());
            let (_, lines) = routines.entry(key).or_insert((function, BTreeMap::new()));
            let line = lines.entry(line).or_default();
            line.wait += count.wait;
            line.spawned += count.spawned;
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
    ended(watched)
}

/// Live tasks at one line.
#[derive(Clone, Copy, Default)]
struct Count {
    /// Those that wait there.
    wait: usize,
    /// Those that were spawned there.
    spawned: usize,
}

/// The live tasks by the place that spawned them, and by those at which they wait: the program's
/// own line of each await.
fn counts(snapshot: &Snapshot) -> BTreeMap<Site, Count> {
    let mut counts: BTreeMap<Site, Count> = BTreeMap::new();
    for task in snapshot.live_tasks() {
        if let Some(site) = &task.site {
            counts.entry(site.clone()).or_default().spawned += 1;
        }
        let waits = task.waits.iter().flat_map(|waits| waits.iter());
        for place in waits.filter_map(|wait| wait.place.as_ref()) {
            if let (Some(file), Some(line)) = (&place.file, place.line) {
                let site = Site {
                    file: Arc::clone(file),
                    line,
                    column: 1,
                };
                counts.entry(site).or_default().wait += 1;
            }
        }
    }
    counts
}

fn write_routine(
    site: &Site,
    function: &Function,
    counts: &BTreeMap<usize, Count>,
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
    let wait: usize = counts.values().map(|count| count.wait).sum();
    let spawned: usize = counts.values().map(|count| count.spawned).sum();
    writeln!(
        out,
        "{wait:>8} {spawned:>8}         live tasks that wait at a line, and that it spawned"
    )?;
    let mut write_line = |count: Count, line: usize, text: &str| {
        let [wait, spawned] = [count.wait, count.spawned].map(|tasks| match tasks {
            0 => ".".to_owned(),
            tasks => tasks.to_string(),
        });
        writeln!(out, "{wait:>8} {spawned:>8} {line:>6}  {text}")
    };
    let Some(source) = source else {
        for (line, count) in counts {
            write_line(*count, *line, "(no source here; see --source-root)")?;
        }
        return Ok(());
    };
    let lines = source.lines().iter().enumerate();
    for (index, text) in lines.take(function.last).skip(function.first - 1) {
        let count = counts.get(&(index + 1)).copied().unwrap_or_default();
        let text = printable(&text.replace('\t', "    "));
        write_line(count, index + 1, &text)?;
    }
    Ok(())
}
