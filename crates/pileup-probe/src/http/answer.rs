//! Answers that have something in common.

use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

/// Says that an error is one of the profile's own, as Go's handlers do.
const GO_PPROF: HeaderName = HeaderName::from_static("x-go-pprof");

/// An answer that takes long enough to make on a thread for blocking work.
pub(super) async fn blocking(make: impl FnOnce() -> Response + Send + 'static) -> Response {
    match tokio::task::spawn_blocking(make).await {
        Ok(answer) => answer,
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response(),
    }
}

/// An error in the form of Go's handlers.
pub(super) fn error(status: StatusCode, message: &str) -> Response {
    let marked = [(GO_PPROF, HeaderValue::from_static("1"))];
    (status, marked, format!("{message}\n")).into_response()
}
