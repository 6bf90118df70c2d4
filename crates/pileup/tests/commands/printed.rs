//! What a command prints, also where a slow machine kept its watch from seeing all.

use crate::machine::Meter;

pub struct Printed {
    pub text: String,
    /// What was said on standard error.
    pub remarks: String,
}

/// Runs a command that prints something.
///
/// # Panics
///
/// If it fails. A slow machine may make the watch of `diagnose` blind: what that has seen is
/// printed all the same.
#[track_caller]
pub fn printed(arguments: &[&str]) -> Printed {
    let meter = Meter::start();
    let output = crate::pileup().args(arguments).output();
    let output = output.expect("pileup can be run");
    let remarks = String::from_utf8_lossy(&output.stderr).into_owned();
    let is_blind = arguments[0] == "diagnose" && output.status.code() == Some(3);
    let is_slow = meter.slowness().is_too_slow();
    let has_printed = output.status.success() || (is_blind && is_slow);
    assert!(has_printed, "{arguments:?}: {remarks}");
    Printed {
        text: String::from_utf8(output.stdout).expect("it is text"),
        remarks,
    }
}
