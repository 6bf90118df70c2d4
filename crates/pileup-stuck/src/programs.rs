//! The programs, one file each.

mod blocking_flush;
mod circle_of_three_locks;
mod drain_without_end;
mod exhausted_pool;
mod holders_of_a_pool;
mod stream_after_its_end;
mod two_locks_of_std;
mod upgraded_read_lock;

use clap::ValueEnum;
use pileup_scenario::Scenario;

/// The name of a program: that of its file.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Program {
    /// A poll that blocks its worker until another task has run
    BlockingFlush,
    /// Three tasks that each hold one lock and wait for the next
    CircleOfThreeLocks,
    /// A shutdown that waits for tasks which were not told of it
    DrainWithoutEnd,
    /// A pool whose permits were all forgotten
    ExhaustedPool,
    /// A pool whose connections are all held by tasks that wait
    HoldersOfAPool,
    /// A poll that asks a stream again and again after its end
    StreamAfterItsEnd,
    /// Two workers that block on each other's lock
    TwoLocksOfStd,
    /// A task that waits for a write lock and holds a read lock of the same resource
    UpgradedReadLock,
}

impl Program {
    /// The program, as the leaky variant of a scenario that has no other.
    pub fn scenario(self) -> Scenario {
        let scenario = Scenario::new();
        match self {
            Self::BlockingFlush => scenario.leaky(blocking_flush::run),
            Self::CircleOfThreeLocks => scenario.leaky(circle_of_three_locks::run),
            Self::DrainWithoutEnd => scenario.leaky(drain_without_end::run),
            Self::ExhaustedPool => scenario.leaky(exhausted_pool::run),
            Self::HoldersOfAPool => scenario.leaky(holders_of_a_pool::run),
            Self::StreamAfterItsEnd => scenario.leaky(stream_after_its_end::run),
            Self::TwoLocksOfStd => scenario.leaky(two_locks_of_std::run),
            Self::UpgradedReadLock => scenario.leaky(upgraded_read_lock::run),
        }
    }
}
