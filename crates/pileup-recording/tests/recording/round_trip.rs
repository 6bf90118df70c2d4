//! What comes out equals what went in.

use pileup_recording::{Recording, RecordingError};
use proptest::prelude::*;

use crate::snapshots::watch;
use crate::{TARGET, read, recorded};

proptest! {
    #[test]
    fn what_comes_out_equals_what_went_in(watch in watch()) {
        let bytes = recorded(&watch);
        let (read, error) = read(&bytes);
        prop_assert!(error.is_none(), "{error:?}");
        prop_assert_eq!(read, watch);
        let recording = Recording::new(&bytes[..]).expect("it was read before");
        prop_assert_eq!(recording.target(), TARGET);
    }

    #[test]
    fn a_recording_cut_anywhere_gives_what_came_before(watch in watch(), cut in any::<prop::sample::Index>()) {
        let bytes = recorded(&watch);
        let (read, error) = read(&bytes[..cut.index(bytes.len())]);
        let snapshots = read.len() as u64;
        prop_assert!(
            matches!(error, Some(RecordingError::EndsEarly { snapshots: reported }) if reported == snapshots),
            "{error:?}"
        );
        prop_assert_eq!(&read[..], &watch[..read.len()]);
    }
}
