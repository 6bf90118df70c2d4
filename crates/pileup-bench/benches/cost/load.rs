//! What the target is asked to do while its messages are captured.

use std::fmt;
use std::time::Duration;

/// Tasks that are spawned evenly over a time.
#[derive(Clone, Copy)]
pub struct Load {
    pub kind: Kind,
    /// All tasks that are spawned.
    pub tasks: u32,
    pub time: Duration,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// They wait for something that Tokio does not instrument.
    Idle,
    /// They wait, and nobody has a waker.
    Lost,
    /// They wait for one and the same lock.
    Locked,
    /// They finish after a moment.
    Churn,
}

impl Load {
    /// A load of tasks that never finish.
    pub fn pile(kind: Kind, tasks: u32) -> Self {
        let seconds = match kind {
            // Each makes five events: more of them at once, and the target loses some.
            Kind::Locked if tasks > 10_000 => 12,
            _ => 4,
        };
        Self {
            kind,
            tasks,
            time: Duration::from_secs(seconds),
        }
    }

    pub fn churn(a_second: u32) -> Self {
        Self {
            kind: Kind::Churn,
            tasks: a_second * 10,
            time: Duration::from_secs(10),
        }
    }

    /// How many tasks and async ops the target has to report.
    pub fn news(&self) -> usize {
        let tasks = self.tasks as usize;
        match self.kind {
            // A lock, and within it an acquire.
            Kind::Locked => tasks * 3,
            Kind::Idle | Kind::Lost | Kind::Churn => tasks,
        }
    }

    /// The load as the target is asked for it.
    pub fn request(&self) -> String {
        let kind = match self.kind {
            Kind::Idle => "idle",
            Kind::Lost => "lost",
            Kind::Locked => "locked",
            Kind::Churn => "churn",
        };
        format!("{kind} {} {}", self.tasks, self.time.as_millis())
    }
}

impl fmt::Display for Load {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let label = match self.kind {
            Kind::Idle => format!("{} idle", self.tasks),
            Kind::Lost => format!("{} lost", self.tasks),
            Kind::Locked => format!("{} at a lock", self.tasks),
            Kind::Churn => format!("{} a second", u64::from(self.tasks) / self.time.as_secs()),
        };
        formatter.pad(&label)
    }
}
