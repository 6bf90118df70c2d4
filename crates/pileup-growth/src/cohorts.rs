//! Several kinds of task at one spawn site.
//!
//! One spawn site often serves several kinds of task: every accept loop, spawn wrapper and
//! executor does. Healthy tasks that live long and leaked ones then hide each other: the
//! healthy ones finish, so that the site as a whole does not look like a leak. A *cohort* is
//! the part of a site's tasks that have something in common, such as the `.await` at which
//! they wait. Each cohort is asked the question of growth on its own.
//!
//! **What a cohort counts.** A task comes to an await at some time of its life, and may leave
//! it again. If each live task counted from its birth, in the cohort in which it is now, it would
//! bring along the time before, in which it could not have finished in this cohort: *immortal
//! time*, which makes any cohort look like a leak. Finished tasks would be in no cohort. So the
//! unit is not a task but a *stay*:
//!
//! - A stay begins with the first snapshot that shows the task in the cohort (a landmark). A stay
//!   that ends before any snapshot shows it does not count.
//! - It ends when a snapshot shows the task elsewhere, or when the task has finished: both are the
//!   death of the survival analysis. A stay that goes on is right-censored.
//! - A stay that the first snapshot shows is left-truncated. Its age then is the time that the
//!   task is known to have been there, at least. Too short an age only delays the verdict.
//!
//! Every stay that a snapshot shows is followed to its end, and each second counts once, from
//! the landmark on. A healthy task that finishes after some time leaves the cohort by then at
//! the latest. So a stay ends at least as soon as the healthy references predict for a
//! life. There is no time before the watch: nobody saw what left then.
//!
//! **Coming back.** A task may leave a cohort and come back: each time is a stay of its own, but
//! only the first is an arrival. A pool whose workers come back to rest has stays that begin all
//! the time, and no new tasks. So a cohort piles up only if tasks keep coming that have not been
//! there before.
//!
//! **Several questions.** Each cohort is one more chance to be wrong. The whole site keeps four
//! fifths of the error that is allowed, and all its cohorts share the last fifth (a weighted
//! Bonferroni correction). A site that has only one kind of task is tested alone, with all of it.
//!
//! Sources:
//! - S. Suissa, "Immortal time bias in pharmacoepidemiology", *American Journal of
//!   Epidemiology*, 2008: the bias.
//! - J. Anderson, K. Cain and R. Gelber, "Analysis of survival by tumor response", *Journal of
//!   Clinical Oncology*, 1983: the landmark.
//! - P. Andersen and N. Keiding, "Multi-state models for event history analysis", *Statistical
//!   Methods in Medical Research*, 2002: stays in a state, with delayed entry.

use std::cmp::Reverse;
use std::time::Duration;

use crate::{Population, Verdict};

/// The part of the allowed error that all cohorts of a site share.
const SHARE_OF_COHORTS: f64 = 0.2;

/// The verdict on a spawn site, and whose it is.
#[derive(Debug, Clone, PartialEq)]
pub struct SiteVerdict {
    /// The cohort that the verdict is about, by its number; none where it is about the whole
    /// site.
    pub cohort: Option<usize>,
    /// Whether it leaks.
    pub verdict: Verdict,
    /// Where the verdict is that a cohort leaks: the other cohorts that leak, by their numbers, and
    /// then those that are undecided and of which no old stay has ended. Of each, those with the
    /// most old stays come first. Their tasks may be those of another cohort, seen from another
    /// side.
    pub others: Vec<(usize, Verdict)>,
}

impl SiteVerdict {
    /// The verdict on a site whose tasks belong to these cohorts, if healthy tasks live for at
    /// most `max_lifetime` on average. The populations of cohorts consist of stays, those of
    /// the whole site of lives. Cohorts may overlap.
    ///
    /// Where the whole site leaks, it is about the whole site; but where some of its old tasks
    /// finish and a cohort leaks as well, it is about that cohort. Of several cohorts it is about
    /// the one with the most old stays, and has the `others` as well. Where none leaks, it is about
    /// the whole site, or about an undecided cohort where the whole site is clear.
    #[must_use]
    pub fn of(whole: &Population, cohorts: &[Population], max_lifetime: Duration) -> Self {
        let share = if cohorts.is_empty() {
            1.0
        } else {
            1.0 - SHARE_OF_COHORTS
        };
        let of_whole = whole.verdict_with(max_lifetime, share);
        if matches!(of_whole, Verdict::Leaks(evidence) if evidence.finished == 0) {
            return Self {
                cohort: None,
                verdict: of_whole,
                others: Vec::new(),
            };
        }
        let share = SHARE_OF_COHORTS / cohorts.len().max(1) as f64;
        let of_cohorts = cohorts.iter().enumerate().map(|(number, cohort)| {
            let verdict = cohort.verdict_with(max_lifetime, share);
            (Some(number), verdict)
        });
        let mut verdicts: Vec<(Option<usize>, Verdict)> =
            of_cohorts.chain([(None, of_whole)]).collect();
        verdicts.sort_by_key(|(cohort, verdict)| Reverse(Self::rank(*cohort, verdict)));
        let mut verdicts = verdicts.into_iter();
        let (cohort, verdict) = verdicts.next().unwrap_or((None, of_whole));
        let is_of_cohort = cohort.is_some() && matches!(verdict, Verdict::Leaks(_));
        let may_leak = |other: &Verdict| match other {
            Verdict::Leaks(_) => true,
            Verdict::Undecided { so_far, .. } => so_far.finished == 0,
            Verdict::Clear => false,
        };
        let others = verdicts.filter(|(_, other)| is_of_cohort && may_leak(other));
        let others = others.filter_map(|(cohort, other)| Some((cohort?, other)));
        Self {
            cohort,
            verdict,
            others: others.collect(),
        }
    }

    /// The surest is the largest. Of two that leak it is a cohort, and otherwise the whole site;
    /// then the one with the most old tasks.
    fn rank(cohort: Option<usize>, verdict: &Verdict) -> (u8, bool, usize) {
        let is_whole = cohort.is_none();
        match verdict {
            Verdict::Leaks(evidence) => (2, !is_whole, evidence.old),
            Verdict::Undecided { so_far, .. } => (1, is_whole, so_far.old),
            Verdict::Clear => (0, is_whole, 0),
        }
    }
}
