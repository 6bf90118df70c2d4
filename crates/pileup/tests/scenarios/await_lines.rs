//! Findings name the line at which their tasks wait.

use serde_json::Value;

use crate::attempts::Shown;
use crate::truth::Scenario;

/// Whether the first wait of each finding is at a line that its scenario's manifest names. Tasks
/// that cannot be woken wait nowhere, and the line at which they waited last is named.
pub fn check(scenario: &Scenario, accusations: &[&Value]) -> Result<Shown, String> {
    for finding in accusations {
        let file = finding["site"]["file"].as_str().ok_or("no file")?;
        let waits = finding["waits"].as_array().ok_or("no waits")?;
        let expected = scenario.waits_at.iter().filter(|(of, _)| of == file);
        let expected: Vec<u64> = expected.map(|(_, line)| u64::from(*line)).collect();
        let facts = finding["facts"].as_array().ok_or("no facts")?;
        // Where a task is polled all the time, it has moved on since the probe's answer.
        let are_polled = facts.iter().any(|fact| fact["fact"] == "still_polled");
        if finding["code"] == "PU01" {
            if let Some(wait) = waits.first() {
                return Err(format!("tasks without a waker wait: {wait:#}"));
            }
            let expected = scenario.last_waits_at.iter().filter(|(of, _)| of == file);
            let expected: Vec<u64> = expected.map(|(_, line)| u64::from(*line)).collect();
            let last = facts.iter().find(|fact| fact["fact"] == "waited_last_at");
            let line = last.and_then(|last| last["line"].as_u64());
            if !(expected.is_empty() || line.is_some_and(|line| expected.contains(&line))) {
                return Ok(Shown::Incomplete(format!(
                    "the tasks of {file} are shown to have waited last at line {line:?}, not \
                     {expected:?}"
                )));
            }
        } else if !(expected.is_empty() || are_polled && waits.is_empty()) {
            let first = waits.first().filter(|wait| wait["file"] == file);
            let line = first.and_then(|wait| wait["line"].as_u64());
            if !line.is_some_and(|line| expected.contains(&line)) {
                return Ok(Shown::Incomplete(format!(
                    "the tasks of {file} are shown to wait at line {line:?}, not {expected:?}"
                )));
            }
        }
    }
    Ok(Shown::All)
}
