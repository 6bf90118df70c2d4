//! Codes, their pages, and the scenarios that show them are in step.

use std::collections::BTreeSet;
use std::process::Command;

use pileup_diagnosis::Code;

use crate::process::programs::workspace;
use crate::truth::Scenario;

/// The page of a code names scenarios that find it, and no others: one at least, where there is
/// any. A new scenario need not be on the page.
pub fn check(code: Code, scenarios: &[Scenario]) -> Result<(), String> {
    let finds_it = |scenario: &&Scenario| {
        let finds = scenario.finds.as_ref();
        finds.is_some_and(|finds| finds.code == code.number())
    };
    let show_it = scenarios.iter().filter(finds_it);
    let show_it: BTreeSet<&str> = show_it.map(|scenario| scenario.name.as_str()).collect();
    for name in [code.number(), code.pattern()] {
        let page = explain(name)?;
        let named = page.split("`cargo pileup investigate ").skip(1);
        let named: BTreeSet<&str> = named.filter_map(|rest| rest.split('`').next()).collect();
        if !named.is_subset(&show_it) || named.is_empty() != show_it.is_empty() {
            return Err(format!("the page names {named:?}, of {show_it:?}"));
        }
    }
    Ok(())
}

/// What a scenario finds has a page.
pub fn check_code_of(scenario: &Scenario) -> Result<(), String> {
    match &scenario.finds {
        Some(finds) => explain(&finds.code).map(drop),
        None => Ok(()),
    }
}

fn explain(name: &str) -> Result<String, String> {
    let output = Command::new(env!("CARGO_BIN_EXE_pileup"))
        .current_dir(workspace())
        .args(["explain", name])
        .output()
        .map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    String::from_utf8(output.stdout).map_err(|error| error.to_string())
}
