//! What the probe answers over HTTP: the paths, headers and errors of Go's `net/http/pprof`,
//! with tasks in place of goroutines.

mod answer;
mod bearer;
mod goroutine;
mod host;
mod index;
mod streamed;
mod tasks;

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::response::IntoResponse;
use axum::routing::get;

use crate::Probe;
use crate::metrics::Metrics;

/// The text format that Prometheus negotiates by this name.
const OPEN_METRICS: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

/// The probe's pages, for clients that come by a loopback address.
pub(crate) fn for_loopback(probe: &Probe) -> Router {
    let check = axum::middleware::from_fn_with_state(probe.clone(), host::check);
    pages(probe).layer(check)
}

#[cfg(feature = "axum")]
impl Probe {
    /// The probe's pages as an axum `Router`, for a server of the service's own: `/metrics` and
    /// `/debug/…`.
    ///
    /// They show where the service's code spawns tasks: do not let the public read them. The
    /// limits of [`serve`](Self::serve) are those of the probe's own server; the service's server
    /// needs limits as well. Each look at the registry runs on a thread for blocking work.
    pub fn router(&self) -> Router {
        pages(self)
    }
}

/// The probe's pages.
pub(crate) fn pages(probe: &Probe) -> Router {
    let metrics = Arc::new(Metrics::new(probe));
    let scrape = move || {
        let metrics = Arc::clone(&metrics);
        async move {
            answer::blocking(move || match metrics.text() {
                Ok(text) => ([(CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
                Err(error) => answer::error(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
            })
            .await
        }
    };
    Router::new()
        .route("/metrics", get(scrape))
        .route("/debug/pprof/", get(index::page))
        .route("/debug/pprof/goroutine", get(goroutine::goroutine))
        .route("/debug/pprof/goroutineleak", get(goroutine::goroutine_leak))
        .route("/debug/pprof/{profile}", get(index::unknown))
        .route("/debug/tasks", get(tasks::tasks))
        .with_state(probe.clone())
        .layer(axum::middleware::from_fn_with_state(
            probe.clone(),
            bearer::check,
        ))
}
