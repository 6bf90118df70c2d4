//! What a scenario has done of its work: an event of the scenario itself for each piece.

use std::sync::atomic::{AtomicU64, Ordering};

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

/// Counts what a scenario tells of its work, by `tracing::info!`.
pub(crate) struct CountWork;

impl<S: Subscriber> Layer<S> for CountWork {
    fn on_event(&self, _event: &Event<'_>, _context: Context<'_, S>) {
        DONE.fetch_add(1, Ordering::Relaxed);
    }
}

/// Which events tell of a scenario's work: those of its programs, and not of the
/// libraries that they use.
pub(crate) fn tells_of_work<S>() -> impl Filter<S> {
    FilterFn::new(is_of_program).with_max_level_hint(Level::INFO)
}

fn is_of_program(metadata: &Metadata<'_>) -> bool {
    let module = metadata.target().split("::").nth(1);
    metadata.is_event()
        && *metadata.level() == Level::INFO
        && matches!(module, Some("leaky" | "fixed" | "lookalike" | "healthy"))
}
