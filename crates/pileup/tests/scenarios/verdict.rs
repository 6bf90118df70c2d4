//! pileup names exactly the sites at fault, says what is wrong with them, and
//! accuses no healthy program.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::attempts::Shown;
use crate::await_lines;
use crate::ending::{Sight, sight};
use crate::process::Process;
use crate::process::programs::workspace;
use crate::truth::{Finds, Scenario, lines_of};

/// The work of a scenario is done in a moment: with that known, a short watch decides.
pub const MAX_LIFETIME: &str = "1m";

/// What is said of a scenario that runs, in a watch that is recorded.
pub fn check(
    scenario: &Scenario,
    variant: &str,
    process: &Process,
    watch: Duration,
    recording: &Path,
) -> Result<Shown, String> {
    let mut diagnose = Command::new(env!("CARGO_BIN_EXE_pileup"));
    diagnose
        .args(["diagnose", &process.console, "--record"])
        .arg(recording)
        .args(["--max-lifetime", MAX_LIFETIME]);
    is_right(scenario, variant, diagnose, watch)
}

/// What is said of the leaky program at the article's own pace.
pub fn check_at_the_seeds_pace(scenario: &Scenario, watch: Duration) -> Result<Shown, String> {
    let mut investigate = Command::new(env!("CARGO_BIN_EXE_pileup"));
    investigate
        .current_dir(workspace())
        .args(["investigate", &scenario.name, "--every", "2s"])
        .args(["--max-lifetime", MAX_LIFETIME]);
    is_right(scenario, "leaky", investigate, watch)
}

fn is_right(
    scenario: &Scenario,
    variant: &str,
    mut pileup: Command,
    watch: Duration,
) -> Result<Shown, String> {
    let output = pileup
        .args(["--for", &format!("{}s", watch.as_secs())])
        .args(["--format", "json", "--fail-on", scenario.least_grade()])
        .output()
        .map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stderr);
    let report: Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("not a report: {error}\n{said}"))?;
    let accusations = accusations(&report, scenario.least_grade())?;
    let found = sites(&accusations)?;
    let expected = match variant {
        "leaky" => scenario.sites.as_slice(),
        _ => &[],
    };
    let details = format!("expected {expected:?}\n{report:#}\n{said}");
    if let Some(site) = accused_wrongly(&found, expected) {
        return Err(format!("accused of nothing: {site:?}\n{details}"));
    }
    let sight = sight(&output, &report, !found.is_empty());
    if sight.map_err(|wrong| format!("{wrong}\n{details}"))? == Sight::Blind {
        return Ok(Shown::Incomplete(format!("it could not decide\n{details}")));
    }
    if found.is_empty() && !expected.is_empty() {
        return Ok(Shown::CalledClean(format!("it is called clean\n{details}")));
    }
    if found != expected {
        return Ok(Shown::Incomplete(format!(
            "the findings are at {found:?}\n{details}"
        )));
    }
    if let Shown::Incomplete(missing) = await_lines::check(scenario, &accusations)? {
        return Ok(Shown::Incomplete(format!("{missing}\n{details}")));
    }
    match &scenario.finds {
        Some(finds) if variant == "leaky" => says(&accusations, finds, &scenario.name).map_or_else(
            |wrong| Ok(Shown::Incomplete(format!("{wrong}\n{details}"))),
            |()| Ok(Shown::All),
        ),
        _ => Ok(Shown::All),
    }
}

/// A site that is accused and not at fault. Where a leaky program is a client, the tasks of a
/// dependency leak with those of the program: a report that does not see that they belong
/// together is not complete, but wrong it is not.
pub fn accused_wrongly<'a>(
    found: &'a [(String, u32)],
    at_fault: &[(String, u32)],
) -> Option<&'a (String, u32)> {
    let is_dependency = |file: &str| !file.starts_with("scenarios/");
    let is_right = |site: &(String, u32)| {
        at_fault.contains(site) || is_dependency(&site.0) && !at_fault.is_empty()
    };
    found.iter().find(|site| !is_right(site))
}

/// The findings from a grade on.
pub fn accusations<'a>(report: &'a Value, least_grade: &str) -> Result<Vec<&'a Value>, String> {
    let findings = report["findings"].as_array().ok_or("no findings")?;
    let accused = findings
        .iter()
        .filter(|finding| least_grade == "suspicious" || finding["grade"] != "suspicious");
    Ok(accused.collect())
}

/// Whether every finding says what is wrong.
fn says(accusations: &[&Value], finds: &Finds, scenario: &str) -> Result<(), String> {
    for finding in accusations {
        let holders = finding["held_by"].as_array().ok_or("no holders")?;
        let if_held = finds.code_if_held_by.as_ref();
        let is_of_code = finding["code"] == *finds.code
            || (!holders.is_empty() && if_held.is_some_and(|code| finding["code"] == **code));
        if !is_of_code || finding["grade"] != *finds.grade {
            return Err(format!("not {} {}", finds.grade, finds.code));
        }
        let waits_on = &finding["waits_on"];
        if waits_on["kind"].as_str() != finds.waits_for.as_deref() {
            let expected = finds.waits_for.as_deref().unwrap_or("nothing");
            return Err(format!("not that they wait for {expected}"));
        }
        if let Some(function) = &finds.made_in {
            let resource = site(&waits_on["resource"])?;
            if !is_in(&resource, scenario, function)? {
                return Err(format!(
                    "not that what they wait for was made in {function}"
                ));
            }
        }
        if holders.is_empty() {
            if let Some(function) = &finds.held_by {
                return Err(format!("not that tasks that {function} spawns hold it"));
            }
        } else {
            let known = finds.held_by.as_ref().or(finds.may_be_held_by.as_ref());
            let function = known.ok_or("held by somebody who cannot be known")?;
            let mut sites = holders.iter().map(|holder| site(&holder["site"]));
            if !sites
                .any(|site| site.is_ok_and(|site| is_in(&site, scenario, function) == Ok(true)))
            {
                return Err(format!("not that tasks that {function} spawns hold it"));
            }
        }
    }
    Ok(())
}

fn is_in(site: &(String, u32), scenario: &str, function: &str) -> Result<bool, String> {
    let (file, lines) = lines_of(scenario, function)?;
    Ok(site.0 == file && lines.iter().any(|(number, _)| *number == site.1))
}

/// The sites that findings name, as their own or as that of a holder, in the order of files
/// and lines.
pub fn sites(findings: &[&Value]) -> Result<Vec<(String, u32)>, String> {
    let mut sites = BTreeSet::new();
    for finding in findings {
        let holders = finding["held_by"].as_array().ok_or("no holders")?;
        sites.insert(site(&finding["site"])?);
        for holder in holders {
            sites.insert(site(&holder["site"])?);
        }
    }
    Ok(sites.into_iter().collect())
}

fn site(site: &Value) -> Result<(String, u32), String> {
    let file = site["file"].as_str().ok_or("no file")?;
    let line = site["line"].as_u64().ok_or("no line")?;
    let line = u32::try_from(line).map_err(|error| error.to_string())?;
    Ok((file.to_owned(), line))
}
