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
