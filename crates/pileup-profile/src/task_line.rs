//! The text of `debug=2`: every task by itself, in the grammar of Go's full dump.

use std::borrow::Cow;
use std::io::{self, Write};
use std::time::Duration;

use pileup_model::figures::duration;
use pileup_model::{Frame, Site, TaskState, Wait};

use crate::profile::state_name;
use crate::waits::{WITHOUT_WAKER, Waiting};

/// One live task, as `debug=2` shows it.
#[derive(Debug, Clone, Copy)]
pub struct TaskLine<'a> {
    /// Its `tokio::task::Id`, or what else it is known by.
    pub id: u64,
    /// What it does.
    pub state: TaskState,
    /// What it waits for.
    pub waiting: Waiting<'a>,
    /// Its age.
    pub age: Duration,
    /// The time since its last poll.
    pub idle: Duration,
    /// How often it was polled.
    pub polls: u64,
    /// The name that `tokio::task::Builder` gave it.
    pub name: Option<&'a str>,
    /// The runtime that runs it.
    pub runtime: Option<&'a str>,
    /// The function that spawned it.
    pub function: Option<&'a str>,
    /// Where it was spawned.
    pub site: Option<&'a Site>,
    /// The task that spawned it.
    pub parent: Option<u64>,
}

impl TaskLine<'_> {
    /// Writes the task as a paragraph that tools for Go's dumps read as a goroutine: what
    /// it waits for and for how many minutes in brackets, what Go has no word for as labels
    /// in braces. A task that waits for several things has the stack of each, one below the
    /// other: all but the first under a line in the place of a function.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let state = match (self.state, self.waiting) {
            (TaskState::Idle, Waiting::In([newest, ..])) => &newest.kind,
            (TaskState::Idle, Waiting::Nothing { .. }) => WITHOUT_WAKER,
            (state, _) => state_name(state),
        };
        write!(out, "goroutine {} [", self.id)?;
        write_text(state, out)?;
        let minutes = self.idle.as_secs() / 60;
        if minutes > 0 && self.state != TaskState::Running {
            write!(out, ", {minutes} minutes")?;
        }
        let (age, idle) = (duration(self.age), duration(self.idle));
        write!(out, "] {{age: {age}, idle: {idle}, polls: {}", self.polls)?;
        for (label, value) in [("runtime", self.runtime), ("task", self.name)] {
            if let Some(value) = value {
                write!(out, ", {label}: ")?;
                write_text(value, out)?;
            }
        }
        out.write_all(b"}:\n")?;
        self.write_waits(out)?;
        if let Some(site) = self.site {
            out.write_all(b"created by ")?;
            match self.function {
                Some(function) => write_text(function, out)?,
                None => out.write_all(b"?")?,
            }
            if let Some(parent) = self.parent {
                write!(out, " in goroutine {parent}")?;
            }
            out.write_all(b"\n\t")?;
            write_text(&site.file, out)?;
            writeln!(out, ":{}", site.line)?;
        }
        out.write_all(b"\n")
    }

    fn write_waits(&self, out: &mut impl Write) -> io::Result<()> {
        match self.waiting {
            Waiting::In([newest, others @ ..]) => {
                write_stack(&newest.stack, out)?;
                for wait in others {
                    let how = if wait.passed {
                        "no longer polls"
                    } else {
                        "also waits in"
                    };
                    write_wait(how, wait, out)?;
                }
                Ok(())
            }
            Waiting::Nothing { last: Some(last) } => write_wait("last waited in", last, out),
            Waiting::In([]) | Waiting::Nothing { last: None } | Waiting::Unknown => Ok(()),
        }
    }
}

/// Writes a wait as a line in the place of a function, and its stack below.
fn write_wait(how: &str, wait: &Wait, out: &mut impl Write) -> io::Result<()> {
    let place = wait.place.as_ref();
    let call = Frame {
        function: format!("{how} {}", wait.kind).into(),
        file: place.and_then(|place| place.file.clone()),
        line: place.and_then(|place| place.line),
    };
    write_stack(&[call], out)?;
    write_stack(&wait.stack, out)
}

fn write_stack(stack: &[Frame], out: &mut impl Write) -> io::Result<()> {
    for frame in stack {
        write_text(&frame.function, out)?;
        out.write_all(b"(...)\n\t")?;
        write_text(frame.file.as_deref().unwrap_or("?"), out)?;
        writeln!(out, ":{}", frame.line.unwrap_or_default())?;
    }
    Ok(())
}

/// Writes text that the program chose, plainly.
pub(crate) fn write_text(text: &str, out: &mut impl Write) -> io::Result<()> {
    out.write_all(plain(text).as_bytes())
}

