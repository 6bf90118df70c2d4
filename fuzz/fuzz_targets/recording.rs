//! Any bytes as a recording give snapshots, and a report of them, or an error.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pileup_diagnosis::{History, diagnose};
use pileup_recording::Recording;

fuzz_target!(|bytes: &[u8]| {
    let Ok(recording) = Recording::new(bytes) else {
        return;
    };
    let mut history = History::default();
    for snapshot in recording.map_while(Result::ok) {
        history.observe(snapshot);
    }
    let report = diagnose(&history, "anything");
    serde_json::to_string(&report).expect("a report is JSON");
});
