//! Runs the bakery: see `healthy.rs`.

mod healthy;

use pileup_scenario::Scenario;

fn main() -> anyhow::Result<()> {
    Scenario::new().healthy(healthy::run).main()
}
