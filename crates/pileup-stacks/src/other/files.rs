//! The program's own files, as the compiler was given them.
//!
//! Debug information names them by absolute paths, and a spawn site by a path from the workspace
//! on. The system's unwinder does not say where a unit was compiled, so the workspace is looked
//! for where Cargo puts a program, and where `cargo run` starts it.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use crate::names::is_in_fetched_crate;

/// The folders that may be the workspace, the most certain first.
static WORKSPACES: LazyLock<Vec<PathBuf>> = LazyLock::new(|| {
    let program = std::env::current_exe().ok();
    let built = program.as_deref().and_then(workspace_of);
    let started = std::env::current_dir().ok();
    built
        .map(Path::to_owned)
        .into_iter()
        .chain(started)
        .collect()
});

/// The workspace of a program that is still where Cargo built it, in its default target folder.
fn workspace_of(program: &Path) -> Option<&Path> {
    let target = program
        .ancestors()
        .find(|folder| folder.ends_with("target"))?;
    target.parent()
}

/// A file of the program from its workspace on; that of a dependency, and one that is not known
/// to be in the workspace, as it is.
pub(super) fn relative(file: &str) -> String {
    relative_to(&WORKSPACES, file)
}

fn relative_to(workspaces: &[PathBuf], file: &str) -> String {
    let path = Path::new(file);
    let within = workspaces
        .iter()
        .find_map(|workspace| path.strip_prefix(workspace).ok())
        .and_then(Path::to_str)
        .filter(|_| !is_in_fetched_crate(file));
    within.unwrap_or(file).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_own_file_is_named_from_the_workspace_on() {
        let program = Path::new("/home/me/shop/target/debug/deps/shop");
        let workspace = workspace_of(program).expect("it is in a target folder");
        let workspaces = [workspace.to_owned(), PathBuf::from("/srv")];
        for (file, expected) in [
            (
                "/home/me/shop/crates/till/src/lib.rs",
                "crates/till/src/lib.rs",
            ),
            ("/srv/src/main.rs", "src/main.rs"),
            ("/elsewhere/src/lib.rs", "/elsewhere/src/lib.rs"),
            ("src/main.rs", "src/main.rs"),
            (
                "/home/me/shop/vendor/tokio/src/lib.rs",
                "/home/me/shop/vendor/tokio/src/lib.rs",
            ),
        ] {
            assert_eq!(relative_to(&workspaces, file), expected);
        }
        assert_eq!(workspace_of(Path::new("/usr/bin/shop")), None);
    }
}
