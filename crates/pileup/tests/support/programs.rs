//! The programs of the workspace.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The folder of every program, built once for all tests.
pub fn programs() -> Result<PathBuf, String> {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    BUILT
        .get_or_init(|| {
            let status = Command::new(env!("CARGO"))
                .current_dir(workspace())
                .args(["build", "--quiet", "--workspace", "--bins"])
                .status()
                .map_err(|error| error.to_string())?;
            if !status.success() {
                return Err("the programs do not build".to_owned());
            }
            let metadata = cargo_metadata::MetadataCommand::new()
                .current_dir(workspace())
                .no_deps()
                .exec()
                .map_err(|error| error.to_string())?;
            Ok(metadata.target_directory.join("debug").into_std_path_buf())
        })
        .clone()
}
