//! The threads of a process of this machine, by `/proc/PID/task`.

use std::fs;
use std::path::Path;
use std::time::Duration;

use pileup_model::{Process, Thread, ThreadState};

/// A process with more threads is not looked at: that would take too long.
const MOST_THREADS: usize = 1024;

/// The process as it is now; none where it has ended, or cannot be read.
pub fn look_at(process: u32) -> Option<Process> {
    let folder = Path::new("/proc").join(process.to_string());
    let name = name(&folder)?;
    let mut threads = Vec::new();
    for thread in fs::read_dir(folder.join("task")).ok()? {
        if threads.len() == MOST_THREADS {
            return None;
        }
        // It may have ended by now.
        threads.extend(
            thread
                .ok()
                .and_then(|thread| look_at_thread(&thread.path())),
        );
    }
    threads.sort_unstable_by_key(|thread| thread.id);
    (!threads.is_empty()).then(|| Process {
        id: process,
        name: name.into(),
        threads,
    })
}

fn look_at_thread(folder: &Path) -> Option<Thread> {
    Some(Thread {
        id: folder.file_name()?.to_str()?.parse().ok()?,
        name: name(folder)?.into(),
        state: state(
            &fs::read_to_string(folder.join("stat")).ok()?,
            &fs::read_to_string(folder.join("wchan")).unwrap_or_default(),
        )?,
        ran: ran(&fs::read_to_string(folder.join("schedstat")).ok()?)?,
    })
}

fn name(folder: &Path) -> Option<String> {
    let name = fs::read_to_string(folder.join("comm")).ok()?;
    Some(name.trim_end().to_owned())
}

/// By the letter after the name in `stat`, and the kernel's function in which it sleeps. Who may not
/// read that is shown `0`.
fn state(stat: &str, wchan: &str) -> Option<ThreadState> {
    let (_, after_name) = stat.rsplit_once(')')?;
    Some(match after_name.trim_start().chars().next()? {
        'R' => ThreadState::Running,
        _ if wchan.starts_with("futex_") || wchan.contains("_futex") => ThreadState::OnFutex,
        _ => ThreadState::Asleep,
    })
}

/// The first number in `schedstat`: nanoseconds on a processor.
fn ran(schedstat: &str) -> Option<Duration> {
    let nanos = schedstat.split_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_on_a_futex_is_told_from_one_that_sleeps_otherwise() {
        let asleep = "7 (worker) (2) S 1 7 7 0 -1 4194304";
        let states = ["futex_do_wait", "ep_poll", "0"].map(|wchan| state(asleep, wchan));
        assert_eq!(
            states,
            [
                Some(ThreadState::OnFutex),
                Some(ThreadState::Asleep),
                Some(ThreadState::Asleep)
            ]
        );
        let running = state("7 (a b) R 1 7", "0");
        assert_eq!(running, Some(ThreadState::Running));
        assert_eq!(state("", ""), None);
    }

    #[test]
    fn the_time_on_a_processor_is_read_in_nanoseconds() {
        assert_eq!(ran("1500000000 42 7\n"), Some(Duration::from_millis(1500)));
        assert_eq!(ran(""), None);
    }
}
