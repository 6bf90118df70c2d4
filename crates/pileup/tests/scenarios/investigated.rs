//! `pileup investigate`, as the README has it: on any machine it gives the right answer, or says
//! why it could not decide.

use std::process::Command;

use serde_json::Value;

use crate::ending::{Sight, sight};
use crate::process::programs::workspace;
use crate::truth::Scenario;
use crate::verdict::{accusations, accused_wrongly, sites};

/// What a run has shown.
pub enum Answer {
    /// Each site at fault, in a finding of a grade that counts for its scenario, and no other site
    /// of the program.
    Right,
    /// Not that, and what the report says about it.
    NotTold(String),
}

/// Runs the command on a variant. A healthy program that is accused is an error, and so is a leak
/// of which nothing is said.
pub fn check(scenario: &Scenario, variant: &str) -> Result<Answer, String> {
    let output = Command::new(env!("CARGO_BIN_EXE_pileup"))
        .current_dir(workspace())
        .args(["investigate", &scenario.name, "--variant", variant])
        .args(["--format", "json"])
        .output()
        .map_err(|error| error.to_string())?;
    let errors = String::from_utf8_lossy(&output.stderr);
    let report: Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("not a report: {error}\n{errors}"))?;
    let details = || format!("{}\n{errors}\n{report:#}", output.status);
    let accused = sites(&accusations(&report, scenario.least_grade())?)?;
    let at_fault = match variant {
        "leaky" => scenario.sites.as_slice(),
        _ => &[],
    };
    if let Some(site) = accused_wrongly(&accused, at_fault) {
        return Err(format!("accused of nothing: {site:?}\n{}", details()));
    }
    let counts = !accusations(&report, "probable")?.is_empty();
    let sight = sight(&output, &report, counts);
    let sight = sight.map_err(|wrong| format!("{wrong}\n{}", details()))?;
    let missing = at_fault.iter().filter(|site| !accused.contains(site));
    let missing: Vec<_> = missing.collect();
    if missing.is_empty() && sight == Sight::Clear {
        return Ok(Answer::Right);
    }
    let blind = report["coverage"]["blind"].as_array().ok_or("no `blind`")?;
    if !blind.is_empty() {
        return Ok(Answer::NotTold(format!("blind: {blind:?}")));
    }
    let suspected = sites(&accusations(&report, "suspicious")?)?;
    match missing.iter().find(|site| !suspected.contains(site)) {
        Some(site) => Err(format!("nothing is said of {site:?}\n{}", details())),
        None => Ok(Answer::NotTold(format!("suspicious only: {missing:?}"))),
    }
}
