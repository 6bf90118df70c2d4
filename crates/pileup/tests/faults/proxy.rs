//! A way to a target that the test can cut.

use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// For a connection to come.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Carries all bytes between whoever connects and a target, until it is cut. Then whoever
/// connects again gets through.
pub struct Proxy {
    /// Where it listens.
    pub address: String,
    carried: Arc<Mutex<Vec<TcpStream>>>,
    is_down: Arc<AtomicBool>,
    refused: Arc<AtomicUsize>,
}

impl Proxy {
    pub fn to(host_and_port: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = format!("http://{}", listener.local_addr().expect("its port"));
        let carried = Arc::new(Mutex::new(Vec::new()));
        let target = host_and_port.to_owned();
        let connections = Arc::clone(&carried);
        let is_down = Arc::new(AtomicBool::new(false));
        let refuses = Arc::clone(&is_down);
        let attempts = Arc::new(AtomicUsize::new(0));
        let counts = Arc::clone(&attempts);
        // It ends with the test's process.
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if refuses.load(Ordering::SeqCst) {
                    counts.fetch_add(1, Ordering::SeqCst);
                    continue;
                }
                if let Ok(server) = TcpStream::connect(&target) {
                    let both = [&client, &server].map(TcpStream::try_clone);
                    let mut kept = connections.lock().unwrap_or_else(PoisonError::into_inner);
                    kept.extend(both.into_iter().map_while(Result::ok));
                    carry(client, server);
                }
            }
        });
        Self {
            address,
            carried,
            is_down,
            refused: attempts,
        }
    }

    /// Waits until it has carried this number of connections.
    pub fn has_carried(&self, count: usize) {
        let started = Instant::now();
        while self.streams().len() < count * 2 {
            assert!(started.elapsed() < PATIENCE, "nobody connects");
            thread::sleep(LOOK_EVERY);
        }
    }

    /// Ends all connections that there are, on both sides, and refuses new ones until somebody
    /// has tried. Whether somebody did within a generous time.
    pub fn cut(&self) -> bool {
        let before = self.refused.load(Ordering::SeqCst);
        self.is_down.store(true, Ordering::SeqCst);
        for stream in self.streams().drain(..) {
            // It may have ended by itself.
            let _ = stream.shutdown(Shutdown::Both);
        }
        let is_noticed = || self.refused.load(Ordering::SeqCst) > before;
        let started = Instant::now();
        while !is_noticed() && started.elapsed() < PATIENCE {
            thread::sleep(LOOK_EVERY);
        }
        self.is_down.store(false, Ordering::SeqCst);
        is_noticed()
    }

    fn streams(&self) -> MutexGuard<'_, Vec<TcpStream>> {
        self.carried.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn carry(client: TcpStream, server: TcpStream) {
    let both = client.try_clone().and_then(|to_client| {
        let to_server = server.try_clone()?;
        Ok([(client, to_server), (server, to_client)])
    });
    for (mut from, mut to) in both.into_iter().flatten() {
        thread::spawn(move || {
            let _ = io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Write);
        });
    }
}
