//! The subscriber and the layer beside what a service already has: its log is as it would be
//! without them.
#![cfg(tokio_unstable)]

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use pileup_registry::{Registry, Sampling};
use tokio::runtime::Builder;
use tracing::{Dispatch, Subscriber, dispatcher};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{EnvFilter, Layer};

/// A log in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("no panic").clone()).expect("it is text")
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// A service that logs in spans, and has one task more that waits for good.
fn serve() {
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime can be built");
    runtime.block_on(async {
        let request = tracing::info_span!("request", id = 7);
        let handled = tracing::Instrument::instrument(
            async {
                tracing::info!("begins");
                tokio::task::yield_now().await;
                tracing::debug!("is not logged");
                tracing::info!(parent: &tracing::Span::current(), "goes on");
                let part = tracing::info_span!("part");
                let follows = part.clone();
                follows.follows_from(tracing::Span::current());
                part.in_scope(|| tracing::warn!("is late"));
            },
            request,
        );
        tokio::spawn(handled).await.expect("it returns");
        tokio::spawn(std::future::pending::<()>());
        tokio::task::yield_now().await;
        tracing::info!("ends");
    });
}

/// What the service logs with a subscriber made of the log's writer.
fn logged<S: Into<Dispatch>>(subscriber: impl FnOnce(Log) -> S) -> String {
    let log = Log::default();
    let dispatch: Dispatch = subscriber(log.clone()).into();
    dispatcher::with_default(&dispatch, serve);
    log.text()
}

fn registry() -> Arc<Registry> {
    Arc::new(Registry::new(Sampling::ALL))
}

/// How many tasks the registry has seen.
fn spawned(registry: &Registry) -> u64 {
    let counts = registry.sites().into_iter().filter_map(|site| site.counted);
    counts.map(|counted| counted.spawned).sum()
}

fn text_log(log: Log) -> impl Subscriber + for<'span> LookupSpan<'span> + Send + Sync {
    let layer = tracing_subscriber::fmt::layer();
    tracing_subscriber::registry().with(layer.without_time().with_ansi(false).with_writer(log))
}

#[test]
fn a_filtered_log_is_the_same_with_the_subscriber_around_it() {
    let filtered = |log| text_log(log).with(EnvFilter::new("info"));
    let alone = logged(filtered);
    assert_eq!(alone.lines().count(), 4, "{alone}");
    assert!(
        alone.contains("request{id=7}:part: beside: is late"),
        "{alone}"
    );
    let registry = registry();
    let beside = logged(|log| registry.subscriber(filtered(log)));
    assert_eq!(beside, alone);
    assert_eq!((spawned(&registry), registry.live()), (2, 0));
}

#[test]
fn a_log_with_filters_of_its_layers_is_the_same_with_the_subscriber_around_it() {
    let filtered = |log: Log| {
        let layer = tracing_subscriber::fmt::layer()
            .without_time()
            .with_ansi(false);
        let layer = layer
            .with_writer(log)
            .with_filter(EnvFilter::new("info,[request]=debug"));
        tracing_subscriber::registry().with(layer)
    };
    let alone = logged(filtered);
    assert_eq!(alone.lines().count(), 5, "{alone}");
    let registry = registry();
    let beside = logged(|log| registry.subscriber(filtered(log)));
    assert_eq!(beside, alone);
    assert_eq!(spawned(&registry), 2);
}

#[test]
fn a_log_as_json_is_the_same_with_the_subscriber_around_it() {
    let json = |log: Log| {
        let subscriber = tracing_subscriber::fmt().json().without_time();
        subscriber.with_writer(log).with_env_filter("info").finish()
    };
    let alone = logged(json);
    assert!(
        alone.contains("\"span\":{\"id\":7,\"name\":\"request\"}"),
        "{alone}"
    );
    let registry = registry();
    let beside = logged(|log| registry.subscriber(json(log)));
    assert_eq!(beside, alone);
    assert_eq!(spawned(&registry), 2);
}

#[test]
fn a_filtered_log_is_the_same_with_the_layer_beside_it() {
    let filtered = |log: Log| {
        let layer = tracing_subscriber::fmt::layer()
            .without_time()
            .with_ansi(false);
        layer.with_writer(log).with_filter(EnvFilter::new("info"))
    };
    let alone = logged(|log| tracing_subscriber::registry().with(filtered(log)));
    let registry = registry();
    let beside = logged(|log| {
        let layers = tracing_subscriber::registry().with(filtered(log));
        layers.with(registry.layer())
    });
    assert_eq!(beside, alone);
    assert_eq!((spawned(&registry), registry.live()), (2, 0));
}

/// A layer that looks for its own kind through the subscriber, and keeps data with spans, as
/// that of OpenTelemetry does.
struct Traces;

struct TraceId(u64);

impl<S: Subscriber + for<'span> LookupSpan<'span>> Layer<S> for Traces {
    fn on_new_span(
        &self,
        _attributes: &tracing::span::Attributes<'_>,
        id: &tracing::span::Id,
        context: Context<'_, S>,
    ) {
        let span = context.span(id).expect("it was opened");
        span.extensions_mut().insert(TraceId(id.into_u64()));
    }
}

#[test]
fn a_layer_is_found_through_the_subscriber_around_it() {
    let registry = registry();
    let log = Log::default();
    let inner = text_log(log).with(Traces);
    let dispatch = Dispatch::new(registry.subscriber(inner));
    dispatcher::with_default(&dispatch, || {
        let span = tracing::info_span!("request");
        let found = span.with_subscriber(|(id, dispatch)| {
            assert!(dispatch.downcast_ref::<Traces>().is_some());
            let spans = dispatch.downcast_ref::<tracing_subscriber::Registry>();
            let span = spans.expect("it is inside").span(id).expect("it is open");
            span.extensions().get::<TraceId>().map(|trace| trace.0) == Some(id.into_u64())
        });
        assert_eq!(found, Some(true));
    });
}

#[test]
fn what_happens_on_a_hidden_thread_is_not_seen() {
    let registry = registry();
    let log = Log::default();
    let dispatch = Dispatch::new(registry.subscriber(text_log(log.clone())));
    assert!(pileup_registry::hides_threads(&dispatch));
    let hidden = std::thread::spawn(move || {
        pileup_registry::hide_this_thread();
        dispatcher::with_default(&dispatch, serve);
    });
    hidden.join().expect("it does not panic");
    assert_eq!(spawned(&registry), 0);
    assert_eq!(log.text(), "");
}
