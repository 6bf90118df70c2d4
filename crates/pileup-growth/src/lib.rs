//! Does a population of tasks leak? Survival statistics on births and deaths.
//!
//! The tasks of one spawn site are seen during a *watch*. Births are known, deaths are seen,
//! tasks that are alive at the end are *right-censored*, and tasks that were alive at the
//! start are *left-truncated*: they count from the age that they had then (delayed entry).
//! A [`Population`] holds these data, and [`Population::verdict`] answers whether a part of
//! the tasks never ends.
//!
//! The answer needs two things, both at the ages above some *cut*, so that short tasks at the
//! same spawn site do not hide those that stay:
//!
//! 1. **The old tasks do not finish.** [`Reference`] lists lifetimes of healthy tasks, each
//!    with a given mean. The one-sample log-rank test compares the deaths seen with the deaths
//!    that each reference predicts for the same tasks over the same time. See [`Evidence`].
//! 2. **Tasks keep growing old**, up to the end of the watch and at no falling rate. See
//!    the module `births`.
//!
//! The evidence is a log-likelihood ratio with a fixed boundary, as in Wald's sequential test. A
//! watch that looks at it after every snapshot and stops at the first answer asks for more: see
//! [`Stopping`].
//!
//! A spawn site that serves several kinds of task is split into cohorts: see [`SiteVerdict`] and
//! the module `cohorts`. A source that keeps no list of finished tasks, such as the probe, counts what
//! it needs from time to time: see [`Marks`].
//! `docs/accuracy.md` has the measured error rates.
//!
//! Sources:
//! - N. Breslow, "Analysis of survival data under the proportional hazards model", 1975, and
//!   G. Berry, "The analysis of mortality by the subject-years method", 1983: the one-sample
//!   log-rank test, with delayed entry.
//! - A. Wald, *Sequential Analysis*, 1947: the boundary.
//! - R. Maller and X. Zhou, *Survival Analysis with Long-Term Survivors*, 1996: a fraction that
//!   never ends can be told only where the follow-up is much longer than the lifetimes of
//!   those that end. Here, the oldest live task must have three times the age of the cut.
//!
//! Nothing here opens a file or reads a clock.

mod births;
mod bound;
mod cohorts;
mod exposure;
mod lifetimes;
mod marks;
mod population;
mod reference;
mod stays;
mod stopping;
mod verdict;

pub use bound::mean_at_least;
pub use cohorts::SiteVerdict;
pub use lifetimes::Lifetimes;
pub use marks::{CohortSeen, Marks};
pub use population::{Period, Population};
pub use reference::Reference;
pub use stays::Count;
pub use stopping::Stopping;
pub use verdict::{DEFAULT_MAX_LIFETIME, Evidence, Verdict};
