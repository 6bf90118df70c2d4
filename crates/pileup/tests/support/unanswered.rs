//! An address at which nobody answers.

use tokio::net::TcpSocket;

/// A port of loopback that is bound and that nobody listens on, for as long as the socket lives. A
/// port that is merely free can be given to another program in the next moment.
pub fn unanswered() -> TcpSocket {
    let socket = TcpSocket::new_v4().expect("a socket");
    let any = "127.0.0.1:0".parse().expect("an address");
    socket.bind(any).expect("a free port");
    socket
}
