//! How often an answer is wrong, by simulation.

use hdrhistogram::serialization::{Serializer, V2Serializer};

use super::*;

const MICROSECOND: u64 = 1_000;
const LONGEST: u64 = 1_000_000_000;

fn histogram(times: &[u64]) -> DurationHistogram {
    let mut histogram = Histogram::<u64>::new_with_max(LONGEST, 2).expect("bounds");
    for time in times {
        histogram.record(*time).expect("within the bounds");
    }
    let mut raw_histogram = Vec::new();
    V2Serializer::new()
        .serialize(&histogram, &mut raw_histogram)
        .expect("it is written to memory");
    DurationHistogram {
        raw_histogram,
        max_value: LONGEST,
        high_outliers: 1,
        highest_outlier: Some(3 * LONGEST),
    }
}

/// Random numbers, the same each time: a linear congruential generator with Knuth's constants.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        let next = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = next.wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    /// A time between this and four times as long.
    fn time(&mut self, least: u64) -> u64 {
        least + self.next() % (least * 3)
    }
}

#[test]
fn a_time_is_found_among_those_that_were_recorded() {
    let recorded = histogram(&[20_000, 61_000]);
    let answer = |time| answer(&recorded, time, MICROSECOND);
    assert_eq!(answer(61_000), Some(Answer::FollowedWake));
    assert_eq!(answer(64_000), Some(Answer::DidNotFollow));
    assert_eq!(answer(3 * LONGEST), Some(Answer::FollowedWake));
    assert_eq!(answer(2 * LONGEST), Some(Answer::DidNotFollow));
}

#[test]
fn of_several_times_beyond_the_histogram_only_the_longest_is_known() {
    let recorded = DurationHistogram {
        high_outliers: 2,
        ..histogram(&[])
    };
    assert_eq!(
        answer(&recorded, 2 * LONGEST, MICROSECOND),
        Some(Answer::CannotTell)
    );
}

#[test]
fn a_bucket_wider_than_a_poll_tells_nothing() {
    // Of five milliseconds on, a bucket is 32 microseconds wide.
    let recorded = histogram(&[5_000_000]);
    let answer = |poll| answer(&recorded, 5_000_000, poll);
    assert_eq!(answer(20 * MICROSECOND), Some(Answer::CannotTell));
    assert_eq!(answer(40 * MICROSECOND), Some(Answer::FollowedWake));
}

#[test]
fn bytes_that_are_no_histogram_tell_nothing() {
    let broken = DurationHistogram {
        raw_histogram: vec![1, 2, 3],
        ..histogram(&[])
    };
    assert_eq!(answer(&broken, 61_000, MICROSECOND), None);
}

/// Of finished tasks, which were scheduled so often, the part that counts as not finished.
fn wrong_for(wakes: usize, chance: &mut Chance) -> f64 {
    let trials = 2_000;
    let mut wrong = 0;
    for _ in 0..trials {
        let times: Vec<u64> = (0..wakes).map(|_| chance.time(20 * MICROSECOND)).collect();
        let last = times[wakes - 1];
        let poll = chance.time(MICROSECOND);
        let answer = answer(&histogram(&times), last + poll, MICROSECOND);
        wrong += i32::from(answer == Some(Answer::FollowedWake));
    }
    f64::from(wrong) / f64::from(trials)
}

#[test]
fn a_finished_task_is_taken_for_a_live_one_in_few_cases_however_often_it_was_woken() {
    let mut chance = Chance(7);
    for wakes in [1, 2, 5, 10, 100, 1_000] {
        let wrong = wrong_for(wakes, &mut chance);
        assert!(wrong <= 0.03, "{wrong} at {wakes} wakes");
    }
}

#[test]
fn a_live_task_that_was_woken_a_few_times_is_known_as_such() {
    let mut chance = Chance(7);
    for wakes in [1, 2, 3, 4] {
        let times: Vec<u64> = (0..wakes).map(|_| chance.time(20 * MICROSECOND)).collect();
        let answer = answer(&histogram(&times), times[0], MICROSECOND);
        assert_eq!(answer, Some(Answer::FollowedWake), "{wakes} wakes");
    }
}
