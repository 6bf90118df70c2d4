//! What is waited for, by the function that waits.

/// The kinds of waits: the name that is shown, the module, and the functions of it that wait.
///
/// Where several apply to a stack, the outermost does: `Mutex::lock` waits for a permit of a
/// semaphore, but the program waits for the mutex. A function matches by its last part,
/// because that is all that inlined functions have, or by its last two where the type tells
/// more: `Receiver::poll`. `{async fn}` is one whose name is not known, in a module in which
/// only one, or only such that wait for the same, can be unknown.
#[rustfmt::skip]
const KINDS: &[(&str, &str, &[&str])] = &[
    ("mpsc::Receiver::recv", "tokio::sync::mpsc::bounded", &["recv", "recv_many", "poll_recv", "poll_recv_many"]),
    ("mpsc::Sender::send", "tokio::sync::mpsc::bounded", &["send", "send_timeout", "reserve", "reserve_many", "reserve_owned", "reserve_inner"]),
    ("mpsc::Sender::closed", "tokio::sync::mpsc::bounded", &["closed"]),
    ("mpsc::Sender::closed", "tokio::sync::mpsc::chan", &["closed", "{async fn}"]),
    ("mpsc::UnboundedReceiver::recv", "tokio::sync::mpsc::unbounded", &["recv", "recv_many", "poll_recv", "poll_recv_many"]),
    ("mpsc::UnboundedSender::closed", "tokio::sync::mpsc::unbounded", &["closed", "{async fn}"]),
    ("Notify::notified", "tokio::sync::notify", &["poll", "poll_notified", "notified", "notified_owned"]),
    ("oneshot::Receiver", "tokio::sync::oneshot", &["poll", "Receiver::poll", "poll_recv"]),
    ("oneshot::Sender::closed", "tokio::sync::oneshot", &["closed", "poll_closed"]),
    ("watch::Receiver::changed", "tokio::sync::watch", &["changed", "changed_impl"]),
    ("watch::Receiver::wait_for", "tokio::sync::watch", &["wait_for", "wait_for_inner"]),
    ("watch::Sender::closed", "tokio::sync::watch", &["closed"]),
    ("broadcast::Receiver::recv", "tokio::sync::broadcast", &["recv", "poll", "recv_ref"]),
    ("broadcast::Sender::closed", "tokio::sync::broadcast", &["closed"]),
    ("Mutex::lock", "tokio::sync::mutex", &["lock", "lock_owned", "acquire", "{async fn}"]),
    ("RwLock::read", "tokio::sync::rwlock", &["read", "read_owned"]),
    ("RwLock::write", "tokio::sync::rwlock", &["write", "write_owned"]),
    ("Semaphore::acquire", "tokio::sync::semaphore", &["acquire", "acquire_many", "acquire_owned", "acquire_many_owned", "{async fn}"]),
    ("Semaphore::acquire", "tokio::sync::batch_semaphore", &["poll"]),
    ("Barrier::wait", "tokio::sync::barrier", &["wait", "wait_internal", "{async fn}"]),
    ("OnceCell::get_or_init", "tokio::sync::once_cell", &["get_or_init", "get_or_try_init", "{async fn}"]),
    ("SetOnce::wait", "tokio::sync::set_once", &["wait", "{async fn}"]),
    ("JoinHandle", "tokio::runtime::task::join", &["poll"]),
    ("JoinSet::join_next", "tokio::task::join_set", &["join_next", "join_next_with_id", "poll_join_next", "poll_join_next_with_id", "join_all", "shutdown", "{async fn}"]),
    ("JoinMap::join_next", "tokio_util::task::join_map", &["join_next", "shutdown"]),
    ("TaskTracker::wait", "tokio_util::task::task_tracker", &["wait", "poll"]),
    ("LocalSet", "tokio::task::local", &["poll"]),
    ("task::yield_now", "tokio::task::yield_now", &["yield_now", "poll"]),
    ("task::coop", "tokio::task::coop", &["register_waker", "poll_proceed", "consume_budget"]),
    ("time::sleep", "tokio::time::sleep", &["poll", "poll_elapsed"]),
    ("Interval::tick", "tokio::time::interval", &["tick", "poll_tick"]),
    ("DelayQueue", "tokio_util::time::delay_queue", &["poll_expired", "poll_next", "poll_idx"]),
    ("CancellationToken::cancelled", "tokio_util::sync::cancellation_token", &["poll", "cancelled", "cancelled_owned"]),
    ("PollSender::reserve", "tokio_util::sync::mpsc", &["poll_reserve", "poll_ready"]),
    ("PollSemaphore::acquire", "tokio_util::sync::poll_semaphore", &["poll_acquire", "poll_acquire_many"]),
    ("StreamMap", "tokio_stream::stream_map", &["poll_next", "poll_next_entry"]),
    ("TcpListener accept", "tokio::net::tcp::listener", &["accept", "poll_accept"]),
    ("TcpStream connect", "tokio::net::tcp::stream", &["connect", "connect_mio", "connect_addr"]),
    ("TcpStream connect", "tokio::net::tcp::socket", &["connect"]),
    ("TcpStream read", "tokio::net::tcp::stream", &["poll_read", "poll_read_priv", "poll_read_ready", "poll_peek", "peek", "readable"]),
    ("TcpStream write", "tokio::net::tcp::stream", &["poll_write", "poll_write_priv", "poll_write_vectored", "poll_write_ready", "poll_flush", "poll_shutdown", "writable"]),
    ("TcpStream ready", "tokio::net::tcp::stream", &["ready", "async_io", "{async fn}"]),
    ("TcpStream read", "tokio::net::tcp::split", &["poll_read", "poll_peek", "peek", "readable"]),
    ("TcpStream write", "tokio::net::tcp::split", &["poll_write", "poll_write_vectored", "writable"]),
    ("TcpStream read", "tokio::net::tcp::split_owned", &["poll_read", "poll_peek", "peek", "readable"]),
    ("TcpStream write", "tokio::net::tcp::split_owned", &["poll_write", "poll_write_vectored", "writable"]),
    ("UdpSocket recv", "tokio::net::udp", &["recv", "recv_from", "recv_buf", "recv_buf_from", "poll_recv", "poll_recv_from", "peek", "peek_from", "readable"]),
    ("UdpSocket send", "tokio::net::udp", &["send", "send_to", "poll_send", "poll_send_to", "writable"]),
    ("UdpSocket ready", "tokio::net::udp", &["ready", "async_io", "{async fn}"]),
    ("UnixListener accept", "tokio::net::unix::listener", &["accept", "poll_accept"]),
    ("UnixStream connect", "tokio::net::unix::stream", &["connect", "connect_mio"]),
    ("UnixStream read", "tokio::net::unix::stream", &["poll_read", "poll_read_priv", "poll_read_ready", "readable"]),
    ("UnixStream write", "tokio::net::unix::stream", &["poll_write", "poll_write_priv", "poll_write_vectored", "poll_write_ready", "writable"]),
    ("UnixStream ready", "tokio::net::unix::stream", &["ready", "async_io", "{async fn}"]),
    ("UnixStream read", "tokio::net::unix::split", &["poll_read", "readable"]),
    ("UnixStream write", "tokio::net::unix::split", &["poll_write", "writable"]),
    ("UnixStream read", "tokio::net::unix::split_owned", &["poll_read", "readable"]),
    ("UnixStream write", "tokio::net::unix::split_owned", &["poll_write", "writable"]),
    ("UnixDatagram recv", "tokio::net::unix::datagram::socket", &["recv", "recv_from", "recv_buf", "recv_buf_from", "poll_recv", "poll_recv_from", "readable"]),
    ("UnixDatagram send", "tokio::net::unix::datagram::socket", &["send", "send_to", "poll_send", "poll_send_to", "writable"]),
    ("pipe read", "tokio::net::unix::pipe", &["poll_read", "readable"]),
    ("pipe write", "tokio::net::unix::pipe", &["poll_write", "writable"]),
    ("AsyncFd", "tokio::io::async_fd", &["readable", "readable_mut", "writable", "writable_mut", "ready", "poll_read_ready", "poll_write_ready", "async_io"]),
    ("lookup_host", "tokio::net::lookup_host", &["lookup_host"]),
    ("DuplexStream read", "tokio::io::util::mem", &["poll_read", "poll_read_internal"]),
    ("DuplexStream write", "tokio::io::util::mem", &["poll_write", "poll_write_internal", "poll_write_vectored", "poll_write_vectored_internal", "poll_flush", "poll_shutdown"]),
    ("io::copy_bidirectional", "tokio::io::util::copy_bidirectional", &["copy_bidirectional", "copy_bidirectional_with_sizes", "copy_bidirectional_impl", "transfer_one_direction", "{async fn}"]),
    ("io::copy", "tokio::io::util::copy", &["copy", "Copy::poll", "{async fn}"]),
    ("Child::wait", "tokio::process", &["wait", "poll", "Child::poll", "ChildDropGuard::poll", "wait_with_output"]),
    ("Child::wait", "tokio::process::imp", &["poll"]),
    ("ChildStdout read", "tokio::process", &["poll_read", "ChildStdout::poll_read"]),
    ("ChildStdin write", "tokio::process", &["poll_write"]),
    ("signal", "tokio::signal::unix", &["recv", "poll_recv"]),
    ("signal", "tokio::signal::reusable_box", &["poll"]),
    ("signal::ctrl_c", "tokio::signal::ctrl_c", &["ctrl_c", "{async fn}"]),
    ("fs", "tokio::fs", &["asyncify"]),
    ("fs::File", "tokio::fs::file", &["poll_read", "poll_write", "poll_flush", "poll_seek", "poll_complete", "sync_all", "sync_data", "metadata", "set_len", "complete_inflight"]),
    ("fs::ReadDir", "tokio::fs::read_dir", &["next_entry", "poll_next_entry"]),
    ("Stdin read", "tokio::io::stdin", &["poll_read"]),
    ("Stdout write", "tokio::io::stdout", &["poll_write", "poll_flush"]),
    ("flume::Receiver::recv_async", "flume::async", &["RecvFut::poll", "recv_async", "poll_inner", "RecvFut::poll_inner", "RecvStream::poll_next"]),
    ("flume::Sender::send_async", "flume::async", &["SendFut::poll", "send_async", "SendSink::poll_ready"]),
    ("flume channel", "flume::async", &["poll", "poll_next"]),
    ("async_channel::Receiver::recv", "async_channel", &["recv", "RecvInner::poll_with_strategy", "Recv::poll", "Receiver::poll_next"]),
    ("async_channel::Sender::send", "async_channel", &["send", "SendInner::poll_with_strategy", "Send::poll"]),
    ("async_channel::Receiver::recv", "async_channel", &["poll_next"]),
    ("async_channel", "async_channel", &["poll", "poll_with_strategy"]),
    ("async_lock::Mutex::lock", "async_lock::mutex", &["lock", "poll", "poll_with_strategy"]),
    ("async_lock::RwLock", "async_lock::rwlock", &["read", "write", "poll", "poll_with_strategy"]),
    ("async_lock::RwLock", "async_lock::rwlock::futures", &["poll", "poll_with_strategy"]),
    ("async_lock::RwLock", "async_lock::rwlock::raw", &["poll", "poll_with_strategy"]),
    ("async_lock::Barrier::wait", "async_lock::barrier", &["wait", "poll", "poll_with_strategy"]),
    ("async_lock::Semaphore::acquire", "async_lock::semaphore", &["acquire", "poll", "poll_with_strategy"]),
    ("event_listener::EventListener", "event_listener", &["poll", "poll_internal"]),
    ("futures::mpsc::Receiver", "futures_channel::mpsc", &["next_message", "poll_next", "poll_next_unpin", "recv"]),
    ("futures::mpsc::Sender", "futures_channel::mpsc", &["poll_ready", "poll_ready_nb", "poll_unparked", "poll_flush"]),
    ("futures::oneshot::Receiver", "futures_channel::oneshot", &["poll", "recv", "Receiver::poll"]),
    ("futures::oneshot::Sender::cancellation", "futures_channel::oneshot", &["poll_canceled"]),
    ("futures::Mutex::lock", "futures_util::lock::mutex", &["poll", "lock"]),
    ("futures::Shared", "futures_util::future::future::shared", &["poll", "record_waker"]),
    ("futures::FuturesUnordered", "futures_util::stream::futures_unordered", &["poll_next"]),
    ("futures::BiLock", "futures_util::lock::bilock", &["poll_lock", "poll"]),
    ("tower::Buffer", "tower::buffer::service", &["poll_ready"]),
    ("tower::Buffer", "tower::buffer::future", &["poll"]),
    ("tower::ConcurrencyLimit", "tower::limit::concurrency::service", &["poll_ready"]),
    ("tower::RateLimit", "tower::limit::rate::service", &["poll_ready"]),
    ("hyper client request", "hyper::client::dispatch", &["poll", "poll_ready", "poll_recv"]),
    ("hyper client request", "hyper::client::conn::http1", &["poll", "send_request", "ready", "poll_ready"]),
    ("hyper client request", "hyper::client::conn::http2", &["poll", "send_request", "ready", "poll_ready"]),
    ("hyper body", "hyper::body::incoming", &["poll_frame"]),
    ("hyper upgrade", "hyper::upgrade", &["poll"]),
    ("hyper_util client request", "hyper_util::client::legacy::client", &["poll", "send_request", "try_send_request"]),
    ("h2 stream", "h2::client", &["poll", "poll_response"]),
    ("reqwest send", "reqwest::async_impl::client", &["poll", "send", "execute"]),
    ("reqwest send", "reqwest::async_impl::request", &["send"]),
    ("reqwest body", "reqwest::async_impl::response", &["bytes", "text", "json", "chunk", "text_with_charset"]),
    ("tonic unary", "tonic::client::grpc", &["unary", "client_streaming", "server_streaming", "streaming", "ready"]),
    ("tonic Streaming::message", "tonic::codec::decode", &["message", "trailers", "poll_next"]),
    ("tonic connect", "tonic::transport::channel::endpoint", &["connect"]),
];

