//! The places of a profile with their counts, as `pprof -top` has them, and how they grow.

use std::collections::BTreeMap;

use pileup::History;
use pileup_profile::{Frame, Profile};

/// One place.
pub struct Row<'a> {
    pub frame: &'a Frame,
    /// Tasks that stand here.
    pub flat: i64,
    /// And those that stand in what this has spawned.
    pub cumulative: i64,
    /// How many more live a minute, of a place that spawns.
    pub growth_per_minute: Option<f64>,
}

/// The places with the most tasks first.
pub fn rows<'a>(profile: &'a Profile, history: &History) -> Vec<Row<'a>> {
    let mut counts: BTreeMap<&Frame, (i64, i64)> = BTreeMap::new();
    for stack in &profile.stacks {
        for (depth, frame) in stack.frames.iter().enumerate() {
            let (flat, cumulative) = counts.entry(frame).or_default();
            // A function that calls itself is in the stack several times.
            if !stack.frames[..depth].contains(frame) {
                *cumulative += stack.count;
            }
            if depth == 0 {
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
