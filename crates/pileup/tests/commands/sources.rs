//! Which source files the commands show that name places of a target.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::recorded::{record, snapshot, task};

const SOURCE: &str = "fn accept() {\n    tokio::spawn(serve());\n}\n";

/// A folder with `app/src/main.rs`, and `secret.rs` beside `app`.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::create_dir_all(folder.path().join("app/src")).expect("it can be made");
    fs::write(folder.path().join("app/src/main.rs"), SOURCE).expect("it can be written");
    fs::write(folder.path().join("secret.rs"), "hunter2\n").expect("it can be written");
    folder
}

/// What `pileup list` shows of tasks that were spawned in these files, in `app`.
fn list(folder: &TempDir, files: &[&str], flags: &[&str]) -> String {
    let tasks = (1..).zip(files).map(|(id, file)| task(id, file, 2));
    let from = record(folder.path(), &[snapshot(1, tasks.collect())]);
    let output = run(folder, &["list", "."], &from, flags);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    fs::remove_file(from).expect("it is there");
    String::from_utf8(output.stdout).expect("text")
}

fn run(folder: &TempDir, command: &[&str], from: &Path, flags: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pileup"))
        .current_dir(folder.path().join("app"))
        .args(command)
        .arg("--from")
        .arg(from)
        .args(flags)
        .output()
        .expect("pileup runs")
}

#[test]
fn source_below_the_working_directory_is_shown_with_its_counts() {
    let folder = folder();
    let shown = list(&folder, &["src/main.rs"], &[]);
    assert!(
        shown.contains("app::accept in") || shown.contains("main::accept in"),
        "{shown}"
    );
    assert!(
        shown.contains("1      2      tokio::spawn(serve());"),
        "{shown}"
    );
}

#[test]
fn a_target_cannot_name_a_file_elsewhere() {
    let folder = folder();
    let secret = folder.path().join("secret.rs");
    let secret = secret.to_str().expect("a plain name");
    let files = ["../secret.rs", secret, "/etc/passwd", "/dev/zero"];
    let shown = list(&folder, &files, &[]);
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(!shown.contains("root:"), "{shown}");
    assert_eq!(shown.matches("no source here").count(), 4, "{shown}");
}

#[test]
fn another_folder_can_be_named() {
    let folder = folder();
    fs::rename(folder.path().join("app/src"), folder.path().join("src")).expect("it moves");
    let shown = list(&folder, &["src/main.rs"], &[]);
    assert!(
        shown.contains("no source here; see --source-root"),
        "{shown}"
    );
    let shown = list(&folder, &["src/main.rs"], &["--source-root", ".."]);
    assert!(shown.contains("tokio::spawn(serve());"), "{shown}");
}

#[test]
fn a_folder_that_is_not_there_is_wrong_usage() {
    let folder = folder();
    let from = record(folder.path(), &[snapshot(1, Vec::new())]);
    let output = run(&folder, &["top"], &from, &["--source-root", "nowhere"]);
    assert_eq!(output.status.code(), Some(2));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("nowhere for --source-root"), "{errors}");
}
