//! `/debug/tasks`: every task as JSON, one snapshot of `pileup-model`.

use std::io::{self, Write};

use axum::extract::State;
use axum::response::Response;

use super::streamed::streamed;
use crate::Probe;
use crate::snapshot::write_snapshot;

pub(super) async fn tasks(State(probe): State<Probe>) -> Response {
    streamed(
        "application/json",
        move |out: &mut dyn Write| -> io::Result<()> { write_snapshot(&probe.inner, out) },
    )
}
