//! The living tasks by the functions that spawned them, and what they wait in.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use pileup_profile::{Frame, Profile};

use super::dot::escaped;
use super::picture::{Picture, PictureEdge, PictureNode};
use crate::views::profile::short_file;

/// A picture of more shows nothing.
const MOST_NODES: usize = 60;

/// A function and its file.
type Place<'a> = (&'a str, &'a str);

/// The places of a profile with their tasks, and how many tasks of one stand in another.
pub struct Stacks<'a> {
    places: Vec<(Place<'a>, i64)>,
    /// From the place that spawned to what its tasks wait in, by number.
    inner: BTreeMap<(usize, usize), i64>,
}

impl<'a> Stacks<'a> {
    /// The places with the most tasks first.
    pub fn of(profile: &'a Profile) -> Self {
        let mut counts: BTreeMap<Place, i64> = BTreeMap::new();
        for stack in &profile.stacks {
            let places: BTreeSet<Place> = stack.frames.iter().map(place).collect();
            for place in places {
                *counts.entry(place).or_default() += stack.count;
            }
        }
        let mut places: Vec<(Place, i64)> = counts.into_iter().collect();
        places.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let numbers: BTreeMap<Place, usize> = places
            .iter()
            .enumerate()
            .map(|(number, (place, _))| (*place, number))
            .collect();
        let mut inner = BTreeMap::new();
        for stack in &profile.stacks {
            let edges: BTreeSet<(usize, usize)> = stack
                .frames
                .windows(2)
                .map(|pair| (numbers[&place(&pair[1])], numbers[&place(&pair[0])]))
                .filter(|(outside, inside)| outside != inside)
                .collect();
            for edge in edges {
                *inner.entry(edge).or_default() += stack.count;
            }
        }
        Self { places, inner }
    }

    /// In Graphviz's language.
    pub fn dot(&self) -> String {
        let mut dot = String::from("digraph tasks {\n");
        for (number, (place, count)) in self.places.iter().enumerate() {
            let label = escaped(&label(*place, *count));
            // Writing to a String does not fail.
            let _ = writeln!(dot, "  n{number} [shape=box, label=\"{label}\"];");
        }
        for ((from, to), count) in &self.inner {
            let _ = writeln!(dot, "  n{from} -> n{to} [label=\"{count} wait\"];");
        }
        dot.push_str("}\n");
        dot
    }

    /// As a picture: of very many places those with the most tasks.
    pub fn svg(&self) -> String {
        let shown = &self.places[..self.places.len().min(MOST_NODES)];
        let left_out = self.places.len() - shown.len();
        let inner = self.inner.iter();
        let edges = inner.filter(|((from, to), _)| *from.max(to) < shown.len());
        Picture {
            about: "which functions have spawned the living tasks, and what those wait in",
            nodes: shown
                .iter()
                .map(|(place, count)| PictureNode {
                    label: label(*place, *count),
                    is_round: place.1.is_empty(),
                    class: "node".to_owned(),
                })
                .collect(),
            edges: edges
                .map(|((from, to), count)| PictureEdge {
                    from: *from,
                    to: *to,
                    label: format!("{count} wait"),
                    class: "edge",
                })
                .collect(),
            downwards: false,
            remark: match (shown.len(), left_out) {
                (0, _) => Some("no task lives".to_owned()),
                (_, 0) => None,
                _ => Some(format!("and {left_out} more: pileup graph --format dot")),
            },
        }
        .draw()
    }
}

fn place(frame: &Frame) -> Place<'_> {
    (&frame.function, &frame.file)
}

fn label((function, file): Place, count: i64) -> String {
    let tasks = if count == 1 { "task" } else { "tasks" };
    // A function that is not known has its place for a name.
    let is_known = !file.is_empty() && function.contains("::");
    let file = if is_known {
        format!("\n{}", short_file(file))
    } else {
        String::new()
    };
    format!("{count} {tasks}\n{function}{file}")
}

#[cfg(test)]
mod tests {
    use pileup_profile::{CountedStack, Labels, ProfileKind};

    use super::*;

    fn frame(function: &str, file: &str) -> Frame {
        Frame {
            function: function.into(),
            file: file.into(),
            line: 40,
        }
    }

    fn stack(frames: Vec<Frame>, count: i64) -> CountedStack {
        CountedStack {
            frames,
            labels: Labels::default(),
            count,
            age_nanos: 0,
        }
    }

    #[test]
    fn what_tasks_wait_in_hangs_on_the_function_that_spawned_them() {
        let lock = || frame("Mutex::lock", "");
        let profile = Profile {
            kind: ProfileKind::Goroutine,
            taken_at: jiff::Timestamp::UNIX_EPOCH,
            duration: None,
            stacks: vec![
                stack(
                    vec![lock(), frame("orders::\"accept\"", "src/orders.rs")],
                    30,
                ),
                stack(vec![lock(), frame("audit::run", "src/audit.rs")], 1),
                stack(vec![frame("audit::run", "src/audit.rs")], 2),
            ],
            comments: Vec::new(),
        };
        assert_eq!(
            Stacks::of(&profile).dot(),
            r#"digraph tasks {
  n0 [shape=box, label="31 tasks\nMutex::lock"];
  n1 [shape=box, label="30 tasks\norders::'accept'\nsrc/orders.rs"];
  n2 [shape=box, label="3 tasks\naudit::run\nsrc/audit.rs"];
  n1 -> n0 [label="30 wait"];
  n2 -> n0 [label="1 wait"];
}
"#
        );
        let picture = Stacks::of(&profile).svg();
        assert!(picture.contains("30 wait"), "{picture}");
        assert!(!picture.contains("\"accept\""), "{picture}");
    }
}
