//! Names of addresses: off the runtime, on demand, cached within a bound.

mod cache;
mod stack;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use pileup_model::Frame;

use crate::platform;
use cache::Cache;
use stack::Named;

/// What symbols and debug information give for a frame.
#[derive(Debug, Default)]
pub(crate) struct RawFrame {
    /// The function, demangled: its path, or only the last part of it.
    pub(crate) function: Option<String>,
    /// Another name of it, for what its type parameters mention.
    pub(crate) also: String,
    pub(crate) file: Option<String>,
    pub(crate) line: Option<u32>,
}

/// Gives addresses their functions, files and lines.
///
/// It reads the symbols and the debug information of the program and of its libraries from
/// their files, when a name is asked for that is not cached. Do that on a thread that may
/// block. The files are mapped into memory, so that the system can take their pages back; what
/// is parsed of them is dropped at the end of each call, and the names are kept.
///
/// With full debug information, or `debug = 1`, all is known. With `line-tables-only`, a
/// function that was inlined has no path; if it is an async function, its name is taken from
/// the types of the functions around it, and is `{async fn}` where these do not mention it.
/// Without debug information there are only functions that were not inlined, and without a
/// symbol table only addresses.
#[derive(Debug)]
pub struct Symbols {
    cache: Mutex<Cache>,
}

impl Symbols {
    /// Names of which at most about `limit` bytes are cached.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            cache: Mutex::new(Cache::new(limit)),
        }
    }

    /// The frames of a stack of return addresses, innermost first. One address gives several
    /// frames where the compiler inlined functions.
    #[must_use]
    pub fn resolve(&self, stack: &[usize]) -> Vec<Frame> {
        self.resolve_all(&[stack]).pop().unwrap_or_default()
    }

    /// The frames of each of these stacks. This is much faster than one after another, because
    /// the debug information is opened once.
    #[must_use]
    pub fn resolve_all(&self, stacks: &[impl AsRef<[usize]>]) -> Vec<Vec<Frame>> {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        // What this call needs is held here, so that the limit cannot push it out meanwhile.
        let mut named: HashMap<usize, Arc<[Named]>> = HashMap::new();
        let mut unnamed = Vec::new();
        for address in stacks.iter().flat_map(AsRef::as_ref) {
            if named.contains_key(address) {
                continue;
            }
            let frames = cache.get(*address).unwrap_or_else(|| {
                unnamed.push(*address);
                let unknown = RawFrame {
                    function: Some(format!("{address:#x}")),
                    ..RawFrame::default()
                };
                [Named::of(&unknown)].into()
            });
            named.insert(*address, frames);
        }
        platform::name(&unnamed, |address, frames| {
            let frames: Arc<[Named]> = frames.iter().map(Named::of).collect();
            cache.insert(address, Arc::clone(&frames));
            named.insert(address, frames);
        });
        let frames_of = |stack: &[usize]| {
            let frames = stack.iter().filter_map(|address| named.get(address));
            let frames: Vec<&Named> = frames.flat_map(|frames| frames.iter()).collect();
            stack::frames(&frames)
        };
        stacks
            .iter()
            .map(|stack| frames_of(stack.as_ref()))
            .collect()
    }
}
