//! How much memory the futures of a finding's tasks take, at least.

use pileup_model::Snapshot;

use crate::facts::Evidence;
use crate::history::History;
use crate::rules::Claim;

/// The bytes of the futures of a claim's live tasks, where the source reports their sizes:
/// what is on the heap beside comes on top.
pub(super) fn future_bytes(
    claim: &Claim,
    history: &History,
    latest: &Snapshot,
) -> Option<Evidence> {
    let started = history.started()?;
    let (mut tasks, mut bytes, mut grown) = (0, 0_u64, 0_u64);
    for task in claim.tasks().iter().filter_map(|task| latest.task(*task)) {
        let Some(size) = task.size_bytes else {
            continue;
        };
        tasks += 1;
        bytes = bytes.saturating_add(size);
        if task.created_at > started {
            grown = grown.saturating_add(size);
        }
    }
    (bytes > 0).then(|| Evidence::FutureBytes {
        tasks,
        bytes,
        bytes_per_minute: history.per_minute(grown as f64),
    })
}
