//! Frames: a length, a checksum, and a piece of one deflate stream that runs through the
//! whole recording.
//!
//! Each piece ends on a byte boundary, so that all of a frame is known once it is there.

use std::io::{ErrorKind, Read};

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};

use crate::error::RecordingError;
use crate::limits::MOST_IN_FRAME;

/// A length and a checksum, four bytes each.
const HEAD: usize = 8;
/// By so much does the output grow while its size is not known.
const STEP: usize = 1 << 16;

/// Makes frames.
#[derive(Debug)]
pub struct Packer {
    deflate: Compress,
}

impl Packer {
    pub fn new() -> Self {
        Self {
            deflate: Compress::new(Compression::default(), false),
        }
    }

    /// Appends a frame with this content to `output`.
    pub fn pack(&mut self, content: &[u8], output: &mut Vec<u8>) -> Result<(), RecordingError> {
        if content.len() > MOST_IN_FRAME {
            return Err(RecordingError::TooLarge);
        }
        let mut packed = Vec::new();
        let mut rest = content;
        loop {
            packed.reserve(STEP);
            let taken = self.deflate.total_in();
            self.deflate
                .compress_vec(rest, &mut packed, FlushCompress::Sync)
                .map_err(|error| RecordingError::Write(error.into()))?;
            rest = advanced(rest, taken, self.deflate.total_in());
            // With room left, nothing is held back any more.
            if rest.is_empty() && packed.len() < packed.capacity() {
                break;
            }
        }
        if packed.len() > MOST_IN_FRAME {
            return Err(RecordingError::TooLarge);
        }
        let length = u32::try_from(packed.len()).map_err(|_| RecordingError::TooLarge)?;
        output.extend_from_slice(&length.to_le_bytes());
        output.extend_from_slice(&crc32fast::hash(&packed).to_le_bytes());
        output.append(&mut packed);
        Ok(())
    }
}

/// Why there is no frame.
#[derive(Debug)]
pub enum NoFrame {
    /// The bytes end before the frame does.
    EndsEarly,
    /// The bytes are not those of a frame.
    Damaged(&'static str),
    /// The bytes cannot be had.
    Read(std::io::Error),
}

/// Opens frames.
#[derive(Debug)]
pub struct Unpacker {
    inflate: Decompress,
}

impl Unpacker {
    pub fn new() -> Self {
        Self {
            inflate: Decompress::new(false),
        }
    }

    /// The content of the next frame.
    pub fn unpack(&mut self, input: &mut impl Read) -> Result<Vec<u8>, NoFrame> {
        let mut head = [0; HEAD];
        input.read_exact(&mut head).map_err(no_frame)?;
        let [l0, l1, l2, l3, c0, c1, c2, c3] = head;
        let length = u32::from_le_bytes([l0, l1, l2, l3]);
        let checksum = u32::from_le_bytes([c0, c1, c2, c3]);
        if usize::try_from(length).map_or(true, |length| length > MOST_IN_FRAME) {
            return Err(NoFrame::Damaged("a frame is longer than frames are"));
        }
        // Grows as the bytes come: the length alone reserves nothing.
        let mut packed = Vec::new();
        let read = input.take(u64::from(length)).read_to_end(&mut packed);
        if read.map_err(NoFrame::Read)? as u64 != u64::from(length) {
            return Err(NoFrame::EndsEarly);
        }
        if crc32fast::hash(&packed) != checksum {
            return Err(NoFrame::Damaged("a frame and its checksum disagree"));
        }
        self.inflate(&packed).map_err(NoFrame::Damaged)
    }

    fn inflate(&mut self, packed: &[u8]) -> Result<Vec<u8>, &'static str> {
        let mut content = Vec::new();
        let mut rest = packed;
        loop {
            content.reserve(STEP);
            let (taken, given) = (self.inflate.total_in(), self.inflate.total_out());
            self.inflate
                .decompress_vec(rest, &mut content, FlushDecompress::Sync)
                .map_err(|_| "a frame does not decompress")?;
            rest = advanced(rest, taken, self.inflate.total_in());
            if content.len() > MOST_IN_FRAME {
                return Err("a frame holds more than frames do");
            }
            if rest.is_empty() && content.len() < content.capacity() {
                return Ok(content);
            }
            if taken == self.inflate.total_in() && given == self.inflate.total_out() {
                return Err("a frame goes on after the end of its stream");
            }
        }
    }
}

fn advanced(rest: &[u8], before: u64, after: u64) -> &[u8] {
    let taken = usize::try_from(after - before).unwrap_or(usize::MAX);
    rest.get(taken..).unwrap_or_default()
}

fn no_frame(error: std::io::Error) -> NoFrame {
    match error.kind() {
        ErrorKind::UnexpectedEof => NoFrame::EndsEarly,
        _ => NoFrame::Read(error),
    }
}
