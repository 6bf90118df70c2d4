//! A watch on disk: the [`Snapshot`](pileup_model::Snapshot)s of one target as a stream of
//! compressed changes. What comes out equals what went in.
//!
//! - [`Recorder`] writes each snapshot at once. A recording whose recorder was killed can be
//!   read up to there, and says that it ends early.
//! - [`Recording`] reads any bytes without a panic, and keeps no more than [`MOST_KEPT`] of
//!   them: what a length claims is believed only once the bytes are there.
//!
//! The format stands in `docs/recording.md`, byte for byte.

mod changes;
mod decoder;
mod encoder;
mod entry;
mod error;
mod fields;
mod frame;
mod limits;
mod process;
mod recorder;
mod recording;
mod texts;
mod turnover;
mod waits;

pub use error::RecordingError;
pub use limits::MOST_KEPT;
pub use recorder::{Ending, Recorder};
pub use recording::{Recording, is_recording};

/// How a recording begins. The first byte is in no text, so that none is taken for one.
const MAGIC: [u8; 8] = *b"\x89pileup\n";
/// The version that is written and read.
const VERSION: u16 = 6;
