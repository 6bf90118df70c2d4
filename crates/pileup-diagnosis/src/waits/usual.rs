//! What most of many tasks wait for.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use pileup_model::{TaskId, WaitKind};

use super::wait_graph::{Wait, WaitGraph};
use crate::facts::{CountedWait, Evidence, OtherSide};
use crate::history::Holder;
use crate::thresholds::are_most;

/// Of many different waits, a sentence names the most usual ones: this many.
const MOST_NAMED: usize = 3;

/// The waits of tasks, as far as they are seen, by what is waited for.
pub(crate) struct Waits<'g> {
    tasks: usize,
    /// How many wait so, and the oldest of them; the most usual first.
    kinds: Vec<(usize, &'g Wait<'g>)>,
}

impl<'g> Waits<'g> {
    pub(crate) fn of(tasks: impl Iterator<Item = TaskId>, graph: &'g WaitGraph<'g>) -> Self {
        let mut kinds: BTreeMap<_, (usize, &Wait)> = BTreeMap::new();
        let mut counted = 0;
        for task in tasks {
            counted += 1;
            let Some(wait) = graph.waits_of(task).first() else {
                continue;
            };
            let made = wait.resource.site.as_ref();
            let place = made.map(|site| (&wait.resource.concrete_type, &site.file, site.line));
            kinds.entry((wait.kind, place)).or_insert((0, wait)).0 += 1;
        }
        let mut kinds: Vec<_> = kinds.into_values().collect();
        kinds.sort_by_key(|(tasks, _)| Reverse(*tasks));
        Self {
            tasks: counted,
            kinds,
        }
    }

    /// What most wait for.
    pub(crate) fn usual(&self) -> Option<&'g Wait<'g>> {
        let (tasks, wait) = self.kinds.first()?;
        are_most(*tasks, self.tasks).then_some(wait)
    }

    /// What they wait for; none where nothing is seen of it.
    pub(crate) fn evidence(&self, graph: &WaitGraph) -> Option<Evidence> {
        if let Some(wait) = self.usual() {
            return Some(Evidence::WaitFor {
                wait: wait.what(),
                other_side: other_side(wait, graph),
            });
        }
        if self.kinds.is_empty() {
            return None;
        }
        let count = |kinds: &[(usize, &Wait)]| kinds.iter().map(|(tasks, _)| tasks).sum::<usize>();
        let (named, others) = self.kinds.split_at(self.kinds.len().min(MOST_NAMED));
        let counted = named.iter().map(|(tasks, wait)| CountedWait {
            tasks: *tasks,
            wait: wait.what(),
        });
        Some(Evidence::WaitsDiffer {
            waits: counted.collect(),
            others: count(others),
            unseen: self.tasks - count(&self.kinds),
        })
    }
}

/// What is known of whoever could end a wait.
fn other_side(wait: &Wait, graph: &WaitGraph) -> OtherSide {
    match (wait.kind, graph.holder(wait.resource)) {
        (WaitKind::Mutex | WaitKind::RwLock | WaitKind::Semaphore, Holder::Unknown) => {
            OtherSide::HolderUnknown
        }
        (WaitKind::ChannelSend, _) => OtherSide::ReceiverUnknown,
        (WaitKind::Oneshot, _) => OtherSide::SenderSilent,
        _ => OtherSide::Known,
    }
}
