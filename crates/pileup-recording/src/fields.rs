//! The fields of an entry that differ from those of its base.
//!
//! Three bytes say which do, the first field in the lowest bit; the values of those follow.

use crate::decoder::Decoder;
use crate::encoder::Encoder;
use crate::error::Malformed;

/// Bytes that say which fields follow.
const MASK: usize = 3;

/// Writes fields, each with its counterpart in the base.
pub struct FieldsOut<'a> {
    encoder: &'a mut Encoder,
    mask_at: usize,
    mask: u32,
    next: u32,
}

impl<'a> FieldsOut<'a> {
    pub fn new(encoder: &'a mut Encoder) -> Self {
        let mask_at = encoder.bytes.len();
        encoder.bytes.extend_from_slice(&[0; MASK]);
        Self {
            encoder,
            mask_at,
            mask: 0,
            next: 1,
        }
    }

    pub fn put<T: PartialEq>(&mut self, base: &T, value: &T, write: impl FnOnce(&mut Encoder, &T)) {
        if value != base {
            self.mask |= self.next;
            write(self.encoder, value);
        }
        self.next <<= 1;
    }

    pub fn put_optional<T: PartialEq>(
        &mut self,
        base: Option<&T>,
        value: Option<&T>,
        write: impl FnOnce(&mut Encoder, &T),
    ) {
        self.put(&base, &value, |encoder, value| {
            encoder.optional(*value, write);
        });
    }

    /// A count is written as what was added. One that fell wraps around.
    pub fn put_count(&mut self, base: u64, value: u64) {
        self.put(&base, &value, |encoder, value| {
            encoder.number(value.wrapping_sub(base));
        });
    }

    pub fn end(self) {
        let mask = &self.mask.to_le_bytes()[..MASK];
        self.encoder.bytes[self.mask_at..self.mask_at + MASK].copy_from_slice(mask);
    }
}

/// Reads fields into an entry that is its base so far.
pub struct FieldsIn<'a, 'b> {
    decoder: &'a mut Decoder<'b>,
    mask: u32,
}

impl<'a, 'b> FieldsIn<'a, 'b> {
    pub fn new(decoder: &'a mut Decoder<'b>) -> Result<Self, Malformed> {
        let mask = u32::from_le_bytes([decoder.byte()?, decoder.byte()?, decoder.byte()?, 0]);
        Ok(Self { decoder, mask })
    }

    pub fn get<T>(
        &mut self,
        field: &mut T,
        read: impl FnOnce(&mut Decoder<'b>) -> Result<T, Malformed>,
    ) -> Result<(), Malformed> {
        if self.mask & 1 != 0 {
            *field = read(self.decoder)?;
        }
        self.mask >>= 1;
        Ok(())
    }

    pub fn get_optional<T>(
        &mut self,
        field: &mut Option<T>,
        read: impl FnOnce(&mut Decoder<'b>) -> Result<T, Malformed>,
    ) -> Result<(), Malformed> {
        self.get(field, |decoder| decoder.optional(read))
    }

    pub fn get_count(&mut self, field: &mut u64) -> Result<(), Malformed> {
        let base = *field;
        self.get(field, |decoder| Ok(base.wrapping_add(decoder.number()?)))
    }

    pub fn end(self) -> Result<(), Malformed> {
        match self.mask {
            0 => Ok(()),
            _ => Err("a field that there is not"),
        }
    }
}
