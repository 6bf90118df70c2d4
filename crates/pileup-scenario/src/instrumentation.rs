//! Starts the subscriber that serves the tasks, on a port that may be chosen by the system.

use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::time::Duration;
use std::{io, thread};

use anyhow::Context;
use console_subscriber::{ConsoleLayer, Server, ServerParts};
use pileup_probe::Probe;
use tokio_stream::wrappers::TcpListenerStream;
use tracing::subscriber::NoSubscriber;
use tracing_subscriber::filter::FilterFn;
use tracing_subscriber::prelude::*;

use crate::Instrument;
use crate::work::{CountWork, tells_of_work};

/// Twenty times the default pace: console-subscriber takes in about 127 events each time.
const PUBLISH_INTERVAL: Duration = Duration::from_millis(50);
/// A finished task costs the target about 50 kB for as long as it is retained.
const RETENTION: Duration = Duration::from_secs(30);

/// Starts to see tasks, and serves them to tokio-console and pileup on `address`. The probe, if
/// there is one, learns from the same spans where tasks wait.
///
/// It must come before the runtime is built, or the runtime's first tasks are never seen.
/// The environment variables of console-subscriber override the scenario's own choices,
/// except for the address, which is `--console`'s. Returns the address, its port chosen
/// by the system where `address` has port 0.
pub(crate) fn start(
    instrument: Instrument,
    address: &str,
    probe: Option<&Probe>,
) -> anyhow::Result<SocketAddr> {
    let started = match instrument {
        Instrument::ConsoleSubscriber => start_console_subscriber(address, probe)?,
        Instrument::Pileup => start_pileup_subscriber(address, probe)?,
    };
    started.with_context(|| {
        format!("failed to listen on {address} for tokio-console; choose another address with --console, such as --console 127.0.0.1:0 for a free port")
    })
}

/// The outer error is that the program cannot be instrumented, the inner that it cannot listen.
fn start_console_subscriber(
    address: &str,
    probe: Option<&Probe>,
) -> anyhow::Result<io::Result<SocketAddr>> {
    let listener = match TcpListener::bind(address) {
        Ok(listener) => listener,
        Err(error) => return Ok(Err(error)),
    };
    let chosen = listener.local_addr()?;

    let (layer, server) = ConsoleLayer::builder()
        .publish_interval(PUBLISH_INTERVAL)
        .retention(RETENTION)
        .with_default_env()
        .build();
    thread::Builder::new()
        .name("console-subscriber".into())
        .spawn(move || {
            // What serves the recording must not be part of it.
            let _unrecorded = tracing::subscriber::set_default(NoSubscriber::default());
            if let Err(error) = serve(server, listener) {
                eprintln!("error: tokio-console can no longer be served: {error:#}");
            }
        })
        .context("failed to start the thread of console-subscriber")?;

    let from_tokio = FilterFn::new(|metadata| {
        if metadata.is_event() {
            metadata.target().starts_with("runtime") || metadata.target().starts_with("tokio")
        } else {
            metadata.name().starts_with("runtime.") || metadata.target().starts_with("tokio")
        }
    });
    tracing_subscriber::registry()
        .with(layer.with_filter(from_tokio))
        .with(probe.map(Probe::layer))
        .with(CountWork.with_filter(tells_of_work()))
        .init();
    Ok(Ok(chosen))
}

/// The probe and the subscriber share one table of tasks.
fn start_pileup_subscriber(
    address: &str,
    probe: Option<&Probe>,
) -> anyhow::Result<io::Result<SocketAddr>> {
    let resolved = match address.to_socket_addrs() {
        Ok(mut resolved) => resolved.next().context("the name has no address")?,
        Err(error) => return Ok(Err(error)),
    };
    let mut builder = pileup_subscriber::builder()
        .publish_interval(PUBLISH_INTERVAL)
        .retention(RETENTION)
        .with_default_env()
        .server_addr(resolved);
    if let Some(probe) = probe {
        builder = builder.registry(probe.registry());
    }
    match builder.try_spawn() {
        Ok((layer, chosen)) => {
            tracing_subscriber::registry()
                .with(layer)
                .with(CountWork.with_filter(tells_of_work()))
                .init();
            Ok(Ok(chosen.unwrap_or(resolved)))
        }
        Err(pileup_subscriber::Error::Listen { source, .. }) => Ok(Err(source)),
        Err(error) => Err(error.into()),
    }
}

fn serve(server: Server, listener: TcpListener) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async move {
        listener.set_nonblocking(true)?;
        let clients = TcpListenerStream::new(tokio::net::TcpListener::from_std(listener)?);
        let ServerParts {
            instrument_server,
            aggregator,
            ..
        } = server.into_parts();
        tokio::spawn(aggregator.run());
        tonic::transport::Server::builder()
            .add_service(instrument_server)
            .serve_with_incoming(clients)
            .await?;
        Ok(())
    })
}
