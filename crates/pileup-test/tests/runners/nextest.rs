//! Runs the tests of this program by cargo-nextest, without building anything.

use std::fs;
use std::process::{Command, Stdio};

use cargo_metadata::MetadataCommand;
use serde_json::json;
use tempfile::TempDir;

use crate::process::{self, Ended};

/// A folder with what nextest needs to know of this program.
pub struct Nextest(TempDir);

impl Nextest {
    /// None where nextest is not installed: the test is then skipped.
    pub fn find() -> Option<Self> {
        let mut version = cargo();
        version.args(["nextest", "--version"]);
        version.stdout(Stdio::null()).stderr(Stdio::null());
        if !version.status().is_ok_and(|status| status.success()) {
            eprintln!(
                "skipped: cargo-nextest is not installed; install it with \
                 cargo install --locked cargo-nextest"
            );
            return None;
        }
        let folder = tempfile::tempdir().expect("a folder can be made");
        // What only other platforms need has not been downloaded.
        let metadata = MetadataCommand::new()
            .other_options(["--offline", "--filter-platform", &host()].map(str::to_owned))
            .exec()
            .expect("cargo knows this workspace");
        let package = metadata
            .packages
            .iter()
            .find(|package| *package.name == env!("CARGO_PKG_NAME"));
        let package = package.expect("this package is part of its workspace");
        let binaries = json!({
            "rust-build-meta": {
                "target-directory": metadata.target_directory,
                "base-output-directories": [],
                "non-test-binaries": {},
                "linked-paths": [],
            },
            "rust-binaries": {
                "pileup-test::runners": {
                    "binary-id": "pileup-test::runners",
                    "binary-name": "runners",
                    "package-id": package.id,
                    "kind": "test",
                    "binary-path": std::env::current_exe().expect("a test has a program"),
                    "build-platform": "target",
                },
            },
        });
        for (name, value) in [("cargo.json", json!(metadata)), ("binaries.json", binaries)] {
            fs::write(folder.path().join(name), value.to_string()).expect("it can be written");
        }
        Some(Self(folder))
    }

    /// Runs ignored tests, with some lines of the default profile.
    pub fn run(&self, arguments: &[&str], profile: &str) -> Ended {
        let file = |name: &str| self.0.path().join(name);
        let config = format!("[profile.default]\n{profile}\n");
        fs::write(file("nextest.toml"), config).expect("it can be written");
        let mut command = cargo();
        command.args(["nextest", "run", "--run-ignored", "only"]);
        command.arg("--cargo-metadata").arg(file("cargo.json"));
        command
            .arg("--binaries-metadata")
            .arg(file("binaries.json"));
        command.arg("--config-file").arg(file("nextest.toml"));
        command.args(arguments);
        process::end(command)
    }
}

/// The platform on which cargo runs, such as `x86_64-unknown-linux-gnu`.
fn host() -> String {
    let output = cargo().arg("-vV").output().expect("cargo runs");
    let about = String::from_utf8(output.stdout).expect("it is text");
    let host = about.lines().find_map(|line| line.strip_prefix("host: "));
    host.expect("cargo says on what it runs").to_owned()
}

/// Cargo, as if these tests were not run by nextest themselves.
fn cargo() -> Command {
    let mut command = Command::new(env!("CARGO"));
    for (variable, _) in std::env::vars_os() {
        if variable.to_string_lossy().starts_with("NEXTEST") {
            command.env_remove(variable);
        }
    }
    command
}
