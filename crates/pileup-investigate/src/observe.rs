//! From a stream of snapshots to a report.

use std::pin::pin;

use futures_util::stream::{Stream, StreamExt};
use pileup_diagnosis::{History, Report, diagnose};
use pileup_model::Snapshot;

/// Reports on all snapshots of a stream, as those of `target`, which is any name for it.
///
/// Fails with the first error of the stream; to report on what came before it, use
/// [`observe`].
pub async fn report<E>(
    snapshots: impl Stream<Item = Result<Snapshot, E>>,
    target: &str,
) -> Result<Report, E> {
    let mut history = History::default();
    observe(snapshots, &mut history, |_| false).await?;
    Ok(diagnose(&history, target))
}

/// Takes in the snapshots of a stream until it ends, or until `is_enough` says so of what
/// is known after one.
///
/// Fails with the first error of the stream; `history` has what came before it.
pub async fn observe<E>(
    snapshots: impl Stream<Item = Result<Snapshot, E>>,
    history: &mut History,
    mut is_enough: impl FnMut(&History) -> bool,
) -> Result<(), E> {
    let mut snapshots = pin!(snapshots);
    while let Some(snapshot) = snapshots.next().await {
        history.observe(snapshot?);
        if is_enough(history) {
            break;
        }
    }
    Ok(())
}
