//! Runs one variant of the scenario: see `leaky.rs` for the program under investigation.

use lock_held_across_call::{fixed, leaky, lookalike};
use pileup_scenario::Scenario;

fn main() -> anyhow::Result<()> {
    Scenario::new()
        .leaky(leaky::run)
        .fixed(fixed::run)
        .lookalike(lookalike::run)
        .main()
}
