//! All codes, in one table: a new rule is its file and a line here.

use serde::{Deserialize, Serialize};

use super::claim::{Claim, Observation};
use super::{
    blocking_pool_full, deadlock, held_lock, left_behind, never_polled, never_woken, orphaned_lock,
    piling_up, pinned_worker, wake_storm,
};

/// A rule: turns what was observed into claims.
pub(super) type Rule = fn(&Observation) -> Vec<Claim>;

/// When a rule is asked, and what its claims give way to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// It names a cause: asked first.
    Cause,
    /// It names a symptom: asked when the causes are known.
    Symptom,
}

macro_rules! codes {
    ($(
        $(#[doc = $doc:literal])+
        $code:ident = $number:literal, $pattern:literal, $stage:ident, $rule:path;
    )+) => {
        /// What kind of finding it is. A code keeps its number and its meaning for good.
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Code {
            $($(#[doc = $doc])+ #[serde(rename = $number)] $code,)+
        }

        impl Code {
            /// Every code, in order.
            pub const ALL: [Self; [$($number),+].len()] = [$(Self::$code),+];

            /// The code as it is written and cited, such as `PU01`.
            #[must_use]
            pub fn number(self) -> &'static str {
                match self { $(Self::$code => $number,)+ }
            }

            /// The name of the pattern, such as `never-woken`.
            #[must_use]
            pub fn pattern(self) -> &'static str {
                match self { $(Self::$code => $pattern,)+ }
            }

            /// The page that explains the code, in Markdown.
            #[must_use]
            pub fn page(self) -> &'static str {
                match self {
                    $(Self::$code => include_str!(concat!(
                        "../../../../docs/findings/", $number, ".md"
                    )),)+
                }
            }

            pub(super) fn stage(self) -> Stage {
                match self { $(Self::$code => Stage::$stage,)+ }
            }

            pub(super) fn rule(self) -> Rule {
                match self { $(Self::$code => $rule,)+ }
            }
        }
    };
}

codes! {
    /// Tasks are idle, and no waker is left that could wake them.
    NeverWoken = "PU01", "never-woken", Cause, never_woken::claims;
    /// Tasks hold a worker in a poll that does not return.
    PinnedWorker = "PU02", "pinned-worker", Cause, pinned_worker::claims;
    /// The live tasks of a spawn site grow, and its old ones do not finish.
    PilingUp = "PU03", "piling-up", Symptom, piling_up::claims;
    /// Tasks wait for one another's locks, or for one of their own.
    Deadlock = "PU04", "deadlock", Cause, deadlock::deadlocks;
    /// A lock was granted to a future that its task no longer polls.
    Futurelock = "PU05", "futurelock", Cause, deadlock::futurelocks;
    /// A lock is held, and the task that took it has ended.
    OrphanedLock = "PU06", "orphaned-lock", Cause, orphaned_lock::claims;
    /// Tasks pile up behind a lock whose holder does nothing.
    HeldLock = "PU07", "held-lock", Cause, held_lock::claims;
    /// Tasks were spawned, and never polled.
    NeverPolled = "PU08", "never-polled", Cause, never_polled::claims;
    /// A task wakes itself again and again.
    WakeStorm = "PU09", "wake-storm", Cause, wake_storm::claims;
    /// A few tasks stand still beside many of their site that finish.
    LeftBehind = "PU10", "left-behind", Symptom, left_behind::claims;
    /// Closures keep all threads of the blocking pool, and others wait for one.
    BlockingPoolFull = "PU11", "blocking-pool-full", Cause, blocking_pool_full::claims;
}
