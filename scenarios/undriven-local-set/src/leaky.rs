//! A mill: grain is ground on a pair of stones that cannot leave the room where they stand.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::task::LocalSet;
use tokio::time::sleep;

/// How long the stones take for one sack.
const GRINDING: Duration = Duration::from_millis(10);
/// How long the stones run in before the mill opens.
const RUNNING_IN: Duration = Duration::from_millis(200);

/// The stones, with the sacks of flour that they gave.
type Stones = Rc<Cell<u64>>;

async fn grind(sacks: u64, stones: Stones) {
    for _ in 0..sacks {
        sleep(GRINDING).await;
        stones.set(stones.get() + 1);
        tracing::info!("a sack is ground");
    }
}

fn take_in(sacks: u64, stones: &Stones, room: &LocalSet) {
    room.spawn_local(grind(sacks, stones.clone()));
}

/// Takes in the grain of the farmers who come.
pub async fn run(mut arrivals: Arrivals) {
    let stones = Stones::default();
    let room = LocalSet::new();
    // The miller's own grain: what the stones give at first is not for sale.
    take_in(3, &stones, &room);
    room.run_until(sleep(RUNNING_IN)).await;
    loop {
        let farmer = arrivals.next().await;
        take_in(2 + farmer % 3, &stones, &room);
    }
}
