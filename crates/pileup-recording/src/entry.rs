//! What a snapshot lists: tasks, resources, async ops.

mod async_op;
mod resource;
mod task;

use jiff::Timestamp;

use crate::error::Malformed;
use crate::fields::{FieldsIn, FieldsOut};

/// Something with an id, and fields that change from snapshot to snapshot.
pub trait Entry: Clone + PartialEq {
    fn id(&self) -> u64;

    /// The base of an entry that was not in the snapshot before.
    fn blank(id: u64, now: Timestamp) -> Self;

    /// Writes the fields, in the order in which `read` reads them.
    fn write(&self, base: &Self, fields: &mut FieldsOut<'_>);

    /// Reads the fields into the base.
    fn read(&mut self, fields: &mut FieldsIn<'_, '_>) -> Result<(), Malformed>;

    /// Bytes that it counts as kept.
    fn size(&self) -> usize;
}
