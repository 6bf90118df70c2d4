//! Asks every rule, and keeps one claim of each root cause.

use std::collections::HashSet;

use pileup_model::TaskId;

use crate::facts::{Doubt, Grade, grade};
use crate::rules::{Claim, Code, Observation, Stage};
use crate::starvation::is_starved;

/// A claim with its code and its grade.
pub(crate) struct Graded {
    pub(crate) code: Code,
    pub(crate) claim: Claim,
    pub(crate) grade: Grade,
}

/// Asks every rule, and keeps one claim of each root cause.
///
/// The rules about a whole runtime come first: no other rule reports what they explain. Next are
/// the rules that name a cause. What they explain is not claimed once more as a pile, nor as a
/// suspicion.
pub(crate) fn root_causes(observation: &Observation) -> Vec<Graded> {
    let mut kept: Vec<Graded> = Vec::new();
    for stage in [Stage::Runtime, Stage::Cause, Stage::Symptom] {
        let is_of_runtime = |graded: &&Graded| graded.code.stage() == Stage::Runtime;
        let of_runtime = tasks_of_proven(kept.iter().filter(is_of_runtime));
        for code in Code::ALL.into_iter().filter(|code| code.stage() == stage) {
            let explained = explained(&kept);
            let claims = code.rule()(observation).into_iter();
            let is_known = |claim: &Claim| {
                reads_explained_pile(claim, observation, &explained)
                    || reads_pile_of_cause(code, claim, &kept)
                    || claim.is_explained_by(&of_runtime)
                    || (claim.gives_way && claim.is_explained_by(&explained))
            };
            let open: Vec<Claim> = claims.filter(|claim| !is_known(claim)).collect();
            kept.extend(
                open.into_iter()
                    .map(|claim| judge(code, claim, observation)),
            );
        }
    }
    let explained = explained(&kept);
    kept.retain(|graded| {
        graded.grade > Grade::Suspicious || !graded.claim.tasks().is_subset(&explained)
    });
    kept
}

/// Grades a claim by its doubts, and by those that concern the whole watch.
fn judge(code: Code, mut claim: Claim, observation: &Observation) -> Graded {
    if claim.doubts.iter().any(|doubt| doubt.rests_on_growth()) {
        let starved = is_starved(observation.history).then_some(Doubt::Starved);
        claim.doubts.extend(starved);
    }
    let explains_a_pile = observation.pile_explained_by(&claim.tasks()).is_some();
    Graded {
        code,
        grade: grade(&claim.doubts, explains_a_pile),
        claim,
    }
}

/// Whether a claim is the symptom of a pile whose cause is claimed already. That matters as long as
/// the pile is not decided: then the cause is a suspicion as well.
fn reads_pile_of_cause(code: Code, claim: &Claim, kept: &[Graded]) -> bool {
    let is_symptom = code.stage() == Stage::Symptom && claim.reads_pile.is_some();
    is_symptom
        && kept
            .iter()
            .any(|graded| graded.claim.reads_pile == claim.reads_pile)
}

fn reads_explained_pile(
    claim: &Claim,
    observation: &Observation,
    explained: &HashSet<TaskId>,
) -> bool {
    let number = claim.reads_pile;
    let pile = number.and_then(|number| observation.piles.get(number));
    pile.is_some_and(|pile| pile.is_explained_by(explained))
}

/// The tasks of all claims that are more than suspicions.
fn explained(claims: &[Graded]) -> HashSet<TaskId> {
    tasks_of_proven(claims.iter())
}

fn tasks_of_proven<'a>(claims: impl Iterator<Item = &'a Graded>) -> HashSet<TaskId> {
    let proven = claims.filter(|graded| graded.grade > Grade::Suspicious);
    proven.flat_map(|graded| graded.claim.tasks()).collect()
}
