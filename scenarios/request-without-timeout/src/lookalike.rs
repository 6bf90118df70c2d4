//! Every visitor of the page has the temperature on the mountain read anew.

use std::net::SocketAddr;

use pileup_scenario::Arrivals;
use reqwest::Client;
use tokio::sync::watch;

use crate::server;

async fn temperature(client: &Client, station: SocketAddr) -> reqwest::Result<String> {
    let address = format!("http://{station}/temperature");
    client.get(address).send().await?.text().await
}

fn new_client() -> Client {
    Client::builder()
        .no_proxy()
        .build()
        .expect("plain HTTP needs nothing from the system")
}

/// Shows the latest reading to each visitor, and asks for the next one.
pub async fn run(mut arrivals: Arrivals) {
    let station = server::valley_station();
    let client = new_client();
    let page = watch::Sender::new(String::new());
    loop {
        arrivals.next().await;
        refresh(client.clone(), station, page.clone());
    }
}

fn refresh(client: Client, station: SocketAddr, page: watch::Sender<String>) {
    tokio::spawn(async move {
        if let Ok(reading) = temperature(&client, station).await {
            page.send_replace(reading);
        }
        tracing::info!("a visitor is served");
    });
}
