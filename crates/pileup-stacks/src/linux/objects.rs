//! The program and its libraries, as they are loaded now.

use std::borrow::Cow;
use std::ffi::{CStr, OsStr, c_int, c_void};
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::Arc;

use super::cfi::{Cfi, Section};

/// The program, or a library of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Object {
    /// The file it was loaded from; empty for the program itself, and a bare name for what
    /// the kernel provides.
    pub(crate) path: PathBuf,
    /// What its addresses in memory have more than those in the file.
    pub(crate) bias: u64,
    /// The addresses from the first of its code to the last.
    pub(crate) code: Range<u64>,
    pub(super) cfi: Option<Cfi>,
}

impl Object {
    /// Whether it is the program itself, rather than a library.
    pub(super) fn is_program(&self) -> bool {
        self.path.as_os_str().is_empty()
    }

    /// The rule of the call that returns to `address`.
    pub(super) fn rule(&self, address: u64) -> Option<super::rule::Rule> {
        // A call may be the last instruction of a function, so look inside of the call.
        self.cfi.as_ref()?.rule(address - 1)
    }
}

/// All loaded objects that have code, in the order of their addresses.
#[derive(Debug, Default)]
pub(crate) struct Objects {
    /// How often the system loaded and unloaded a library, when this was read.
    changes: (u64, u64),
    objects: Vec<Arc<Object>>,
}

impl Objects {
    pub(super) const fn none() -> Self {
        Self {
            changes: (0, 0),
            objects: Vec::new(),
        }
    }

    /// The object that has code at this address.
    pub(crate) fn at(&self, address: u64) -> Option<&Arc<Object>> {
        let next = self
            .objects
            .partition_point(|object| object.code.start <= address);
        let object = self.objects.get(next.checked_sub(1)?)?;
        object.code.contains(&address).then_some(object)
    }

    /// Whether all of the others are still loaded.
    pub(super) fn contains_all(&self, others: &Self) -> bool {
        let mut others = others.objects.iter();
        others.all(|other| {
            self.at(other.code.start)
                .is_some_and(|object| object == other)
        })
    }

    /// What is loaded now; none if nothing was loaded or unloaded since `known` was read.
    pub(super) fn read(known: &Self) -> Option<Self> {
        let mut reading = Reading {
            known,
            is_first: true,
            is_current: false,
            found: Self::none(),
        };
        // SAFETY: `visit` has the type that the function expects, and gets the pointer that
        // is passed on here, which lives through the call and is not used otherwise meanwhile.
        unsafe { libc::dl_iterate_phdr(Some(visit), (&raw mut reading).cast()) };
        if reading.is_current {
            return None;
        }
        let mut found = reading.found;
        found.objects.sort_by_key(|object| object.code.start);
        Some(found)
    }
}

/// The state of one pass over the loaded objects.
struct Reading<'a> {
    known: &'a Objects,
    is_first: bool,
    is_current: bool,
    found: Objects,
}

