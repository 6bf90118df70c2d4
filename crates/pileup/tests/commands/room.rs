//! Of the tests that start a program or two, no more run at once than the machine has room for.

use std::sync::{Condvar, LazyLock, Mutex, MutexGuard, PoisonError};

use crate::machine;

/// What a program takes of an ordinary core, with those that watch it: most of them wait.
const CORES_EACH: f64 = 0.13;

/// How many programs there is room for at the moment.
static LEFT: LazyLock<Mutex<usize>> =
    LazyLock::new(|| Mutex::new(machine::trials_at_once(CORES_EACH)));
static GIVEN_BACK: Condvar = Condvar::new();

/// Room for a program and those that watch it, until dropped. Whoever has it must not ask for more.
pub struct Room(());

/// Waits until there is room for one more program.
pub fn room() -> Room {
    let mut left = left();
    while *left == 0 {
        left = GIVEN_BACK
            .wait(left)
            .unwrap_or_else(PoisonError::into_inner);
    }
    *left -= 1;
    drop(left);
    Room(())
}

impl Drop for Room {
    fn drop(&mut self) {
        *left() += 1;
        GIVEN_BACK.notify_one();
    }
}

fn left() -> MutexGuard<'static, usize> {
    LEFT.lock().unwrap_or_else(PoisonError::into_inner)
}
