//! Names of functions, as a reader knows them.
//!
//! The same function has different names in symbols and in debug information:
//! `<tokio::sync::mpsc::chan::Rx<T,S>>::recv::{{closure}}`, or `recv<u32, Semaphore>` with a
//! file and without a path, which is all that `debug = "line-tables-only"` gives for an inlined
//! function. Here both become a path without generics, closures and traits.

use pileup_model::Site;

/// Whether a file is in a dependency or in the standard library.
pub(crate) fn is_in_dependency(file: &str) -> bool {
    site(file).is_in_dependency()
}

/// Whether the folders of a file show that its crate was fetched, or is the standard library.
/// Debug information names the program's own files by absolute paths as well.
pub(crate) fn is_in_fetched_crate(file: &str) -> bool {
    site(file).is_in_fetched_crate()
}

/// A function as one source names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Name {
    /// The path of the function.
    Path(String),
    /// The last part of the path.
    Short(String),
    /// A closure or an async block or function, whose own name is not given: `async_fn#0`.
    Closure(String),
}

impl Name {
    /// Reads a demangled symbol, or a name from debug information.
    pub(crate) fn of(text: &str) -> Self {
        let path = path(text);
        if path.is_empty() {
            let closure = segments(text).last().unwrap_or_default();
            let closure = closure.trim_start_matches('{');
            return Self::Closure(closure.split('}').next().unwrap_or_default().to_owned());
        }
        if path.contains("::") {
            Self::Path(path)
        } else {
            Self::Short(path)
        }
    }
}

/// A path without generics, closures and traits: `tokio::sync::notify::Notified::poll` of
/// `<tokio::sync::notify::Notified as core::future::future::Future>::poll`. A type that is no
/// path, such as a type parameter, gives way to the trait. Empty if only a closure is named.
pub(crate) fn path(text: &str) -> String {
    let mut path = String::new();
    for (index, segment) in segments(text).enumerate() {
        let part = match segment.strip_prefix('<') {
            Some(inner) if index == 0 => qualified(inner.strip_suffix('>').unwrap_or(inner)),
            // Generics of the part before, or the `impl` block that the function is in.
            Some(_) => continue,
            None if segment.starts_with('{') => continue,
            None => segment.split('<').next().unwrap_or_default().to_owned(),
        };
        if part.is_empty() {
            continue;
        }
        if !path.is_empty() {
            path.push_str("::");
        }
        path.push_str(&part);
    }
    path
}

/// The type of `Type as Trait` if that is a path, otherwise the trait.
fn qualified(inner: &str) -> String {
    let (of_type, of_trait) = match split_at_depth_0(inner, " as ") {
        Some((of_type, of_trait)) => (of_type, Some(of_trait)),
        None => (inner, None),
    };
    if let Some(rest) = of_type.strip_prefix("impl ") {
        return path(split_at_depth_0(rest, " for ").map_or(rest, |(of_trait, _)| of_trait));
    }
    let mut bare = of_type.trim_start_matches(['&', '*', '(']);
    for word in ["mut ", "const ", "dyn "] {
        bare = bare.strip_prefix(word).unwrap_or(bare);
    }
    let is_path = bare.starts_with(|first: char| first.is_alphabetic() || "_<".contains(first))
        && bare.contains("::");
    match of_trait {
        Some(of_trait) if !is_path => path(of_trait),
        _ => path(bare),
    }
}

/// The parts between the `::` that are in no brackets.
fn segments(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let split = split_at_depth_0(text, "::");
        rest = split.map(|(_, rest)| rest);
        Some(split.map_or(text, |(segment, _)| segment))
    })
}

