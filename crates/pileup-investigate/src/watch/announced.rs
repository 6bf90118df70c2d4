//! Which of the addresses that a program announces for its probe may be asked: the program
//! could name any.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::{Address, Snapshot};

use super::probe_client::ProbeAddress;

/// The probe that the program of a console announces, if it is on the host of the console.
pub fn announced_probe(snapshot: &Snapshot, console: &Address) -> Option<ProbeAddress> {
    let live = snapshot.resources.iter();
    live.filter(|resource| resource.dropped_at.is_none())
        .filter_map(|resource| resource.probe_address())
        .find_map(|announced| on_host_of(console, announced))
}

fn on_host_of(console: &Address, announced: &str) -> Option<ProbeAddress> {
    let announced: SocketAddr = announced.strip_prefix("http://")?.parse().ok()?;
    let (ip, port) = (announced.ip(), announced.port());
    let host = match console {
        Address::UnixSocket(_) => None,
        Address::Http(uri) => uri.host().filter(|host| !is_loopback(host)),
    };
    let asked = match (host, ip) {
        (None, ip) if ip.is_loopback() => announced.to_string(),
        (None, IpAddr::V4(ip)) if ip.is_unspecified() => format!("{}:{port}", Ipv4Addr::LOCALHOST),
        (None, IpAddr::V6(ip)) if ip.is_unspecified() => {
            format!("[{}]:{port}", Ipv6Addr::LOCALHOST)
        }
        (Some(host), ip) if ip.is_unspecified() || of_host(host) == Some(ip) => {
            format!("{host}:{port}")
        }
        _ => return None,
    };
    asked.parse().ok()
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || of_host(host).is_some_and(|ip| ip.is_loopback())
}

/// The IP address that a host is given by.
fn of_host(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[')
        .trim_end_matches(']')
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(console: &str, announced: &str) -> Option<String> {
        let console: Address = console.parse().expect("an address");
        let asked = on_host_of(&console, announced)?;
        Some(asked.to_string().replace("/debug/tasks", ""))
    }

    #[test]
    fn a_probe_on_the_host_of_the_console_is_asked() {
        for (console, announced, expected) in [
            ("localhost:6669", "http://127.0.0.1:1", "http://127.0.0.1:1"),
            ("file:///run/c.sock", "http://[::1]:1", "http://[::1]:1"),
            ("[::1]:6669", "http://0.0.0.0:1", "http://127.0.0.1:1"),
            ("10.1.2.3:6669", "http://0.0.0.0:1", "http://10.1.2.3:1"),
            ("10.1.2.3:6669", "http://10.1.2.3:1", "http://10.1.2.3:1"),
            ("shop.test:6669", "http://[::]:1", "http://shop.test:1"),
        ] {
            assert_eq!(asked(console, announced).as_deref(), Some(expected));
        }
    }

    #[test]
    fn no_other_host_is_asked() {
        for (console, announced) in [
            ("127.0.0.1:6669", "http://10.1.2.3:1"),
            ("127.0.0.1:6669", "http://shop.test:1"),
            ("10.1.2.3:6669", "http://127.0.0.1:1"),
            ("10.1.2.3:6669", "http://10.1.2.4:1"),
            ("127.0.0.1:6669", "http://127.0.0.1:1/other"),
            ("127.0.0.1:6669", "file:///etc/passwd"),
        ] {
            assert_eq!(asked(console, announced), None, "{announced}");
        }
    }
}
