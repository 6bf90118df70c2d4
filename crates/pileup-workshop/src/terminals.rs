//! The commands of the two terminals, with ports that are free.

use std::net::{Ipv4Addr, TcpListener};

const CONSOLE: u16 = 6669;
const PROBE: u16 = 6060;

/// What to run where.
pub struct Terminals {
    /// Runs the scenario.
    pub scenario: String,
    /// Attaches tokio-console.
    pub console: String,
    /// Watches and reports.
    pub investigator: String,
    /// Whether another program has a port that would have been used.
    pub is_taken: bool,
}

impl Terminals {
    /// The commands for a scenario that is run now, at a pace that shows a pile within a
    /// minute.
    #[must_use]
    pub fn of(scenario: &str) -> Self {
        let console = free(CONSOLE);
        let probe = free(PROBE);
        let (mut console_flag, mut address, mut probe_flag) =
            (String::new(), String::new(), String::new());
        if console != CONSOLE {
            console_flag = format!(" --console 127.0.0.1:{console}");
            address = format!(" http://127.0.0.1:{console}");
        }
        if probe != PROBE {
            probe_flag = format!(" --probe 127.0.0.1:{probe}");
        }
        Self {
            scenario: format!(
                "cargo pileup run {scenario} --every 500ms{console_flag}{probe_flag}"
            ),
            console: format!("tokio-console{address}"),
            investigator: format!("cargo pileup diagnose{address}"),
            is_taken: console != CONSOLE || probe != PROBE,
        }
    }
}

/// This port, or another one where it is taken.
fn free(port: u16) -> u16 {
    let listen = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    let chosen = listen(port).or_else(|_| listen(0));
    let address = chosen.and_then(|listener| listener.local_addr());
    address.map_or(port, |address| address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_taken_is_not_offered() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = taken.local_addr().expect("its address").port();
        assert_ne!(free(port), port);
    }
}
