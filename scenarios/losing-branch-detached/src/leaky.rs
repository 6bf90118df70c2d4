//! A booking desk: a guest who has not been given a room for every night in time is sent to another house.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::sync::oneshot::{self, error::RecvError};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

const NIGHTS: usize = 3;
/// How long a guest waits at the desk.
const PATIENCE: Duration = Duration::from_millis(100);

/// A hotel that is full in the third night, and its list of those who hope for a room.
#[derive(Default)]
struct Hotel(Mutex<Vec<oneshot::Sender<u64>>>);

impl Hotel {
    /// Gives a room at once, or a place on the list.
    fn ask_for(&self, night: usize) -> oneshot::Receiver<u64> {
        let (reply, room) = oneshot::channel();
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|guest| !guest.is_closed());
        if night < NIGHTS {
            reply.send(17).ok();
        } else {
            waiting.push(reply);
        }
        room
    }
}

fn start_booking(hotel: Arc<Hotel>) -> JoinHandle<Result<Vec<u64>, RecvError>> {
    tokio::spawn(async move {
        let mut rooms = Vec::new();
        for night in 1..=NIGHTS {
            sleep(Duration::from_millis(10)).await;
            rooms.push(hotel.ask_for(night).await?);
        }
        Ok(rooms)
    })
}

fn serve(hotel: Arc<Hotel>) {
    tokio::spawn(async move {
        let booking = start_booking(hotel);
        timeout(PATIENCE, booking).await.ok();
        tracing::info!("a guest is served");
    });
}

/// Serves guests.
pub async fn run(mut arrivals: Arrivals) {
    let hotel = Arc::new(Hotel::default());
    loop {
        arrivals.next().await;
        serve(hotel.clone());
    }
}