/// What is said where nothing of [`KINDS`] applies, by the beginning of the function.
const GENERAL: &[(&str, &str)] = &[
    ("AsyncRead", "tokio::io::util::read"),
    ("AsyncRead", "tokio::io::util::lines"),
    ("AsyncRead", "tokio::io::util::fill_buf"),
    ("AsyncWrite", "tokio::io::util::write"),
    ("AsyncWrite", "tokio::io::util::flush"),
    ("AsyncWrite", "tokio::io::util::shutdown"),
];

/// Crates whose functions only pass a poll on, beside those that have kinds.
const PASSING: &[&str] = &[
    "core",
    "std",
    "alloc",
    "tracing",
    "futures_core",
    "futures_sink",
    "pin_project_lite",
    "async_stream",
    "pin_utils",
    "tokio_macros",
    "either",
    "futures_io",
    "futures",
];

/// The kind of wait of a function, given by its path without generics.
pub(crate) fn of(function: &str) -> Option<&'static str> {
    // The path up to its last part, and less the type.
    let (parent, name) = function.rsplit_once("::")?;
    let (grandparent, of_type) = parent.rsplit_once("::").unwrap_or((parent, ""));
    KINDS.iter().find_map(|(kind, module, functions)| {
        let in_module = *module == parent;
        let in_type = *module == grandparent && starts_upper(of_type);
        let is_named = functions
            .iter()
            .any(|function| match function.split_once("::") {
                None => *function == name,
                Some((its_type, its_name)) => in_type && its_type == of_type && its_name == name,
            });
        ((in_module || in_type) && is_named).then_some(*kind)
    })
}

