//! Values as bytes.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use pileup_model::{Attribute, AttributeValue, Frame, Site, TaskKind, Wait, WokenBy};

use crate::texts::{NEW, TextNumbers};
use crate::waits::WaitNumbers;

/// Builds the bytes of one frame.
#[derive(Debug)]
pub struct Encoder {
    pub bytes: Vec<u8>,
    texts: TextNumbers,
    waits: WaitNumbers,
    /// Times are written by their distance to this one.
    now: Timestamp,
}

impl Encoder {
    pub fn new() -> Self {
        Self {
            bytes: Vec::new(),
            texts: TextNumbers::default(),
            waits: WaitNumbers::default(),
            now: Timestamp::UNIX_EPOCH,
        }
    }

    /// From here on, times are written by their distance to `now`. It is itself written by its
    /// distance to the one before.
    pub fn turn_to(&mut self, now: Timestamp) {
        self.time(&now);
        self.now = now;
    }

    pub fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    /// Seven bits a byte, the lowest first; the eighth says that more follow.
    pub fn number(&mut self, number: impl Into<u128>) {
        let mut rest = number.into();
        while rest > 0x7f {
            self.bytes.push(rest.to_le_bytes()[0] | 0x80);
            rest >>= 7;
        }
        self.bytes.push(rest.to_le_bytes()[0]);
    }

    pub fn length(&mut self, length: usize) {
        self.number(length as u64);
    }

    /// 0, -1, 1, -2, 2 as 0, 1, 2, 3, 4.
    pub fn signed(&mut self, number: i128) {
        self.number(((number << 1) ^ (number >> 127)).cast_unsigned());
    }

    pub fn flag(&mut self, flag: bool) {
        self.byte(u8::from(flag));
    }

    pub fn time(&mut self, time: &Timestamp) {
        self.signed(time.as_nanosecond() - self.now.as_nanosecond());
    }

    pub fn duration(&mut self, duration: &Duration) {
        self.number(duration.as_nanos());
    }

    pub fn text(&mut self, text: &Arc<str>) {
        if let Some(number) = self.texts.number(text) {
            self.number(number);
            return;
        }
        self.number(NEW);
        self.length(text.len());
        self.bytes.extend_from_slice(text.as_bytes());
    }

    pub fn site(&mut self, site: &Site) {
        self.text(&site.file);
        self.number(site.line);
        self.number(site.column);
    }

    pub fn waits(&mut self, waits: &Arc<[Arc<Wait>]>) {
        self.length(waits.len());
        for wait in waits.iter() {
            self.wait(wait);
        }
    }

    pub fn wait(&mut self, wait: &Arc<Wait>) {
        if let Some(number) = self.waits.number(wait) {
            self.number(number);
            return;
        }
        self.number(NEW);
        self.text(&wait.kind);
        self.flag(wait.passed);
        self.optional(wait.place.as_ref(), Self::frame);
        self.length(wait.stack.len());
        for frame in &wait.stack {
            self.frame(frame);
        }
    }

    fn frame(&mut self, frame: &Frame) {
        self.text(&frame.function);
        self.optional(frame.file.as_ref(), Self::text);
        self.optional(frame.line.as_ref(), |out, line| out.number(*line));
    }

    pub fn woken_by(&mut self, woken_by: &Arc<WokenBy>) {
        self.optional(woken_by.task.as_ref(), |out, task| out.number(*task));
        self.optional(woken_by.site.as_ref(), Self::site);
    }

    pub fn kind(&mut self, kind: TaskKind) {
        self.byte(match kind {
            TaskKind::Async => 0,
            TaskKind::Local => 1,
            TaskKind::Blocking => 2,
            TaskKind::BlockOn => 3,
            TaskKind::Other => 4,
        });
    }

    pub fn attributes(&mut self, attributes: &Vec<Attribute>) {
        self.length(attributes.len());
        for Attribute { name, value } in attributes {
            self.text(name);
            match value {
                AttributeValue::Bool(false) => self.byte(0),
                AttributeValue::Bool(true) => self.byte(1),
                AttributeValue::Unsigned(number) => {
                    self.byte(2);
                    self.number(*number);
                }
                AttributeValue::Signed(number) => {
                    self.byte(3);
                    self.signed(i128::from(*number));
                }
                AttributeValue::Text(text) => {
                    self.byte(4);
                    self.text(text);
                }
            }
        }
    }

    /// 0 for none, or 1 and the value.
    pub fn optional<T>(&mut self, value: Option<&T>, write: impl FnOnce(&mut Self, &T)) {
        self.flag(value.is_some());
        if let Some(value) = value {
            write(self, value);
        }
    }
}
