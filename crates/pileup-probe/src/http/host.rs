//! The name by which a client reached the probe.
//!
//! A page in a browser may have its own name point to 127.0.0.1 once it is loaded, and then
//! read what a server on loopback answers ("DNS rebinding"). The browser still sends the
//! page's name as `Host`, and never a token.

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::http::header::{HOST, HeaderValue};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::Probe;

/// Lets a request through that names this machine as nobody's DNS can, or if a token is asked
/// for.
pub(super) async fn check(State(probe): State<Probe>, request: Request, next: Next) -> Response {
    if probe.inner.pages.token.get().is_some() || names_this_machine(request.headers()) {
        return next.run(request).await;
    }
    let message = "a probe on a loopback address answers to `localhost` and to IP addresses, and \
                   to no other name, unless it asks for a token\n";
    (StatusCode::FORBIDDEN, message).into_response()
}

/// Whether every `Host` is `localhost` or an IP address. A client that sends none is no
/// browser.
fn names_this_machine(headers: &HeaderMap) -> bool {
    headers.get_all(HOST).iter().all(is_local)
}

fn is_local(host: &HeaderValue) -> bool {
    let Ok(host) = host.to_str() else {
        return false;
    };
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map_or("", |(address, _port)| address),
        None => host.rsplit_once(':').map_or(host, |(name, _port)| name),
    };
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_no_dns_server_can_give_are_local() {
        for (host, local) in [
            ("localhost", true),
            ("LocalHost:6060", true),
            ("127.0.0.1:6060", true),
            ("192.168.1.7", true),
            ("[::1]:6060", true),
            ("attacker.example:6060", false),
            ("localhost.attacker.example", false),
            ("127.0.0.1.attacker.example:6060", false),
            ("[::1", false),
            ("", false),
        ] {
            assert_eq!(is_local(&HeaderValue::from_static(host)), local, "{host:?}");
        }
    }
}
