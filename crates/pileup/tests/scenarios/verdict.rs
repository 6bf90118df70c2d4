//! `pileup investigate` names exactly the sites at fault, and accuses no healthy program.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

use crate::truth::{Scenario, workspace};

pub fn check(scenario: &Scenario, variant: &str) -> Result<(), String> {
    let output = Command::new(env!("CARGO_BIN_EXE_pileup"))
        .current_dir(workspace())
        .args(["investigate", &scenario.name, "--variant", variant])
        .args(["--every", "100ms", "--for", "12s", "--format", "json"])
        .output()
        .map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stderr);
    let report: Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("not a report: {error}\n{said}"))?;
    let found = sites(&report)?;
    let (expected, code) = match variant {
        "leaky" => (scenario.sites.as_slice(), 1),
        _ => (&[][..], 0),
    };
    if found != expected {
        return Err(format!(
            "found {found:?}\nexpected {expected:?}\n{report:#}"
        ));
    }
    if output.status.code() != Some(code) {
        return Err(format!("exited with {}, not {code}\n{said}", output.status));
    }
    Ok(())
}

/// The sites that the findings above a suspicion name, as their own or as that of a holder, in the order of
/// files and lines.
fn sites(report: &Value) -> Result<Vec<(String, u32)>, String> {
    let findings = report["findings"].as_array().ok_or("no findings")?;
    let mut sites = BTreeSet::new();
    let accused = |finding: &&Value| finding["grade"] != "suspicious";
    for finding in findings.iter().filter(accused) {
        let holders = finding["held_by"].as_array().ok_or("no holders")?;
        sites.insert(site(finding)?);
        for holder in holders {
            sites.insert(site(holder)?);
        }
    }
    Ok(sites.into_iter().collect())
}

fn site(of: &Value) -> Result<(String, u32), String> {
    let file = of["site"]["file"].as_str().ok_or("no file")?;
    let line = of["site"]["line"].as_u64().ok_or("no line")?;
    let line = u32::try_from(line).map_err(|error| error.to_string())?;
    Ok((file.to_owned(), line))
}
