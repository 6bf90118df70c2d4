//! What differs between two snapshots.

use std::cmp::Ordering;
use std::sync::Arc;

use itertools::{EitherOrBoth, Itertools};

/// What is in one of two lists only, and what differs between them, as what it was before
/// and what it is now. Both lists are sorted by id.
///
/// Snapshots share what does not change: most of it is recognised by its address, and not read.
pub(crate) fn changes<'a, T, I: Ord>(
    before: &'a [Arc<T>],
    now: &'a [Arc<T>],
    id: impl Fn(&T) -> I,
) -> impl Iterator<Item = (Option<&'a Arc<T>>, Option<&'a Arc<T>>)> {
    before
        .iter()
        .merge_join_by(now, move |before, now| {
            if Arc::ptr_eq(before, now) {
                Ordering::Equal
            } else {
                id(before).cmp(&id(now))
            }
        })
        .filter(|change| match change {
            EitherOrBoth::Both(before, now) => !Arc::ptr_eq(before, now),
            _ => true,
        })
        .map(EitherOrBoth::left_and_right)
}
