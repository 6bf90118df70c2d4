//! What Tokio calls its resources, async ops and attributes, as one typed view.
//!
//! Everything that pileup knows of Tokio's names stands here, and the kinds of wait in
//! [`WaitKind`]: the diagnosis and the views ask these, and compare no strings.

use std::time::Duration;

use jiff::Timestamp;

use crate::{AsyncOp, AttributeValue, Resource, Site, Task, TaskKind};

/// With this begins the type of the resource as which a probe appears in the console protocol; its
/// address follows.
pub const PROBE_RESOURCE: &str = "pileup-probe ";

/// What a resource is, with the state that Tokio reports for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Primitive {
    /// A `Mutex`.
    Mutex {
        /// Whether it is locked.
        locked: Option<bool>,
    },
    /// An `RwLock`.
    RwLock {
        /// Whether it is locked for writing.
        write_locked: Option<bool>,
        /// How many have locked it for reading.
        readers: Option<u64>,
    },
    /// A `Semaphore`: one that user code made, that of a `OnceCell`, or the inner part of a
    /// lock or of a bounded channel.
    Semaphore {
        /// Permits that nobody has taken.
        permits: Option<u64>,
    },
    /// A oneshot channel.
    Oneshot {
        /// Whether its value was sent, or its sender dropped: it can be received at once.
        answered: bool,
    },
    /// A `Sleep`.
    Timer {
        /// When it ends.
        due: Option<Timestamp>,
    },
    /// A type that this version does not know.
    Other,
}

impl Resource {
    /// What the resource is, with its state.
    #[must_use]
    pub fn primitive(&self) -> Primitive {
        match &*self.concrete_type {
            "Mutex" => Primitive::Mutex {
                locked: self.flag("locked"),
            },
            "RwLock" => Primitive::RwLock {
                write_locked: self.flag("write_locked"),
                readers: self.number("current_readers"),
            },
            "Semaphore" => Primitive::Semaphore {
                permits: self.number("permits"),
            },
            "Sender|Receiver" => Primitive::Oneshot {
                answered: self.flag("value_sent") == Some(true)
                    || self.flag("tx_dropped") == Some(true),
            },
            // It reports its duration at its first poll, which is soon after it was made.
            "Sleep" => Primitive::Timer {
                due: self
                    .number("duration")
                    .map(Duration::from_millis)
                    .and_then(|length| self.created_at.checked_add(length).ok()),
            },
            _ => Primitive::Other,
        }
    }

    /// Where the probe listens as which the resource appears, such as `http://127.0.0.1:6060`:
    /// what the program says, whatever that is. None where the resource is no probe.
    #[must_use]
    pub fn probe_address(&self) -> Option<&str> {
        self.concrete_type.strip_prefix(PROBE_RESOURCE)
    }

    /// Permits of a semaphore that nobody has taken, whatever it is a part of.
    #[must_use]
    pub fn free_permits(&self) -> Option<u64> {
        self.number("permits")
    }

    /// Whether the resource is the semaphore inside a `OnceCell`, which Tokio itself makes.
    #[must_use]
    pub fn is_once_cell(&self) -> bool {
        self.site
            .as_ref()
            .is_some_and(|site| is_tokio_file(site, "once_cell.rs"))
    }

    fn flag(&self, name: &str) -> Option<bool> {
        match self.attribute(name)? {
            AttributeValue::Bool(value) => Some(*value),
            _ => None,
        }
    }

    fn number(&self, name: &str) -> Option<u64> {
        number(self.attribute(name)?)
    }
}

impl AsyncOp {
    /// Whether the op takes permits of a semaphore: it is an op of its own, or the part of an
    /// op on a lock.
    #[must_use]
    pub fn is_acquire(&self) -> bool {
        &*self.source == "Acquire::new"
    }

    /// Whether the op has all permits that it requested.
    #[must_use]
    pub fn was_granted(&self) -> bool {
        let obtained = self.permits("permits_obtained").unwrap_or_default();
        self.permits("permits_requested")
            .is_some_and(|requested| requested > 0 && obtained >= requested)
    }

    /// Permits that the op requests.
    #[must_use]
    pub fn permits_requested(&self) -> Option<u64> {
        self.permits("permits_requested")
    }

    /// Whether the op gives a guard that a task can give to another one, such as that of
    /// `Mutex::lock_owned`.
    #[must_use]
    pub fn gives_owned_guard(&self) -> bool {
        self.source.ends_with("_owned")
    }

    fn permits(&self, name: &str) -> Option<u64> {
        number(self.attribute(name)?)
    }
}

impl Task {
    /// Whether the task is a worker thread of a runtime with several: a blocking task of
    /// Tokio's own scheduler.
    #[must_use]
    pub fn is_worker(&self) -> bool {
        let site = self.site.as_ref();
        self.kind == TaskKind::Blocking
            && site.is_some_and(|site| {
                site.file.contains("multi_thread") && is_tokio_file(site, "worker.rs")
            })
    }
}

fn is_tokio_file(site: &Site, name: &str) -> bool {
    site.is_in_dependency() && site.file.ends_with(name)
}

/// A count: Tokio reports some of them as signed numbers.
fn number(value: &AttributeValue) -> Option<u64> {
    match value {
        AttributeValue::Unsigned(number) => Some(*number),
        AttributeValue::Signed(number) => u64::try_from(*number).ok(),
        AttributeValue::Bool(_) | AttributeValue::Text(_) => None,
    }
}
