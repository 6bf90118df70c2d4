//! A messenger service: couriers ask the office for the way, and the office has unknown ways surveyed.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::sync::{Mutex, oneshot};

/// How long a surveyor is away.
const SURVEY: Duration = Duration::from_millis(600);
/// After this number of questions all ways are surveyed anew: roads change.
const ANEW: u64 = 60;

type Place = &'static str;
type Way = &'static str;

/// What the office knows, and who has asked for what it did not know.
#[derive(Default)]
struct Office {
    ways: HashMap<Place, Way>,
    waiting: HashMap<Place, Vec<oneshot::Sender<Way>>>,
    questions: u64,
}

impl Office {
    fn enter(&mut self, place: Place, way: Way) {
        self.ways.insert(place, way);
        for reply in self.waiting.remove(place).unwrap_or_default() {
            reply.send(way).ok();
        }
    }
}

async fn ask(place: Place, office: Arc<Mutex<Office>>) -> oneshot::Receiver<Way> {
    let (reply, answer) = oneshot::channel();
    let mut book = office.lock().await;
    book.questions += 1;
    if book.questions.is_multiple_of(ANEW) {
        book.ways.clear();
    }
    if let Some(&way) = book.ways.get(place) {
        reply.send(way).ok();
    } else {
        book.waiting.entry(place).or_default().push(reply);
        tokio::spawn(survey(place, office.clone()));
    }
    answer
}

async fn survey(place: Place, office: Arc<Mutex<Office>>) {
    tokio::time::sleep(SURVEY).await;
    office.lock().await.enter(place, "past the mill");
}

fn send_courier(place: Place, office: Arc<Mutex<Office>>) {
    tokio::spawn(async move {
        let way = ask(place, office).await.await.ok();
        way.inspect(|_| tracing::info!("a parcel leaves"))
    });
}

/// Sends a parcel to each of four places, again and again.
pub async fn run(mut arrivals: Arrivals) {
    let office = Arc::new(Mutex::new(Office::default()));
    loop {
        arrivals.next().await;
        for place in ["harbour", "castle", "market", "abbey"] {
            send_courier(place, office.clone());
        }
    }
}
