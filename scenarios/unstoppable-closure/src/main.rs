//! Runs one variant of the scenario: see `leaky.rs` for the program under investigation.

use pileup_scenario::Scenario;
use unstoppable_closure::{fixed, leaky, lookalike};

fn main() -> anyhow::Result<()> {
    Scenario::new()
        .leaky(leaky::run)
        .fixed(fixed::run)
        .lookalike(lookalike::run)
        .main()
}
