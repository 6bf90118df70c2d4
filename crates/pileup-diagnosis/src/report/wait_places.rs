//! Where the tasks of a finding wait: their await stacks, where the source shows them.

use std::borrow::Borrow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};

use pileup_model::{Frame, Snapshot, TaskId, Wait};
use serde::{Deserialize, Serialize};

use crate::facts::Evidence;

/// Of many different waits a report has those of the most tasks: this many.
const MOST_WAITS: usize = 10;

/// One place at which tasks of a finding wait.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitPlace {
    /// The kind of wait, by Tokio's name where Tokio has one, such as `mpsc::Receiver::recv`.
    pub kind: String,
    /// The program's own function that waits; none where the stack has no such function.
    pub function: Option<String>,
    /// Its file, where the program has debug information.
    pub file: Option<String>,
    /// The line of the `.await`, counted from 1.
    pub line: Option<u32>,
    /// How many tasks of the finding wait so. A task that waits in several places counts in
    /// each.
    pub tasks: usize,
    /// Whether the tasks have moved past this await and still keep its future, unpolled.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub passed: bool,
    /// The await stack, from the wait out to the task's own future.
    pub stack: Vec<Frame>,
}

impl WaitPlace {
    /// The place of a wait that this number of tasks have.
    #[must_use]
    pub fn new(wait: &Wait, tasks: usize) -> Self {
        let own = wait.place.as_ref();
        Self {
            kind: wait.kind.to_string(),
            function: own.map(|frame| frame.function.to_string()),
            file: own.and_then(|frame| frame.file.as_deref().map(str::to_owned)),
            line: own.and_then(|frame| frame.line),
            tasks,
            passed: wait.passed,
            stack: wait.stack.clone(),
        }
    }

    /// The place as evidence.
    pub(super) fn evidence(&self) -> Evidence {
        Evidence::AwaitAt {
            tasks: self.tasks,
            kind: self.kind.clone(),
            function: self.function.clone(),
            file: self.file.clone(),
            line: self.line,
        }
    }
}

/// The places at which tasks wait, those of the program and of the most tasks first; empty where
/// the source does not show any.
pub(super) fn wait_places(tasks: &HashSet<TaskId>, latest: &Snapshot) -> Vec<WaitPlace> {
    let mut counts: BTreeMap<&Wait, usize> = BTreeMap::new();
    let live = tasks.iter().filter_map(|task| latest.task(*task));
    for wait in live.filter_map(|task| task.waits.as_deref()).flatten() {
        *counts.entry(wait).or_default() += 1;
    }
    let mut counts: Vec<(&Wait, usize)> = counts.into_iter().collect();
    order(&mut counts);
    counts.truncate(MOST_WAITS);
    counts
        .into_iter()
        .map(|(wait, tasks)| WaitPlace::new(wait, tasks))
        .collect()
}

/// A place of the program says more than an await inside a library.
fn order(counts: &mut [(impl Borrow<Wait>, usize)]) {
    counts.sort_by_key(|(wait, tasks)| {
        let wait = wait.borrow();
        (wait.passed, wait.place.is_none(), Reverse(*tasks))
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(kind: &str, line: Option<u32>) -> Wait {
        let place = line.map(|line| Frame {
            function: "shop::refresh".into(),
            file: Some("src/shop.rs".into()),
            line: Some(line),
        });
        Wait {
            kind: kind.into(),
            stack: place.clone().into_iter().collect(),
            place,
            passed: false,
        }
    }

    #[test]
    fn the_programs_own_line_comes_before_the_waits_of_a_library() {
        let mut counts = vec![
            (wait("hyper client request", None), 40),
            (wait("watch::Receiver::changed", Some(7)), 3),
            (wait("reqwest send", Some(13)), 40),
        ];
        order(&mut counts);
        let kinds: Vec<&str> = counts.iter().map(|(wait, _)| &*wait.kind).collect();
        let expected = [
            "reqwest send",
            "watch::Receiver::changed",
            "hyper client request",
        ];
        assert_eq!(kinds, expected);
    }
}
