//! The probe's own pages: a service that carries a probe from its start, which is asked for its
//! verdict again and again.
//!
//! The probe keeps no list of tasks. Its marks are those of the real one ([`Marks`]), which counts
//! the live tasks at each of them: all that stand still, and those at each await. No task of these
//! services is polled but to move from one await to the other.

use std::cmp::Reverse;
use std::time::Duration;

use pileup_growth::{
    CohortSeen, DEFAULT_MAX_LIFETIME, Lifetimes, Marks, Period, Population, SiteVerdict, Verdict,
};

use crate::random::Random;
use crate::rate::Rate;
use crate::service::{Life, Service};
use crate::view::{in_bucket, seconds};

/// When the probe is asked, in seconds after the start.
pub const ASKED_AT: [f64; 5] = [30.0, 60.0, 120.0, 300.0, 900.0];

/// All tasks that stand still, or those at one await.
type Cohort = Option<usize>;

/// A task, in seconds since the start.
pub struct Task {
    pub born: f64,
    pub end: f64,
    /// When it came to which await, in order.
    pub moves: Vec<(f64, usize)>,
}

impl From<&Life> for Task {
    fn from(life: &Life) -> Self {
        let mut moves = vec![(life.born, 0)];
        if life.waits_at > 0 {
            moves.push((life.there_since, life.waits_at));
        }
        Self {
            born: life.born,
            end: life.end,
            moves,
        }
    }
}

/// What a walk over the live tasks shows.
struct Walk {
    count: pileup_growth::Count<Cohort>,
    /// How long ago all live tasks were born, longest ago first.
    born: Vec<Duration>,
    /// The same for those of each cohort, by its number in the count.
    of_cohorts: Vec<Vec<Duration>>,
}

/// How often a service is accused at each of [`ASKED_AT`].
pub fn accused(service: &Service, trials: u32, seed: u64) -> [Rate; ASKED_AT.len()] {
    let longest = ASKED_AT[ASKED_AT.len() - 1];
    rates(trials, |trial| {
        let row = [service.rate, service.age, longest];
        let lives = service.lives(longest, &mut Random::of_trial(seed, row, trial));
        lives.iter().map(Task::from).collect()
    })
}

/// The same, where `tasks` makes the tasks of each trial, in the order of their births.
pub fn rates(trials: u32, tasks: impl Fn(u32) -> Vec<Task>) -> [Rate; ASKED_AT.len()] {
    let mut rates = [Rate::default(); ASKED_AT.len()];
    for trial in 0..trials {
        let tasks = tasks(trial);
        let mut marks = Marks::new(0.0);
        let mut second = 0.0;
        for (asked_at, rate) in ASKED_AT.into_iter().zip(&mut rates) {
            while second < asked_at {
                second += 1.0;
                if marks.is_due(millis(second)) {
                    let walk = Walk::over(&tasks, &marks, second);
                    marks.add(millis(second), walk.count, second);
                }
            }
            rate.count(is_accused(&tasks, &marks, asked_at));
        }
    }
    rates
}

fn is_accused(tasks: &[Task], marks: &Marks<Cohort, f64>, now: f64) -> bool {
    let Some((_, start)) = marks.oldest() else {
        return false;
    };
    let mut finished = Lifetimes::default();
    let mut entered = Lifetimes::default();
    let watch = now - *start;
    for task in tasks.iter().take_while(|task| task.born <= now) {
        if task.end > *start && task.end <= now {
            let lifetime = in_bucket(task.end - task.born);
            finished.add(lifetime);
            if let Some(age) = lifetime.checked_sub(seconds(watch)) {
                entered.add(age);
            }
        }
    }
    let Walk {
        count,
        born,
        of_cohorts,
    } = Walk::over(tasks, marks, now);
    let whole = Population {
        ages: &born,
        came: None,
        watch: Period {
            length: seconds(watch),
            finished: &finished,
            entered: &entered,
        },
        before: None,
        lag: Duration::ZERO,
        slowed: false,
    };
    let seen = marks.cohorts(millis(now), count).into_iter();
    let mut seen: Vec<(CohortSeen<Cohort>, Vec<Duration>)> = seen.zip(of_cohorts).collect();
    let tasks = born.len() as u64 + finished.total();
    seen.retain(|(cohort, _)| cohort.is_tested(tasks));
    let lag = Duration::from_millis(millis(now) - marks.last());
    let cohorts = seen.iter();
    let cohorts = cohorts.map(|(cohort, born)| cohort.population(born, seconds(watch), lag));
    let cohorts: Vec<Population> = cohorts.collect();
    let verdict = SiteVerdict::of(&whole, &cohorts, DEFAULT_MAX_LIFETIME).verdict;
    matches!(verdict, Verdict::Leaks(_))
}

impl Walk {
    fn over(tasks: &[Task], marks: &Marks<Cohort, f64>, now: f64) -> Self {
        let mut count = marks.count();
        let mut all = Vec::new();
        let mut of_cohorts: Vec<Vec<Duration>> = Vec::new();
        let live = tasks.iter().take_while(|task| task.born <= now);
        for task in live.filter(|task| task.end > now) {
            let moves = task.moves.partition_point(|(at, _)| *at <= now);
            let (last_poll, place) = task.moves[moves - 1];
            let cohorts = [None, Some(place)].map(|cohort| count.cohort(cohort));
            let numbers = cohorts.into_iter().flatten();
            count.add(numbers.clone(), millis(last_poll));
            let born = seconds(now - task.born);
            all.push(born);
            of_cohorts.resize_with(count.cohorts(), Vec::new);
            for number in numbers {
                of_cohorts[number].push(born);
            }
        }
        of_cohorts.resize_with(count.cohorts(), Vec::new);
        for born in of_cohorts.iter_mut().chain([&mut all]) {
            born.sort_unstable_by_key(|born| Reverse(*born));
        }
        Self {
            count,
            born: all,
            of_cohorts,
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "no time is below zero, or longer than an hour"
)]
fn millis(seconds: f64) -> u64 {
    (seconds * 1000.0) as u64
}
