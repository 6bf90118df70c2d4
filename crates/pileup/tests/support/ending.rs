//! What the exit code of a watch says about its report.

use std::process::Output;

use serde_json::Value;

/// Whether the watch could see a leak.
#[derive(PartialEq, Eq)]
pub enum Sight {
    Clear,
    /// The report says that it could not, and why.
    Blind,
}

/// Holds the exit code to the report: 1 if something is accused, else 0, or 3 if the watch was
/// blind. Anything else is an error, and so is a watch that saw no task.
pub fn sight(output: &Output, report: &Value, has_accused: bool) -> Result<Sight, String> {
    let coverage = &report["coverage"];
    // A watch that saw no task can accuse none.
    if coverage["tasks_seen"].as_u64() < Some(1) {
        return Err("nothing was seen".to_owned());
    }
    let blind = coverage["blind"].as_array();
    let is_blind = blind.is_some_and(|reasons| !reasons.is_empty());
    match output.status.code() {
        Some(0) if !has_accused => Ok(Sight::Clear),
        Some(1) if has_accused => Ok(Sight::Clear),
        Some(3) if is_blind => Ok(Sight::Blind),
        _ => {
            let accused = if has_accused { "something" } else { "nothing" };
            Err(format!(
                "exited with {}, and accuses {accused}",
                output.status
            ))
        }
    }
}
