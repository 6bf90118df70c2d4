//! The threads of a process of this machine, by `/proc/PID/task`.

use std::fs;
use std::path::Path;
use std::time::Duration;

use pileup_model::{Process, Stops, Thread, ThreadState};

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
        stops: Stops::default(),
    })
}

/// Whether a process is stopped by a signal or a debugger; none where it has ended.
pub fn is_stopped(process: u32) -> Option<bool> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    Some(matches!(state_letter(&stat)?, 'T' | 't'))
}

fn look_at_thread(folder: &Path) -> Option<Thread> {
    let [ran, waited, turns] = schedstat(&fs::read_to_string(folder.join("schedstat")).ok()?)?;
    Some(Thread {
        id: folder.file_name()?.to_str()?.parse().ok()?,
        name: name(folder)?.into(),
        state: state(
            &fs::read_to_string(folder.join("stat")).ok()?,
            &fs::read_to_string(folder.join("wchan")).unwrap_or_default(),
        )?,
        ran: Duration::from_nanos(ran),
        waited: Duration::from_nanos(waited),
        turns,
    })
}

fn name(folder: &Path) -> Option<String> {
    let name = fs::read_to_string(folder.join("comm")).ok()?;
    Some(name.trim_end().to_owned())
}

/// By the letter after the name in `stat`, and the kernel's function in which it sleeps. Who may not
/// read that is shown `0`.
fn state(stat: &str, wchan: &str) -> Option<ThreadState> {
    Some(match state_letter(stat)? {
        'R' => ThreadState::Running,
        _ if wchan.starts_with("futex_") || wchan.contains("_futex") => ThreadState::OnFutex,
        _ => ThreadState::Asleep,
    })
}

/// The letter after the name.
fn state_letter(stat: &str) -> Option<char> {
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.trim_start().chars().next()
}

/// The numbers in `schedstat`: nanoseconds on a processor, nanoseconds ready and waiting for one,
/// and the number of turns on one.
fn schedstat(text: &str) -> Option<[u64; 3]> {
    let mut numbers = text.split_whitespace().map(str::parse);
    let mut next = || numbers.next()?.ok();
    Some([next()?, next()?, next()?])
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
    fn the_times_of_a_thread_are_read_with_its_turns() {
        assert_eq!(schedstat("1500000000 42 7\n"), Some([1_500_000_000, 42, 7]));
        assert_eq!(schedstat("1500000000"), None);
    }

    #[test]
    fn this_process_is_not_stopped() {
        assert_eq!(is_stopped(std::process::id()), Some(false));
    }
}
