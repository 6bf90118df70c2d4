//! Which spawn sites pile up.

mod activity;
mod cohort;
mod deadlines;
mod expected;
mod pile;
mod stalled;

pub use self::cohort::{Grown, growth};
pub use self::expected::Expected;
pub(crate) use self::pile::{Pile, piles};
pub(crate) use self::stalled::{Stalled, stalled};
