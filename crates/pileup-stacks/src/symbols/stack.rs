//! The names of a whole stack: what one frame's debug information leaves out, those around it
//! may have.

use std::collections::HashSet;
use std::sync::Arc;

use pileup_model::Frame;

use super::RawFrame;
use crate::kinds;
use crate::names::{self, Name, is_in_dependency};

/// A frame as far as it is known by itself.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Named {
    function: Arc<str>,
    /// The name of a closure or an async function whose path is not known: `async_fn#0`.
    closure: Option<Box<str>>,
    file: Option<Arc<str>>,
    line: Option<u32>,
    /// What the type parameters mention: see [`names::mentions`].
    mentions: Box<[(String, String)]>,
}

impl Named {
    pub(super) fn of(raw: &RawFrame) -> Self {
        let text = raw.function.as_deref().unwrap_or_default();
        let module = || raw.file.as_deref().map(names::module).unwrap_or_default();
        let join = |module: String, name: &str| match module.as_str() {
            "" => name.to_owned(),
            module => format!("{module}::{name}"),
        };
        let (function, closure) = match Name::of(text) {
            Name::Path(path) => (path, None),
            Name::Short(name) => (join(module(), &name), None),
            Name::Closure(name) => {
                let shown = match name.split('#').next().unwrap_or_default() {
                    "async_fn" => "{async fn}",
                    "async_block" => "{async block}",
                    _ => "{closure}",
                };
                (join(module(), shown), Some(name.into()))
            }
        };
        let mut mentions = names::mentions(text);
        mentions.extend(names::mentions(&raw.also));
        Self {
            function: function.into(),
            closure,
            file: raw.file.as_deref().map(Into::into),
            line: raw.line,
            mentions: mentions.into(),
        }
    }

    /// About how much memory it takes, in bytes.
    pub(super) fn bytes(&self) -> usize {
        let texts = [Some(&self.function), self.file.as_ref()];
        let texts = texts.into_iter().flatten().map(|text| text.len() + 16);
        let closure = self.closure.as_ref().map_or(0, |closure| closure.len());
        let mentions = self
            .mentions
            .iter()
            .map(|mention| size_of_val(mention) + mention.0.len() + mention.1.len());
        size_of::<Self>() + texts.sum::<usize>() + closure + mentions.sum::<usize>()
    }
}

/// The frames of a stack, innermost first.
pub(super) fn frames(stack: &[&Named]) -> Vec<Frame> {
    let frame = |(index, named): (usize, &&Named)| {
        let path = named
            .closure
            .as_deref()
            .and_then(|closure| mentioned(stack, index, closure));
        Frame {
            function: path.map_or_else(|| Arc::clone(&named.function), Into::into),
            file: named.file.clone(),
            line: named.line,
        }
    };
    stack.iter().enumerate().map(frame).collect()
}

/// The path of the function that contains this closure, if the nearest frame that mentions
/// such a one leaves no doubt.
fn mentioned(stack: &[&Named], index: usize, closure: &str) -> Option<String> {
    let file = stack[index].file.as_deref()?;
    // Of a dependency, the path is known up to the function. The program's own crates may be
    // called otherwise than their folders.
    let module = names::module(file);
    let is_dependency = is_in_dependency(file);
    let crate_of = |path: &str| path.split("::").next().unwrap_or_default().to_owned();
    let dependencies = stack.iter().filter_map(|named| named.file.as_deref());
    let dependencies: HashSet<_> = dependencies
        .filter(|file| is_in_dependency(file))
        .map(|file| crate_of(&names::module(file)))
        .collect();
    let fits = |path: &str| {
        if is_dependency {
            path.strip_prefix(&module)
                .is_some_and(|rest| rest.starts_with("::"))
        } else {
            !kinds::is_in_library(path) && !dependencies.contains(&crate_of(path))
        }
    };
    let outwards = stack.iter().skip(index + 1);
    let inwards = stack[..index].iter().rev();
    // A caller mentions what it polls, a callee in which function it was made.
    for neighbours in [
        &mut outwards.take(8) as &mut dyn Iterator<Item = &&Named>,
        &mut inwards.take(8),
    ] {
        for named in neighbours {
            let mut paths = named
                .mentions
                .iter()
                .filter(|(path, name)| name == closure && fits(path))
                .map(|(path, _)| path);
            if let Some(path) = paths.next() {
                return paths.next().is_none().then(|| path.clone());
            }
            // Beyond another of that name, a mention may be of that one.
            if named.closure.as_deref() == Some(closure) {
                break;
            }
        }
    }
    None
}