/// Takes in one object. The system holds the lock of its list during this, so nothing is
/// unloaded meanwhile. Returns 0 to go on.
unsafe extern "C" fn visit(
    info: *mut libc::dl_phdr_info,
    size: libc::size_t,
    reading: *mut c_void,
) -> c_int {
    // SAFETY: the system passes a valid description of an object, for the time of this call.
    let info = unsafe { &*info };
    // SAFETY: this is the pointer that `Objects::read` passed, to which it has no other
    // reference until the pass ends.
    let reading = unsafe { &mut *reading.cast::<Reading<'_>>() };
    let is_program = std::mem::replace(&mut reading.is_first, false);
    // The system says how much of the description it has filled in.
    if is_program && size >= size_of::<libc::dl_phdr_info>() {
        let changes = (info.dlpi_adds, info.dlpi_subs);
        reading.is_current = changes == reading.known.changes && changes != (0, 0);
        reading.found.changes = changes;
    }
    if reading.is_current {
        return 1;
    }
    // SAFETY: `info` is the system's description of an object that is loaded now, and stays
    // so until this function returns.
    if let Some(object) = unsafe { describe(info, is_program) } {
        let address = object.code.start;
        let known = reading.known.at(address).filter(|known| ***known == object);
        let object = known.cloned().unwrap_or_else(|| Arc::new(object));
        reading.found.objects.push(object);
    }
    0
}

/// Reads the description of an object; none if it has no code.
///
/// # Safety
///
/// The description must be the system's, of an object that stays loaded until this returns;
/// and for ever if it `is_program`.
unsafe fn describe(info: &libc::dl_phdr_info, is_program: bool) -> Option<Object> {
    #[expect(clippy::useless_conversion, reason = "narrower on other targets")]
    let bias = u64::from(info.dlpi_addr);
    if info.dlpi_phdr.is_null() {
        return None;
    }
    // SAFETY: the program headers of a loaded object are in memory, as many as are stated.
    let headers =
        unsafe { std::slice::from_raw_parts(info.dlpi_phdr, usize::from(info.dlpi_phnum)) };
    let range = |header: &libc::Elf64_Phdr| {
        let start = bias.wrapping_add(header.p_vaddr);
        start..start.saturating_add(header.p_memsz)
    };
    let loaded = || {
        headers
            .iter()
            .filter(|header| header.p_type == libc::PT_LOAD)
    };
    let code = loaded()
        .filter(|header| header.p_flags & libc::PF_X != 0)
        .map(range)
        .reduce(|a, b| a.start.min(b.start)..a.end.max(b.end))?;
    let path = if info.dlpi_name.is_null() {
        PathBuf::new()
    } else {
        // SAFETY: the name of an object is a string that ends with a zero, and lives as long
        // as the object is loaded.
        let name = unsafe { CStr::from_ptr(info.dlpi_name) };
        PathBuf::from(OsStr::from_bytes(name.to_bytes()))
    };
    // What may be read: segments that are readable and not writable, so that nobody changes
    // them while they are read.
    let readable = |address: u64| {
        let constant =
            loaded().filter(|header| header.p_flags & (libc::PF_R | libc::PF_W) == libc::PF_R);
        let segment = constant
            .map(range)
            .find(|segment| segment.contains(&address))?;
        Some(address..segment.end)
    };
    // SAFETY: `readable` gives a part of a segment that is mapped for reading and not for
    // writing, of an object that is loaded, and for ever if it is the program.
    let section = |range: Range<u64>| unsafe { section(range, is_program) };
    let cfi = || {
        let header = headers
            .iter()
            .find(|header| header.p_type == libc::PT_GNU_EH_FRAME)?;
        let index = range(header);
        let index = section(index.start..index.end.min(readable(index.start)?.end));
        let mut frames = readable(Cfi::frames_address(&index)?)?;
        // Of what follows its start, `.eh_frame` is only a part: no more than that is copied. To
        // find its end takes milliseconds in a large program, where nothing is copied.
        if !is_program {
            // SAFETY: as above; these bytes are used only within this call.
            let bytes = unsafe { bytes(frames.clone()) };
            frames.end = frames.start + Cfi::frames_len(bytes) as u64;
        }
        let frames = section(frames);
        Some(Cfi::new(index, frames))
    };
    Some(Object {
        path: if is_program { PathBuf::new() } else { path },
        bias,
        code,
        cfi: cfi(),
    })
}

/// The bytes of a section: those in memory if they stay there, otherwise a copy.
///
/// # Safety
///
/// The addresses must be mapped for reading, and their contents must not change, until this
/// returns; for ever if they are `permanent`.
unsafe fn section(addresses: Range<u64>, permanent: bool) -> Section {
    let address = addresses.start;
    // SAFETY: promised by the caller; if not for ever, the bytes are copied.
    let bytes = unsafe { bytes(addresses) };
    Section {
        address,
        bytes: if permanent {
            Cow::Borrowed(bytes)
        } else {
            Cow::Owned(bytes.to_vec())
        },
    }
}

/// # Safety
///
/// The addresses must be mapped for reading, and their contents must not change, as long as
/// the bytes are used.
unsafe fn bytes(addresses: Range<u64>) -> &'static [u8] {
    let len = addresses.end.saturating_sub(addresses.start) as usize;
    // SAFETY: promised by the caller. A range of mapped addresses does not wrap around, and is
    // not at 0.
    unsafe { std::slice::from_raw_parts(addresses.start as *const u8, len) }
}
