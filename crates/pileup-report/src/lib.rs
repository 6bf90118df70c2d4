//! What is done with a report, by the command `pileup` and by `pileup-test`: which findings count,
//! and the forms that programs read.
//!
//! It opens no file: who calls it reads and writes.

mod allow_list;
pub mod escape;
pub mod json;
pub mod junit;
mod pattern;
pub mod sarif;
pub mod words;

pub use allow_list::{AllowList, AllowListError, lifetime};
pub use pattern::Pattern;
