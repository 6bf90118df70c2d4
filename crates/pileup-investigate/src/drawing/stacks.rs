//! The live tasks by the functions that spawned them and by what they wait in, drawn by weight as
//! pprof does: large text for a place where many tasks stand, a dark box and a thick arrow for
//! one through which many go.
//!
//! Functions of libraries are left out, but for the one that spawned: what the tasks wait in is
//! named by the kind of wait.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use pileup_profile::{CountedStack, Frame, Profile};

use super::canvas::{HEATS, LegendShape};
use super::dot::escaped;
use super::picture::{Picture, PictureEdge, PictureNode};
use crate::views::profile::{is_of_library, short_file};

/// A picture of more shows nothing.
const MOST_NODES: usize = 60;
/// A place with less than this part of all tasks is left out, as pprof does.
const SMALLEST_PART: f64 = 0.005;
/// The sizes of text, from no task that stands in a place to all of them.
const TEXT: (f64, f64) = (11.0, 20.0);
/// The widest arrow.
const WIDEST: f64 = 8.0;

/// A function and its file.
type Place = (String, String);

/// The places of a profile with their tasks, and how many tasks go from one to another.
#[derive(Debug)]
pub struct Stacks {
    title: String,
    total: i64,
    places: Vec<Counted>,
    /// From the place that spawned to what its tasks wait in, by number.
    inner: BTreeMap<(usize, usize), i64>,
}

/// One place, with its tasks.
#[derive(Debug)]
struct Counted {
    place: Place,
    /// Tasks that stand here.
    flat: i64,
    /// Those, and the tasks that stand further in.
    cumulative: i64,
}

impl Stacks {
    /// The places with the most tasks first.
    #[must_use]
    pub fn of(profile: &Profile, title: String) -> Self {
        let stacks: Vec<(Vec<Place>, i64)> = profile
            .stacks
            .iter()
            .map(|stack| (places(stack), stack.count))
            .collect();
        let mut counts: BTreeMap<&Place, (i64, i64)> = BTreeMap::new();
        for (places, count) in &stacks {
            for place in places.iter().collect::<BTreeSet<_>>() {
                counts.entry(place).or_default().1 += count;
            }
            if let Some(innermost) = places.first() {
                counts.entry(innermost).or_default().0 += count;
            }
        }
        let mut counted: Vec<Counted> = counts
            .into_iter()
            .map(|(place, (flat, cumulative))| Counted {
                place: place.clone(),
                flat,
                cumulative,
            })
            .collect();
        counted.sort_by_key(|counted| std::cmp::Reverse(counted.cumulative));
        let numbers: BTreeMap<&Place, usize> = counted
            .iter()
            .enumerate()
            .map(|(number, counted)| (&counted.place, number))
            .collect();
        let mut inner = BTreeMap::new();
        for (places, count) in &stacks {
            let edges: BTreeSet<(usize, usize)> = places
                .windows(2)
                .map(|pair| (numbers[&pair[1]], numbers[&pair[0]]))
                .filter(|(outside, inside)| outside != inside)
                .collect();
            for edge in edges {
                *inner.entry(edge).or_default() += count;
            }
        }
        Self {
            title,
            total: profile.total(),
            places: counted,
            inner,
        }
    }

    /// In Graphviz's language.
    #[must_use]
    pub fn dot(&self) -> String {
        let mut dot = format!(
            "digraph tasks {{\n  graph [rankdir=LR, labelloc=t, label=\"{}\"];\n",
            escaped(&self.title)
        );
        for (number, counted) in self.places.iter().enumerate() {
            let label = escaped(&self.label(counted));
            let size = self.font_size(counted);
            // Writing to a String does not fail.
            let _ = writeln!(
                dot,
                "  n{number} [shape=box, fontsize={size}, label=\"{label}\"];"
            );
        }
        for ((from, to), count) in &self.inner {
            let width = self.width(*count);
            let _ = writeln!(
                dot,
                "  n{from} -> n{to} [penwidth={width}, label=\"{count}\"];"
            );
        }
        dot.push_str("}\n");
        dot
    }

