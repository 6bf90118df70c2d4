//! Any bytes as a recording give snapshots, and a report of them, or an error: as they are,
//! and as the contents of frames whose checksums are right, which nothing would find by chance.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pileup_diagnosis::{History, diagnose, graph};
use pileup_recording::Recording;

/// How a recording of version 1 begins.
const HEADER: &[u8] = b"\x89pileup\n\x01\x00";
/// The content of the first frame: a target, as a new text of eight bytes.
const TARGET: &[u8] = b"\x00\x00\x08anything";

fuzz_target!(|bytes: &[u8]| {
    read(bytes);
    read(&framed(bytes));
});

fn read(bytes: &[u8]) {
    let Ok(recording) = Recording::new(bytes) else {
        return;
    };
    let mut history = History::default();
    for snapshot in recording.map_while(Result::ok) {
        history.observe(snapshot);
    }
    let report = diagnose(&history, "anything");
    serde_json::to_string(&report).expect("a report is JSON");
    serde_json::to_string(&graph(&history)).expect("a graph is JSON");
}

/// A recording with these contents: each frame is a length of two bytes, and that number of bytes.
fn framed(mut contents: &[u8]) -> Vec<u8> {
    let mut recording = HEADER.to_vec();
    frame(TARGET, &mut recording);
    while let Some((length, rest)) = contents.split_first_chunk() {
        let length = usize::from(u16::from_le_bytes(*length)).min(rest.len());
        let (content, rest) = rest.split_at(length);
        contents = rest;
        frame(content, &mut recording);
    }
    recording
}

/// A frame that holds its content as it is, in a deflate block without compression.
fn frame(content: &[u8], output: &mut Vec<u8>) {
    let length = u16::try_from(content.len()).expect("no more than two bytes tell");
    let mut block = vec![0];
    block.extend(length.to_le_bytes());
    block.extend((!length).to_le_bytes());
    block.extend(content);
    let size = u32::try_from(block.len()).expect("little more than its content");
    output.extend(size.to_le_bytes());
    output.extend(crc32fast::hash(&block).to_le_bytes());
    output.extend(block);
}
