//! Text of the target: shared where it repeats, cut where it is absurd.

use std::collections::HashSet;
use std::sync::Arc;

/// Longer texts are cut: a file name or a type name has its place, a megabyte does not.
const LONGEST: usize = 1024;
/// So many different texts are shared; past that, sharing starts anew.
const MOST_SHARED: usize = 16_384;

/// Gives equal texts one place in memory.
#[derive(Debug, Default)]
pub(crate) struct SharedTexts {
    shared: HashSet<Arc<str>>,
}

impl SharedTexts {
    /// The text, cut to at most 1,024 bytes.
    pub(crate) fn share(&mut self, text: &str) -> Arc<str> {
        let text = cut(text);
        if let Some(known) = self.shared.get(text) {
            return Arc::clone(known);
        }
        if self.shared.len() >= MOST_SHARED {
            self.shared.clear();
        }
        let new: Arc<str> = text.into();
        self.shared.insert(Arc::clone(&new));
        new
    }
}

fn cut(text: &str) -> &str {
    let mut end = text.len().min(LONGEST);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_are_one() {
        let mut texts = SharedTexts::default();
        let first = texts.share("src/main.rs");
        assert!(Arc::ptr_eq(&first, &texts.share("src/main.rs")));
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let cut = SharedTexts::default().share(&"é".repeat(LONGEST));
        assert_eq!(cut.len(), LONGEST);
    }

    #[test]
    fn endless_different_texts_do_not_fill_memory() {
        let mut texts = SharedTexts::default();
        for number in 0..MOST_SHARED * 2 {
            texts.share(&number.to_string());
        }
        assert!(texts.shared.len() <= MOST_SHARED);
    }
}
