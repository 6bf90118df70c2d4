//! What a scenario has done of its work: an event of the scenario itself for each piece.
//!
//! An event with a number, such as `tracing::info!(rows = page.len(), "a page is shown")`,
//! reports that number of pieces, and any other event reports one. So a page without rows is no work.

use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::FilterFn;
use tracing_subscriber::layer::{Context, Filter};

static ARRIVED: AtomicU64 = AtomicU64::new(0);
static DONE: AtomicU64 = AtomicU64::new(0);

/// Counts one more arrival of work.
pub(crate) fn has_arrived() {
    ARRIVED.fetch_add(1, Ordering::Relaxed);
}

/// How much work has arrived, and how many pieces of work were done.
pub(crate) fn so_far() -> (u64, u64) {
    let done = DONE.load(Ordering::Relaxed);
    (ARRIVED.load(Ordering::Relaxed), done)
}

/// Counts what a scenario reports of its work, by `tracing::info!`.
pub(crate) struct CountWork;

impl<S: Subscriber> Layer<S> for CountWork {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let mut amount = Amount(None);
        event.record(&mut amount);
        DONE.fetch_add(amount.0.unwrap_or(1), Ordering::Relaxed);
    }
}

/// The number that an event reports.
struct Amount(Option<u64>);

impl Visit for Amount {
    fn record_u64(&mut self, _field: &Field, value: u64) {
        self.0 = Some(value);
    }

    fn record_i64(&mut self, _field: &Field, value: i64) {
        self.0 = Some(u64::try_from(value).unwrap_or_default());
    }

    fn record_debug(&mut self, _field: &Field, _value: &dyn Debug) {}
}

/// Which events report a scenario's work: those of its programs, and not of the
/// libraries that they use. And spans, as they are open in every service that logs.
pub(crate) fn tells_of_work<S>() -> impl Filter<S> {
    let is_open = |metadata: &Metadata<'_>| metadata.is_span() || is_of_program(metadata);
    FilterFn::new(move |metadata| *metadata.level() == Level::INFO && is_open(metadata))
        .with_max_level_hint(Level::INFO)
}

fn is_of_program(metadata: &Metadata<'_>) -> bool {
    let module = metadata.target().split("::").nth(1);
    metadata.is_event() && matches!(module, Some("leaky" | "fixed" | "lookalike" | "healthy"))
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::prelude::*;

    use super::*;

    #[test]
    fn an_event_of_the_program_counts_as_one_piece_or_as_the_number_that_it_tells() {
        let counted = tracing_subscriber::registry().with(CountWork.with_filter(tells_of_work()));
        tracing::subscriber::with_default(counted, || {
            tracing::info!(target: "shop::leaky", "a parcel leaves");
            tracing::info!(target: "shop::leaky", rows = 5_usize, "a page is shown");
            tracing::info!(target: "shop::leaky", rows = 0_usize, "a page is shown");
            tracing::info!(target: "shop::leaky", kilograms = -3, "a van leaves");
            tracing::info!(target: "hyper::client", bytes = 100, "a request leaves");
        });
        assert_eq!(so_far(), (0, 6));
    }
}
