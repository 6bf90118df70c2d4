//! Texts that were written before, by number.
//!
//! Writer and reader keep the same table: a new text gets the next number, and a table that
//! has no room for it is emptied first, on both sides alike.

use std::collections::HashMap;
use std::sync::Arc;

use crate::limits::{MOST_TEXT, MOST_TEXTS};

/// The number that says that a new text follows; those in the table count from 1.
pub const NEW: u64 = 0;

/// The writer's side: the numbers of the texts.
#[derive(Debug, Default)]
pub struct TextNumbers {
    numbers: HashMap<Arc<str>, u64>,
    bytes: usize,
}

impl TextNumbers {
    /// The number of a text; none for one that is new, which has it from now on.
    pub fn number(&mut self, text: &Arc<str>) -> Option<u64> {
        if let Some(number) = self.numbers.get(text) {
            return Some(*number);
        }
        if is_full(self.numbers.len(), self.bytes, text) {
            self.numbers.clear();
            self.bytes = 0;
        }
        self.bytes += text.len();
        self.numbers
            .insert(Arc::clone(text), self.numbers.len() as u64 + 1);
        None
    }
}

/// The reader's side: the texts by number.
#[derive(Debug, Default)]
pub struct Texts {
    texts: Vec<Arc<str>>,
    bytes: usize,
}

impl Texts {
    /// Gives a text the next number.
    pub fn add(&mut self, text: &str) -> Arc<str> {
        if is_full(self.texts.len(), self.bytes, text) {
            self.texts.clear();
            self.bytes = 0;
        }
        let text: Arc<str> = text.into();
        self.bytes += text.len();
        self.texts.push(Arc::clone(&text));
        text
    }

    /// The text with this number.
    pub fn get(&self, number: u64) -> Option<Arc<str>> {
        let index = usize::try_from(number.checked_sub(1)?).ok()?;
        self.texts.get(index).map(Arc::clone)
    }
}

fn is_full(texts: usize, bytes: usize, next: &str) -> bool {
    texts == MOST_TEXTS || bytes + next.len() > MOST_TEXT
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both sides, fed with the same texts.
    #[derive(Default)]
    struct Both {
        numbers: TextNumbers,
        texts: Texts,
    }

    impl Both {
        /// Whether the text was known already; what is read back is the text either way.
        fn pass(&mut self, text: &str) -> bool {
            let number = self.numbers.number(&text.into());
            let read = match number {
                Some(number) => self.texts.get(number).expect("both have the number"),
                None => self.texts.add(text),
            };
            assert_eq!(&*read, text);
            number.is_some()
        }
    }

    #[test]
    fn a_text_is_written_once() {
        let mut both = Both::default();
        assert!(!both.pass("a"));
        assert!(!both.pass("b"));
        assert!(both.pass("a"));
        assert!(both.pass("b"));
    }

    #[test]
    fn a_full_table_is_emptied_on_both_sides() {
        let mut both = Both::default();
        for number in 0..=MOST_TEXTS {
            assert!(!both.pass(&number.to_string()));
        }
        assert!(both.pass(&MOST_TEXTS.to_string()));
        assert!(!both.pass("0"), "it was forgotten");

        assert!(!both.pass(&"x".repeat(MOST_TEXT + 1)));
        assert!(!both.pass("0"), "it had to make room");
    }

    #[test]
    fn a_number_that_was_never_given_has_no_text() {
        let mut texts = Texts::default();
        texts.add("a");
        assert_eq!(texts.get(0), None);
        assert_eq!(texts.get(2), None);
        assert_eq!(texts.get(u64::MAX), None);
    }
}
