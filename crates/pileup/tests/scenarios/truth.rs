//! What the scenarios' manifests say is at fault, and where that is.

use std::fs;

use cargo_metadata::{MetadataCommand, Package};
use serde::Deserialize;

use crate::process::programs::workspace;

pub const VARIANTS: [&str; 3] = ["leaky", "fixed", "lookalike"];

/// The usual time between two arrivals in a test.
const EVERY: &str = "100ms";

/// A scenario, and what is true of its leaky variant.
#[derive(Debug, Clone)]
pub struct Scenario {
    pub name: String,
    /// The time between two arrivals in its tests.
    pub every: String,
    /// Whether its leaky variant keeps a core busy.
    pub keeps_a_core: bool,
    /// Tasks that are left behind in that time.
    pub grows_by: u32,
    /// Arrivals that it counts in that time.
    pub arrives: u32,
    /// How many there are in the end, where the program itself sets a limit.
    pub grows_to: Option<usize>,
    /// The spawn sites at fault: file, from the root of the workspace, and line.
    pub sites: Vec<(String, u32)>,
    /// The lines at which their tasks wait: file and line. None of a file whose tasks wait
    /// nowhere.
    pub waits_at: Vec<(String, u32)>,
    /// The lines at which tasks waited last that nothing can wake: file and line.
    pub last_waits_at: Vec<(String, u32)>,
    /// What is to be found there; none where there is more than one thing to find.
    pub finds: Option<Finds>,
}

/// The finding that a leaky variant deserves.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Finds {
    pub code: String,
    pub grade: String,
    /// What the tasks wait for, where Tokio shows it: the kind of wait.
    pub waits_for: Option<String>,
    /// The function of leaky.rs that makes it, where Tokio reports it.
    pub made_in: Option<String>,
    /// The function of leaky.rs that spawns those who hold it, where that can be inferred.
    pub held_by: Option<String>,
    /// The same, where it can be inferred only by whoever has attached in time.
    pub may_be_held_by: Option<String>,
    /// Another code that it may have then.
    pub code_if_held_by: Option<String>,
    /// Whether a probe does not see the tasks: Tokio reports none on the blocking pool.
    #[serde(default)]
    pub unseen_by_probe: bool,
}

impl Scenario {
    /// Tasks that each arrival leaves behind which it counts, on average.
    pub fn grows_by_arrival(&self) -> f64 {
        f64::from(self.grows_by) / f64::from(self.arrives)
    }

    /// From which grade on a finding counts: what deserves no more than a suspicion is looked
    /// for among suspicions, and its healthy variants must not even raise one.
    pub fn least_grade(&self) -> &'static str {
        match &self.finds {
            Some(finds) if finds.grade == "suspicious" => "suspicious",
            _ => "probable",
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Truth {
    #[serde(default)]
    grows_by: u32,
    #[serde(default)]
    arrives: Option<u32>,
    grows_to: Option<usize>,
    every: Option<String>,
    #[serde(default)]
    keeps_a_core: bool,
    /// Functions of leaky.rs, whose first spawn is a site at fault.
    #[serde(default)]
    spawned_in: Vec<String>,
    /// Parts of the lines of leaky.rs at which their tasks wait.
    #[serde(default)]
    waits_at: Vec<String>,
    /// Parts of the lines of leaky.rs at which tasks waited last that nothing can wake.
    #[serde(default)]
    last_waits_at: Vec<String>,
    /// Other scenarios, all of whose sites are this one's too.
    #[serde(default)]
    includes: Vec<String>,
    finds: Option<Finds>,
}

pub fn scenarios() -> Result<Vec<Scenario>, String> {
    let metadata = MetadataCommand::new()
        .current_dir(workspace())
        .no_deps()
        .exec()
        .map_err(|error| error.to_string())?;
    let leaks = |package: &&Package| {
        let about = &package.metadata["pileup"];
        !about.is_null() && about["healthy"] != true
    };
    let packages: Vec<&Package> = metadata.packages.iter().filter(leaks).collect();
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
    let mut grows_by = truth.grows_by;
    // Each included scenario has arrivals of its own.
    let mut arrives = match truth.arrives {
        None => u32::from(truth.includes.is_empty()),
        Some(arrives) => arrives,
    };
    for function in &truth.spawned_in {
        sites.push(site(&name, function)?);
    }
    let lines_with = |texts: &[String]| -> Result<Vec<(String, u32)>, String> {
        texts.iter().map(|text| line_with(&name, text)).collect()
    };
    let mut waits_at = lines_with(&truth.waits_at)?;
    let mut last_waits_at = lines_with(&truth.last_waits_at)?;
    for included in &truth.includes {
        let package = all
            .iter()
            .find(|package| *package.name == *included)
            .ok_or_else(|| format!("{name} includes {included}, which is not there"))?;
        let included = scenario(package, all)?;
        grows_by += included.grows_by;
        arrives += included.arrives;
        sites.extend(included.sites);
        waits_at.extend(included.waits_at);
        last_waits_at.extend(included.last_waits_at);
    }
    if sites.is_empty() {
        return Err(format!("{name} says of no site that it is at fault"));
    }
    sites.sort_unstable();
    Ok(Scenario {
        name,
        every: truth.every.unwrap_or_else(|| EVERY.to_owned()),
        keeps_a_core: truth.keeps_a_core,
        grows_by,
        arrives,
        grows_to: truth.grows_to,
        sites,
        waits_at,
        last_waits_at,
        finds: truth.finds,
    })
}

/// The first spawn in a function of a scenario's leaky.rs.
fn site(scenario: &str, function: &str) -> Result<(String, u32), String> {
    let (file, lines) = lines_of(scenario, function)?;
    let spawn = lines.iter().find(|(_, line)| line.contains("spawn"));
    match spawn {
        Some((number, _)) => Ok((file, *number)),
        None => Err(format!("{function} of {file} spawns nothing")),
    }
}

/// The one line of a scenario's leaky.rs that has this text.
fn line_with(scenario: &str, text: &str) -> Result<(String, u32), String> {
    let file = format!("scenarios/{scenario}/src/leaky.rs");
    let source =
        fs::read_to_string(workspace().join(&file)).map_err(|error| format!("{file}: {error}"))?;
    let lines = (1_u32..).zip(source.lines());
    let mut found = lines.filter(|(_, line)| line.contains(text));
    match (found.next(), found.next()) {
        (Some((number, _)), None) => Ok((file, number)),
        (None, _) => Err(format!("{file} has no {text:?}")),
        (Some(_), Some(_)) => Err(format!("{file} has {text:?} in several lines")),
    }
}

/// The file leaky.rs of a scenario, and the numbered lines of one of its functions.
pub fn lines_of(scenario: &str, function: &str) -> Result<(String, Vec<(u32, String)>), String> {
    let file = format!("scenarios/{scenario}/src/leaky.rs");
    let source =
        fs::read_to_string(workspace().join(&file)).map_err(|error| format!("{file}: {error}"))?;
    let signature = format!("fn {function}(");
    let mut lines = (1_u32..)
        .zip(source.lines())
        .skip_while(|(_, line)| !line.contains(&signature))
        .peekable();
    let Some((_, first)) = lines.peek() else {
        return Err(format!("{file} has no function {function}"));
    };
    let indent: String = first
        .chars()
        .take_while(|character| *character == ' ')
        .collect();
    let end = format!("{indent}}}");
    let body = lines.take_while(|(_, line)| *line != end);
    Ok((
        file,
        body.map(|(number, line)| (number, line.to_owned()))
            .collect(),
    ))
}
