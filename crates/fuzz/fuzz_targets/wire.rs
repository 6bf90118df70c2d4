//! Any messages of a target, one after the other, give snapshots and a report.

#![no_main]

use console_api::instrument::Update;
use libfuzzer_sys::fuzz_target;
use pileup_console::World;
use pileup_diagnosis::{History, diagnose, graph};
use prost::Message;

fuzz_target!(|bytes: &[u8]| {
    let mut bytes = bytes;
    let mut world = World::default();
    let mut history = History::default();
    while let Ok(update) = Update::decode_length_delimited(&mut bytes) {
        world.apply(update);
        history.observe(world.snapshot());
        if bytes.is_empty() {
            break;
        }
    }
    let report = diagnose(&history, "anything");
    serde_json::to_string(&report).expect("a report is JSON");
    serde_json::to_string(&graph(&history)).expect("a graph is JSON");
});
