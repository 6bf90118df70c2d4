//! Names of addresses, from the files of the objects that have them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use addr2line::Context;
use gimli::{EndianSlice, NativeEndian};
use memmap2::Mmap;
use object::{Object as _, ObjectSection};

use super::object_at;
use super::objects::Object;
use super::symbol_table::symbols_at;
use crate::symbols::RawFrame;

type Reader<'a> = EndianSlice<'a, NativeEndian>;

/// Names each of these return addresses. One that is in no object is left out.
pub(crate) fn name(addresses: &[usize], mut named: impl FnMut(usize, Vec<RawFrame>)) {
    let mut by_object: BTreeMap<u64, (Arc<Object>, Vec<usize>)> = BTreeMap::new();
    for &address in addresses {
        if let Some(object) = object_at(inside_of_call(address)) {
            let of_object = by_object
                .entry(object.code.start)
                .or_insert_with(|| (object, Vec::new()));
            of_object.1.push(address);
        }
    }
    for (object, addresses) in by_object.into_values() {
        name_of_object(&object, &addresses, &mut named);
    }
}

/// A call may be the last instruction of its function, so look inside of the call.
fn inside_of_call(return_address: usize) -> usize {
    return_address.wrapping_sub(1)
}

fn name_of_object(
    object: &Object,
    addresses: &[usize],
    named: &mut impl FnMut(usize, Vec<RawFrame>),
) {
    let path = path(object);
    let map = File::open(&path).ok().and_then(|file| {
        // SAFETY: the file of a running program or library is not written to: the system
        // refuses that for a program, and for a library it would break the code that runs.
        unsafe { Mmap::map(&file) }.ok()
    });
    let file = map
        .as_deref()
        .and_then(|bytes| object::File::parse(bytes).ok());
    let place_of = |address| (inside_of_call(address) as u64).wrapping_sub(object.bias);
    let places = addresses.iter().map(|&address| place_of(address)).collect();
    let symbols = file.as_ref().map(|file| Namer::new(file, places));
    for &address in addresses {
        let place = place_of(address);
        let frames = symbols.as_ref().map(|symbols| symbols.frames(place));
        let mut frames = frames.unwrap_or_default();
        if frames.is_empty() {
            frames.push(unknown(object, place));
        }
        named(address, frames);
    }
}

/// The file that was loaded, even if another was put in its place since then.
fn path(object: &Object) -> PathBuf {
    if object.is_program() {
        PathBuf::from("/proc/self/exe")
    } else {
        object.path.clone()
    }
}

/// A frame of which only the file and the place in it are known.
fn unknown(object: &Object, place: u64) -> RawFrame {
    let path = if object.is_program() {
        std::env::current_exe().unwrap_or_default()
    } else {
        object.path.clone()
    };
    let name = path.file_name().map_or(&*path, Path::new);
    RawFrame {
        function: Some(format!("{}+{place:#x}", name.display())),
        ..RawFrame::default()
    }
}

/// The debug information of one file, and the symbols at some places of it.
struct Namer<'a> {
    symbols: BTreeMap<u64, &'a str>,
    debug: Option<Context<Reader<'a>>>,
}

impl<'a> Namer<'a> {
    fn new(file: &'a object::File<'a>, places: Vec<u64>) -> Self {
        // Compressed sections are not read: they count as missing.
        let section = |id: gimli::SectionId| -> Result<Reader<'a>, gimli::Error> {
            let section = file.section_by_name(id.name());
            let data = section.and_then(|section| section.data().ok());
            Ok(EndianSlice::new(data.unwrap_or_default(), NativeEndian))
        };
        let dwarf = gimli::Dwarf::load(section).ok();
        Self {
            symbols: symbols_at(file, places),
            debug: dwarf.and_then(|dwarf| Context::from_dwarf(dwarf).ok()),
        }
    }

    /// The frames at a place of the file, innermost first; none if nothing is known there.
    fn frames(&self, place: u64) -> Vec<RawFrame> {
        let mut frames = self.debug_frames(place).unwrap_or_default();
        let symbol = self.symbols.get(&place).map(|symbol| demangled(symbol));
        // The symbol is that of the function into which the others were inlined. It has the
        // whole path, which some debug information has not.
        match (frames.last_mut(), symbol) {
            (Some(frame), Some(symbol)) => {
                frame.also = frame.function.replace(symbol).unwrap_or_default();
            }
            (None, Some(symbol)) => frames.push(RawFrame {
                function: Some(symbol),
                ..RawFrame::default()
            }),
            (_, None) => {}
        }
        frames
    }

    fn debug_frames(&self, place: u64) -> Option<Vec<RawFrame>> {
        let debug = self.debug.as_ref()?;
        let directory = self.directory(place).unwrap_or_default();
        // Debug information in other files is not read.
        let mut found = debug.find_frames(place).skip_all_loads().ok()?;
        let mut frames = Vec::new();
        while let Ok(Some(frame)) = found.next() {
            let function = frame
                .function
                .as_ref()
                .and_then(|name| name.raw_name().ok());
            let location = frame.location.as_ref();
            let file = location.and_then(|location| location.file);
            frames.push(RawFrame {
                function: function.map(|name| demangled(&name)),
                also: String::new(),
                file: file.map(|file| relative(file, &directory).to_owned()),
                line: location.and_then(|location| location.line),
            });
        }
        Some(frames)
    }

    /// The directory in which the code at a place was compiled: for the program's own code,
    /// the workspace.
    fn directory(&self, place: u64) -> Option<Cow<'a, str>> {
        let unit = self.debug.as_ref()?.find_dwarf_and_unit(place);
        let unit = unit.skip_all_loads()?;
        Some(unit.comp_dir?.to_string_lossy())
    }
}

/// A file as the compiler was given it, which for debug information it made absolute.
fn relative<'a>(file: &'a str, directory: &str) -> &'a str {
    let rest = file
        .strip_prefix(directory)
        .and_then(|rest| rest.strip_prefix('/'));
    // The directory of a dependency is that of its sources, or where rustc was built.
    let is_dependency = crate::names::is_in_fetched_crate(file);
    rest.filter(|_| !directory.is_empty() && !is_dependency)
        .unwrap_or(file)
}

/// A name as it is in the source, without a hash.
fn demangled(symbol: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(symbol))
}
