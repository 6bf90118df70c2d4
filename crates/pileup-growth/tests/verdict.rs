//! Which populations leak, which do not, and which need a longer watch.

use std::collections::HashSet;
use std::time::Duration;

use pileup_growth::{
    DEFAULT_MAX_LIFETIME, Evidence, Lifetimes, Period, Population, SiteVerdict, Verdict,
};

/// Tasks on paper: when each was born and how long it lives, in seconds since the watch began.
struct Tasks(Vec<(f64, f64)>);

const MINUTE: Duration = Duration::from_secs(60);
const FOR_EVER: f64 = f64::INFINITY;

impl Tasks {
    fn every(gap: f64, from: f64, until: f64, lifetime: impl Fn(usize) -> f64) -> Self {
        let births = (1..).map(|number| from + gap * f64::from(number));
        let births = births.take_while(|born| *born <= until);
        Self(
            births
                .enumerate()
                .map(|(number, born)| (born, lifetime(number)))
                .collect(),
        )
    }

    fn and(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self.0.sort_by(|a, b| a.0.total_cmp(&b.0));
        self
    }

    fn verdict(&self, watch: f64) -> Verdict {
        self.verdict_within(watch, DEFAULT_MAX_LIFETIME)
    }

    fn verdict_within(&self, watch: f64, max_lifetime: Duration) -> Verdict {
        let seconds = Duration::from_secs_f64;
        let (mut ages, mut finished, mut entered) =
            (Vec::new(), Lifetimes::default(), Lifetimes::default());
        for (born, lifetime) in self.0.iter().filter(|task| task.0 <= watch) {
            if born + lifetime > watch {
                ages.push(seconds(watch - born));
            } else if born + lifetime > 0.0 {
                finished.add(seconds(*lifetime));
                if *born < 0.0 {
                    entered.add(seconds(-born));
                }
            }
        }
        let population = Population {
            ages: &ages,
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
        population.verdict(max_lifetime)
    }
}

fn leak(verdict: Verdict) -> Evidence {
    match verdict {
        Verdict::Leaks(evidence) => evidence,
        other => panic!("not a leak: {other:?}"),
    }
}

fn wait(verdict: Verdict) -> f64 {
    match verdict {
        Verdict::Undecided {
            more: Some(more), ..
        } => more.as_secs_f64(),
        other => panic!("not undecided: {other:?}"),
    }
}

#[test]
fn tasks_that_all_stay_are_a_leak_and_the_evidence_says_what_is_excluded() {
    let evidence = leak(Tasks::every(0.1, 0.0, 30.0, |_| FOR_EVER).verdict(30.0));
    assert_eq!((evidence.finished, evidence.born), (0, 300));
    let exposure = evidence.exposure.as_secs_f64();
    assert!((4400.0..4600.0).contains(&exposure), "{exposure}");
    let mean = evidence.mean_at_least.as_secs_f64();
    assert!((exposure / 3.0 - mean).abs() < 3.0, "{mean}");
}

#[test]
fn a_slow_leak_is_undecided_until_the_time_that_was_foretold() {
    let tasks = Tasks::every(2.0, 0.0, 200.0, |_| FOR_EVER);
    let more = wait(tasks.verdict(30.0));
    assert!(matches!(
        tasks.verdict(30.0 + more - 3.0),
        Verdict::Undecided { .. }
    ));
    leak(tasks.verdict(30.0 + more + 3.0));
}

#[test]
fn who_knows_that_tasks_are_short_learns_it_sooner() {
    let tasks = Tasks::every(2.0, 0.0, 30.0, |_| FOR_EVER);
    leak(tasks.verdict_within(30.0, Duration::from_secs(30)));
    let hour = tasks.verdict_within(30.0, Duration::from_secs(3600));
    assert!(matches!(hour, Verdict::Undecided { .. }));
}

#[test]
fn short_tasks_of_the_same_site_do_not_hide_those_that_stay() {
    let tasks = Tasks::every(0.02, 0.0, 60.0, |number| match number % 10 {
        0 => FOR_EVER,
        _ => 0.05,
    });
    let evidence = leak(tasks.verdict(60.0));
    assert_eq!(evidence.finished, 0);
    assert!(evidence.old_age >= Duration::from_millis(50));
}

#[test]
fn tasks_that_finish_are_clear() {
    for lifetime in [0.2, 1.5, 6.0, 10.0, 20.0, 29.0] {
        let tasks = Tasks::every(0.1, -60.0, 30.0, |_| lifetime);
        assert_eq!(tasks.verdict(30.0), Verdict::Clear, "{lifetime} s");
    }
}

#[test]
fn a_large_stock_that_turns_over_slowly_is_clear() {
    let tasks = Tasks::every(0.5, -2000.0, 30.0, |_| 200.0);
    assert_eq!(tasks.verdict(30.0), Verdict::Clear);
}

#[test]
fn as_many_that_finish_as_are_born_are_clear_however_long_they_live() {
    let tasks = Tasks::every(0.5, -4000.0, 60.0, |_| 3600.0);
    assert_eq!(tasks.verdict(60.0), Verdict::Clear);
}

#[test]
fn a_pool_of_constant_size_is_clear() {
    let pool = Tasks((0..200).map(|_| (-100.0, FOR_EVER)).collect());
    let short = Tasks::every(0.1, -100.0, 60.0, |_| 0.1);
    assert_eq!(pool.and(short).verdict(60.0), Verdict::Clear);
}

#[test]
fn a_start_up_that_has_ended_is_clear() {
    for end in [5.0, 30.0, 45.0] {
        let tasks = Tasks::every(0.1, 0.0, end, |_| FOR_EVER);
        assert_eq!(tasks.verdict(60.0), Verdict::Clear, "{end} s");
    }
}

/// A start-up on a busy machine comes in a few steps.
/// A pool with a place for each of 200 clients, of whom ten a second come, in no order: a task is
/// spawned for each that comes for the first time. It has run for some seconds when the watch begins.
fn pool_that_becomes_full(age: f64) -> Tasks {
    let mut known = HashSet::new();
    let mut births = Vec::new();
    for visit in 0..2_000_u64 {
        let mixed = visit.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let client = (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 33;
        if known.insert(client % 200) {
            births.push((visit as f64 * 0.1 - age, FOR_EVER));
        }
    }
    Tasks(births)
}

#[test]
fn a_pool_that_becomes_full_is_no_leak_however_late_it_is_watched() {
    for age in 0..60 {
        let verdict = pool_that_becomes_full(f64::from(age)).verdict(30.0);
        assert!(
            !matches!(verdict, Verdict::Leaks(_)),
            "{age} s: {verdict:?}"
        );
    }
}

#[test]
fn a_pool_to_which_a_few_come_later_is_clear() {
    let few = |gap| Tasks::every(gap, 2.0, 30.0, |_| FOR_EVER);
    for gap in [27.0, 9.0, 6.0] {
        let pool = Tasks::every(0.02, 0.0, 2.0, |_| FOR_EVER).and(few(gap));
        assert_eq!(pool.verdict(30.0), Verdict::Clear, "one in {gap} s");
    }
}

#[test]
fn a_leak_beside_a_pool_that_was_filled_at_the_start_is_found() {
    let leaked = Tasks::every(1.0, -5.0, 120.0, |_| FOR_EVER);
    let pool = Tasks::every(0.02, -5.0, -3.0, |_| FOR_EVER);
    leak(pool.and(leaked).verdict(120.0));
}

#[test]
fn a_leak_under_less_load_than_before_the_watch_is_found() {
    let before = Tasks::every(0.1, -600.0, -30.0, |_| FOR_EVER);
    let tasks = before.and(Tasks::every(1.0, -30.0, 300.0, |_| FOR_EVER));
    leak(tasks.verdict(300.0));
}

#[test]
fn a_crowd_that_came_before_the_watch_in_a_few_steps_is_clear() {
    let step = |at: f64| Tasks::every(0.0005, at, at + 0.1, |_| FOR_EVER);
    let crowd = step(-9.0).and(step(-8.2)).and(step(-7.2)).and(step(-6.2));
    assert_eq!(crowd.verdict(33.2), Verdict::Clear);
}

#[test]
fn an_empty_population_is_clear() {
    assert_eq!(Tasks(Vec::new()).verdict(30.0), Verdict::Clear);
}

#[test]
fn a_leak_of_long_ago_is_found_at_once() {
    let tasks = Tasks::every(2.0, -600.0, 20.0, |_| FOR_EVER);
    leak(tasks.verdict(20.0));
}

#[test]
fn births_that_are_reported_late_are_no_silence() {
    let ages: Vec<Duration> = (30..300)
        .rev()
        .map(|tenth| Duration::from_millis(tenth * 100))
        .collect();
    let nothing = Lifetimes::default();
    let population = |lag| Population {
        ages: &ages,
        came: None,
        watch: Period {
            length: Duration::from_secs(30),
            finished: &nothing,
            entered: &nothing,
        },
        before: None,
        lag: Duration::from_secs(lag),
        slowed: false,
    };
    assert_eq!(population(0).verdict(DEFAULT_MAX_LIFETIME), Verdict::Clear);
    leak(population(5).verdict(DEFAULT_MAX_LIFETIME));
}

/// A population without anything before the watch.
fn population<'a>(watch: f64, ages: &'a [Duration], finished: &'a Lifetimes) -> Population<'a> {
    static NOBODY: std::sync::LazyLock<Lifetimes> = std::sync::LazyLock::new(Lifetimes::default);
    Population {
        ages,
        came: None,
        watch: Period {
            length: Duration::from_secs_f64(watch),
            finished,
            entered: &NOBODY,
        },
        before: None,
        lag: Duration::ZERO,
        slowed: false,
    }
}

fn ages(gap: f64, watch: f64) -> Vec<Duration> {
    let ages = (0..).map(|number| watch - gap * f64::from(number));
    let ages = ages.take_while(|age| *age > 0.0);
    ages.map(Duration::from_secs_f64).collect()
}

#[test]
fn a_cohort_that_leaks_is_found_in_a_site_that_is_clear() {
    // One a second stays, in a watch of a minute; 60 others finished after 5 to 35 s.
    let stay = ages(1.0, 60.0);
    let mut finished = Lifetimes::default();
    (5..35).for_each(|seconds| finished.add_many(Duration::from_secs(seconds), 2));
    let nobody = Lifetimes::default();
    let site = population(60.0, &stay, &finished);
    let cohorts = [
        population(60.0, &[], &finished),
        population(60.0, &stay, &nobody),
    ];
    assert_eq!(site.verdict(MINUTE), Verdict::Clear);
    let verdict = SiteVerdict::of(&site, &cohorts, MINUTE);
    assert_eq!(verdict.cohort, Some(1));
    assert!(matches!(verdict.verdict, Verdict::Leaks(_)), "{verdict:?}");
}

#[test]
fn a_site_that_leaks_as_a_whole_is_not_split() {
    let stay = ages(0.5, 60.0);
    let nobody = Lifetimes::default();
    let site = population(60.0, &stay, &nobody);
    let verdict = SiteVerdict::of(&site, &[site, site], MINUTE);
    assert_eq!(verdict.cohort, None);
    assert!(matches!(verdict.verdict, Verdict::Leaks(_)), "{verdict:?}");
}

#[test]
fn the_more_cohorts_are_tested_the_more_is_asked_of_each() {
    let nobody = Lifetimes::default();
    let boundary = |cohorts: usize| {
        let stay = ages(0.5, 60.0);
        let site = population(60.0, &[], &nobody);
        let cohort = population(60.0, &stay, &nobody);
        match SiteVerdict::of(&site, &vec![cohort; cohorts], MINUTE).verdict {
            Verdict::Leaks(evidence) => evidence.boundary,
            verdict => panic!("{verdict:?}"),
        }
    };
    // A fifth of 4 %, shared by one cohort, or by ten.
    assert!((boundary(1) - 125_f64.ln()).abs() < 1e-9);
    assert!((boundary(10) - 1250_f64.ln()).abs() < 1e-9);
}

#[test]
fn a_cohort_is_named_where_some_of_the_old_tasks_of_a_site_that_leaks_finish() {
    // Two in a second stay, and a few others finish late.
    let stay = ages(0.5, 60.0);
    let mut finished = Lifetimes::default();
    (15..20).for_each(|seconds| finished.add(Duration::from_secs(2 * seconds)));
    let nobody = Lifetimes::default();
    let site = population(60.0, &stay, &finished);
    let cohorts = [population(60.0, &stay, &nobody)];
    let leaks = |verdict: &Verdict| matches!(verdict, Verdict::Leaks(_));
    assert!(leaks(&site.verdict(MINUTE)), "{:?}", site.verdict(MINUTE));
    let verdict = SiteVerdict::of(&site, &cohorts, MINUTE);
    assert_eq!(verdict.cohort, Some(0));
    assert!(leaks(&verdict.verdict), "{verdict:?}");
}

#[test]
fn every_cohort_that_leaks_is_named_beside_the_one_with_the_most_old_tasks() {
    let (many, few) = (ages(0.5, 60.0), ages(1.0, 60.0));
    let mut finished = Lifetimes::default();
    (5..35).for_each(|seconds| finished.add_many(Duration::from_secs(seconds), 4));
    let nobody = Lifetimes::default();
    let mut all = [&many[..], &few].concat();
    all.sort_unstable_by(|a, b| b.cmp(a));
    let site = population(60.0, &all, &finished);
    let cohorts = [
        population(60.0, &few, &nobody),
        population(60.0, &[], &finished),
        population(60.0, &many, &nobody),
    ];
    let verdict = SiteVerdict::of(&site, &cohorts, MINUTE);
    assert_eq!(verdict.cohort, Some(2));
    let others: Vec<usize> = verdict.others.iter().map(|(number, _)| *number).collect();
    assert_eq!(others, [0]);
}
