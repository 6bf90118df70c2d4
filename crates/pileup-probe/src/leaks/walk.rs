//! One walk over all live tasks, which counts those of each cohort.

use pileup_growth::Count;
use pileup_registry::{LiveTask, Registry};

use super::cohort::{Cohort, Waiting};

/// The clock is moved each time that this number of tasks has been counted.
const TASKS_PER_TICK: u32 = 4096;
/// A site whose tasks wait at more stacks than this is not split by them: the next one is counted,
/// and no other.
pub(super) const MOST_STACKS: usize = 64;
/// A task stands still, and waits.
const MOST_OF_A_TASK: usize = 2;

/// The numbers of the cohorts of one site in a count. They are few, and to search through them is
/// faster than to hash.
type Known = Vec<(Waiting, usize)>;

/// Counts all live tasks, and shows each one with the numbers of its cohorts.
pub(super) fn walk(
    registry: &Registry,
    count: &mut Count<Cohort>,
    mut show: impl FnMut(&LiveTask, &[usize]),
) {
    let mut sites: Vec<Known> = Vec::new();
    let mut until_tick = TASKS_PER_TICK;
    registry.for_each_live(|task| {
        let site = usize::from(task.site);
        if sites.len() <= site {
            sites.resize_with(site + 1, Vec::new);
        }
        let mut numbers = [0; MOST_OF_A_TASK];
        let mut found = 0;
        for cohort in Cohort::of(&task) {
            if let Some(number) = number(&mut sites[site], cohort, count) {
                numbers[found] = number;
                found += 1;
            }
        }
        let numbers = &numbers[..found];
        count.add(numbers.iter().copied(), task.last_poll);
        show(&task, numbers);
        until_tick -= 1;
        if until_tick == 0 {
            registry.tick();
            until_tick = TASKS_PER_TICK;
        }
    });
}

fn number(known: &mut Known, cohort: Cohort, count: &mut Count<Cohort>) -> Option<usize> {
    let mut all = known.iter();
    if let Some((_, number)) = all.find(|(waiting, _)| *waiting == cohort.waiting) {
        return Some(*number);
    }
    // Beside the stacks there are those that wait anywhere, and those without a waker.
    if known.len() > MOST_STACKS + 2 {
        return None;
    }
    let number = count.cohort(cohort)?;
    known.push((cohort.waiting, number));
    Some(number)
}
