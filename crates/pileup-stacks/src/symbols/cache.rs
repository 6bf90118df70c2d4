//! Names by address, of which the least recently used are forgotten.

use std::collections::HashMap;
use std::sync::Arc;

use super::stack::Named;

/// What an address takes beside its frames, in bytes: its place in a table, and the overhead
/// of an allocation.
const PER_ADDRESS: usize = 64;

/// Two generations of names. When the newer has grown to half of the limit, it becomes the
/// older, and what was not used since then is forgotten.
#[derive(Debug)]
pub(super) struct Cache {
    limit: usize,
    newer: HashMap<usize, Arc<[Named]>>,
    older: HashMap<usize, Arc<[Named]>>,
    newer_bytes: usize,
}

impl Cache {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            newer: HashMap::new(),
            older: HashMap::new(),
            newer_bytes: 0,
        }
    }

    pub(super) fn get(&mut self, address: usize) -> Option<Arc<[Named]>> {
        if let Some(frames) = self.newer.get(&address) {
            return Some(Arc::clone(frames));
        }
        let frames = self.older.remove(&address)?;
        self.insert(address, Arc::clone(&frames));
        Some(frames)
    }

    pub(super) fn insert(&mut self, address: usize, frames: Arc<[Named]>) {
        let bytes = bytes(&frames);
        if self.newer_bytes + bytes > self.limit / 2 {
            self.older = std::mem::take(&mut self.newer);
            self.newer_bytes = 0;
        }
        if bytes <= self.limit / 2 {
            self.newer_bytes += bytes;
            self.newer.insert(address, frames);
        }
    }
}

fn bytes(frames: &[Named]) -> usize {
    PER_ADDRESS + frames.iter().map(Named::bytes).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::super::RawFrame;
    use super::*;

    fn frames(name: &str) -> Arc<[Named]> {
        [Named::of(&RawFrame {
            function: Some(name.into()),
            ..RawFrame::default()
        })]
        .into()
    }

    #[test]
    fn the_cache_keeps_what_is_used_and_stays_within_its_limit() {
        const LIMIT: usize = 10_000;
        const LAST: usize = if cfg!(miri) { 60 } else { 999 };
        let mut cache = Cache::new(LIMIT);
        for address in 1..=LAST {
            cache.insert(address, frames("function"));
            assert_eq!(cache.get(1), Some(frames("function")));
            let held = cache.newer.values().chain(cache.older.values());
            assert!(held.map(|frames| bytes(frames)).sum::<usize>() <= LIMIT);
        }
        assert_eq!(cache.get(LAST), Some(frames("function")));
        assert_eq!(cache.get(2), None);
    }

    #[test]
    fn names_larger_than_the_cache_are_not_kept() {
        let mut cache = Cache::new(100);
        cache.insert(1, frames(&"long".repeat(100)));
        assert_eq!(cache.get(1), None);
    }
}
