//! Tasks for a target. Each function spawns at the place of its caller, and returns it.

use std::future;
use std::panic::Location;

use pileup_model::Site;

/// Tasks that never finish.
#[track_caller]
pub fn idle(count: usize) -> Site {
    for _ in 0..count {
        tokio::spawn(future::pending::<()>());
    }
    here()
}

/// Tasks that finish at once.
#[track_caller]
pub fn short(count: usize) -> Site {
    for _ in 0..count {
        tokio::spawn(future::ready(()));
    }
    here()
}

/// The place of the caller, as the console reports it.
#[track_caller]
pub fn here() -> Site {
    let place = Location::caller();
    Site {
        file: place.file().into(),
        line: place.line(),
        column: place.column(),
    }
}
