//! The scenarios of the workspace, and how to build one.

use std::ffi::OsString;
use std::io::BufReader;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use cargo_metadata::{Message, MetadataCommand, Package};
use serde::Deserialize;

use crate::error::Error;

/// A scenario, as its manifest tells of it.
#[derive(Debug)]
pub struct Scenario {
    pub name: String,
    pub about: About,
}

/// What a scenario's manifest says for listings.
#[derive(Debug, Deserialize)]
pub struct About {
    /// What goes wrong, in one line.
    pub summary: String,
    /// The kind of thing that goes wrong.
    pub family: String,
    /// How long it takes as an exercise.
    pub minutes: u32,
    /// The function of the Go article that it comes from.
    pub seed: Option<String>,
}

/// All scenarios of the workspace around the current folder, by family and name.
pub fn scenarios() -> Result<Vec<Scenario>, Error> {
    let metadata = MetadataCommand::new()
        .no_deps()
        .exec()
        .map_err(|error| Error::NoWorkspace(Some(Box::new(error))))?;
    let mut scenarios = Vec::new();
    for package in &metadata.packages {
        scenarios.extend(scenario(package)?);
    }
    if scenarios.is_empty() {
        return Err(Error::NoWorkspace(None));
    }
    scenarios.sort_by(|a, b| (&a.about.family, &a.name).cmp(&(&b.about.family, &b.name)));
    Ok(scenarios)
}

fn scenario(package: &Package) -> Result<Option<Scenario>, Error> {
    let name = package.name.to_string();
    let Some(about) = package.metadata.get("pileup") else {
        return Ok(None);
    };
    match About::deserialize(about) {
        Ok(about) => Ok(Some(Scenario { name, about })),
        Err(source) => Err(Error::BadManifest { name, source }),
    }
}

/// Builds a scenario with Cargo, and gives the path of its program.
pub fn build(name: &str) -> Result<PathBuf, Error> {
    find(name)?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let start = |source| Error::Start {
        program: cargo.to_string_lossy().into_owned(),
        source,
    };
    let mut child = Command::new(&cargo)
        // The whole workspace is what `cargo build` and `cargo test` resolve features for:
        // what they have built serves here as well.
        .args(["build", "--workspace", "--bin", name])
        .arg("--message-format=json-render-diagnostics")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(start)?;
    let mut program = None;
    if let Some(messages) = child.stdout.take() {
        for message in Message::parse_stream(BufReader::new(messages)).map_while(Result::ok) {
            if let Message::CompilerArtifact(artifact) = message
                && artifact.target.name == name
            {
                program = artifact.executable.or(program);
            }
        }
    }
    let status = child.wait().map_err(start)?;
    match program {
        Some(program) if status.success() => Ok(program.into_std_path_buf()),
        _ => Err(Error::Build {
            name: name.to_owned(),
        }),
    }
}

fn find(name: &str) -> Result<(), Error> {
    let scenarios = scenarios()?;
    if scenarios.iter().any(|scenario| scenario.name == name) {
        return Ok(());
    }
    let words: Vec<&str> = name.split('-').filter(|word| word.len() > 2).collect();
    let similar = scenarios
        .into_iter()
        .map(|scenario| scenario.name)
        .filter(|known| words.iter().any(|word| known.contains(word)))
        .collect();
    Err(Error::NoScenario {
        name: name.to_owned(),
        similar,
    })
}
