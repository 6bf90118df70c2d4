//! What speaks against a claim, and the grade that is left.
//!
//! A doubt is one variant. What it allows is a line of [`Doubt::allows`], its sentence a line
//! of [`super::sentences`].

use serde::{Deserialize, Serialize};

use super::grade::Grade;
use super::seconds::Seconds;

/// Something that speaks against a claim.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "doubt", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Doubt {
    /// Growth shows that tasks stay; that they stay for good, no watch can show.
    OnlyGrowth,
    /// The old tasks wait under timers that are not due yet.
    TimersAhead {
        /// How many.
        tasks: usize,
        /// The first is due in this time.
        first_seconds: Seconds,
        /// The last is due in this time.
        last_seconds: Seconds,
    },
    /// Active tasks still wake the old ones.
    StillWoken,
    /// Healthy tasks that live for long would look the same so far.
    WatchTooShort {
        /// How long healthy tasks may live, on average.
        max_lifetime_seconds: Seconds,
        /// How much longer to watch; none where an hour would not decide it.
        more_seconds: Option<Seconds>,
    },
    /// New tasks may become rarer, as in a pool that becomes full.
    MayBecomeFull {
        /// How much longer to watch.
        more_seconds: Option<Seconds>,
    },
    /// The program may not have counted wakers yet when the tasks were polled.
    WakersUncounted,
    /// The tasks may have finished: an open span keeps a task on the console.
    MayHaveFinished,
    /// Others of the site have ended at half that age or more.
    OthersEndedAsOld,
    /// A long poll may return.
    PollMayReturn,
    /// One long poll, or several that have not lasted, may be heavy work.
    MayBeHeavyWork,
    /// Whether the tasks gave up their worker by `block_in_place` is not seen.
    WorkerUnseen,
    /// Guards of the lock can be passed on to other tasks.
    GuardPassedOn,
    /// Permits of a semaphore can be passed on, and others be added.
    PermitsPassedOn,
    /// Permits of a semaphore can be passed on, and others be added; but the tasks of the cycle
    /// alone have taken and given back these.
    PermitsOfTheCycle,
    /// The task may have given the lock back since, and another have taken it unseen.
    MayHaveGivenBack,
    /// A task of the cycle can be woken by something else.
    WokenElsewhere,
    /// Tasks wait in queues of one kind; whether it is one queue is not seen.
    QueueUnseen,
    /// The guard of the lock may be in use elsewhere.
    GuardInUse,
    /// The holder may go on.
    HolderMayGoOn,
    /// The tasks may be polled yet.
    MayBePolledYet,
    /// A storm of wakes may end.
    StormMayEnd,
    /// Long-lived tasks may share the spawn site with short ones.
    MayBeLongLived,
    /// To stand still shows that tasks stay; that they stay for good, no watch can show.
    OnlyStandstill,
    /// Idle connections and workers look the same: what the tasks wait for may come from outside.
    MayBeIdle,
    /// The tasks are polled: they may be loops in the background that nobody awaits.
    MayBeDetached,
    /// Tasks finished in the second half of the watch.
    StillDrains,
    /// The tasks may be meant to live as long as the program.
    MayBeMeantToStay,
    /// A dependency spawned the tasks.
    SpawnedInDependency,
    /// The program got too little processor time for its tasks to finish.
    Starved,
}

/// The surest grade that a doubt allows.
enum Allows {
    Probable,
    /// As sure as the pile that the claim explains: `probable` with one.
    AsThePile,
    Suspicious,
}

impl Doubt {
    fn allows(self) -> Allows {
        match self {
            Self::OnlyGrowth
            | Self::StillWoken
            | Self::OnlyStandstill
            | Self::PollMayReturn
            | Self::PermitsOfTheCycle
            | Self::MayBeMeantToStay => Allows::Probable,
            Self::WakersUncounted
            | Self::MayHaveFinished
            | Self::OthersEndedAsOld
            | Self::GuardPassedOn
            | Self::PermitsPassedOn
            | Self::MayHaveGivenBack
            | Self::WokenElsewhere
            | Self::QueueUnseen
            | Self::GuardInUse
            | Self::HolderMayGoOn
            | Self::MayBePolledYet
            | Self::StormMayEnd => Allows::AsThePile,
            Self::TimersAhead { .. }
            | Self::WatchTooShort { .. }
            | Self::MayBecomeFull { .. }
            | Self::MayBeHeavyWork
            | Self::WorkerUnseen
            | Self::MayBeLongLived
            | Self::MayBeIdle
            | Self::MayBeDetached
            | Self::StillDrains
            | Self::SpawnedInDependency
            | Self::Starved => Allows::Suspicious,
        }
    }

    /// Whether the claim rests on growth, so that what hides growth speaks against it.
    pub(crate) fn rests_on_growth(self) -> bool {
        matches!(self, Self::OnlyGrowth | Self::OnlyStandstill)
            || matches!(self.allows(), Allows::AsThePile)
    }
}

/// Grades a claim: the surest grade that each of its doubts allows, and `certain` without
/// any.
pub(crate) fn grade(doubts: &[Doubt], explains_a_pile: bool) -> Grade {
    let allowed = doubts.iter().map(|doubt| match doubt.allows() {
        Allows::Probable => Grade::Probable,
        Allows::AsThePile if explains_a_pile => Grade::Probable,
        Allows::AsThePile | Allows::Suspicious => Grade::Suspicious,
    });
    allowed.min().unwrap_or(Grade::Certain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_as_sure_as_its_worst_doubt_allows() {
        for (doubts, with_a_pile, without) in [
            (&[][..], Grade::Certain, Grade::Certain),
            (&[Doubt::PollMayReturn], Grade::Probable, Grade::Probable),
            (&[Doubt::GuardInUse], Grade::Probable, Grade::Suspicious),
            (
                &[Doubt::GuardInUse, Doubt::MayBeHeavyWork],
                Grade::Suspicious,
                Grade::Suspicious,
            ),
        ] {
            assert_eq!(grade(doubts, true), with_a_pile, "{doubts:?}");
            assert_eq!(grade(doubts, false), without, "{doubts:?}");
        }
    }
}
