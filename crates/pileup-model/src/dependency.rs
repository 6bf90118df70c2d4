//! Which crate a source file belongs to, as far as its path says.
//!
//! Cargo gives rustc the files of the workspace that it builds by paths relative to the root of
//! the workspace, and all others by absolute paths (`path_args` in
//! `src/cargo/core/compiler/mod.rs`). Beyond that, a path is known by the folders in which
//! Cargo, rustc and those who package crates keep sources; several of these folders survive
//! `--remap-path-prefix`, and `trim-paths` (RFC 3127) names a dependency `NAME-VERSION/…`.
//!
//! What a path cannot say, and only whoever has the workspace knows:
//!
//! - whether the relative `vendor/x/src/lib.rs` is a member of the workspace or somebody
//!   else's crate: it counts as the program's own;
//! - who wrote a crate at an absolute path outside of the workspace: it counts as a dependency,
//!   as does a whole program that `cargo install` built from a registry, or that something
//!   other than Cargo built by absolute paths;
//! - what a prefix hides that was remapped to nothing: `src/lib.rs` counts as the program's own.

/// Where Cargo keeps the sources of downloaded crates, in a folder for each registry.
const REGISTRY: &str = "registry/src/";
/// Where Cargo keeps crates from git, in a folder for each repository and revision.
const CHECKOUTS: &str = "git/checkouts/";
/// Where rustup keeps the sources of the standard library.
const RUST_SRC: &str = "/lib/rustlib/src/rust/";

/// The parts of the path of a file that is not the program's own.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Dependency<'a> {
    /// Whether the folders show that the crate was fetched: downloaded, vendored, or a part of
    /// the standard library.
    pub(crate) is_fetched: bool,
    /// The path as it is shown: from the folder of the crate on, with its version.
    pub(crate) short: &'a str,
    /// The name of the crate, without its version, or of the repository from git; empty where
    /// `inner` begins with it.
    pub(crate) name: &'a str,
    /// The path within that.
    pub(crate) inner: &'a str,
}

/// Reads the path of a source file that has `/` between its parts; none for the program's own.
pub(crate) fn dependency(file: &str) -> Option<Dependency<'_>> {
    let of_parts = [
        standard_library,
        in_checkouts,
        in_registry,
        in_versioned_folder,
        vendored,
    ];
    of_parts
        .into_iter()
        .find_map(|read| read(file))
        .or_else(|| outside_of_the_workspace(file))
}

fn standard_library(file: &str) -> Option<Dependency<'_>> {
    let by_hash = file.strip_prefix("/rustc/");
    let by_hash = by_hash.and_then(|rest| Some(rest.split_once('/')?.1));
    let inner = by_hash.or_else(|| Some(file.split_once(RUST_SRC)?.1))?;
    Some(fetched(inner, "", inner))
}

fn in_checkouts(file: &str) -> Option<Dependency<'_>> {
    let short = after_folder(file, CHECKOUTS)?;
    let (folder, rest) = short.split_once('/')?;
    let (revision, inner) = rest.split_once('/')?;
    let name = without_hash(folder).filter(|_| is_hexadecimal(revision))?;
    Some(fetched(short, name, inner))
}

fn in_registry(file: &str) -> Option<Dependency<'_>> {
    let (registry, short) = after_folder(file, REGISTRY)?.split_once('/')?;
    without_hash(registry)?;
    let (folder, inner) = short.split_once('/')?;
    let name = without_version(folder).unwrap_or(folder);
    Some(fetched(short, name, inner))
}

/// `…/hyper-1.12.0/src/…`: a vendored crate with its version, one of a distribution or of a
/// build system, or one whose prefix was remapped.
fn in_versioned_folder(file: &str) -> Option<Dependency<'_>> {
    let mut start = 0;
    for folder in file.split('/') {
        let short = &file[start..];
        start += folder.len() + 1;
        if let (Some(name), Some(inner)) = (without_version(folder), file.get(start..))
            && inner.starts_with("src/")
        {
            return Some(fetched(short, bare(name), inner));
        }
    }
    None
}

/// `/…/vendor/hyper/src/…`, as `cargo vendor` keeps crates.
fn vendored(file: &str) -> Option<Dependency<'_>> {
    let (before, short) = file.rsplit_once("/vendor/")?;
    let (name, inner) = short.split_once('/')?;
    (is_absolute(file) && !before.is_empty()).then(|| fetched(short, name, inner))
}

/// Any other absolute path; but what a build script has written may be of any crate, and counts
/// as the program's own.
fn outside_of_the_workspace(file: &str) -> Option<Dependency<'_>> {
    if !is_absolute(file) || is_written_by_a_build_script(file) {
        return None;
    }
    let in_crate = file.rsplit_once("/src/").map(|(folder, inner)| {
        let name = folder.rsplit('/').next().unwrap_or(folder);
        (name, &file[file.len() - inner.len() - "src/".len()..])
    });
    let (name, inner) = in_crate.unwrap_or(("", file));
    Some(Dependency {
        is_fetched: false,
        short: file,
        name,
        inner,
    })
}

fn fetched<'a>(short: &'a str, name: &'a str, inner: &'a str) -> Dependency<'a> {
    Dependency {
        is_fetched: true,
        short,
        name,
        inner,
    }
}

/// What follows a folder, which may be the first of the path.
fn after_folder<'a>(file: &'a str, folder: &str) -> Option<&'a str> {
    let at = file.rfind(folder)?;
    let is_whole = at == 0 || file[..at].ends_with('/');
    is_whole.then(|| &file[at + folder.len()..])
}