/// Text that the program chose, without what would begin another line, or command a terminal.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            plain.extend(character.escape_default());
        } else {
            plain.push(character);
        }
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn written(task: &TaskLine) -> String {
        let mut text = Vec::new();
        task.write(&mut text).expect("memory takes it");
        String::from_utf8(text).expect("it is text")
    }

    #[test]
    fn a_task_reads_like_a_goroutine() {
        let site = Site {
            file: "src/orders.rs".into(),
            line: 24,
            column: 9,
        };
        let task = TaskLine {
            id: 7,
            state: TaskState::Idle,
            waiting: Waiting::Unknown,
            age: Duration::from_secs(192),
            idle: Duration::from_secs(121),
            polls: 13,
            name: None,
            runtime: Some("main"),
            function: Some("orders::accept"),
            site: Some(&site),
            parent: None,
        };
        assert_eq!(
            written(&task),
            "goroutine 7 [idle, 2 minutes] {age: 3 min 12 s, idle: 2 min 1 s, polls: 13, runtime: main}:\n\
             created by orders::accept\n\tsrc/orders.rs:24\n\n"
        );
    }

    fn wait(kind: &str, line: u32) -> Arc<Wait> {
        let frame = |function: &str, line: Option<u32>| Frame {
            function: function.into(),
            file: line.map(|_| "src/orders.rs".into()),
            line,
        };
        let own = frame("orders::take", Some(line));
        Arc::new(Wait {
            kind: kind.into(),
            place: Some(own.clone()),
            stack: vec![frame("tokio::poll", None), own],
            passed: false,
        })
    }

    fn waiting(waiting: Waiting) -> String {
        let site = Site {
            file: "src/orders.rs".into(),
            line: 24,
            column: 9,
        };
        written(&TaskLine {
            id: 7,
            state: TaskState::Idle,
            waiting,
            age: Duration::from_secs(1),
            idle: Duration::ZERO,
            polls: 1,
            name: None,
            runtime: None,
            function: Some("orders::accept"),
            site: Some(&site),
            parent: Some(3),
        })
    }

    #[test]
    fn where_a_task_waits_is_its_stack() {
        assert_eq!(
            waiting(Waiting::In(&[wait("Notify::notified", 7)])),
            "goroutine 7 [Notify::notified] {age: 1 s, idle: 0 ms, polls: 1}:\n\
             tokio::poll(...)\n\t?:0\n\
             orders::take(...)\n\tsrc/orders.rs:7\n\
             created by orders::accept in goroutine 3\n\tsrc/orders.rs:24\n\n"
        );
    }

    #[test]
    fn every_wait_of_a_task_is_there() {
        let passed = Wait {
            passed: true,
            ..Wait::clone(&wait("Mutex::lock", 5))
        };
        let waits = [
            wait("Notify::notified", 7),
            wait("time::sleep", 8),
            Arc::new(passed),
        ];
        assert_eq!(
            waiting(Waiting::In(&waits)),
            "goroutine 7 [Notify::notified] {age: 1 s, idle: 0 ms, polls: 1}:\n\
             tokio::poll(...)\n\t?:0\n\
             orders::take(...)\n\tsrc/orders.rs:7\n\
             also waits in time::sleep(...)\n\tsrc/orders.rs:8\n\
             tokio::poll(...)\n\t?:0\n\
             orders::take(...)\n\tsrc/orders.rs:8\n\
             no longer polls Mutex::lock(...)\n\tsrc/orders.rs:5\n\
             tokio::poll(...)\n\t?:0\n\
             orders::take(...)\n\tsrc/orders.rs:5\n\
             created by orders::accept in goroutine 3\n\tsrc/orders.rs:24\n\n"
        );
    }

    #[test]
    fn a_task_that_nothing_can_wake_says_where_it_waited_last() {
        let last = wait("mpsc::Receiver::recv", 7);
        assert_eq!(
            waiting(Waiting::Nothing { last: Some(&last) }),
            "goroutine 7 [no waker is left] {age: 1 s, idle: 0 ms, polls: 1}:\n\
             last waited in mpsc::Receiver::recv(...)\n\tsrc/orders.rs:7\n\
             tokio::poll(...)\n\t?:0\n\
             orders::take(...)\n\tsrc/orders.rs:7\n\
             created by orders::accept in goroutine 3\n\tsrc/orders.rs:24\n\n"
        );
    }

    #[test]
    fn a_name_begins_no_line_and_commands_no_terminal() {
        let task = TaskLine {
            id: 1,
            state: TaskState::Running,
            waiting: Waiting::Unknown,
            age: Duration::ZERO,
            idle: Duration::from_millis(20),
            polls: 1,
            name: Some("a\ngoroutine 2 [\u{1b}[31m"),
            runtime: None,
            function: None,
            site: None,
            parent: None,
        };
        let text = written(&task);
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(
            text.contains(r"task: a\ngoroutine 2 [\u{1b}[31m}:"),
            "{text}"
        );
    }
}
