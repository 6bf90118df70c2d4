//! A museum gives each visitor an audio guide, which waits for the number of a picture.
//!
//! Looks like receivers on channels that nobody closes, of which there are ever more while
//! the museum fills. But a guide ends when its visitor hands it back.

use std::collections::HashMap;
use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::time::Instant;

/// Those who only look for the café leave soon; others stay for six times as long.
const SHORTEST_VISIT: Duration = Duration::from_secs(3);

fn hand_out_guide(mut pictures: Receiver<u64>) {
    tokio::spawn(async move {
        let mut heard = Vec::new();
        while let Some(picture) = pictures.recv().await {
            heard.push(picture);
        }
        heard
    });
}

/// Lets visitors in, has each hear of a picture at the entrance, and takes the guides back.
pub async fn run(mut arrivals: Arrivals) {
    let mut guides: HashMap<u64, (Sender<u64>, Instant)> = HashMap::new();
    loop {
        let visitor = arrivals.next().await;
        guides.retain(|_, (_, leaves)| *leaves > Instant::now());
        let (guide, pictures) = mpsc::channel(4);
        hand_out_guide(pictures);
        guide.send(visitor % 80).await.ok();
        let stays = SHORTEST_VISIT * u32::try_from(1 + visitor % 6).unwrap_or(1);
        guides.insert(visitor, (guide, Instant::now() + stays));
    }
}
