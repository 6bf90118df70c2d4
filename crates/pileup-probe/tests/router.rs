//! The probe's pages on a server of the service's own.

use pileup_probe::Probe;

#[tokio::test]
async fn a_service_serves_the_pages_beside_its_own() {
    let probe = Probe::start().expect("the probe has its thread");
    let own = axum::Router::new().route("/hello", axum::routing::get(async || "hello"));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("a port is free");
    let address = listener.local_addr().expect("it has an address");
    let server = axum::serve(listener, own.merge(probe.router()));
    let server = tokio::spawn(server.into_future());
    for (path, text) in [("hello", "hello"), ("metrics", "# EOF")] {
        let page = reqwest::get(format!("http://{address}/{path}")).await;
        let page = page.expect("the page is served").text().await;
        assert!(page.expect("it is text").contains(text), "{path}");
    }
    server.abort();
}
