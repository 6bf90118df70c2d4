//! Which files of this machine may be read as source: a target names any path it likes.

use std::env;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use crate::Site;

/// No source file that people write is larger.
const LARGEST_FILE: u64 = 2 << 20;

/// The folders below which source is read.
///
/// A file counts by where it really is: a link or a `..` that leaves the folder is refused.
#[derive(Debug)]
pub struct Roots {
    /// Where the files of the program itself are, named relative to its workspace.
    own: Vec<Root>,
    /// Where Cargo keeps the sources of crates from registries, in a folder for each.
    registry: Option<Root>,
    /// Where Cargo keeps the sources of crates from git.
    checkouts: Option<Root>,
}

/// A folder, as it was named and where it really is.
#[derive(Debug)]
struct Root {
    named: PathBuf,
    real: PathBuf,
}

impl Roots {
    /// The working directory, these folders, and Cargo's registry and checkouts.
    ///
    /// Fails with the folder that is not there.
    pub fn new(source_roots: &[PathBuf]) -> Result<Self, (PathBuf, io::Error)> {
        let mut own = Vec::new();
        for folder in source_roots {
            let root = Root::new(folder).map_err(|source| (folder.clone(), source))?;
            own.push(root);
        }
        let mut roots = Self::here();
        // What was asked for comes before what happens to be here.
        roots.own.splice(0..0, own);
        Ok(roots)
    }

    /// The working directory, and Cargo's registry and checkouts.
    pub fn here() -> Self {
        let kept = |folder: &str| Root::new(&cargo_home()?.join(folder)).ok();
        let here = env::current_dir().and_then(|here| Root::new(&here));
        Self {
            own: here.into_iter().collect(),
            registry: kept("registry/src"),
            checkouts: kept("git/checkouts"),
        }
    }

    /// The file of a site and its text, if it is below one of the folders.
    pub fn read(&self, site: &Site) -> Option<(PathBuf, String)> {
        let file = Path::new(&*site.file);
        // Nothing else is source: not the passwords of the program, either.
        if file.extension().is_none_or(|extension| extension != "rs") {
            return None;
        }
        if file.is_relative() {
            return self.own.iter().find_map(|root| root.read(file));
        }
        let mut all = self.own.iter().chain(&self.registry).chain(&self.checkouts);
        all.find_map(|root| root.read(root.inner(file)?))
            .or_else(|| self.read_from_own_registry(site))
    }

    /// A dependency's file, which another machine keeps in a registry of its own.
    fn read_from_own_registry(&self, site: &Site) -> Option<(PathBuf, String)> {
        let within = Path::new(site.short_file());
        if !site.is_in_dependency() || within.is_absolute() {
            return None;
        }
        let mut registries = fs::read_dir(&self.registry.as_ref()?.real).ok()?;
        registries.find_map(|registry| Root::new(&registry.ok()?.path()).ok()?.read(within))
    }
}

impl Root {
    fn new(folder: &Path) -> io::Result<Self> {
        let real = folder.canonicalize()?;
        if !real.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        Ok(Self {
            named: folder.to_owned(),
            real,
        })
    }

    /// The rest of an absolute path that begins with this folder.
    fn inner<'a>(&self, file: &'a Path) -> Option<&'a Path> {
        file.strip_prefix(&self.real)
            .or_else(|_| file.strip_prefix(&self.named))
            .ok()
    }

    /// The text of a file in this folder, and where that really is.
    fn read(&self, file: &Path) -> Option<(PathBuf, String)> {
        if leaves(file) {
            return None;
        }
        let real = self.real.join(file).canonicalize().ok()?;
        // A pipe would not even open, unless somebody writes to it.
        if !real.starts_with(&self.real) || !real.metadata().ok()?.is_file() {
            return None;
        }
        let mut bytes = Vec::new();
        let opened = File::open(&real).ok()?;
        opened.take(LARGEST_FILE + 1).read_to_end(&mut bytes).ok()?;
        if bytes.len() as u64 > LARGEST_FILE {
            return None;
        }
        Some((real, String::from_utf8(bytes).ok()?))
    }
}

