//! A server of the probe's own: on its own thread and runtime, so that it answers when every
//! worker of the service is stuck.

mod connections;
mod stalled;

use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::panic::Location;
use std::{io, thread};

use axum::Router;
use thiserror::Error;
use tracing::subscriber::{DefaultGuard, NoSubscriber};

use self::connections::Limits;
use crate::{Probe, http};

/// Why a probe cannot be served.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ServeError {
    /// Somebody else has the address, or the name is unknown.
    #[error(
        "failed to listen on {address}; another address may be free, such as 127.0.0.1:0 for any \
         port"
    )]
    Listen {
        /// The address that was asked for.
        address: String,
        /// Why.
        source: io::Error,
    },
    /// The system gives no thread.
    #[error("failed to start the thread that serves the probe")]
    Start(#[source] io::Error),
}

impl Probe {
    /// Serves the probe's pages on `address`, such as `127.0.0.1:6060`, for as long as the
    /// process lives, and gives the address with the port that was chosen where it has port 0.
    ///
    /// It has at most 64 connections at a time, and ends one whose client sends no request
    /// for 10 seconds, or does not read on for 30. On a loopback address it answers to
    /// `localhost` and to IP addresses alone, unless a token is asked for: a page in a browser
    /// cannot read it by a name of its own.
    ///
    /// An address that others can reach prints a warning to standard error, unless a token is
    /// asked for: the pages show where the service's code spawns tasks.
    ///
    /// `pileup diagnose ADDR`, with the address of the program's console, finds the probe by
    /// itself.
    ///
    /// # Errors
    ///
    /// When the address cannot be listened on, or the server's thread cannot be started.
    #[track_caller]
    pub fn serve(&self, address: &str) -> Result<SocketAddr, ServeError> {
        let refused = |source| ServeError::Listen {
            address: address.to_owned(),
            source,
        };
        let listener = listen(address).map_err(refused)?;
        let chosen = listener.local_addr().map_err(refused)?;
        listener.set_nonblocking(true).map_err(ServeError::Start)?;
        if !chosen.ip().is_loopback() && self.inner.pages.token.get().is_none() {
            eprintln!(
                "warning: the probe on {chosen} shows everybody who can reach it where this service \
                 spawns its tasks; serve it on 127.0.0.1, or ask for a token"
            );
        }
        let elsewhere = http::pages(self);
        let on_loopback = http::for_loopback(self);
        thread::Builder::new()
            .name("pileup-probe-http".to_owned())
            .spawn(move || {
                let _hidden = hide_this_thread();
                if let Err(error) = serve(listener, on_loopback, elsewhere) {
                    eprintln!("error: the probe on {chosen} is no longer served: {error}");
                }
            })
            .map_err(ServeError::Start)?;
        self.inner
            .pages
            .announcements
            .add(chosen, Location::caller());
        Ok(chosen)
    }
}

/// Keeps what serves the tasks out of what is reported of the service, until the guard is
/// dropped.
fn hide_this_thread() -> Option<DefaultGuard> {
    pileup_registry::hide_this_thread();
    // A default of its own makes each event of the process slower: it is left out where the
    // global one hides the thread.
    let hides = tracing::dispatcher::get_default(pileup_registry::hides_threads);
    (!hides).then(|| tracing::subscriber::set_default(NoSubscriber::default()))
}

fn serve(listener: TcpListener, on_loopback: Router, elsewhere: Router) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        connections::serve(listener, on_loopback, elsewhere, Limits::PUBLISHED).await
    })
}

fn listen(address: &str) -> io::Result<TcpListener> {
    let addresses: Vec<SocketAddr> = address.to_socket_addrs()?.collect();
    TcpListener::bind(&addresses[..])
}
