//! What was spawned and what has finished, by site: exact, and without a word of memory that
//! all workers write to.

use std::cell::Cell;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;

use crate::clock::Tick;
use crate::lifetimes::{BUCKETS, bucket};
use crate::sites::SiteNumber;

const MOST_STRIPES: usize = 16;
const SITES_OF_CHUNK: usize = 256;
const CHUNKS: usize = (SiteNumber::MAX as usize + 1) / SITES_OF_CHUNK;

type Chunk = Box<[OnceLock<SiteCounters>; SITES_OF_CHUNK]>;

/// Counters of all sites.
pub(crate) struct Counters {
    chunks: Box<[OnceLock<Chunk>]>,
    stripes: usize,
}

/// Counters of one site; each thread counts in a stripe that few others use.
struct SiteCounters {
    stripes: Box<[Stripe]>,
}

#[repr(align(128))]
struct Stripe {
    spawned: AtomicU64,
    finished: [AtomicU64; BUCKETS],
}

/// What was counted at one site until now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// Tasks that were spawned.
    pub spawned: u64,
    /// Those that finished, by [bucket](crate::bucket) of their lifetime.
    pub finished: [u64; BUCKETS],
}

impl Counters {
    pub(crate) fn new() -> Self {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        Self {
            chunks: (0..CHUNKS).map(|_| OnceLock::new()).collect(),
            stripes: threads.next_power_of_two().min(MOST_STRIPES),
        }
    }

    /// Counts a spawn, and gives how many the threads of this stripe had counted there before.
    pub(crate) fn count_spawned(&self, site: SiteNumber) -> u64 {
        self.stripe(site).spawned.fetch_add(1, Ordering::Relaxed)
    }

    /// Takes back a spawn.
    pub(crate) fn uncount_spawned(&self, site: SiteNumber) {
        // Where another stripe had counted it, this one wraps, and the sum is right again.
        self.stripe(site).spawned.fetch_sub(1, Ordering::Relaxed);
    }

    /// How many the threads of this stripe have counted.
    pub(crate) fn spawned_by_stripe(&self, site: SiteNumber) -> u64 {
        self.stripe(site).spawned.load(Ordering::Relaxed)
    }

    /// Counts the end of a task that was counted as spawned before.
    pub(crate) fn count_finished(&self, site: SiteNumber, lifetime: Tick) {
        // Whoever sees the end sees the spawn.
        self.stripe(site).finished[bucket(lifetime)].fetch_add(1, Ordering::Release);
    }

    /// What was counted at a site; nothing where nothing was spawned yet. Never more ends
    /// than spawns.
    pub(crate) fn of(&self, site: SiteNumber) -> Option<Counted> {
        let (chunk, index) = split(site);
        let counters = self.chunks[chunk].get()?[index].get()?;
        let mut finished = [0; BUCKETS];
        for stripe in &counters.stripes {
            for (sum, count) in finished.iter_mut().zip(&stripe.finished) {
                *sum += count.load(Ordering::Acquire);
            }
        }
        let spawned = counters
            .stripes
            .iter()
            .map(|stripe| stripe.spawned.load(Ordering::Relaxed));
        Some(Counted {
            spawned: spawned.fold(0, u64::wrapping_add),
            finished,
        })
    }

    fn stripe(&self, site: SiteNumber) -> &Stripe {
        let (chunk, index) = split(site);
        let chunk = self.chunks[chunk]
            .get_or_init(|| Box::new([const { OnceLock::new() }; SITES_OF_CHUNK]));
        let counters = chunk[index].get_or_init(|| SiteCounters {
            stripes: (0..self.stripes).map(|_| Stripe::new()).collect(),
        });
        // The number of stripes is a power of two.
        &counters.stripes[thread_number() & (self.stripes - 1)]
    }
}

impl Counted {
    /// All that finished.
    #[must_use]
    pub fn finished(&self) -> u64 {
        self.finished.iter().sum()
    }
}

impl Stripe {
    fn new() -> Self {
        Self {
            spawned: AtomicU64::new(0),
            finished: [const { AtomicU64::new(0) }; BUCKETS],
        }
    }
}

fn split(site: SiteNumber) -> (usize, usize) {
    let site = usize::from(site);
    (site / SITES_OF_CHUNK, site % SITES_OF_CHUNK)
}

/// A number of this thread; threads that are started one after the other have numbers that
/// follow each other.
fn thread_number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static NUMBER: Cell<usize> = const { Cell::new(usize::MAX) };
    }
    NUMBER.with(|number| {
        if number.get() == usize::MAX {
            number.set(NEXT.fetch_add(1, Ordering::Relaxed) & (usize::MAX >> 1));
        }
        number.get()
    })
}
