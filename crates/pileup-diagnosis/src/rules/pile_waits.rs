//! What the old of a pile wait for, in words.

use std::collections::BTreeMap;

use pileup_model::Task;

use super::case::{are_closures, are_most, place};
use crate::locks::Holder;
use crate::wait_graph::{Wait, WaitGraph};
use crate::{History, WaitKind};

/// Of so many different waits a sentence tells, the most usual ones.
const MOST_TOLD: usize = 3;

const UNSEEN: &str = "what they wait for is not seen: Tokio does not instrument a channel's recv, \
                      Notify, JoinHandle or I/O; the awaits after the spawn show it";
const UNSEEN_IN_CLOSURES: &str = "what they wait for is not seen: Tokio knows of a closure only \
                                  whether it has returned; a debugger's backtraces of the \
                                  program's threads show where each stands";
const UNSEEN_BY_PROBE: &str = "what they wait for is not seen by a probe: the program's console \
                               shows it for locks, full channels and timers, and the awaits \
                               after the spawn for the rest";

/// The waits of tasks, as far as they are seen, by what is waited for.
pub(super) struct Waits<'g> {
    tasks: usize,
    are_closures: bool,
    /// How many wait so, and the oldest of them; the most usual first.
    kinds: Vec<(usize, &'g Wait<'g>)>,
}

impl<'g> Waits<'g> {
    pub(super) fn of(tasks: &[&Task], graph: &'g WaitGraph<'g>) -> Self {
        let mut kinds: BTreeMap<_, (usize, &Wait)> = BTreeMap::new();
        let waits = tasks.iter().map(|task| graph.waits_of(task.id));
        for wait in waits.filter_map(<[Wait]>::first) {
            let made = wait.resource.site.as_ref();
            let place = made.map(|site| (&wait.resource.concrete_type, &site.file, site.line));
            kinds.entry((wait.kind, place)).or_insert((0, wait)).0 += 1;
        }
        let mut kinds: Vec<_> = kinds.into_values().collect();
        kinds.sort_by_key(|(tasks, _)| std::cmp::Reverse(*tasks));
        Self {
            tasks: tasks.len(),
            are_closures: are_closures(tasks),
            kinds,
        }
    }

    /// What most wait for.
    pub(super) fn usual(&self) -> Option<&'g Wait<'g>> {
        let (tasks, wait) = self.kinds.first()?;
        are_most(*tasks, self.tasks).then_some(wait)
    }

    /// What they wait for, or why that is not known.
    pub(super) fn sentence(&self, graph: &WaitGraph, history: &History) -> String {
        if let Some(wait) = self.usual() {
            return format!("they wait {}{}", what(wait), more(wait, graph));
        }
        if self.kinds.is_empty() {
            return self.unseen(history).to_owned();
        }
        let count = |kinds: &[(usize, &Wait)]| kinds.iter().map(|(tasks, _)| tasks).sum::<usize>();
        let (told, others) = self.kinds.split_at(self.kinds.len().min(MOST_TOLD));
        let told = told.iter();
        let mut parts: Vec<String> = told
            .map(|(tasks, wait)| format!("{tasks} {}", what(wait)))
            .collect();
        if !others.is_empty() {
            parts.push(format!("{} for something else", count(others)));
        }
        match self.tasks - count(&self.kinds) {
            0 => {}
            unseen => parts.push(format!("{unseen} for what Tokio does not instrument")),
        }
        format!("they do not all wait for one thing: {}", parts.join(", "))
    }

    /// Why it is not known what they wait for.
    fn unseen(&self, history: &History) -> &'static str {
        let coverage = history.latest().map(|latest| latest.coverage);
        if coverage.is_some_and(|coverage| coverage.waits_unseen) {
            UNSEEN_BY_PROBE
        } else if self.are_closures {
            UNSEEN_IN_CLOSURES
        } else {
            UNSEEN
        }
    }
}

/// What a task waits for, from "to" or "for" on.
fn what(wait: &Wait) -> String {
    let what = match wait.kind {
        WaitKind::Mutex => "to lock a Mutex",
        WaitKind::RwLock => "to lock an RwLock",
        WaitKind::Semaphore => "for permits of a Semaphore",
        WaitKind::OnceCell => "for a OnceCell to be initialised",
        WaitKind::ChannelSend => return "to send into a bounded channel that is full".to_owned(),
        WaitKind::Oneshot => "for the answer of a oneshot channel",
        WaitKind::Barrier => "for others to arrive at a Barrier",
        WaitKind::Interval => "for the tick of an Interval",
        WaitKind::Other => "for a resource",
    };
    format!("{what} made at {}", place(wait.resource.site.as_ref()))
}

/// What there is to say of whoever could end a wait.
fn more(wait: &Wait, graph: &WaitGraph) -> &'static str {
    match (wait.kind, graph.holder(wait.resource)) {
        (WaitKind::Mutex | WaitKind::RwLock | WaitKind::Semaphore, Holder::Unknown) => {
            "; its holder is unknown (taken by try_lock, moved, or held since before the attach)"
        }
        (WaitKind::ChannelSend, _) => "; Tokio does not tell which one, nor who should receive",
        (WaitKind::Oneshot, _) => "; its sender lives, and is silent",
        _ => "",
    }
}
