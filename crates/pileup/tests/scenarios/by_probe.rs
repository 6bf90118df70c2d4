//! By its probe alone: growth and age show the piles, and accuse no healthy program.

use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::attempts::Shown;
use crate::await_lines;
use crate::ending::{Sight, sight};
use crate::process::Process;
use crate::truth::Scenario;
use crate::verdict::{MAX_LIFETIME, accusations, accused_wrongly, sites};

pub fn check(
    scenario: &Scenario,
    variant: &str,
    process: &Process,
    watch: Duration,
) -> Result<Shown, String> {
    let output = Command::new(env!("CARGO_BIN_EXE_pileup"))
        .args(["diagnose", "--probe", &process.probe, "--format", "json"])
        .args(["--for", &format!("{}s", watch.as_secs())])
        .args(["--max-lifetime", MAX_LIFETIME])
        .output()
        .map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stderr);
    let report: Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("not a report: {error}\n{said}"))?;
    let accusations = accusations(&report, "probable")?;
    let found = sites(&accusations)?;
    let details = format!("{report:#}\n{said}");
    let expected = match variant {
        "leaky" => scenario.sites.as_slice(),
        _ => &[],
    };
    if let Some(site) = accused_wrongly(&found, expected) {
        return Err(format!(
            "by its probe, accused of nothing: {site:?}\n{details}"
        ));
    }
    let sight = sight(&output, &report, !found.is_empty());
    if sight.map_err(|wrong| format!("by its probe: {wrong}\n{details}"))? == Sight::Blind {
        return Ok(Shown::Incomplete(format!(
            "by its probe, it could not decide\n{details}"
        )));
    }
    let is_pile = scenario
        .finds
        .as_ref()
        .is_none_or(|finds| finds.code == "PU03" && !finds.unseen_by_probe);
    // What leaks in another way shows to a probe as a pile or not at all.
    let must_be_found = is_pile && scenario.grows_to.is_none();
    if must_be_found && found.is_empty() && !expected.is_empty() {
        return Ok(Shown::CalledClean(format!(
            "by its probe, it is called clean\n{details}"
        )));
    }
    if must_be_found && found != expected {
        return Ok(Shown::Incomplete(format!(
            "by its probe, the findings are at {found:?}, not {expected:?}\n{details}"
        )));
    }
    await_lines::check(scenario, &accusations)
}
