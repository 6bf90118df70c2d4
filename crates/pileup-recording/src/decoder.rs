//! Bytes as values: the other way round of the encoder.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use pileup_model::{Attribute, AttributeValue, Frame, Site, TaskKind, Wait, WokenBy};

use crate::error::Malformed;
use crate::limits::{MOST_ATTRIBUTES, MOST_FRAMES};
use crate::texts::{NEW, Texts};
use crate::waits::Waits;

const NANOS_PER_SECOND: u128 = 1_000_000_000;

/// What frames before this one have written, by number.
#[derive(Debug, Default)]
pub struct Tables {
    texts: Texts,
    waits: Waits,
}

/// What is left of one frame, with what the frames before it have defined.
#[derive(Debug)]
pub struct Decoder<'a> {
    rest: &'a [u8],
    tables: &'a mut Tables,
    now: Timestamp,
}

impl<'a> Decoder<'a> {
    /// Reads a frame that follows one of the time `last`.
    pub fn new(frame: &'a [u8], tables: &'a mut Tables, last: Timestamp) -> Self {
        Self {
            rest: frame,
            tables,
            now: last,
        }
    }

    /// The time of the frame, from which all others in it are counted.
    pub fn turn(&mut self) -> Result<Timestamp, Malformed> {
        self.now = self.time()?;
        Ok(self.now)
    }

    pub fn end(&self) -> Result<(), Malformed> {
        match self.rest {
            [] => Ok(()),
            _ => Err("a frame holds more than it should"),
        }
    }

    pub fn bytes(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or(TOO_SHORT)?;
        self.rest = rest;
        Ok(bytes)
    }

    pub fn byte(&mut self) -> Result<u8, Malformed> {
        let (byte, rest) = self.rest.split_first().ok_or(TOO_SHORT)?;
        self.rest = rest;
        Ok(*byte)
    }

    fn wide(&mut self) -> Result<u128, Malformed> {
        let mut number = 0;
        for shift in (0..u128::BITS).step_by(7) {
            let byte = self.byte()?;
            let bits = u128::from(byte & 0x7f);
            let shifted = bits << shift;
            if shifted >> shift != bits {
                return Err(TOO_LARGE);
            }
            number |= shifted;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(TOO_LARGE)
    }

    pub fn number(&mut self) -> Result<u64, Malformed> {
        u64::try_from(self.wide()?).map_err(|_| TOO_LARGE)
    }

    pub fn small(&mut self) -> Result<u32, Malformed> {
        u32::try_from(self.wide()?).map_err(|_| TOO_LARGE)
    }

    /// A length: of bytes, or of a list whose items take a byte at least.
    pub fn length(&mut self) -> Result<usize, Malformed> {
        match usize::try_from(self.wide()?) {
            Ok(length) if length <= self.rest.len() => Ok(length),
            _ => Err(TOO_SHORT),
        }
    }

    fn signed(&mut self) -> Result<i128, Malformed> {
        let number = self.wide()?;
        Ok((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }

    pub fn flag(&mut self) -> Result<bool, Malformed> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err("neither yes nor no"),
        }
    }

    pub fn time(&mut self) -> Result<Timestamp, Malformed> {
        let distance = self.signed()?;
        let time = self.now.as_nanosecond().checked_add(distance);
        time.and_then(|time| Timestamp::from_nanosecond(time).ok())
            .ok_or("a time out of range")
    }

    pub fn duration(&mut self) -> Result<Duration, Malformed> {
        let nanos = self.wide()?;
        let seconds = u64::try_from(nanos / NANOS_PER_SECOND).map_err(|_| TOO_LARGE)?;
        let nanos = u32::try_from(nanos % NANOS_PER_SECOND).map_err(|_| TOO_LARGE)?;
        Ok(Duration::new(seconds, nanos))
    }

    pub fn text(&mut self) -> Result<Arc<str>, Malformed> {
        match self.number()? {
            NEW => {
                let length = self.length()?;
                let text = str::from_utf8(self.bytes(length)?);
                Ok(self
                    .tables
                    .texts
                    .add(text.map_err(|_| "a text that is none")?))
            }
            number => self
                .tables
                .texts
                .get(number)
                .ok_or("the number of a text that was not written"),
        }
    }

    pub fn site(&mut self) -> Result<Site, Malformed> {
        Ok(Site {
            file: self.text()?,
            line: self.small()?,
            column: self.small()?,
        })
    }

    pub fn waits(&mut self) -> Result<Arc<[Arc<Wait>]>, Malformed> {
        (0..self.frames()?).map(|_| self.wait()).collect()
    }

    pub fn wait(&mut self) -> Result<Arc<Wait>, Malformed> {
        match self.number()? {
            NEW => {
                let wait = Wait {
                    kind: self.text()?,
                    passed: self.flag()?,
                    place: self.optional(Self::frame)?,
                    stack: (0..self.frames()?)
                        .map(|_| self.frame())
                        .collect::<Result<_, _>>()?,
                };
                Ok(self.tables.waits.add(wait))
            }
            number => {
                let wait = self.tables.waits.get(number);
                wait.ok_or("a wait that was not written before")
            }
        }
    }

    /// The length of a list of frames or waits.
    fn frames(&mut self) -> Result<usize, Malformed> {
        match self.length()? {
            length if length <= MOST_FRAMES => Ok(length),
            _ => Err("more frames than a stack can have"),
        }
    }

    fn frame(&mut self) -> Result<Frame, Malformed> {
        Ok(Frame {
            function: self.text()?,
            file: self.optional(Self::text)?,
            line: self.optional(Self::small)?,
        })
    }

    pub fn woken_by(&mut self) -> Result<Arc<WokenBy>, Malformed> {
        Ok(Arc::new(WokenBy {
            task: self.optional(Self::number)?,
            site: self.optional(Self::site)?,
        }))
    }

    pub fn kind(&mut self) -> Result<TaskKind, Malformed> {
        Ok(match self.byte()? {
            0 => TaskKind::Async,
            1 => TaskKind::Local,
            2 => TaskKind::Blocking,
            3 => TaskKind::BlockOn,
            4 => TaskKind::Other,
            _ => return Err("an unknown kind of task"),
        })
    }

    pub fn attributes(&mut self) -> Result<Vec<Attribute>, Malformed> {
        match self.length()? {
            length if length <= MOST_ATTRIBUTES => (0..length).map(|_| self.attribute()).collect(),
            _ => Err("more attributes than there can be"),
        }
    }

    fn attribute(&mut self) -> Result<Attribute, Malformed> {
        let name = self.text()?;
        let value = match self.byte()? {
            0 => AttributeValue::Bool(false),
            1 => AttributeValue::Bool(true),
            2 => AttributeValue::Unsigned(self.number()?),
            3 => AttributeValue::Signed(i64::try_from(self.signed()?).map_err(|_| TOO_LARGE)?),
            4 => AttributeValue::Text(self.text()?),
            _ => return Err("an unknown kind of value"),
        };
        Ok(Attribute { name, value })
    }

    pub fn optional<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Malformed>,
    ) -> Result<Option<T>, Malformed> {
        self.flag()?.then(|| read(self)).transpose()
    }
}

const TOO_SHORT: Malformed = "a frame holds less than it says";
const TOO_LARGE: Malformed = "a number out of range";
