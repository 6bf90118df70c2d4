//! Which spawn sites pile up.

mod activity;
mod deadlines;
mod pile;
mod rule;

pub(crate) use self::pile::{Pile, piles};
pub use self::rule::{FinishedBefore, PileShape, Population};
