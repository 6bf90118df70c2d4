//! Why a pile grows, and what helps.

use pileup_model::Task;

use super::case::are_closures;

pub(super) struct Advice {
    pub(super) explanation: &'static str,
    pub(super) fix: &'static str,
}

impl Advice {
    pub(super) fn on(old: &[&Task]) -> Self {
        if are_closures(old) { CLOSURES } else { TASKS }
    }
}

const TASKS: Advice = Advice {
    explanation: "Tasks are spawned here again and again, and those that are not done soon are \
                  never done: the pile grows for as long as the program runs, with all that the \
                  tasks hold.",
    fix: "Look at the awaits after the tasks' last progress: a channel whose other side is kept \
          but no longer used, a lock or permit that is not given back, a reply or a request \
          without a deadline, a loop whose condition cannot become false. Give the wait an end: \
          drop the other side, add a timeout, or cancel the task with its owner.",
};

const CLOSURES: Advice = Advice {
    explanation: "Blocking closures are started here again and again, and do not return. Each \
                  keeps a thread of the blocking pool, which has 512 unless it was told \
                  otherwise. When the last is taken, all that needs one waits for good: other \
                  closures, tokio::fs, and the lookup of names.",
    fix: "Look at what the closure blocks on: a receive, a lock, a wait or a read without a \
          limit, or a loop that cannot end. Give that itself a limit (recv_timeout, wait_timeout, \
          set_read_timeout), or a flag to look at. A timeout around the JoinHandle ends only \
          the wait for it, and abort ends no closure that has begun.",
};
