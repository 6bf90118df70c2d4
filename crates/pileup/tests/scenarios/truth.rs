//! What the scenarios' manifests say is at fault, and where that is.

use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::{MetadataCommand, Package};
use serde::Deserialize;

pub const VARIANTS: [&str; 3] = ["leaky", "fixed", "lookalike"];

/// A scenario, and what is true of its leaky variant.
#[derive(Debug, Clone)]
pub struct Scenario {
    pub name: String,
    /// Tasks that one arrival leaves behind.
    pub grows_by: usize,
    /// How many there are in the end, where the program itself sets a limit.
    pub grows_to: Option<usize>,
    /// The spawn sites at fault: file, from the root of the workspace, and line.
    pub sites: Vec<(String, u32)>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Truth {
    grows_by: usize,
    grows_to: Option<usize>,
    /// Functions of leaky.rs, whose first spawn is a site at fault.
    #[serde(default)]
    spawned_in: Vec<String>,
    /// Other scenarios, all of whose sites are this one's too.
    #[serde(default)]
    includes: Vec<String>,
}

pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

pub fn scenarios() -> Result<Vec<Scenario>, String> {
    let metadata = MetadataCommand::new()
        .current_dir(workspace())
        .no_deps()
        .exec()
        .map_err(|error| error.to_string())?;
    let is_scenario = |package: &&Package| package.metadata.get("pileup").is_some();
    let packages: Vec<&Package> = metadata.packages.iter().filter(is_scenario).collect();
    packages
        .iter()
        .map(|package| scenario(package, &packages))
        .collect()
}

fn scenario(package: &Package, all: &[&Package]) -> Result<Scenario, String> {
    let name = package.name.to_string();
    let truth = Truth::deserialize(&package.metadata["pileup"])
        .map_err(|error| format!("{name}: {error}"))?;
    let mut sites = Vec::new();
    for function in &truth.spawned_in {
        sites.push(site(&name, function)?);
    }
    for included in &truth.includes {
        let package = all
            .iter()
            .find(|package| *package.name == *included)
            .ok_or_else(|| format!("{name} includes {included}, which is not there"))?;
        sites.extend(scenario(package, all)?.sites);
    }
    if sites.is_empty() {
        return Err(format!("{name} says of no site that it is at fault"));
    }
    sites.sort_unstable();
    Ok(Scenario {
        name,
        grows_by: truth.grows_by,
        grows_to: truth.grows_to,
        sites,
    })
}

/// The first spawn in a function of a scenario's leaky.rs.
fn site(scenario: &str, function: &str) -> Result<(String, u32), String> {
    let file = format!("scenarios/{scenario}/src/leaky.rs");
    let source =
        fs::read_to_string(workspace().join(&file)).map_err(|error| format!("{file}: {error}"))?;
    let mut lines = source.lines().zip(1_u32..);
    let signature = format!("fn {function}(");
    lines
        .find(|(line, _)| line.contains(&signature))
        .ok_or_else(|| format!("{file} has no function {function}"))?;
    let (_, line) = lines
        .find(|(line, _)| line.contains("spawn"))
        .ok_or_else(|| format!("{function} of {file} spawns nothing"))?;
    Ok((file, line))
}