/// The kind of wait of a function that may wait for several things, in general words.
pub(crate) fn in_general(function: &str) -> Option<&'static str> {
    let mut general = GENERAL.iter();
    let kind = general.find(|(_, beginning)| function.starts_with(beginning));
    kind.map(|(kind, _)| *kind)
}

/// Whether a path is in a crate that is known here, and so not the program's own.
pub(crate) fn is_in_library(path: &str) -> bool {
    let of_path = path.split("::").next();
    let modules = KINDS.iter().map(|(_, module, _)| *module);
    let mut crates = modules.filter_map(|module| module.split("::").next());
    crates.any(|name| Some(name) == of_path) || PASSING.iter().any(|name| Some(*name) == of_path)
}

/// Whether a function only passes a poll on, and so says nothing of what is waited for.
pub(crate) fn passes_on(function: &str) -> bool {
    let of_function = function.split("::").next();
    let modules = [
        "tokio::future::",
        "tokio::macros::",
        "tokio::time::timeout::",
    ];
    PASSING.iter().any(|name| Some(*name) == of_function)
        || modules.iter().any(|module| function.starts_with(module))
}

fn starts_upper(text: &str) -> bool {
    text.starts_with(char::is_uppercase)
}

#[cfg(test)]
mod tests {
    use pileup_model::AwaitKind;

    use super::*;

    #[test]
    fn every_kind_that_the_model_knows_is_one_that_is_shown() {
        let shown = KINDS.iter().map(|(kind, ..)| *kind);
        let shown: Vec<&str> = shown.chain(GENERAL.iter().map(|(kind, _)| *kind)).collect();
        for name in AwaitKind::names() {
            assert!(shown.contains(&name), "{name}");
        }
    }
}
