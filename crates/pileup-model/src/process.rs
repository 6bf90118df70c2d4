//! The threads of a program, as the operating system shows them.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The process of a program, seen from the same machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Its number.
    pub id: u32,
    /// The name of its main thread, which is that of the program unless it was renamed.
    pub name: Arc<str>,
    /// Its threads, by number.
    pub threads: Vec<Thread>,
    /// Whether it is let run.
    pub stops: Stops,
}

/// A thread at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thread {
    /// Its number.
    pub id: u32,
    /// Its name, of which Linux keeps 15 bytes.
    pub name: Arc<str>,
    /// What it does.
    pub state: ThreadState,
    /// For how long it has run on a processor since it was started.
    pub ran: Duration,
    /// For how long it was ready to run and waited for a processor, since it was started.
    pub waited: Duration,
    /// How often it got a processor.
    pub turns: u64,
}

/// How often a process was looked at since the watch began, at regular intervals.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stops {
    /// All looks.
    pub looks: u64,
    /// Those at which it was stopped by a signal or a debugger.
    pub stopped: u64,
}

/// What a thread does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThreadState {
    /// It runs, or is ready to.
    Running,
    /// It sleeps on a futex, until another thread wakes it: a lock, a condition variable, a
    /// channel of std, or a worker of Tokio that has nothing to do.
    OnFutex,
    /// It sleeps for another reason: I/O, a timer, or a reason that cannot be read.
    Asleep,
}
