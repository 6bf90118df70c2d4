//! A clinic's reminders: a hundred are due tomorrow, others in a few seconds.
//!
//! Looks like tasks that hang at the site where others finish. But each has its time.

use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::sync::watch;
use tokio::time;

const DUE_TOMORROW: u64 = 100;
const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn remind(patient: u64, after: Duration, bell: watch::Sender<u64>) {
    tokio::spawn(async move {
        time::sleep(after).await;
        bell.send_replace(patient);
    });
}

/// Takes over yesterday's appointments, and reminds those who wait.
pub async fn run(mut arrivals: Arrivals) {
    let bell = watch::Sender::new(0);
    for patient in 0..DUE_TOMORROW {
        remind(patient, A_DAY, bell.clone());
    }
    loop {
        let patient = arrivals.next().await;
        let after = Duration::from_secs(1 + patient % 12);
        remind(patient, after, bell.clone());
    }
}
