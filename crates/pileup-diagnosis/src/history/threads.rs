//! What the threads of the program did, as far as they were seen.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use jiff::Timestamp;
use pileup_model::{Process, Snapshot, Thread, ThreadState, elapsed};

use crate::facts::{Evidence, ThreadsAlike};

/// This number of looks is kept, and the oldest goes.
const MOST_LOOKS: usize = 64;
/// Looks that are nearer to each other show nothing.
const SHORTEST: Duration = Duration::from_secs(2);
/// A thread computes if it had a processor for this part of the time,
const COMPUTING_PART: u32 = 10;
/// or was never seen asleep in this number of looks.
const FEWEST_LOOKS: u32 = 5;

/// The newest looks at the process of the program.
#[derive(Debug, Clone, Default)]
pub(crate) struct ThreadsSeen {
    looks: VecDeque<(Timestamp, Process)>,
}

impl ThreadsSeen {
    /// Takes in the process of a snapshot, where it has one.
    pub(crate) fn observe(&mut self, snapshot: &Snapshot) {
        let Some(process) = &snapshot.process else {
            return;
        };
        if self.looks.len() == MOST_LOOKS {
            self.looks.pop_front();
        }
        self.looks.push_back((snapshot.at, process.clone()));
    }

    /// What the threads have done since a time; none where they were not seen for long enough.
    pub(crate) fn since(&self, since: Timestamp) -> Option<Evidence> {
        let (end, last) = self.looks.back()?;
        let looks = self.looks.iter();
        let looks: Vec<&(Timestamp, Process)> = looks
            .filter(|(at, process)| *at >= since && process.id == last.id)
            .collect();
        let between = elapsed(looks.first()?.0, *end);
        if between < SHORTEST {
            return None;
        }
        let mut seen: BTreeMap<u32, Seen> = BTreeMap::new();
        for thread in looks.iter().flat_map(|(_, process)| &process.threads) {
            seen.entry(thread.id).or_default().add(thread);
        }
        let (mut computing, mut on_futex) = (BTreeMap::new(), BTreeMap::new());
        let mut others = 0;
        for thread in &last.threads {
            let seen = seen.remove(&thread.id).unwrap_or_default();
            let ran = thread.ran.saturating_sub(seen.ran_before);
            let kind = if seen.computes(ran, between) {
                &mut computing
            } else if seen.on_futex == seen.looks {
                &mut on_futex
            } else {
                others += 1;
                continue;
            };
            let alike: &mut (usize, Duration) = kind.entry(&*thread.name).or_default();
            alike.0 += 1;
            alike.1 += ran;
        }
        Some(Evidence::Threads {
            process: last.id,
            program: last.name.to_string(),
            between_seconds: between.into(),
            computing: alike(computing),
            on_futex: alike(on_futex),
            others,
        })
    }
}

/// What a thread was seen to do in several looks.
#[derive(Debug, Default)]
struct Seen {
    looks: u32,
    running: u32,
    on_futex: u32,
    /// For how long it had run at the first look.
    ran_before: Duration,
}

impl Seen {
    fn add(&mut self, thread: &Thread) {
        if self.looks == 0 {
            self.ran_before = thread.ran;
        }
        self.looks += 1;
        match thread.state {
            ThreadState::Running => self.running += 1,
            ThreadState::OnFutex => self.on_futex += 1,
            ThreadState::Asleep => {}
        }
    }

    /// On a busy machine, a thread that computes has a processor for little of the time, and is
    /// ready for one all the time.
    fn computes(&self, ran: Duration, between: Duration) -> bool {
        let is_always_ready = self.looks >= FEWEST_LOOKS && self.running == self.looks;
        ran * COMPUTING_PART >= between || is_always_ready
    }
}

fn alike(threads: BTreeMap<&str, (usize, Duration)>) -> Vec<ThreadsAlike> {
    let threads = threads.into_iter();
    threads
        .map(|(name, (threads, ran))| ThreadsAlike {
            name: name.to_owned(),
            threads,
            ran_seconds: ran.into(),
        })
        .collect()
}
