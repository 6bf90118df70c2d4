//! Bytes that no recorder wrote.

use proptest::collection::vec;
use proptest::prelude::*;

use pileup_recording::{Recording, RecordingError};

use crate::snapshots::watch;
use crate::{read, recorded};

/// The header, and a first frame of one `TARGET`: what follows it is read as frames.
fn start() -> Vec<u8> {
    let whole = recorded(&[]);
    let first = u32::from_le_bytes(whole[10..14].try_into().expect("four bytes"));
    whole[..18 + first as usize].to_vec()
}

/// A frame with its right checksum around any bytes.
fn frame(packed: &[u8]) -> Vec<u8> {
    let mut frame = u32::try_from(packed.len())
        .expect("short")
        .to_le_bytes()
        .to_vec();
    frame.extend_from_slice(&crc32fast::hash(packed).to_le_bytes());
    frame.extend_from_slice(packed);
    frame
}

/// Any content as deflate's stored blocks: it passes all checks but those of the content.
fn stored(content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).expect("short");
    let mut packed = vec![0];
    packed.extend_from_slice(&length.to_le_bytes());
    packed.extend_from_slice(&(!length).to_le_bytes());
    packed.extend_from_slice(content);
    packed
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..400)) {
        read(&bytes);
        read(&[start(), bytes].concat());
    }

    #[test]
    fn any_frames_are_read_or_refused(frames in vec(vec(any::<u8>(), 0..60), 1..4)) {
        let frames: Vec<_> = frames.iter().map(|bytes| frame(bytes)).collect();
        let bytes = [start(), frames.concat()].concat();
        prop_assert!(Recording::new(&bytes[..]).is_ok(), "the start is sound");
        read(&bytes);
    }

    #[test]
    fn any_content_is_read_or_refused(contents in vec(vec(any::<u8>(), 0..60), 1..4)) {
        let frames: Vec<_> = contents
            .into_iter()
            .map(|mut content| {
                // Most are snapshots: another first byte is soon refused.
                content.insert(0, 1);
                frame(&stored(&content))
            })
            .collect();
        let (_, error) = read(&[start(), frames.concat()].concat());
        // None holds the end of a watch.
        prop_assert!(error.is_some());
    }

    #[test]
    fn a_changed_byte_is_noticed(watch in watch(), at in any::<prop::sample::Index>(), flip in 1_u8..) {
        let mut bytes = recorded(&watch);
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        let (read, error) = read(&bytes);
        prop_assert!(error.is_some(), "byte {at}");
        prop_assert_eq!(&read[..], &watch[..read.len()]);
    }
}

#[test]
fn a_length_alone_reserves_nothing() {
    // The greatest lengths that pass: of a frame, of a list, of a text.
    let longest = (1_u32 << 26).to_le_bytes();
    let (_, error) = read(&[&start()[..], &longest, &[0; 4], b"short"].concat());
    assert!(
        matches!(error, Some(RecordingError::EndsEarly { .. })),
        "{error:?}"
    );

    let too_long = (1_u32 << 30).to_le_bytes();
    let (_, error) = read(&[&start()[..], &too_long, &[0; 4], b"short"].concat());
    assert!(
        matches!(error, Some(RecordingError::Damaged { .. })),
        "{error:?}"
    );

    // A snapshot at time 0, nothing dropped, withheld or unseen, no lag,
    // no retention, no gap, no scheduling, 2^60 finished tasks.
    let mut content = vec![1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    content.extend_from_slice(&[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10]);
    let (_, error) = read(&[start(), frame(&stored(&content))].concat());
    assert!(
        matches!(error, Some(RecordingError::Damaged { .. })),
        "{error:?}"
    );
}

#[test]
fn a_bomb_is_put_out() {
    use flate2::{Compress, Compression, FlushCompress};

    // A frame that says in few bytes that 60 million tasks have finished.
    let mut content = vec![1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    content.extend_from_slice(&[0x80, 0x80, 0x80, 0x0a]); // 20 Mi
    content.resize(content.len() + 3 * (20 << 20), 0);
    let mut packed = Vec::with_capacity(1 << 20);
    let mut deflate = Compress::new(Compression::best(), false);
    deflate
        .compress_vec(&content, &mut packed, FlushCompress::Sync)
        .expect("it compresses");
    assert_eq!(deflate.total_in(), content.len() as u64);

    let (_, error) = read(&[start(), frame(&packed)].concat());
    assert!(
        matches!(error, Some(RecordingError::Damaged { reason, .. }) if reason.contains("memory")),
        "{error:?}"
    );
}
