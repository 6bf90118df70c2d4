//! For how long the target keeps what has ended, found by a question.
//!
//! The target forgets a task or an async op some time after its end: console-subscriber calls that
//! its retention, and never reports it. A first state that has nothing older than a minute comes
//! from a program that has just started, or from one that forgets after a minute. The difference
//! matters for locks: whoever took one may be forgotten.
//!
//! So [`Retention`] asks for the details of a task that has ended, when the end was as long ago as
//! the oldest lock had existed at the attach. A target that still has the task had forgotten
//! nothing at the attach that could have been done to a lock. It asks once.
//!
//! console-subscriber forgets after each message, and what it has not sent yet it keeps for longer.
//! So a question counts for the time of the snapshot before it, and only a task that this snapshot
//! had is asked about.

use jiff::Timestamp;
use pileup_model::{Snapshot, Task, TaskId, elapsed};
use std::time::Duration;
use tokio::task::JoinSet;

use crate::session::Session;

/// What is known of the time for which a target keeps what has ended.
#[derive(Debug, Default)]
pub(crate) struct Retention {
    /// How long it must be to be of use: the age of the oldest lock at the attach. None before
    /// the first snapshot, and where it is known already.
    needed: Option<Duration>,
    /// Of the tasks that have ended, the one that did so first.
    oldest: Option<Ended>,
    /// The time of the snapshot before.
    before: Option<Timestamp>,
    question: Question,
    known: Option<Duration>,
}

/// A task that has ended.
#[derive(Debug, Clone, Copy)]
struct Ended {
    id: TaskId,
    born: Timestamp,
    at: Timestamp,
}

/// How far the question has come.
#[derive(Debug, Default)]
enum Question {
    /// It is not time yet.
    #[default]
    Waits,
    /// Whether the target still has a task that ended this long ago.
    Put(Duration, JoinSet<bool>),
    /// The target has it. The next snapshot shows whether another task has its id by now.
    Confirmed(Duration),
    /// There is nothing to ask.
    Done,
}

impl Retention {
    /// Takes in the next snapshot, asks if it is time to, and notes in the snapshot what is known.
    pub(crate) fn observe(&mut self, snapshot: &mut Snapshot, session: &Session) {
        if self.before.is_none() {
            self.needed = age_of_oldest_lock(snapshot);
        }
        self.take_in_answer(snapshot);
        if matches!(self.question, Question::Waits)
            && let (Some(oldest), Some(before), Some(needed)) =
                (self.oldest, self.before, self.needed)
        {
            let ago = elapsed(oldest.at, before);
            if ago >= needed {
                let mut answer = JoinSet::new();
                answer.spawn(session.has_task(oldest.id));
                self.question = Question::Put(ago, answer);
            }
        }
        if matches!(self.question, Question::Waits) {
            let ended = snapshot.finished.iter().filter_map(|task| ended(task));
            self.oldest = self
                .oldest
                .into_iter()
                .chain(ended)
                .min_by_key(|ended| ended.at);
        }
        self.before = Some(snapshot.at);
        snapshot.coverage.keeps_ended_for = self.known;
    }

    fn take_in_answer(&mut self, snapshot: &Snapshot) {
        let is_reused = |ended: Ended| {
            let tasks = snapshot.tasks.iter().chain(&snapshot.finished);
            tasks
                .filter(|task| task.id == ended.id)
                .any(|task| task.created_at != ended.born)
        };
        if self.oldest.is_some_and(is_reused) {
            // An answer would be about the other task.
            self.oldest = None;
            if !matches!(self.question, Question::Waits) {
                self.question = Question::Done;
            }
        }
        match &mut self.question {
            Question::Put(ago, answer) => match answer.try_join_next() {
                Some(Ok(true)) => self.question = Question::Confirmed(*ago),
                Some(_) => self.question = Question::Done,
                None => {}
            },
            Question::Confirmed(ago) => {
                self.known = Some(*ago);
                self.question = Question::Done;
            }
            Question::Waits | Question::Done => {}
        }
    }
}

fn ended(task: &Task) -> Option<Ended> {
    Some(Ended {
        id: task.id,
        born: task.created_at,
        at: task.finished_at?,
    })
}

/// The age of the oldest lock or other resource at the attach; none where the first snapshot has
/// everything that ended since that was made.
fn age_of_oldest_lock(first: &Snapshot) -> Option<Duration> {
    let oldest = first.resources.iter().map(|resource| resource.created_at);
    let oldest = oldest.min()?;
    let tasks = first.finished.iter().filter_map(|task| task.finished_at);
    let ops = first.async_ops.iter().filter_map(|op| op.dropped_at);
    let is_known = tasks.chain(ops).min().is_some_and(|end| end <= oldest);
    (!is_known).then(|| elapsed(oldest, first.at))
}
