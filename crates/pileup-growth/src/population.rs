//! What is known of a population of tasks.

use std::time::Duration;

use crate::Lifetimes;

/// The tasks of one spawn site, or of one kind at a site, as one watch has seen them.
#[derive(Debug, Clone, Copy)]
pub struct Population<'a> {
    /// The ages of the live tasks at the end of the watch, oldest first.
    pub ages: &'a [Duration],
    /// Where a task may leave the population and come back: how long ago each live one first came,
    /// longest ago first.
    pub came: Option<&'a [Duration]>,
    /// What was seen during the watch.
    pub watch: Period<'a>,
    /// What is known of the time before, if anything is.
    pub before: Option<Period<'a>>,
    /// How late births are reported.
    pub lag: Duration,
    /// Whether the program got so little processor time that tasks may come more rarely because of
    /// it.
    pub slowed: bool,
}

/// A stretch of time of which every death is known.
#[derive(Debug, Clone, Copy)]
pub struct Period<'a> {
    /// Its length.
    pub length: Duration,
    /// The lifetimes of the tasks that finished in it.
    pub finished: &'a Lifetimes,
    /// Of those, the tasks that were alive when it began: the ages that they had then.
    pub entered: &'a Lifetimes,
}