/// Splits at the first such separator that is in no brackets.
fn split_at_depth_0<'a>(text: &'a str, separator: &str) -> Option<(&'a str, &'a str)> {
    let mut depth = 0usize;
    let mut before = ' ';
    for (index, char) in text.char_indices() {
        if depth == 0 && text[index..].starts_with(separator) {
            return Some((&text[..index], &text[index + separator.len()..]));
        }
        match char {
            '<' | '(' | '[' | '{' => depth += 1,
            // Not the arrow of `fn() -> T`.
            '>' if before == '-' => {}
            '>' | ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        before = char;
    }
    None
}

/// Closures and async blocks that the type parameters of a function mention, as the path of
/// the function that contains them and their own name there:
/// `leaky::collect`, `async_fn#0` of `poll<leaky::collect::{async_fn_env#0}>`.
pub(crate) fn mentions(text: &str) -> Vec<(String, String)> {
    let is_part = |char: char| char.is_alphanumeric() || "_:{}#".contains(char);
    let mut found = Vec::new();
    for token in text.split(|char: char| !is_part(char)) {
        for (index, _) in token.match_indices("::{") {
            let name = &token[index + 3..];
            let name = name.split('}').next().unwrap_or_default();
            if name.starts_with("async") || name.starts_with("closure") {
                let mention = (path(&token[..index]), name.replace("_env#", "#"));
                if !mention.0.is_empty() && !found.contains(&mention) {
                    found.push(mention);
                }
            }
        }
    }
    found
}

/// The path of the module that a file usually is: `tokio::sync::mpsc::chan`. Of a file of the
/// program, whose crate is not known for certain, that of the folder or the file.
pub(crate) fn module(file: &str) -> String {
    let portable = site(file).portable_file();
    let portable = portable.strip_suffix(".rs").unwrap_or(&portable);
    let portable = portable.strip_prefix("library/").unwrap_or(portable);
    let (crate_folder, in_crate) = match portable.rsplit_once("/src/") {
        Some((folder, rest)) => (folder.rsplit('/').next().unwrap_or(folder), rest),
        None => match portable.strip_prefix("src/") {
            Some(rest) => ("", rest),
            None => ("", portable.rsplit('/').next().unwrap_or(portable)),
        },
    };
    let own_name = |part: &&str| !["", "lib", "main", "mod"].contains(part);
    let parts = std::iter::once(crate_folder).chain(in_crate.split('/'));
    let parts: Vec<_> = parts.filter(own_name).collect();
    parts.join("::").replace('-', "_")
}

fn site(file: &str) -> Site {
    Site {
        file: file.into(),
        line: 0,
        column: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_no_generics_closures_or_traits() {
        for (text, expected) in [
            ("leaky::collect::{{closure}}", "leaky::collect"),
            ("leaky::main::{closure#0}::{closure#1}", "leaky::main"),
            (
                "tokio::sync::mpsc::chan::Rx<T,S>::recv::{{closure}}",
                "tokio::sync::mpsc::chan::Rx::recv",
            ),
            (
                "<tokio::sync::mpsc::chan::Rx<u32, tokio::sync::mpsc::bounded::Semaphore>>::recv",
                "tokio::sync::mpsc::chan::Rx::recv",
            ),
            (
                "<tokio::sync::notify::Notified as core::future::future::Future>::poll",
                "tokio::sync::notify::Notified::poll",
            ),
            (
                "<&mut F as core::future::future::Future>::poll",
                "core::future::future::Future::poll",
            ),
            (
                "<core::pin::Pin<&mut dyn core::future::future::Future<Output = ()>> as core::future::future::Future>::poll",
                "core::pin::Pin::poll",
            ),
            (
                "core::ops::function::impls::<impl core::ops::function::FnOnce<A> for &mut F>::call_once",
                "core::ops::function::impls::call_once",
            ),
            ("app::run::<fn(u8) -> a::B, u32>::{closure#0}", "app::run"),
            ("recv<u32, tokio::sync::mpsc::bounded::Semaphore>", "recv"),
            ("{async_fn#0}<u32>", ""),
            ("__rust_try", "__rust_try"),
            ("", ""),
            ("<<<", ""),
        ] {
            assert_eq!(path(text), expected, "{text}");
        }
    }

    #[test]
    fn names_say_how_much_of_the_path_they_have() {
        assert_eq!(Name::of("a::b<c::D>"), Name::Path("a::b".into()));
        assert_eq!(Name::of("poll<a::B>"), Name::Short("poll".into()));
        assert_eq!(
            Name::of("{async_fn#0}<u32>"),
            Name::Closure("async_fn#0".into())
        );
    }

    #[test]
    fn type_parameters_mention_the_functions_of_closures() {
        let mention = |path: &str, name: &str| (path.to_owned(), name.to_owned());
        assert_eq!(
            mentions("poll<alloc::boxed::Box<leaky::collect::{async_fn_env#0}>>"),
            [mention("leaky::collect", "async_fn#0")]
        );
        assert_eq!(
            mentions("poll<u8, a::{impl#0}::recv::{async_fn#0}::{closure_env#2}<u32>>"),
            [
                mention("a::recv", "async_fn#0"),
                mention("a::recv", "closure#2")
            ]
        );
        assert_eq!(mentions("poll<u8>"), []);
    }

    #[test]
    fn the_module_of_a_file() {
        for (file, expected) in [
            (
                "/home/a/.cargo/registry/src/index.crates.io-1949/tokio-1.54.1/src/sync/mpsc/chan.rs",
                "tokio::sync::mpsc::chan",
            ),
            (
                "/home/a/.cargo/registry/src/index.crates.io-1949/hyper-util-0.1.21/src/lib.rs",
                "hyper_util",
            ),
            (
                "/home/a/.cargo/git/checkouts/tokio-377c/9f1/tokio/src/task/mod.rs",
                "tokio::task",
            ),
            (
                "/rustc/4a4e/library/core/src/task/wake.rs",
                "core::task::wake",
            ),
            ("crates/shop/src/session.rs", "shop::session"),
            ("src/main.rs", ""),
            ("src/session/mod.rs", "session"),
            ("scenarios/full-channel/leaky.rs", "leaky"),
        ] {
            assert_eq!(module(file), expected, "{file}");
        }
    }
}
