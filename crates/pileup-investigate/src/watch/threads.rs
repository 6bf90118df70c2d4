//! A source whose program runs on this machine: its snapshots have the threads of the process.

mod listener;
mod proc_fs;
mod stops;

use std::time::{Duration, Instant};

use futures_util::stream::{BoxStream, StreamExt};

use self::listener::listener;
use self::proc_fs::look_at;
use self::stops::LooksForStops;
use super::{Probe, Source};
use crate::{Address, Error, Snapshot};

/// Between two looks at the threads.
const PERIOD: Duration = Duration::from_secs(1);
/// What a console or a runtime of Tokio calls its threads. A process that listens at the address
/// and has none of them passes the connection on: ssh, or the proxy of a container.
const OF_CONSOLE: &[&str] = &["tokio-r", "console", "pileup", "actix"];
/// What a probe calls its threads. Proxies for HTTP are written with Tokio as well.
const OF_PROBE: &[&str] = &["pileup-probe"];

/// A source with the threads of its program, where this machine shows them.
pub struct WithThreads {
    source: Box<dyn Source>,
    /// The process that listens at the address of the source.
    process: Option<u32>,
    /// When it was last looked at.
    looked_at: Option<Instant>,
}

impl WithThreads {
    /// Finds the process that serves a console at an address. Without one, the snapshots are as
    /// they were.
    #[must_use]
    pub fn of_console(source: Box<dyn Source>, address: &Address) -> Self {
        Self {
            source,
            process: program(address, OF_CONSOLE),
            looked_at: None,
        }
    }

    /// Finds the process that serves a probe.
    #[must_use]
    pub fn of_probe(probe: Probe) -> Self {
        let server = probe.address().server();
        Self {
            source: Box::new(probe),
            process: server.and_then(|server| program(&server, OF_PROBE)),
            // The first answer is not looked at: it may be old, as the probe looks up all names
            // before it sends it.
            looked_at: Some(Instant::now()),
        }
    }
}

/// The process that listens at an address, if it has a thread with a name that begins like this.
fn program(address: &Address, names: &[&str]) -> Option<u32> {
    let process = listener(address)?;
    let threads = look_at(process)?.threads;
    let is_known = |name: &str| names.iter().any(|known| name.starts_with(known));
    let is_program = threads.iter().any(|thread| is_known(&thread.name));
    is_program.then_some(process)
}

impl Source for WithThreads {
    fn target(&self) -> String {
        self.source.target()
    }

    fn duration(&self) -> Option<Duration> {
        self.source.duration()
    }

    fn snapshots(&mut self) -> BoxStream<'_, Result<Snapshot, Error>> {
        let Self {
            source,
            process,
            looked_at,
        } = self;
        let stops = process.map(LooksForStops::start);
        let snapshots = source.snapshots().map(move |next| {
            let mut snapshot = next?;
            let is_due = looked_at.is_none_or(|at| at.elapsed() >= PERIOD);
            if let Some(process) = process.filter(|_| is_due) {
                *looked_at = Some(Instant::now());
                snapshot.process = look_at(process);
                if let (Some(seen), Some(stops)) = (&mut snapshot.process, &stops) {
                    seen.stops = stops.seen();
                }
            }
            Ok(snapshot)
        });
        snapshots.boxed()
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::net::TcpListener;
    use std::sync::mpsc;
    use std::thread;

    use super::*;

    /// Whether this process is found at an address, where one of its threads has this name.
    fn is_found(thread: &str, names: &[&str]) -> bool {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("its port").to_string();
        let (ends, end) = mpsc::channel::<()>();
        let (runs, is_running) = mpsc::channel();
        let builder = thread::Builder::new().name(thread.to_owned());
        let running = builder.spawn(move || {
            let _ = runs.send(());
            let _ = end.recv();
        });
        is_running.recv().expect("it runs");
        let found = program(&address.parse().expect("an address"), names);
        drop(ends);
        running
            .expect("a thread")
            .join()
            .expect("it does not panic");
        found == Some(std::process::id())
    }

    #[test]
    fn a_process_that_may_be_a_proxy_is_not_taken_for_the_program() {
        assert!(!is_found("tokio-rt-worker", OF_PROBE));
        assert!(is_found("pileup-probe-http", OF_PROBE));
        assert!(is_found("tokio-rt-worker", OF_CONSOLE));
    }
}
