//! Which process of this machine listens at an address, by `/proc`.

use std::fs;
use std::net::IpAddr;
use std::path::Path;

use crate::Address;

/// The state of a socket that listens, as `/proc/net/tcp` has it.
const LISTENS: &str = "0A";
/// The flag of a Unix socket that accepts connections, as `/proc/net/unix` has it.
const ACCEPTS: &str = "00010000";

/// The process that listens at an address of this machine; none where it is another machine, or
/// where that cannot be read.
pub fn listener(address: &Address) -> Option<u32> {
    let socket = match address {
        Address::UnixSocket(path) => unix_socket(&fs::read_to_string("/proc/net/unix").ok()?, path),
        Address::Http(uri) => {
            let host = uri.host()?.trim_start_matches('[').trim_end_matches(']');
            let ip = host.parse::<IpAddr>().ok();
            let is_here = host == "localhost" || ip.is_some_and(|ip| ip.is_loopback());
            let port = uri.port_u16().filter(|_| is_here)?;
            ["/proc/net/tcp", "/proc/net/tcp6"].iter().find_map(|file| {
                let sockets = fs::read_to_string(file).ok()?;
                tcp_socket(&sockets, port)
            })
        }
    };
    process_of(&socket?)
}

/// The inode of the TCP socket that listens on a port.
fn tcp_socket(sockets: &str, port: u16) -> Option<String> {
    let port = format!(":{port:04X}");
    sockets.lines().skip(1).find_map(|line| {
        let mut fields = line.split_whitespace();
        let (local, state) = (fields.nth(1)?, fields.nth(1)?);
        let inode = fields.nth(5)?;
        (local.ends_with(&port) && state == LISTENS).then(|| inode.to_owned())
    })
}

/// The inode of the Unix socket at a path that accepts connections.
fn unix_socket(sockets: &str, path: &Path) -> Option<String> {
    sockets.lines().skip(1).find_map(|line| {
        let mut fields = line.split_whitespace();
        let flags = fields.nth(3)?;
        let inode = fields.nth(2)?;
        let is_it = flags == ACCEPTS && fields.next().is_some_and(|at| Path::new(at) == path);
        is_it.then(|| inode.to_owned())
    })
}

/// The process that has a socket open.
fn process_of(inode: &str) -> Option<u32> {
    let socket = format!("socket:[{inode}]");
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let mut numbers = processes.filter_map(|process| process.file_name().to_str()?.parse().ok());
    numbers.find(|number: &u32| {
        let files = fs::read_dir(format!("/proc/{number}/fd"));
        files.is_ok_and(|files| {
            let mut targets = files
                .flatten()
                .filter_map(|file| fs::read_link(file.path()).ok());
            targets.any(|target| target.as_os_str() == socket.as_str())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_socket_that_listens_on_a_port_is_found() {
        let sockets = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1A0D 0100007F:C001 01 00000000:00000000 00:00000000 00000000     0        0 11 1
   1: 0100007F:1A0D 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12 1
   2: 00000000:1A0E 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 13 1
";
        assert_eq!(tcp_socket(sockets, 6669).as_deref(), Some("12"));
        assert_eq!(tcp_socket(sockets, 6670).as_deref(), Some("13"));
        assert_eq!(tcp_socket(sockets, 6671), None);
    }

    #[test]
    fn the_unix_socket_at_a_path_is_found() {
        let sockets = "\
Num       RefCount Protocol Flags    Type St Inode Path
0000000000000000: 00000003 00000000 00000000 0001 03 21 /run/console.sock
0000000000000000: 00000002 00000000 00010000 0001 01 22 /run/console.sock
0000000000000000: 00000002 00000000 00010000 0001 01 23
";
        let path = Path::new("/run/console.sock");
        assert_eq!(unix_socket(sockets, path).as_deref(), Some("22"));
        assert_eq!(unix_socket(sockets, Path::new("/run/other")), None);
    }
}
