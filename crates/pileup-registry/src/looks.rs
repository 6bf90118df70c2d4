//! Looks at a part of the tasks at a time, for those who must not hold up others.

use std::collections::HashSet;

use pileup_model::Site;

use crate::live::{LiveTask, TaskRef};
use crate::registry::Registry;
use crate::sites::{self, SiteNumber};
use crate::table::OWN_NUMBER;
pub use crate::table::Part;
use crate::waits::Waits;
use crate::{Nanos, Tick, current};
use jiff::Timestamp;

impl Registry {
    /// Gives each live task of one part of the table, and the part after it; none after the last.
    /// The first part is [`Part::default`].
    ///
    /// A task stays in its part: one that lives while all parts are looked at is given once.
    pub fn look_at(&self, part: Part, tasks: &mut Vec<LiveTask>) -> Option<Part> {
        self.table
            .for_each_of(part, |place, live| tasks.push(self.live_task(place, live)))
    }

    /// Names the stacks of these tasks: see [`waits`](Self::waits).
    #[must_use]
    pub fn waits_of<'a>(&self, tasks: impl IntoIterator<Item = &'a LiveTask>) -> Waits<'_> {
        let stacks = tasks
            .into_iter()
            .filter_map(|task| task.wakers?.stacks)
            .flat_map(|stacks| stacks.newest_first)
            .flatten();
        self.name_stacks(stacks.collect::<HashSet<_>>())
    }

    /// The live task of this number.
    #[must_use]
    pub fn live_task_of(&self, number: u64) -> Option<LiveTask> {
        let place = self.table.find(number)?;
        let live = place.read().filter(|live| live.number == number)?;
        Some(self.live_task(place, live))
    }

    /// The task that the calling thread polls, as far as a span or a wrapper reports it.
    #[must_use]
    #[inline]
    pub fn current_task(&self) -> Option<TaskRef> {
        let parent = current::innermost_of(self.address())?;
        (parent.number & OWN_NUMBER == 0).then(|| TaskRef::from(parent))
    }

    /// The place of a spawn site.
    #[must_use]
    pub fn site(&self, number: SiteNumber) -> Option<Site> {
        sites::site(number)
    }

    /// The time when [`tick`](Self::tick) was last called.
    #[must_use]
    #[inline]
    pub fn tick_now(&self) -> Tick {
        self.clock.tick()
    }

    /// The exact time now. It asks the system.
    #[must_use]
    #[inline]
    pub fn now(&self) -> Nanos {
        self.clock.nanos()
    }

    /// A point in time of [`now`](Self::now), or of a task's [times](crate::TaskTimes).
    #[must_use]
    pub fn exact_time(&self, nanos: Nanos) -> Timestamp {
        self.clock.exact_time(nanos)
    }
}
