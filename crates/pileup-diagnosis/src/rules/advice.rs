//! What a finding means, and how to fix it.

use pileup_model::{Site, WaitKind};

use crate::growth::Pile;
use crate::waits::Wait;

/// What a finding means, and how to fix it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Advice {
    /// What one task does, and what several do: what follows their number in a headline.
    pub(crate) title: [&'static str; 2],
    /// The cause in two or three words, for a table.
    pub(crate) cause: &'static str,
    pub(crate) explanation: &'static str,
    pub(crate) fix: &'static str,
}

impl Advice {
    /// Why a pile grows and what helps, by what its tasks wait for.
    pub(crate) fn on_pile(pile: &Pile, wait: Option<&Wait>) -> Self {
        if pile.is_of_closures() {
            return CLOSURES;
        }
        let made_at = wait.and_then(|wait| wait.resource.site.as_ref());
        let (cause, fix) = match wait.map(|wait| wait.kind) {
            // A OnceCell is made in Tokio itself.
            Some(kind)
                if kind != WaitKind::OnceCell && made_at.is_some_and(Site::is_in_dependency) =>
            {
                ("waits inside a library", LIBRARY)
            }
            Some(WaitKind::Mutex) => ("waits for a Mutex", LOCK),
            Some(WaitKind::RwLock) => ("waits for an RwLock", LOCK),
            Some(WaitKind::Semaphore) => ("waits for permits", PERMIT),
            Some(WaitKind::ChannelSend) => ("sends into a full channel", FULL_CHANNEL),
            Some(WaitKind::Oneshot) => ("waits for a oneshot", ONESHOT),
            Some(WaitKind::Barrier) => ("waits at a Barrier", BARRIER),
            Some(WaitKind::OnceCell) => ("waits for a OnceCell", ONCE_CELL),
            Some(WaitKind::Interval) => ("loops with an Interval", LOOP),
            None if pile.is_still_polled() => ("polled, and never done", POLLED),
            // A kind without advice of its own.
            Some(kind) if kind != WaitKind::Other => (kind.noun(), UNKNOWN),
            Some(_) | None => (UNKNOWN_CAUSE, UNKNOWN),
        };
        Self {
            title: TITLE,
            cause,
            explanation: TASKS,
            fix,
        }
    }

    /// Whether the cause is not known by what the console shows.
    pub(crate) fn is_unknown(&self) -> bool {
        self.cause == UNKNOWN_CAUSE
    }
}

const TITLE: [&str; 2] = ["does not finish", "do not finish"];
const UNKNOWN_CAUSE: &str = "wait is not seen";

const TASKS: &str = "Tasks are spawned here again and again, and those that are not done soon are \
                     never done: the pile grows for as long as the program runs, with all that the \
                     tasks hold.";

pub(super) const LOCK: &str = "Find the task that holds the lock, and what it awaits while it \
                               does: end the guard before that await, or give the await a timeout. \
                               A guard that was stored or forgotten never ends.";
pub(super) const PERMIT: &str = "Find who took the permits and does not give them back: an owned \
                                 permit that is stored, mem::forget or SemaphorePermit::forget, a \
                                 path that returns without dropping it, or a task that holds one \
                                 and waits itself.";
pub(super) const FULL_CHANNEL: &str = "The receiver is kept and no longer read. Drop it with its \
                                       owner, so that send returns an error; keep its loop from \
                                       waiting for one of the senders; or send with try_send or \
                                       send_timeout where a message may be lost.";
pub(super) const ONESHOT: &str = "The sender is kept and never used: look at the map or the queue \
                                  where it is stored, and at the path on which its entry is not \
                                  taken out. Drop it there, and give the wait a timeout.";
pub(super) const BARRIER: &str = "Not enough tasks arrive at the barrier: one that fails, or is \
                                  cancelled, never does. Count the arrivals so that they cannot be \
                                  missed, or give the wait a timeout.";
pub(super) const ONCE_CELL: &str = "The task that initialises the cell does not finish. Give the \
                                    initialisation a timeout; after an error the next one tries \
                                    again.";
const LOOP: &str = "The tasks run a loop with an interval and never learn that they should stop: \
                    give the loop an end, such as a CancellationToken or the end of what it \
                    serves.";
pub(super) const LIBRARY: &str = "The tasks wait inside a library, for an answer that does not \
                                  come. Give the call a timeout (the client's own setting, or \
                                  tokio::time::timeout around it), and find out why the other side \
                                  does not answer.";
const POLLED: &str = "The tasks go on without coming to an end: look for a loop whose condition \
                      cannot become false, a stream or a connection that is never closed, or a \
                      retry without a limit. Give the loop an end, or cancel the task with its \
                      owner.";
const UNKNOWN: &str = "Look at the awaits after the tasks' last progress: a channel whose other \
                       side is kept but no longer used, a lock or permit that is not given back, a \
                       reply or a request without a deadline, a loop whose condition cannot become \
                       false. Give the wait an end: drop the other side, add a timeout, or cancel \
                       the task with its owner.";

const CLOSURES: Advice = Advice {
    title: ["does not return", "do not return"],
    cause: "blocking closures",
    explanation: "Blocking closures are started here again and again, and do not return. Each \
                  keeps a thread of the blocking pool, which has 512 by default. When the last is \
                  taken, all that needs one waits for good: other closures, tokio::fs, and the \
                  lookup of names.",
    fix: "Look at what the closure blocks on: a receive, a lock, a wait or a read without a \
          limit, or a loop that cannot end. Give that itself a limit (recv_timeout, wait_timeout, \
          set_read_timeout), or a flag to look at. A timeout around the JoinHandle ends only \
          the wait for it, and abort ends no closure that has begun.",
};
