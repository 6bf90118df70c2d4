//! Every live task of a Tokio service in one table, with the stack at which it waits.
//!
//! A [`Registry`] learns of tasks in three ways, which may be combined; a task is one entry,
//! however many of them see it:
//!
//! | way | needs | sees |
//! |---|---|---|
//! | hooks of the runtime | `--cfg tokio_unstable` | spawns, polls, ends |
//! | Tokio's `tracing` spans and events: [`Registry::subscriber`] or [`Registry::layer`] | `--cfg tokio_unstable`, Tokio's feature `tracing` | the same, tasks of a `LocalSet`, wakers, await stacks |
//! | a future with a waker of its own: [`Registry::wrap`] | nothing | the same, of what was wrapped |
//!
//! A leaf future that is not ready clones the waker of its task. The clone happens on the
//! stack of that leaf, inside the task's own poll: the call stack at that moment is the await
//! stack of the task. The registry captures it for [sampled](Sampling) tasks.
//!
//! Nothing on the poll path takes a lock or allocates. Whatever is kept has a bound.

#![cfg_attr(
    not(tokio_unstable),
    expect(dead_code, reason = "some of it is for the runtime's hooks alone")
)]

mod clock;
mod counters;
mod current;
mod finished;
mod function;
#[cfg(tokio_unstable)]
mod hooks;
mod lifetimes;
mod live;
mod looks;
mod model_task;
mod poll_times;
mod records;
mod registry;
mod ring;
mod sampling;
mod sites;
mod sleeps;
mod table;
mod task_names;
mod task_number;
mod thread_runtime;
mod timing;
mod tracing;
mod waits;
mod wrapped;

pub use clock::{Nanos, Tick};
pub use counters::Counted;
pub use current::hide_this_thread;
pub use finished::FinishedTask;
pub use lifetimes::{BUCKETS, bucket, longest};
pub use live::{LiveTask, TaskRef, TaskStacks, TaskWakers};
pub use looks::Part;
pub use poll_times::{Counts, PollTimes};
pub use records::STACKS_OF_TASK;
pub use registry::{CountedSite, Registry};
pub use ring::Ring;
pub use sampling::Sampling;
pub use sites::{SiteNumber, SpawnSite};
pub use sleeps::Sleeps;
pub use table::TaskTimes;
pub use thread_runtime::ThreadRuntime;
pub use tracing::{TaskLayer, TaskSubscriber, hides_threads};
pub use waits::{WaitList, Waits};
pub use wrapped::Wrapped;
#[cfg(feature = "hyper")]
pub use wrapped::WrappingExecutor;
