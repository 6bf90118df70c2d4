//! Says over the console protocol where a probe listens, so that `pileup` finds it by the address of
//! the program's console.
//!
//! The probe appears there as a resource, which tokio-console lists among the others: as a
//! task, it would be counted with the service's own.

use std::net::SocketAddr;
use std::panic::Location;
use std::sync::{Mutex, PoisonError};

use pileup_model::PROBE_RESOURCE;
use tracing::Span;

/// The addresses at which a probe is served, each with its span. A span that no subscriber
/// takes is opened again later: the service may install one after it serves the probe.
#[derive(Default)]
pub(crate) struct Announcements(Mutex<Vec<Announcement>>);

struct Announcement {
    address: SocketAddr,
    served_at: &'static Location<'static>,
    span: Span,
}

impl Announcements {
    pub(crate) fn add(&self, address: SocketAddr, served_at: &'static Location<'static>) {
        let announcement = Announcement {
            address,
            served_at,
            span: span(address, served_at),
        };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(announcement);
    }

    /// Opens those spans that no subscriber has taken yet.
    pub(crate) fn repeat(&self) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for announcement in all.iter_mut().filter(|one| one.span.is_disabled()) {
            announcement.span = span(announcement.address, announcement.served_at);
        }
    }
}

/// The span of a resource as Tokio opens it.
fn span(address: SocketAddr, served_at: &Location<'_>) -> Span {
    let name = format!("{PROBE_RESOURCE}http://{address}");
    tracing::trace_span!(
        parent: None,
        "runtime.resource",
        concrete_type = &*name,
        kind = "Probe",
        loc.file = served_at.file(),
        loc.line = served_at.line(),
        loc.col = served_at.column(),
    )
}
