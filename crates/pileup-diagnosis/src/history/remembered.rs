//! How far back a first snapshot reaches.
//!
//! A console forgets tasks and ops some time after their end, and does not say after how long. But
//! it forgets by time alone: of all that ended since the oldest end that it still has, nothing is
//! missing.

use jiff::Timestamp;
use pileup_model::{Snapshot, elapsed};

/// A program starts something before the first of it ends. If the known ends reach back to all but
/// this part of that time, nothing was forgotten: it would have begun to be forgotten just now.
const START_PART: u32 = 10;

/// Since when nothing is missing that ended; none where nothing is known to have ended.
pub(super) fn remembered_since(first: &Snapshot) -> Option<Timestamp> {
    let tasks = first.finished.iter().filter_map(|task| task.finished_at);
    let ops = first.async_ops.iter().filter_map(|op| op.dropped_at);
    let oldest = tasks.chain(ops).min()?;
    Some(oldest - elapsed(oldest, first.at) / START_PART)
}
