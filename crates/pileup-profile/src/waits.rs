//! What a task waits for, as a profile shows it.

use std::sync::Arc;

use pileup_model::Wait;

/// How a task is shown that has no waker.
pub const WITHOUT_WAKER: &str = "no waker is left";

/// What a task waits for.
#[derive(Debug, Clone, Copy)]
pub enum Waiting<'a> {
    /// That is not known, or it does not wait.
    Unknown,
    /// For these, the newest first.
    In(&'a [Arc<Wait>]),
    /// For nothing that could wake it.
    Nothing {
        /// Where it waited last, if that is known.
        last: Option<&'a Wait>,
    },
}

/// The text of the label for all waits of a task but the first, in an order that does not depend
/// on which is the newest: `select!` polls its branches in random order. None where there is no
/// other.
#[must_use]
pub fn other_waits(waits: &[Arc<Wait>]) -> Option<Arc<str>> {
    let (_, others) = waits.split_first()?;
    let mut texts: Vec<String> = others.iter().map(ToString::to_string).collect();
    texts.sort_unstable();
    (!texts.is_empty()).then(|| texts.join("; ").into())
}
