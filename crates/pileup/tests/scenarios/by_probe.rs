//! By its probe alone: growth and age show the piles, and accuse no healthy program.

use std::process::Command;

use serde_json::Value;

use crate::process::Process;
use crate::truth::Scenario;
use crate::verdict::{accusations, sites};

const WATCH: &str = "8s";

pub fn check(scenario: &Scenario, variant: &str, process: &Process) -> Result<(), String> {
    let output = Command::new(env!("CARGO_BIN_EXE_pileup"))
        .args(["diagnose", "--probe", &process.probe, "--for", WATCH])
        .args(["--format", "json"])
        .output()
        .map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stderr);
    let report: Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("not a report: {error}\n{said}"))?;
    let found = sites(&accusations(&report, "probable")?)?;
    let is_pile = scenario
        .finds
        .as_ref()
        .is_none_or(|finds| finds.code == "PU03" && !finds.unseen_by_probe);
    let right = match variant {
        "leaky" if is_pile && scenario.grows_to.is_none() => found == scenario.sites,
        // What else leaks shows to a probe as a pile or not at all.
        "leaky" => true,
        _ => found.is_empty(),
    };
    if right {
        Ok(())
    } else {
        Err(format!("by its probe: {found:?}\n{report:#}\n{said}"))
    }
}
