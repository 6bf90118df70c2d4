//! What live tasks wait for, by name.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use pileup_model::Wait;
use pileup_stacks::{Cloned, LastWake, StackId, Symbols, current_waits, wait_of};

use crate::live::{LiveTask, TaskStacks};
use crate::registry::Registry;

/// Named stacks that are kept: each takes some kilobytes. Beyond that, all are named anew.
const NAMED: usize = 4096;
/// Bytes of names of addresses that are kept.
const SYMBOLS: usize = 32 << 20;

/// The waits of one task, the newest first.
pub type WaitList = Arc<[Arc<Wait>]>;

/// The names of stacks, found on demand and cached.
pub(crate) struct Names {
    symbols: Symbols,
    waits: Mutex<HashMap<StackId, Arc<Wait>>>,
}

/// What live tasks wait for, for one look at all of them. Tasks that wait alike share a list.
pub struct Waits<'a> {
    registry: &'a Registry,
    named: HashMap<StackId, Arc<Wait>>,
    lists: HashMap<(TaskStacks, usize, Option<LastWake>), WaitList>,
}

impl Names {
    pub(crate) fn new() -> Self {
        Self {
            symbols: Symbols::new(SYMBOLS),
            waits: Mutex::default(),
        }
    }
}

impl Registry {
    /// Names the stacks of all live tasks.
    ///
    /// The first time it reads the program's debug information, which takes a second or so: do
    /// not call it on a worker.
    #[must_use]
    pub fn waits(&self) -> Waits<'_> {
        let mut stacks = HashSet::new();
        self.for_each_live(|task| {
            let wakers = task.wakers.and_then(|wakers| wakers.stacks);
            let newest_first = wakers.into_iter().flat_map(|stacks| stacks.newest_first);
            stacks.extend(newest_first.flatten());
        });
        self.name_stacks(stacks)
    }

    pub(crate) fn name_stacks(&self, stacks: HashSet<StackId>) -> Waits<'_> {
        Waits {
            registry: self,
            named: self.name(stacks),
            lists: HashMap::new(),
        }
    }

    /// What tasks wait for that clone their waker on these stacks.
    fn name(&self, stacks: HashSet<StackId>) -> HashMap<StackId, Arc<Wait>> {
        let mut waits = self
            .names
            .waits
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let is_new = |stack: &StackId| !waits.contains_key(stack);
        let new: Vec<StackId> = stacks.iter().copied().filter(is_new).collect();
        if waits.len() + new.len() > NAMED {
            waits.retain(|stack, _| stacks.contains(stack));
        }
        let addresses: Vec<Vec<usize>> =
            new.iter().map(|stack| self.stacks().get(*stack)).collect();
        let frames = self.names.symbols.resolve_all(&addresses);
        let named = frames.iter().map(|frames| Arc::new(wait_of(frames)));
        waits.extend(new.into_iter().zip(named));
        let of_stack = |stack| Some((stack, Arc::clone(waits.get(&stack)?)));
        stacks.into_iter().filter_map(of_stack).collect()
    }
}

impl Waits<'_> {
    /// Where a task waits, the newest wait first: empty where it has no waker. None where that
    /// is not known, and while the task does not wait: before its first poll, and in a poll.
    pub fn of(&mut self, task: &LiveTask) -> Option<WaitList> {
        let wakers = task.wakers.filter(|_| task.polls > 0 && !task.running)?;
        let outstanding = usize::try_from(wakers.outstanding).ok()?;
        if outstanding == 0 {
            return Some(WaitList::default());
        }
        let stacks = wakers
            .stacks
            .filter(|stacks| stacks.newest_first[0].is_some())?;
        let outstanding = outstanding.min(stacks.newest_first.len());
        let last_wake = (wakers.wakes > 0).then_some(match wakers.woken_by {
            Some(_) => LastWake::ByTask,
            None => LastWake::FromOutside,
        });
        let key = (stacks, outstanding, last_wake);
        if let Some(list) = self.lists.get(&key) {
            return Some(Arc::clone(list));
        }
        let list: WaitList = self.choose(&stacks, outstanding, last_wake).into();
        self.lists.insert(key, Arc::clone(&list));
        Some(list)
    }

    /// Where a task that has no waker waited last, if it ever did: where the newest of its wakers
    /// was cloned. None where that is not known.
    pub fn last_of(&mut self, task: &LiveTask) -> Option<Arc<Wait>> {
        let wakers = task.wakers.filter(|wakers| wakers.outstanding == 0)?;
        let newest = wakers.stacks?.newest_first[0]?;
        self.named(newest)
    }

    fn choose(
        &mut self,
        stacks: &TaskStacks,
        outstanding: usize,
        last_wake: Option<LastWake>,
    ) -> Vec<Arc<Wait>> {
        let newest_first: Vec<Arc<Wait>> = stacks
            .newest_first
            .iter()
            .flatten()
            .filter_map(|stack| self.named(*stack))
            .collect();
        let cloned = newest_first.iter().enumerate();
        let cloned: Vec<Cloned<'_>> = cloned
            .map(|(index, wait)| Cloned {
                wait,
                dropped_in_poll: index == 0 && stacks.is_newest_dropped,
            })
            .collect();
        let waits = current_waits(&cloned, outstanding, last_wake).into_iter();
        // Those that are as they were named are shared.
        let shared = |wait: Wait| {
            let same = newest_first.iter().find(|named| ***named == wait);
            same.map_or_else(|| Arc::new(wait), Arc::clone)
        };
        waits.map(shared).collect()
    }

    /// A stack by name, also one that is new since the look began.
    fn named(&mut self, stack: StackId) -> Option<Arc<Wait>> {
        if !self.named.contains_key(&stack) {
            let named = self.registry.name(HashSet::from([stack]));
            self.named.extend(named);
        }
        self.named.get(&stack).cloned()
    }
}
