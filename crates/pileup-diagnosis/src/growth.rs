//! Which spawn sites pile up.

mod activity;
mod cohorts;
mod deadlines;
mod expected;
mod pile;
mod site;
mod stalled;

pub use self::expected::Expected;
pub(crate) use self::pile::{Pile, piles};
pub use self::site::{Grown, growth};
pub(crate) use self::stalled::{Stalled, stalled};