/// `/…/build/app-5f3b9c5d8a7e6f01/out/service.rs`.
fn is_written_by_a_build_script(file: &str) -> bool {
    let parts: Vec<&str> = file.split('/').collect();
    let mut threes = parts.windows(3);
    threes.any(|three| matches!(three, ["build", folder, "out"] if without_hash(folder).is_some()))
}

/// `tokio` of `tokio-377c`, as Cargo names a folder after what is in it and a hash.
fn without_hash(folder: &str) -> Option<&str> {
    let (name, hash) = folder.rsplit_once('-')?;
    is_hexadecimal(hash).then_some(name)
}

fn is_hexadecimal(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_absolute(file: &str) -> bool {
    file.starts_with('/') || file.as_bytes().get(1) == Some(&b':')
}

/// `md-5` of `md-5-0.10.6`: what stands before the first dash that a version follows.
fn without_version(folder: &str) -> Option<&str> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let version = folder.match_indices('-').find(|(index, _)| {
        let mut numbers = folder[index + 1..].split('.');
        numbers.next().is_some_and(is_number) && numbers.next().is_some_and(is_number)
    });
    version.map(|(index, _)| &folder[..index])
}

/// A crate without the repository that Bazel puts before it: `crates__hyper` is `hyper`.
fn bare(name: &str) -> &str {
    name.rsplit_once("__").map_or(name, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the crate was fetched, and its file on every machine.
    fn read(file: &str) -> Option<(bool, String)> {
        let dependency = dependency(file)?;
        let portable = match dependency.name {
            "" => dependency.inner.to_owned(),
            name => format!("{name}/{}", dependency.inner),
        };
        Some((dependency.is_fetched, portable))
    }

    #[test]
    fn crates_are_known_by_where_they_are_kept() {
        for (file, portable) in [
            (
                "/home/a/.cargo/registry/src/index.crates.io-1949/h2-1.0.0-rc.1/src/lib.rs",
                "h2/src/lib.rs",
            ),
            (
                "C:/Users/a/.cargo/registry/src/index.crates.io-1949/md-5-0.10.6/src/lib.rs",
                "md-5/src/lib.rs",
            ),
            (
                "/home/a/.cargo/git/checkouts/tokio-377c/9f1/tokio/src/task/spawn.rs",
                "tokio/tokio/src/task/spawn.rs",
            ),
            (
                "/rustc/4a4e/library/std/src/thread.rs",
                "library/std/src/thread.rs",
            ),
            (
                "/root/.rustup/toolchains/stable/lib/rustlib/src/rust/library/std/src/thread.rs",
                "library/std/src/thread.rs",
            ),
            // `cargo vendor`, without and with `--versioned-dirs`.
            (
                "/build/app/vendor/hyper-util/src/rt.rs",
                "hyper-util/src/rt.rs",
            ),
            (
                "/build/app/vendor/hyper-util-0.1.21/src/rt.rs",
                "hyper-util/src/rt.rs",
            ),
            ("/build/app/vendor/odd/lib.rs", "odd/lib.rs"),
            // Distributions and other build systems.
            (
                "/usr/share/cargo/registry/hyper-1.12.0/src/rt.rs",
                "hyper/src/rt.rs",
            ),
            (
                "/nix/store/3k4-vendor/hyper-1.12.0/src/rt.rs",
                "hyper/src/rt.rs",
            ),
            ("external/crates__hyper-1.12.0/src/rt.rs", "hyper/src/rt.rs"),
        ] {
            assert_eq!(read(file), Some((true, portable.to_owned())), "{file}");
        }
    }

    #[test]
    fn crates_are_known_although_their_prefix_was_remapped() {
        for file in [
            // trim-paths.
            "hyper-util-0.1.21/src/rt.rs",
            // --remap-path-prefix of the home of Cargo, of the registry, and of the index.
            "registry/src/index.crates.io-1949/hyper-util-0.1.21/src/rt.rs",
            "/cargo/registry/src/index.crates.io-1949/hyper-util-0.1.21/src/rt.rs",
            "index.crates.io-1949/hyper-util-0.1.21/src/rt.rs",
            "/deps/hyper-util-0.1.21/src/rt.rs",
        ] {
            let portable = "hyper-util/src/rt.rs".to_owned();
            assert_eq!(read(file), Some((true, portable)), "{file}");
        }
        let file = "cargo/git/checkouts/tokio-377c/9f1/tokio/src/lib.rs";
        let portable = "tokio/tokio/src/lib.rs".to_owned();
        assert_eq!(read(file), Some((true, portable)));
    }

    #[test]
    fn a_crate_outside_of_the_workspace_is_a_dependency() {
        for (file, portable) in [
            ("/home/a/shared/queue/src/send.rs", "queue/src/send.rs"),
            ("C:/work/shared/queue/src/send.rs", "queue/src/send.rs"),
            ("/home/a/shared/odd.rs", "/home/a/shared/odd.rs"),
        ] {
            assert_eq!(read(file), Some((false, portable.to_owned())), "{file}");
        }
    }

    #[test]
    fn the_files_of_the_workspace_are_the_programs_own() {
        for file in [
            "src/main.rs",
            "crates/registry/src/lib.rs",
            "registry/src/main.rs",
            "crates/registry/src/http/v1/server.rs",
            "git/checkouts/src/lib.rs",
            "git/checkouts/open-orders/abc/src/lib.rs",
            "vendor/src/main.rs",
            "crates/vendor/src/lib.rs",
            "crates/api-v2/src/lib.rs",
            "crates/protocol-2/src/lib.rs",
            "releases/app-1.2.0/notes.rs",
            "/home/a/app/target/debug/build/app-5f3b/out/service.rs",
            "",
        ] {
            assert_eq!(read(file), None, "{file}");
        }
    }
}
