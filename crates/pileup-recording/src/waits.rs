//! Waits that were written before, by number: thousands of tasks wait at one place.
//!
//! Writer and reader keep the same table, as they do for texts.

use std::collections::HashMap;
use std::sync::Arc;

use pileup_model::Wait;

use crate::limits::{MOST_WAIT_FRAMES, MOST_WAITS};

/// The writer's side: the numbers of the waits.
#[derive(Debug, Default)]
pub struct WaitNumbers {
    numbers: HashMap<Arc<Wait>, u64>,
    frames: usize,
}

impl WaitNumbers {
    /// The number of a wait; none for one that is new, which has it from now on.
    pub fn number(&mut self, wait: &Arc<Wait>) -> Option<u64> {
        if let Some(number) = self.numbers.get(wait) {
            return Some(*number);
        }
        if is_full(self.numbers.len(), self.frames, wait) {
            self.numbers.clear();
            self.frames = 0;
        }
        self.frames += wait.stack.len();
        self.numbers
            .insert(Arc::clone(wait), self.numbers.len() as u64 + 1);
        None
    }
}

/// The reader's side: the waits by number.
#[derive(Debug, Default)]
pub struct Waits {
    waits: Vec<Arc<Wait>>,
    frames: usize,
}

impl Waits {
    /// Gives a wait the next number.
    pub fn add(&mut self, wait: Wait) -> Arc<Wait> {
        if is_full(self.waits.len(), self.frames, &wait) {
            self.waits.clear();
            self.frames = 0;
        }
        self.frames += wait.stack.len();
        let wait = Arc::new(wait);
        self.waits.push(Arc::clone(&wait));
        wait
    }

    /// The wait with this number.
    pub fn get(&self, number: u64) -> Option<Arc<Wait>> {
        let index = usize::try_from(number.checked_sub(1)?).ok()?;
        self.waits.get(index).map(Arc::clone)
    }
}

fn is_full(waits: usize, frames: usize, next: &Wait) -> bool {
    waits == MOST_WAITS || frames + next.stack.len() > MOST_WAIT_FRAMES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_empty_a_full_table_at_the_same_wait() {
        let (mut numbers, mut waits) = (WaitNumbers::default(), Waits::default());
        let mut known = 0;
        for round in 0..3 * MOST_WAITS {
            // Every second wait repeats an earlier one.
            let kind = (round / 2).to_string();
            let wait = Arc::new(Wait {
                kind: kind.into(),
                place: None,
                stack: Vec::new(),
                passed: false,
            });
            let read = match numbers.number(&wait) {
                Some(number) => {
                    known += 1;
                    waits.get(number).expect("both sides have the number")
                }
                None => waits.add(Wait::clone(&wait)),
            };
            assert_eq!(read, wait);
        }
        assert_eq!(known, 3 * MOST_WAITS / 2);
        assert_eq!(waits.get(0), None);
    }
}
