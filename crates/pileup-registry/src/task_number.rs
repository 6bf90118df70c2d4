//! The number of a task's id.

use std::hash::{Hash, Hasher};

use tokio::task::Id;

/// The number that `id` shows as text. Tokio has no function that gives it, and formatting
/// it takes an allocation or two; but the id's `Hash` hands it to whoever asks, as one `u64`.
#[inline]
pub(crate) fn task_number(id: Id) -> u64 {
    let mut number = Number(None);
    id.hash(&mut number);
    number
        .0
        .unwrap_or_else(|| id.to_string().parse().unwrap_or(0))
}

/// Takes the one number that is hashed. An id that would hash itself as anything else
/// leaves none here.
struct Number(Option<u64>);

impl Hasher for Number {
    fn write(&mut self, _bytes: &[u8]) {}

    fn write_u64(&mut self, number: u64) {
        self.0 = Some(number);
    }

    fn finish(&self) -> u64 {
        self.0.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_is_the_number_that_the_id_shows() {
        for _ in 0..10 {
            let id = tokio::spawn(async {}).id();
            assert_eq!(task_number(id).to_string(), id.to_string());
        }
    }
}