    /// As a picture: without the places that have few tasks.
    #[must_use]
    pub fn svg(&self) -> String {
        let is_large = |counted: &&Counted| self.part(counted.cumulative) >= SMALLEST_PART;
        let large = self.places.iter().take_while(is_large).count();
        let shown = &self.places[..large.min(MOST_NODES)];
        let left_out = self.places.len() - shown.len();
        let inner = self.inner.iter();
        let edges = inner.filter(|((from, to), _)| *from.max(to) < shown.len());
        Picture {
            title: self.title.clone(),
            nodes: shown
                .iter()
                .map(|counted| PictureNode {
                    label: self.label(counted),
                    is_round: counted.place.1.is_empty(),
                    class: format!("node heat{}", self.heat(counted.cumulative)),
                    font_size: Some(self.font_size(counted)),
                })
                .collect(),
            edges: edges
                .map(|((from, to), count)| PictureEdge {
                    from: *from,
                    to: *to,
                    label: count.to_string(),
                    class: format!("edge w{}", self.width(*count)),
                })
                .collect(),
            downwards: false,
            remark: match (shown.len(), left_out) {
                (0, _) => Some("no task is alive".to_owned()),
                (_, 0) => None,
                _ => Some(format!(
                    "and {left_out} places with few tasks: pileup graph --stacks --format dot"
                )),
            },
            legend: LEGEND.to_vec(),
        }
        .draw()
    }

    fn part(&self, tasks: i64) -> f64 {
        if self.total == 0 {
            return 0.0;
        }
        tasks as f64 / self.total as f64
    }

    /// Larger where many stand: by the root, since a text covers an area.
    fn font_size(&self, counted: &Counted) -> usize {
        let (least, most) = TEXT;
        whole(least + (most - least) * self.part(counted.flat).sqrt())
    }

    fn width(&self, tasks: i64) -> usize {
        whole(1.0 + (WIDEST - 1.0) * self.part(tasks))
    }

    fn heat(&self, tasks: i64) -> usize {
        whole((HEATS - 1) as f64 * self.part(tasks).sqrt())
    }

    fn label(&self, counted: &Counted) -> String {
        let Counted {
            place: (function, file),
            flat,
            cumulative,
        } = counted;
        let percent = |tasks| format!("{:.1} %", self.part(tasks) * 100.0);
        let tasks = if flat == cumulative {
            format!("{flat} ({})", percent(*flat))
        } else {
            format!("{flat} of {cumulative} ({})", percent(*cumulative))
        };
        // A function that is not known has its place for a name.
        let is_known = !file.is_empty() && function.contains("::");
        let file = if is_known {
            format!("\n{}", short_file(file))
        } else {
            String::new()
        };
        format!("{function}{file}\n{tasks}")
    }
}

const LEGEND: [(LegendShape, &str); 2] = [
    (
        LegendShape {
            is_round: false,
            class: "node",
        },
        "a function that spawned tasks, or awaits: tasks that stand there, of those that pass \
         through it",
    ),
    (
        LegendShape {
            is_round: true,
            class: "node",
        },
        "what they wait in",
    ),
];

/// A weight as a whole number.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a part of at most 1, times a small number"
)]
fn whole(weight: f64) -> usize {
    weight.clamp(0.0, 1000.0).round() as usize
}

/// The places of a stack, from the wait out to the function that spawned.
fn places(stack: &CountedStack) -> Vec<Place> {
    let mut places = Vec::new();
    let Some((spawned, frames)) = stack.frames.split_last() else {
        return places;
    };
    if let Some(innermost) = frames.first().filter(|frame| is_of_library(frame)) {
        let wait = stack.labels.wait.as_ref();
        let function = wait.unwrap_or(&innermost.function);
        places.push((function.to_string(), String::new()));
    }
    let own = frames.iter().filter(|frame| !is_of_library(frame));
    places.extend(own.chain([spawned]).map(place));
    places
}

fn place(frame: &Frame) -> Place {
    (frame.function.to_string(), frame.file.to_string())
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
            Stacks::of(&profile, "tasks".to_owned()).dot(),
            r#"digraph tasks {
  graph [rankdir=LR, labelloc=t, label="tasks"];
  n0 [shape=box, fontsize=20, label="Mutex::lock\n31 (93.9 %)"];
  n1 [shape=box, fontsize=11, label="orders::'accept'\nsrc/orders.rs\n0 of 30 (90.9 %)"];
  n2 [shape=box, fontsize=13, label="audit::run\nsrc/audit.rs\n2 of 3 (9.1 %)"];
  n1 -> n0 [penwidth=7, label="30"];
  n2 -> n0 [penwidth=1, label="1"];
}
"#
        );
        let picture = Stacks::of(&profile, "tasks".to_owned()).svg();
        assert!(picture.contains(">0 of 30 (90.9 %)</text>"), "{picture}");
        assert!(!picture.contains("\"accept\""), "{picture}");
    }
}
