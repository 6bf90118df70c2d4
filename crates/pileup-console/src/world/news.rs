//! What a message is the first to report, and how late that is.

use std::time::Duration;

use jiff::Timestamp;
use pileup_model::elapsed;

/// Half of what the target takes in each time it wakes up, as it does before it reports. It
/// has taken in all that there was if it reports fewer events.
const BUSY: usize = 64;

/// The new tasks, resources and async ops of a message.
#[derive(Debug, Default)]
pub(super) struct News {
    count: usize,
    /// When the youngest of them was born.
    youngest: Option<Timestamp>,
}

/// How well the target keeps up with its own program.
#[derive(Debug, Default)]
pub(super) struct Lateness {
    /// How old the news of the target are.
    pub(super) lag: Duration,
    /// Whether it seems to have more news than it has taken in.
    pub(super) is_behind: bool,
}

impl News {
    pub(super) fn add(&mut self, birth: Option<Timestamp>) {
        self.count += 1;
        self.youngest = self.youngest.max(birth);
    }
}

impl Lateness {
    /// Takes in the first message. It has things of all ages.
    pub(super) fn note_first(&mut self, news: &News) {
        self.is_behind = news.count >= BUSY;
    }

    /// Takes in a message with its news, and with polls of things that may be known already.
    ///
    /// The target takes things in by age: what is younger than the message `before` shows
    /// that nothing is left from before it.
    pub(super) fn note(&mut self, news: &News, polls: usize, before: Timestamp, now: Timestamp) {
        if let Some(youngest) = news.youngest {
            self.lag = elapsed(youngest, now);
            self.is_behind = youngest <= before;
        }
        if news.count + polls < BUSY {
            self.is_behind = false;
        }
    }

    /// Takes in a message without news: nothing is left to report.
    pub(super) fn note_silence(&mut self) {
        *self = Self::default();
    }
}
