//! The second message repeats the first: what it reports as new is not new.

use std::collections::HashSet;
use std::hash::Hash;
use std::mem;

use jiff::Timestamp;

/// What the last message, and this one, report as new.
#[derive(Debug)]
pub(super) struct Repeats<Id> {
    before: HashSet<(Id, Option<Timestamp>)>,
    now: HashSet<(Id, Option<Timestamp>)>,
}

impl<Id> Default for Repeats<Id> {
    fn default() -> Self {
        Self {
            before: HashSet::new(),
            now: HashSet::new(),
        }
    }
}

impl<Id: Eq + Hash> Repeats<Id> {
    /// A message begins that reports this number of tasks as new.
    pub(super) fn next_message(&mut self, count: usize) {
        self.before = mem::replace(&mut self.now, HashSet::with_capacity(count));
    }

    /// Whether the last message reported it as new already.
    pub(super) fn is_repeated(&mut self, id: Id, birth: Option<Timestamp>) -> bool {
        let key = (id, birth);
        let repeated = self.before.contains(&key);
        self.now.insert(key);
        repeated
    }
}

/// Whether a thing with a known id is the known one, rather than another that got the id
/// of one whose end was lost.
pub(super) fn is_same(known: Timestamp, sent: Option<Timestamp>) -> bool {
    sent.is_none_or(|sent| sent == known)
}