/// Whether a relative path leads out of its folder by its words alone. Such a path is not even
/// looked up.
fn leaves(file: &Path) -> bool {
    let mut depth = 0_u32;
    for part in file.components() {
        match part {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir if depth > 0 => depth -= 1,
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return true,
        }
    }
    false
}

fn cargo_home() -> Option<PathBuf> {
    let named = env::var_os("CARGO_HOME").map(PathBuf::from);
    named.or_else(|| Some(env::home_dir()?.join(".cargo")))
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    fn site(file: &Path) -> Site {
        Site {
            file: file.to_str().expect("a plain name").into(),
            line: 1,
            column: 1,
        }
    }

    /// A workspace with one source file, and a secret beside it.
    fn workspace() -> (TempDir, Roots) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let write = |file: &str, text: &str| {
            let file = folder.path().join(file);
            fs::create_dir_all(file.parent().expect("a folder")).expect("it can be made");
            fs::write(file, text).expect("it can be written");
        };
        write("app/src/main.rs", "fn main() {}\n");
        write("secret.rs", "hunter2\n");
        write("app/.env", "PASSWORD=hunter2\n");
        let app = folder.path().join("app");
        let roots = Roots::new(&[app]).expect("it is there");
        (folder, roots)
    }

    fn text(roots: &Roots, file: impl AsRef<Path>) -> Option<String> {
        roots.read(&site(file.as_ref())).map(|(_, text)| text)
    }

    #[test]
    fn a_file_below_a_root_is_read_by_its_relative_and_its_absolute_path() {
        let (folder, roots) = workspace();
        let absolute = folder.path().join("app/src/main.rs");
        for file in [
            Path::new("src/main.rs"),
            Path::new("./src/../src/main.rs"),
            &absolute,
        ] {
            assert_eq!(text(&roots, file).as_deref(), Some("fn main() {}\n"));
        }
    }

    #[test]
    fn a_file_outside_of_every_root_is_not_read() {
        let (folder, roots) = workspace();
        let secret = folder.path().join("secret.rs");
        for file in [
            secret.as_path(),
            &folder.path().join("app/../secret.rs"),
            Path::new("../secret.rs"),
            Path::new("src/../../secret.rs"),
            Path::new("/etc/passwd"),
            Path::new(".env"),
        ] {
            assert_eq!(text(&roots, file), None, "{}", file.display());
        }
    }

    #[test]
    fn a_file_that_is_too_large_is_not_read() {
        let (folder, roots) = workspace();
        let file = File::create(folder.path().join("app/large.rs")).expect("it can be made");
        file.set_len(LARGEST_FILE + 1).expect("it can be that long");
        assert_eq!(text(&roots, "large.rs"), None);
    }

    #[test]
    #[cfg(unix)]
    fn links_that_leave_the_root_and_what_is_no_file_are_refused() {
        use std::os::unix::fs::symlink;

        let (folder, roots) = workspace();
        let app = folder.path().join("app");
        symlink(folder.path().join("secret.rs"), app.join("link.rs")).expect("it can be linked");
        symlink(folder.path(), app.join("up")).expect("it can be linked");
        symlink("/dev/zero", app.join("zero.rs")).expect("it can be linked");
        let pipe = std::process::Command::new("mkfifo")
            .arg(app.join("pipe.rs"))
            .status();
        assert!(pipe.expect("mkfifo is there").success());
        fs::create_dir(app.join("folder.rs")).expect("it can be made");
        for file in ["link.rs", "up/secret.rs", "zero.rs", "pipe.rs", "folder.rs"] {
            assert_eq!(text(&roots, file), None, "{file}");
        }
        symlink("src/main.rs", app.join("inner.rs")).expect("it can be linked");
        assert_eq!(text(&roots, "inner.rs").as_deref(), Some("fn main() {}\n"));
    }

    #[test]
    fn a_root_that_is_not_there_is_an_error() {
        let missing = Path::new("there/is/no/such/folder").to_owned();
        let (folder, _) = Roots::new(std::slice::from_ref(&missing)).expect_err("it is not there");
        assert_eq!(folder, missing);
    }
}
