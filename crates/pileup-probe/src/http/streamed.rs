//! Answers that are written while they are sent, so that they are never whole in memory.

use std::io::{self, BufWriter, Write};

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse, Response};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

const CHUNK: usize = 64 * 1024;
/// Chunks that may be ahead of who reads them.
const AHEAD: usize = 4;

/// An answer of this content type, made by `write` on a thread for blocking work at the pace
/// of who reads it. When that one goes away, `write` gets an error.
pub(super) fn streamed(
    content_type: &'static str,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()> + Send + 'static,
) -> Response {
    let (sender, receiver) = mpsc::channel(AHEAD);
    tokio::task::spawn_blocking(move || {
        let mut out = BufWriter::with_capacity(CHUNK, Chunks(sender.clone()));
        if let Err(error) = write(&mut out).and_then(|()| out.flush()) {
            // The body breaks off; an end that looks whole would be a lie. Who has gone
            // away does not hear it.
            let _ = sender.blocking_send(Err(error));
        }
    });
    let content_type = [(CONTENT_TYPE, HeaderValue::from_static(content_type))];
    (
        content_type,
        Body::from_stream(ReceiverStream::new(receiver)),
    )
        .into_response()
}

struct Chunks(mpsc::Sender<io::Result<Bytes>>);

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let chunk = Bytes::copy_from_slice(bytes);
        match self.0.blocking_send(Ok(chunk)) {
            Ok(()) => Ok(bytes.len()),
            Err(_) => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
