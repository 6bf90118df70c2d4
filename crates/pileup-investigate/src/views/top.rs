//! The places of a profile with their counts, as `pprof -top` has them, and how they grow.

use std::collections::BTreeMap;

use crate::History;
use pileup_profile::{Frame, Profile};

use super::profile::is_of_library;

/// One place.
#[derive(Debug)]
pub struct Row<'a> {
    /// The function and its line.
    pub frame: &'a Frame,
    /// Tasks that wait here: of an await stack, at the program's own innermost frame.
    pub flat: i64,
    /// And those that wait in what this calls, or has spawned.
    pub cumulative: i64,
    /// How many more live a minute, of a place that spawns.
    pub growth_per_minute: Option<f64>,
}

/// The places with the most tasks first.
#[must_use]
pub fn rows<'a>(profile: &'a Profile, history: &History) -> Vec<Row<'a>> {
    let mut counts: BTreeMap<&Frame, (i64, i64)> = BTreeMap::new();
    for stack in &profile.stacks {
        let waits_at = own_innermost(&stack.frames);
        for (depth, frame) in stack.frames.iter().enumerate() {
            let (flat, cumulative) = counts.entry(frame).or_default();
            // A function that calls itself is in the stack several times.
            if !stack.frames[..depth].contains(frame) {
                *cumulative += stack.count;
            }
            if depth == waits_at {
                *flat += stack.count;
            }
        }
    }
    let growth = growth_per_minute(history);
    let mut rows: Vec<Row> = counts
        .into_iter()
        .map(|(frame, (flat, cumulative))| Row {
            frame,
            flat,
            cumulative,
            growth_per_minute: growth.get(&(&*frame.file, frame.line)).copied(),
        })
        .collect();
    rows.sort_by_key(|row| std::cmp::Reverse((row.cumulative, row.flat)));
    rows
}

/// The innermost frame of the program itself, of which the outermost of all is that which spawns;
/// the innermost of all where no other is the program's.
fn own_innermost(frames: &[Frame]) -> usize {
    let (_, awaits) = frames.split_last().unzip();
    let own =
        awaits.and_then(|awaits: &[Frame]| awaits.iter().position(|frame| !is_of_library(frame)));
    own.unwrap_or(0)
}

/// How many more tasks each line that spawns has a minute.
fn growth_per_minute(history: &History) -> BTreeMap<(&str, u32), f64> {
    let mut growth = BTreeMap::new();
    for (site, seen) in history.sites() {
        let Some(site) = site.filter(|_| !history.window().is_zero()) else {
            continue;
        };
        *growth.entry((&*site.file, site.line)).or_default() += history.growth_per_minute(seen);
    }
    growth
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_wait_at_the_programs_own_innermost_frame() {
        let frame = |function: &str, file: &str| Frame {
            function: function.into(),
            file: file.into(),
            line: 7,
        };
        let tokio = "/home/me/.cargo/registry/src/index.crates.io-1/tokio-1.54.1/src/sync/mpsc.rs";
        let frames = [
            frame("tokio::sync::mpsc::Receiver::recv", tokio),
            frame("shop::till::add_up", "src/till.rs"),
            frame("shop::till::open", "src/till.rs"),
        ];
        assert_eq!(own_innermost(&frames), 1);
        let without_debug_information = [
            frame("tokio::sync::batch_semaphore::Semaphore::poll_acquire", ""),
            frame("shop::till::add_up", "src/till.rs"),
            frame("shop::till::open", "src/till.rs"),
        ];
        assert_eq!(own_innermost(&without_debug_information), 1);
        assert_eq!(own_innermost(&frames[..1]), 0);
        let by_console = [frame("Mutex::lock", ""), frame("shop::pay", "src/pay.rs")];
        assert_eq!(own_innermost(&by_console), 0);
    }
}
