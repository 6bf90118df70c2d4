//! The functions of a source file, by their paths.

use std::path::{Component, Path};

use crate::Site;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// A function and its lines, counted from 1.
#[derive(Debug, Clone)]
pub struct Function {
    /// Its path, such as `server::accept`.
    pub name: String,
    /// Its first line.
    pub first: usize,
    /// Its last line.
    pub last: usize,
}

/// All functions in the text of a site's file; none if that is not Rust.
pub fn functions_of(site: &Site, text: &str) -> Vec<Function> {
    let mut visitor = Visitor {
        path: module_path(Path::new(&site.portable_file())),
        functions: Vec::new(),
    };
    if let Ok(parsed) = syn::parse_file(text) {
        visitor.visit_file(&parsed);
    }
    visitor.functions
}

/// The path of a file's module, by Cargo's own layout: `full_channel::leaky` of
/// `scenarios/full-channel/src/leaky.rs`.
fn module_path(file: &Path) -> Vec<String> {
    let parts: Vec<String> = file
        .with_extension("")
        .components()
        .filter_map(|part| match part {
            Component::Normal(part) => Some(part.to_string_lossy().replace('-', "_")),
            _ => None,
        })
        .collect();
    let source = parts.iter().rposition(|part| part == "src");
    // The folder that holds `src` has the name of the crate, as a rule.
    let start = source.map_or(0, |source| source.saturating_sub(1));
    let mut path: Vec<String> = parts[start..]
        .iter()
        .filter(|part| *part != "src")
        .cloned()
        .collect();
    if path.len() > 1
        && matches!(
            path.last().map(String::as_str),
            Some("lib" | "main" | "mod")
        )
    {
        path.pop();
    }
    path
}

/// Collects functions under their paths.
struct Visitor {
    path: Vec<String>,
    functions: Vec<Function>,
}

impl Visitor {
    fn add(&mut self, name: &syn::Ident, whole: &impl Spanned, inner: impl FnOnce(&mut Self)) {
        let span = whole.span();
        self.path.push(name.to_string());
        self.functions.push(Function {
            name: self.path.join("::"),
            first: span.start().line,
            last: span.end().line,
        });
        inner(self);
        self.path.pop();
    }

    fn within(&mut self, name: String, inner: impl FnOnce(&mut Self)) {
        self.path.push(name);
        inner(self);
        self.path.pop();
    }
}

impl<'a> Visit<'a> for Visitor {
    fn visit_item_mod(&mut self, module: &'a syn::ItemMod) {
        self.within(module.ident.to_string(), |visitor| {
            visit::visit_item_mod(visitor, module);
        });
    }

    fn visit_item_impl(&mut self, block: &'a syn::ItemImpl) {
        let name = match &*block.self_ty {
            syn::Type::Path(path) => path.path.segments.last().map(|last| last.ident.to_string()),
            _ => None,
        };
        self.within(name.unwrap_or_else(|| "_".to_owned()), |visitor| {
            visit::visit_item_impl(visitor, block);
        });
    }

    fn visit_item_fn(&mut self, function: &'a syn::ItemFn) {
        self.add(&function.sig.ident, function, |visitor| {
            visit::visit_item_fn(visitor, function);
        });
    }

    fn visit_impl_item_fn(&mut self, function: &'a syn::ImplItemFn) {
        self.add(&function.sig.ident, function, |visitor| {
            visit::visit_impl_item_fn(visitor, function);
        });
    }

    fn visit_trait_item_fn(&mut self, function: &'a syn::TraitItemFn) {
        self.add(&function.sig.ident, function, |visitor| {
            visit::visit_trait_item_fn(visitor, function);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_is_named_as_rust_names_it() {
        for (file, path) in [
            ("scenarios/full-channel/src/leaky.rs", "full_channel::leaky"),
            ("crates/pileup/src/main.rs", "pileup"),
            ("crates/pileup/src/views/mod.rs", "pileup::views"),
            ("src/server/accept.rs", "server::accept"),
            ("src/main.rs", "main"),
        ] {
            assert_eq!(module_path(Path::new(file)).join("::"), path, "{file}");
        }
    }
}
