//! Call stacks of a running program: cheap to capture, kept once each, named on demand.
//!
//! A leaf future that is not ready clones the waker of its task. The clone happens on the
//! stack of that leaf, inside the task's own poll, so the call stack at that moment is the
//! await stack of the task. This crate provides the steps from there to a report:
//!
//! 1. [`capture`] walks the stack of the current thread into a [`Capture`], on the poll path.
//! 2. [`StackSet`] keeps each distinct stack once and gives it an id of four bytes.
//!
//! This is the only crate of pileup that contains `unsafe` code.

mod capture;
mod set;

pub use capture::{Capture, MAX_FRAMES, PrepareError, capture, prepare, stack_pointer};
pub use set::{StackId, StackSet};
