//! Resources.

use jiff::Timestamp;
use pileup_model::{Resource, ResourceId};

use super::Entry;
use crate::decoder::Decoder;
use crate::encoder::Encoder;
use crate::error::Malformed;
use crate::fields::{FieldsIn, FieldsOut};
use crate::limits;

impl Entry for Resource {
    fn id(&self) -> u64 {
        self.id.0
    }

    fn blank(id: u64, now: Timestamp) -> Self {
        Self {
            id: ResourceId(id),
            parent: None,
            concrete_type: "".into(),
            is_internal: false,
            site: None,
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
        out.put(&base.created_at, &self.created_at, Encoder::time);
        out.put_optional(base.parent.as_ref(), self.parent.as_ref(), |out, id| {
            out.number(id.0);
        });
        out.put(&base.concrete_type, &self.concrete_type, Encoder::text);
        out.put(&base.is_internal, &self.is_internal, |out, flag| {
            out.flag(*flag);
        });
        out.put_optional(base.site.as_ref(), self.site.as_ref(), Encoder::site);
    }

    fn read(&mut self, fields: &mut FieldsIn<'_, '_>) -> Result<(), Malformed> {
        fields.get(&mut self.attributes, Decoder::attributes)?;
        fields.get_optional(&mut self.dropped_at, Decoder::time)?;
        fields.get(&mut self.created_at, Decoder::time)?;
        fields.get_optional(&mut self.parent, |from| from.number().map(ResourceId))?;
        fields.get(&mut self.concrete_type, Decoder::text)?;
        fields.get(&mut self.is_internal, Decoder::flag)?;
        fields.get_optional(&mut self.site, Decoder::site)
    }

    fn size(&self) -> usize {
        limits::ENTRY
            + limits::of_text(Some(&self.concrete_type))
            + limits::of_site(self.site.as_ref())
            + limits::of_attributes(&self.attributes)
    }
}
