//! The rules, asked about programs on paper.

mod cohorts;
mod findings;
mod frozen_runtime;
mod hanging_shutdown;
mod last_wakers;
mod locks;
mod never_woken;
mod piling_up;
mod pinned_worker;
mod program;
mod stalled_site;
mod starvation;
mod suspicions;
mod timers;
mod unpolled_future;

/// What `program::found` gives for a healthy program.
const NOTHING: [(&str, &str); 0] = [];
