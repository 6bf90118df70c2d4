//! Spawn sites as small numbers, for all registries of the process.
//!
//! The runtime's hooks know a site by its `Location`, Tokio's spans by file, line and column. The
//! compiler may make several copies of one location: the address of the file's name, the
//! line and the column are a short way to the number, and two places are one site when they
//! read alike.

use std::collections::HashMap;
use std::panic::Location;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use backtrace::Backtrace;
use pileup_model::Site;

use crate::function::function_at;

/// The number of a spawn site, in all registries of the process.
pub type SiteNumber = u16;

/// The site of tasks beyond the number of sites that can be told apart.
pub(crate) const OTHER: SiteNumber = 0;

/// Places that are found without a lock.
const KEYS: usize = 1 << 13;
/// How many keys are looked at for one place.
const NEAR: usize = 16;

static SITES: Sites = Sites {
    keys: [const { Key::new() }; KEYS],
    known: Mutex::new(None),
};

struct Sites {
    keys: [Key; KEYS],
    known: Mutex<Option<Known>>,
}

/// The short way to a number.
struct Key {
    /// The address of the file's name; 0 while the key is free.
    file: AtomicUsize,
    /// Line and column.
    position: AtomicU64,
    number: AtomicU32,
}

#[derive(Default)]
struct Known {
    numbers: HashMap<(Arc<str>, u32, u32), SiteNumber>,
    sites: Vec<&'static SpawnSite>,
}

/// A place that spawns tasks.
pub struct SpawnSite {
    /// File, line and column.
    pub site: Site,
    /// The stack of the first spawn, until its function is asked for.
    first_spawn: Mutex<Option<Backtrace>>,
    function: OnceLock<Option<String>>,
}

impl Key {
    const fn new() -> Self {
        Self {
            file: AtomicUsize::new(0),
            position: AtomicU64::new(0),
            number: AtomicU32::new(0),
        }
    }
}

/// The number of a site. The first task of a site pays for the capture of its stack.
pub(crate) fn number_of(location: &'static Location<'static>) -> SiteNumber {
    number_at(location.file(), location.line(), location.column())
}

/// The number of the site at this place. The name of the file is one that the program has for
/// as long as it runs, as those of locations are.
pub(crate) fn number_at(file: &str, line: u32, column: u32) -> SiteNumber {
    known_at(file.as_ptr().addr(), line, column).unwrap_or_else(|| SITES.learn(file, line, column))
}

/// The number of a site whose file has its name at this address, if [`number_at`] was asked for it
/// before.
pub(crate) fn known_at(address: usize, line: u32, column: u32) -> Option<SiteNumber> {
    let position = u64::from(line) << 32 | u64::from(column);
    for key in SITES.near(address, position) {
        match key.file.load(Ordering::Acquire) {
            0 => break,
            known if known == address && key.position.load(Ordering::Relaxed) == position => {
                return SiteNumber::try_from(key.number.load(Ordering::Relaxed)).ok();
            }
            _ => {}
        }
    }
    None
}

/// The place of a site.
pub(crate) fn site(number: SiteNumber) -> Option<Site> {
    let site = SITES.known(|known| known.sites.get(usize::from(number)).copied())?;
    Some(site.site.clone())
}

/// All sites so far, by number.
pub(crate) fn all() -> Vec<&'static SpawnSite> {
    SITES.known(|known| known.sites.clone())
}

impl Sites {
    fn near(&self, address: usize, position: u64) -> impl Iterator<Item = &Key> {
        let mixed = (address as u64) ^ position.rotate_left(17);
        let spread = mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
        (0..NEAR).map(move |step| &self.keys[(spread as usize + step) % KEYS])
    }

    #[cold]
    fn learn(&self, file: &str, line: u32, column: u32) -> SiteNumber {
        let address = file.as_ptr().addr();
        let position = u64::from(line) << 32 | u64::from(column);
        self.known(|known| {
            let number = known.number(file, line, column);
            let free = self
                .near(address, position)
                .find(|key| key.file.load(Ordering::Relaxed) == 0);
            // Where all are taken, the site is found by way of the lock.
            if let Some(free) = free {
                free.number.store(u32::from(number), Ordering::Relaxed);
                free.position.store(position, Ordering::Relaxed);
                free.file.store(address, Ordering::Release);
            }
            number
        })
    }

    fn known<T>(&self, use_it: impl FnOnce(&mut Known) -> T) -> T {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        use_it(known.get_or_insert_with(Known::new))
    }
}

impl Known {
    fn new() -> Self {
        let mut known = Self::default();
        known.sites.push(SpawnSite::new("other".into(), 0, 0, None));
        known
    }

    fn number(&mut self, file: &str, line: u32, column: u32) -> SiteNumber {
        let file: Arc<str> = file.into();
        let place = (Arc::clone(&file), line, column);
        if let Some(number) = self.numbers.get(&place) {
            return *number;
        }
        let Ok(number) = SiteNumber::try_from(self.sites.len()) else {
            return OTHER;
        };
        let first_spawn = Some(Backtrace::new_unresolved());
        self.sites
            .push(SpawnSite::new(file, line, column, first_spawn));
        self.numbers.insert(place, number);
        number
    }
}

impl SpawnSite {
    /// For as long as the process lives, as locations do.
    fn new(
        file: Arc<str>,
        line: u32,
        column: u32,
        first_spawn: Option<Backtrace>,
    ) -> &'static Self {
        Box::leak(Box::new(Self {
            site: Site { file, line, column },
            first_spawn: Mutex::new(first_spawn),
            function: OnceLock::new(),
        }))
    }

    /// The function that contains the spawn, if the program has debug information. The first
    /// call reads that, which takes long: do not call it on a worker.
    #[must_use]
    pub fn function(&self) -> Option<&str> {
        self.function
            .get_or_init(|| {
                let mut stack = self
                    .first_spawn
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                function_at(stack.take()?, &self.site)
            })
            .as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_one_number_and_another_place_another() {
        let mut numbers = (0..3).map(|_| number_of(Location::caller()));
        let first = numbers.next();
        assert!(numbers.all(|number| Some(number) == first));
        assert_ne!(Some(number_of(Location::caller())), first);
    }

    #[test]
    fn a_copy_of_a_place_is_the_same_site() {
        let location = Location::caller();
        let copy = location.file().to_owned();
        let number = number_at(&copy, location.line(), location.column());
        assert_eq!(number, number_of(location));
    }
}
