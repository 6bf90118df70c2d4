//! A number for each runtime that is watched now.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// The registry keeps the number of a task's runtime in one byte, of which one value means none.
const NUMBERS: u8 = u8::MAX;

static FREE: Mutex<Option<VecDeque<u8>>> = Mutex::new(None);

/// Takes the number that was free for the longest time.
///
/// # Panics
///
/// When more runtimes are watched at once than there are numbers.
pub(super) fn take() -> u8 {
    with_free(VecDeque::pop_front).unwrap_or_else(|| {
        panic!(
            "pileup-test watches at most {NUMBERS} runtimes at once; a runtime whose blocking \
             closures never return counts until the process ends. Run the tests by cargo nextest, \
             which has a process for each, or with fewer --test-threads"
        )
    })
}

/// Gives a number back of which no task is left.
pub(super) fn give_back(number: u8) {
    with_free(|free| free.push_back(number));
}

fn with_free<T>(use_it: impl FnOnce(&mut VecDeque<u8>) -> T) -> T {
    let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
    use_it(free.get_or_insert_with(|| (0..NUMBERS).collect()))
}
