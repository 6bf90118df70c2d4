//! Spawn sites as small numbers, for all registries of the process.

use std::collections::HashMap;
use std::panic::Location;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use backtrace::Backtrace;
use pileup_model::Site;

use super::function::function_at;

/// The number of a spawn site.
pub(crate) type SiteNumber = u16;

/// The site of tasks beyond the number of sites that can be told apart.
pub(crate) const OTHER: SiteNumber = 0;

/// Addresses of locations that are found without a lock.
const ADDRESSES: usize = 1 << 13;
/// An address is looked for in so many places.
const NEAR: usize = 16;

static SITES: Sites = Sites {
    addresses: [const { Address::new() }; ADDRESSES],
    known: Mutex::new(None),
};

/// The compiler may make several copies of one location: addresses are only a short way to
/// it, and two locations are one site when they say the same.
struct Sites {
    addresses: [Address; ADDRESSES],
    known: Mutex<Option<Known>>,
}

struct Address {
    of_location: AtomicUsize,
    number: AtomicU32,
}

#[derive(Default)]
struct Known {
    numbers: HashMap<&'static Location<'static>, SiteNumber>,
    sites: Vec<&'static SpawnSite>,
}

/// A place that spawns tasks.
pub(crate) struct SpawnSite {
    pub(crate) site: Site,
    /// The stack of the first spawn, until its function is asked for.
    first_spawn: Mutex<Option<Backtrace>>,
    function: OnceLock<Option<String>>,
}

impl Address {
    const fn new() -> Self {
        Self {
            of_location: AtomicUsize::new(0),
            number: AtomicU32::new(0),
        }
    }
}

/// The number of a site. The first task of a site pays for the capture of its stack.
pub(crate) fn number_of(location: &'static Location<'static>) -> SiteNumber {
    let address = std::ptr::from_ref(location).addr();
    for near in SITES.near(address) {
        match near.of_location.load(Ordering::Acquire) {
            0 => break,
            known if known == address => {
                return SiteNumber::try_from(near.number.load(Ordering::Relaxed)).unwrap_or(OTHER);
            }
            _ => {}
        }
    }
    SITES.learn(location, address)
}

/// All sites so far, by number.
pub(crate) fn all() -> Vec<&'static SpawnSite> {
    SITES.known(|known| known.sites.clone())
}

impl Sites {
    fn near(&self, address: usize) -> impl Iterator<Item = &Address> {
        let spread = (address as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
        (0..NEAR).map(move |step| &self.addresses[(spread as usize + step) % ADDRESSES])
    }

    fn learn(&self, location: &'static Location<'static>, address: usize) -> SiteNumber {
        self.known(|known| {
            let number = known.number(location);
            let free = self
                .near(address)
                .find(|near| near.of_location.load(Ordering::Relaxed) == 0);
            // Where all are taken, the site is found by way of the lock.
            if let Some(free) = free {
                free.number.store(u32::from(number), Ordering::Relaxed);
                free.of_location.store(address, Ordering::Release);
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
        known.sites.push(SpawnSite::new("other", 0, 0, None));
        known
    }

    fn number(&mut self, location: &'static Location<'static>) -> SiteNumber {
        if let Some(number) = self.numbers.get(location) {
            return *number;
        }
        let Ok(number) = SiteNumber::try_from(self.sites.len()) else {
            return OTHER;
        };
        self.sites.push(SpawnSite::new(
            location.file(),
            location.line(),
            location.column(),
            Some(Backtrace::new_unresolved()),
        ));
        self.numbers.insert(location, number);
        number
    }
}

impl SpawnSite {
    /// For as long as the process lives, as locations do.
    fn new(file: &str, line: u32, column: u32, first_spawn: Option<Backtrace>) -> &'static Self {
        Box::leak(Box::new(Self {
            site: Site {
                file: file.into(),
                line,
                column,
            },
            first_spawn: Mutex::new(first_spawn),
            function: OnceLock::new(),
        }))
    }

    /// The function that the spawn stands in, if the program knows the lines of its code.
    /// The first time it reads the program's debug information: never on a worker.
    pub(crate) fn function(&self) -> Option<&str> {
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
}
