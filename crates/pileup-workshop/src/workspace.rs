//! The scenarios of the workspace, and how to build one.

use std::ffi::OsString;
use std::io::BufReader;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use cargo_metadata::{Message, MetadataCommand, Package};
use pileup_investigate::Grade;
use serde::Deserialize;

use crate::Error;

/// The workspace around the current folder.
#[derive(Debug)]
pub struct Workspace {
    /// The folder of the workspace.
    pub root: PathBuf,
    /// By family and name.
    pub scenarios: Vec<Scenario>,
}

/// A scenario, as its manifest describes it.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// The name of its package.
    pub name: String,
    /// The folder of its package.
    pub folder: PathBuf,
    /// What its manifest says.
    pub about: About,
}

/// What a scenario's manifest says for listings and exercises.
#[derive(Debug, Clone, Deserialize)]
pub struct About {
    /// What goes wrong, in one line.
    pub summary: String,
    /// The kind of thing that goes wrong.
    pub family: String,
    /// How long it takes as an exercise.
    pub minutes: u32,
    /// What the program is there for.
    pub work: Work,
    /// The function of the Go article that it comes from.
    pub seed: Option<String>,
    /// Whether nothing is wrong with it.
    #[serde(default)]
    pub healthy: bool,
    /// What is to be found in it, unless it is healthy.
    pub finds: Option<Finds>,
    /// Other scenarios that it runs.
    #[serde(default)]
    pub includes: Vec<String>,
}

/// Useful work, in pieces. The program reports each by an event.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Work {
    /// What the pieces are.
    pub what: String,
    /// How many of them each arrival gives at least, when all is well.
    pub per_arrival: f64,
}

/// What is to be found in a scenario.
#[derive(Debug, Clone, Deserialize)]
pub struct Finds {
    /// The grade of the surest finding.
    pub grade: Grade,
}

impl Workspace {
    /// Reads the manifests of the workspace.
    ///
    /// Fails if there is none, or none with scenarios.
    pub fn open() -> Result<Self, Error> {
        let metadata = MetadataCommand::new()
            .no_deps()
            .exec()
            .map_err(|error| Error::NoWorkspace(Some(error.into())))?;
        let mut scenarios = Vec::new();
        for package in &metadata.packages {
            scenarios.extend(scenario(package)?);
        }
        if scenarios.is_empty() {
            return Err(Error::NoWorkspace(None));
        }
        scenarios.sort_by(|a, b| (&a.about.family, &a.name).cmp(&(&b.about.family, &b.name)));
        Ok(Self {
            root: metadata.workspace_root.into_std_path_buf(),
            scenarios,
        })
    }

    /// The scenario of this name.
    pub fn scenario(&self, name: &str) -> Result<&Scenario, Error> {
        let scenarios = &self.scenarios;
        if let Some(scenario) = scenarios.iter().find(|scenario| scenario.name == name) {
            return Ok(scenario);
        }
        let words: Vec<&str> = name.split('-').filter(|word| word.len() > 2).collect();
        let similar = scenarios
            .iter()
            .map(|scenario| scenario.name.clone())
            .filter(|known| words.iter().any(|word| known.contains(word)))
            .collect();
        Err(Error::NoScenario {
            name: name.to_owned(),
            similar,
        })
    }
}

fn scenario(package: &Package) -> Result<Option<Scenario>, Error> {
    let name = package.name.to_string();
    let Some(about) = package.metadata.get("pileup") else {
        return Ok(None);
    };
    let mut folder = package.manifest_path.clone().into_std_path_buf();
    folder.pop();
    match About::deserialize(about) {
        Ok(about) => Ok(Some(Scenario {
            name,
            folder,
            about,
        })),
        Err(error) => {
            let source = error.into();
            Err(Error::BadManifest { name, source })
        }
    }
}

/// Builds a scenario with Cargo, and gives the path of its program.
pub fn build(name: &str) -> Result<PathBuf, Error> {
    Workspace::open()?.scenario(name)?;
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
