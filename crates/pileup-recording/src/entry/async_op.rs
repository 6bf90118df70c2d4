//! Async ops.

use jiff::Timestamp;
use pileup_model::{AsyncOp, AsyncOpId, ResourceId, TaskId};

use super::Entry;
use crate::decoder::Decoder;
use crate::encoder::Encoder;
use crate::error::Malformed;
use crate::fields::{FieldsIn, FieldsOut};
use crate::limits;

impl Entry for AsyncOp {
    fn id(&self) -> u64 {
        self.id.0
    }

    fn blank(id: u64, now: Timestamp) -> Self {
        Self {
            id: AsyncOpId(id),
            parent: None,
            resource: ResourceId(0),
            task: None,
            source: "".into(),
            created_at: now,
            dropped_at: None,
            attributes: Vec::new(),
        }
    }

    fn write(&self, base: &Self, out: &mut FieldsOut<'_>) {
        out.put(&base.attributes, &self.attributes, Encoder::attributes);
        out.put_optional(
            base.dropped_at.as_ref(),
            self.dropped_at.as_ref(),
            Encoder::time,
        );
        out.put_optional(base.task.as_ref(), self.task.as_ref(), |out, id| {
            out.number(id.0);
        });
        out.put(&base.created_at, &self.created_at, Encoder::time);
        out.put(&base.resource, &self.resource, |out, id| out.number(id.0));
        out.put_optional(base.parent.as_ref(), self.parent.as_ref(), |out, id| {
            out.number(id.0);
        });
        out.put(&base.source, &self.source, Encoder::text);
    }

    fn read(&mut self, fields: &mut FieldsIn<'_, '_>) -> Result<(), Malformed> {
        fields.get(&mut self.attributes, Decoder::attributes)?;
        fields.get_optional(&mut self.dropped_at, Decoder::time)?;
        fields.get_optional(&mut self.task, |from| from.number().map(TaskId))?;
        fields.get(&mut self.created_at, Decoder::time)?;
        fields.get(&mut self.resource, |from| from.number().map(ResourceId))?;
        fields.get_optional(&mut self.parent, |from| from.number().map(AsyncOpId))?;
        fields.get(&mut self.source, Decoder::text)
    }

    fn size(&self) -> usize {
        limits::ENTRY
            + limits::of_text(Some(&self.source))
            + limits::of_attributes(&self.attributes)
    }
}
