//! The waits. Each case is one line, because its line is what must be shown.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use console_api::instrument::{InstrumentRequest, PauseRequest};
use futures::{SinkExt, StreamExt};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::{
    Barrier, Mutex, Notify, OnceCell, RwLock, Semaphore, broadcast, mpsc, oneshot, watch,
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{Case, silent_grpc};

/// What lives for the rest of the test.
fn keep<T>(value: T) -> &'static mut T {
    Box::leak(Box::new(value))
}

fn case(
    kinds: &'static [&'static str],
    line: u32,
    future: impl Future<Output = ()> + Send + 'static,
) -> Case {
    Case {
        kinds,
        line,
        future: Box::pin(future),
    }
}

/// In a release build with line tables only, the functions that tell more are inlined.
const READABLE: &[&str] = &[if cfg!(debug_assertions) {
    "TcpStream read"
} else {
    "TcpStream ready"
}];
#[cfg(unix)]
const STDOUT: &[&str] = &[if cfg!(debug_assertions) {
    "ChildStdout read"
} else {
    "AsyncRead"
}];

const LONG: Duration = Duration::from_secs(3600);

/// An async function of the program's own, around one of Tokio.
async fn collect(receiver: &mut mpsc::Receiver<u32>) -> u32 {
    let mut sum = 0;
    while let Some(number) = receiver.recv().await {
        sum += number;
    }
    sum
}

/// Awaits `collect` in this line.
async fn through<T: Send>(_value: T, receiver: &mut mpsc::Receiver<u32>) {
    collect(receiver).await;
}

const COLLECT: u32 = line!() - 11;

trait Waits: Send {
    fn wait(&self) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

impl Waits for Notify {
    fn wait(&self) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move { self.notified().await })
    }
}

const WAITS: u32 = line!() - 4;

fn recursive(
    depth: u32,
    notify: &'static Notify,
) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        match depth {
            0 => notify.notified().await,
            _ => recursive(depth - 1, notify).await,
        }
    })
}

const RECURSIVE: u32 = line!() - 6;

/// All cases. What they wait for lives as long as the test.
pub async fn all() -> Vec<Case> {
    let mut cases = channels();
    cases.extend(locks().await);
    cases.extend(tasks_and_time());
    cases.extend(sockets().await);
    cases.extend(others().await);
    #[cfg(unix)]
    cases.extend(only_on_unix());
    cases.extend(shapes());
    cases
}

fn receiver() -> &'static mut mpsc::Receiver<u32> {
    let (sender, receiver) = mpsc::channel(1);
    keep(sender);
    keep(receiver)
}

#[rustfmt::skip]
fn channels() -> Vec<Case> {
    let (unbounded_tx, unbounded) = mpsc::unbounded_channel::<u32>();
    let (unbounded_tx, unbounded) = (keep(unbounded_tx), keep(unbounded));
    let (full, full_rx) = mpsc::channel(1);
    full.try_send(1).expect("room");
    let (full, _) = (&*keep(full), keep(full_rx));
    let (sender, one_rx) = oneshot::channel::<u32>();
    let (closing, dropped_with_sender) = oneshot::channel::<u32>();
    keep((sender, dropped_with_sender));
    let closing = keep(closing);
    let (watch_tx, watch_rx) = watch::channel(1);
    let (watch_tx, mut watch_rx2) = (&*keep(watch_tx), watch_rx.clone());
    let mut watch_rx = watch_rx;
    let (broadcast_tx, mut broadcast_rx) = broadcast::channel::<u32>(4);
    keep(broadcast_tx);
    let (bounded, many, timed, polled) = (receiver(), receiver(), receiver(), receiver());
    let notify = &*keep(Notify::new());
    let owned_notify = Arc::new(Notify::new());
    let (stream_tx, stream_rx) = mpsc::channel::<u32>(1);
    keep(stream_tx);
    let mut in_stream = tokio_stream::wrappers::ReceiverStream::new(stream_rx);
    let stale = receiver_after_traffic();
    vec![
        case(&["mpsc::Receiver::recv"], line!(), async { bounded.recv().await; }),
        case(&["mpsc::Receiver::recv"], line!(), async { many.recv_many(&mut Vec::new(), 4).await; }),
        case(&["mpsc::Receiver::recv"], line!(), async { std::future::poll_fn(|context| polled.poll_recv(context)).await; }),
        case(&["mpsc::Receiver::recv", "time::sleep"], line!(), async { let _ = tokio::time::timeout(LONG, timed.recv()).await; }),
        case(&["mpsc::Receiver::recv"], line!(), async move { in_stream.next().await; }),
        case(&["mpsc::Receiver::recv"], line!(), async { stale.recv().await; }),
        case(&["mpsc::UnboundedReceiver::recv"], line!(), async { unbounded.recv().await; }),
        case(&["mpsc::UnboundedSender::closed"], line!(), async { unbounded_tx.closed().await; }),
        case(&["mpsc::Sender::send"], line!(), async { let _ = full.send(2).await; }),
        case(&["mpsc::Sender::send"], line!(), async { let _ = full.reserve().await; }),
        case(&["mpsc::Sender::closed"], line!(), async { full.closed().await; }),
        case(&["oneshot::Receiver"], line!(), async { let _ = one_rx.await; }),
        case(&["oneshot::Sender::closed"], line!(), async { closing.closed().await; }),
        case(&["watch::Receiver::changed"], line!(), async move { let _ = watch_rx.changed().await; }),
        case(&["watch::Receiver::wait_for"], line!(), async move { let _ = watch_rx2.wait_for(|n| *n == 7).await; }),
        case(&["watch::Sender::closed"], line!(), async { watch_tx.closed().await; }),
        case(&["broadcast::Receiver::recv"], line!(), async move { let _ = broadcast_rx.recv().await; }),
        case(&["Notify::notified"], line!(), async { notify.notified().await; }),
        case(&["Notify::notified"], line!(), async { pin!(notify.notified()).as_mut().await; }),
        case(&["Notify::notified"], line!(), async move { owned_notify.notified_owned().await; }),
    ]
}

/// A channel that a lot went through.
fn receiver_after_traffic() -> &'static mut mpsc::Receiver<u32> {
    let (sender, receiver) = mpsc::channel(1);
    let receiver = keep(receiver);
    for number in 0..2_000 {
        sender.try_send(number).expect("room");
        receiver.try_recv().expect("one");
    }
    keep(sender);
    receiver
}

#[rustfmt::skip]
async fn locks() -> Vec<Case> {
    let mutex = Arc::new(Mutex::new(1));
    keep(Arc::clone(&mutex).lock_owned().await);
    let owned = Arc::clone(&mutex);
    let reading = &*keep(RwLock::new(1));
    keep(reading.read().await);
    let writing = &*keep(RwLock::new(1));
    keep(writing.write().await);
    let semaphore = &*keep(Semaphore::new(1));
    let many = &*keep(Semaphore::new(1));
    keep(semaphore.acquire().await);
    let owned_semaphore = Arc::new(Semaphore::new(0));
    let barrier = &*keep(Barrier::new(2));
    let cell = &*keep(OnceCell::<u32>::new());
    let token = CancellationToken::new();
    let child = token.child_token();
    keep(token);
    let owned_token = child.clone();
    let mut set = JoinSet::new();
    set.spawn(std::future::pending::<()>());
    let set = keep(set);
    let futures_mutex = &*keep(futures::lock::Mutex::new(1));
    keep(futures_mutex.lock().await);
    vec![
        case(&["Mutex::lock"], line!(), async move { let _guard = mutex.lock().await; }),
        case(&["Mutex::lock"], line!(), async { let _guard = owned.lock_owned().await; }),
        case(&["RwLock::write"], line!(), async { let _guard = reading.write().await; }),
        case(&["RwLock::read"], line!(), async { let _guard = writing.read().await; }),
        case(&["Semaphore::acquire"], line!(), async { let _permit = semaphore.acquire().await; }),
        case(&["Semaphore::acquire"], line!(), async { let _permit = many.acquire_many(5).await; }),
        case(&["Semaphore::acquire"], line!(), async { let _permit = owned_semaphore.acquire_owned().await; }),
        case(&["Barrier::wait"], line!(), async { barrier.wait().await; }),
        case(&["Notify::notified"], line!(), async { cell.get_or_init(|| async { Notify::new().notified().await; 1 }).await; }),
        case(&["CancellationToken::cancelled"], line!(), async move { child.cancelled().await; }),
        case(&["CancellationToken::cancelled"], line!(), async move { owned_token.cancelled_owned().await; }),
        case(&["JoinSet::join_next"], line!(), async { set.join_next().await; }),
        case(&["futures::Mutex::lock"], line!(), async { let _guard = futures_mutex.lock().await; }),
    ]
}

#[rustfmt::skip]
fn tasks_and_time() -> Vec<Case> {
    let other = tokio::spawn(std::future::pending::<()>());
    let by_reference = keep(tokio::spawn(std::future::pending::<()>()));
    let blocked = tokio::task::spawn_blocking(|| { let _ = std::sync::mpsc::channel::<()>().1.recv_timeout(LONG); std::thread::park(); });
    let mut interval = tokio::time::interval_at(tokio::time::Instant::now() + LONG, LONG);
    let mut queue = tokio_util::time::DelayQueue::new();
    queue.insert(1, LONG);
    let mut map = tokio_stream::StreamMap::new();
    map.insert(1, tokio_stream::wrappers::ReceiverStream::new({ let (tx, rx) = mpsc::channel::<u32>(1); keep(tx); rx }));
    let tracker = tokio_util::task::TaskTracker::new();
    keep(tracker.token());
    tracker.close();
    vec![
        case(&["JoinHandle"], line!(), async { let _ = other.await; }),
        case(&["JoinHandle"], line!(), async { let _ = (&mut *by_reference).await; }),
        case(&["JoinHandle"], line!(), async { let _ = blocked.await; }),
        case(&["time::sleep"], line!(), async { tokio::time::sleep(LONG).await; }),
        case(&["time::sleep"], line!(), async { tokio::time::sleep_until(tokio::time::Instant::now() + LONG).await; }),
        case(&["Interval::tick"], line!(), async move { interval.tick().await; }),
        case(&["DelayQueue"], line!(), async move { queue.next().await; }),
        case(&["StreamMap"], line!(), async move { map.next().await; }),
        case(&["TaskTracker::wait"], line!(), async move { tracker.wait().await; }),
        case(&["time::sleep"], line!(), async { tokio::task::unconstrained(tokio::time::sleep(LONG)).await; }),
    ]
}

/// A connection of which the other end lives and is silent.
async fn silent() -> TcpStream {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (ours, theirs) = tokio::join!(TcpStream::connect(address), listener.accept());
    keep(theirs.expect("accepted"));
    ours.expect("connected")
}

#[rustfmt::skip]
async fn sockets() -> Vec<Case> {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let (mut reads, lines, framed, becomes_ready, buffered) = (silent().await, silent().await, silent().await, silent().await, silent().await);
    let (mut read_half, write_half) = silent().await.into_split();
    keep(write_half);
    let mut full = silent().await;
    let udp = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
    let (mut duplex, other) = tokio::io::duplex(8);
    keep(other);
    let (mut full_duplex, other) = tokio::io::duplex(8);
    keep(other);
    let (mut copied, mut copied_to) = (silent().await, silent().await);
    let (mut from, mut to) = (silent().await, tokio::io::sink());
    vec![
        case(&["TcpListener accept"], line!(), async move { let _ = listener.accept().await; }),
        case(&["TcpStream read"], line!(), async move { let _ = reads.read(&mut [0; 8]).await; }),
        case(&["TcpStream read"], line!(), async move { let _ = BufReader::new(lines).lines().next_line().await; }),
        case(&["TcpStream read"], line!(), async move { let _ = BufReader::new(buffered).read_to_end(&mut Vec::new()).await; }),
        case(&["TcpStream read"], line!(), async move { tokio_util::codec::Framed::new(framed, tokio_util::codec::LinesCodec::new()).next().await; }),
        case(READABLE, line!(), async move { let _ = becomes_ready.readable().await; }),
        case(&["TcpStream read"], line!(), async move { let _ = read_half.read_u8().await; }),
        case(&["TcpStream write"], line!(), async move { let _ = full.write_all(&vec![0; 50_000_000]).await; }),
        case(&["UdpSocket recv"], line!(), async move { let _ = udp.recv_from(&mut [0; 8]).await; }),
        case(&["DuplexStream read"], line!(), async move { let _ = duplex.read(&mut [0; 8]).await; }),
        case(&["DuplexStream write"], line!(), async move { let _ = full_duplex.write_all(&[0; 80]).await; }),
        case(&["io::copy_bidirectional"], line!(), async move { let _ = tokio::io::copy_bidirectional(&mut copied, &mut copied_to).await; }),
        case(&["io::copy"], line!(), async move { let _ = tokio::io::copy(&mut from, &mut to).await; }),
    ]
}

/// Sockets, pipes and signals of Unix, and processes of programs that every Unix has.
#[cfg(unix)]
#[rustfmt::skip]
fn only_on_unix() -> Vec<Case> {
    use tokio::net::{UnixDatagram, UnixListener, UnixStream};
    use tokio::signal::unix::{SignalKind, signal};

    let directory = keep(tempfile::tempdir().expect("a folder"));
    let path = directory.path().join("socket");
    let unix_listener = UnixListener::bind(&path).expect("a socket");
    let (mut unix, other) = UnixStream::pair().expect("a pair");
    keep(other);
    let (left, right) = keep(std::os::unix::net::UnixDatagram::pair().expect("a pair"));
    left.set_nonblocking(true).expect("a socket");
    let datagram = UnixDatagram::from_std(left.try_clone().expect("a socket")).expect("a socket");
    let _ = right;
    let child = || tokio::process::Command::new("sleep").arg("600").kill_on_drop(true).stdout(std::process::Stdio::piped()).spawn().expect("a process");
    let (mut waited, mut read) = (child(), child());
    let mut signals = signal(SignalKind::user_defined2()).expect("a signal");
    let fifo = { let folder = keep(tempfile::tempdir().expect("a folder")); let path = folder.path().join("fifo"); let made = std::process::Command::new("mkfifo").arg(&path).status(); assert!(made.expect("mkfifo").success()); path };
    let fifo_writer = keep(std::fs::OpenOptions::new().read(true).write(true).open(&fifo).expect("a pipe"));
    let _ = fifo_writer;
    vec![
        case(&["fs::File"], line!(), async move { let mut file = tokio::fs::File::open(&fifo).await.expect("a file"); let _ = file.read(&mut [0; 8]).await; }),
        case(&["UnixStream read"], line!(), async move { let _ = unix.read(&mut [0; 8]).await; }),
        case(&["UnixListener accept"], line!(), async move { let _ = unix_listener.accept().await; }),
        case(&["UnixDatagram recv"], line!(), async move { let _ = datagram.recv(&mut [0; 8]).await; }),
        case(&["Child::wait"], line!(), async move { let _ = waited.wait().await; }),
        case(STDOUT, line!(), async move { let child = &mut read; let _ = child.stdout.as_mut().expect("piped").read(&mut [0; 8]).await; }),
        case(&["signal"], line!(), async move { signals.recv().await; }),
    ]
}

#[rustfmt::skip]
async fn others() -> Vec<Case> {
    let (flume_tx, flume_rx) = flume::bounded::<u32>(1);
    let (flume_full, flume_full_rx) = flume::bounded::<u32>(1);
    flume_full.send(1).expect("room");
    keep((flume_tx, flume_full_rx));
    let (async_tx, async_rx) = async_channel::bounded::<u32>(1);
    let (async_full, async_full_rx) = async_channel::bounded::<u32>(1);
    async_full.try_send(1).expect("room");
    keep((async_tx, async_full_rx));
    let async_mutex = &*keep(async_lock::Mutex::new(()));
    keep(async_mutex.try_lock().expect("nobody has it"));
    let async_shared = &*keep(async_lock::RwLock::new(()));
    keep(async_shared.try_write().expect("nobody has it"));
    let async_permits = &*keep(async_lock::Semaphore::new(0));
    let mut grpc = silent_grpc::client().await;
    let updates = grpc.watch_updates(InstrumentRequest {}).await.expect("a stream");
    let mut updates = updates.into_inner();
    let async_barrier = &*keep(async_lock::Barrier::new(2));
    let (futures_tx, mut futures_rx) = futures::channel::mpsc::channel::<u32>(1);
    let (mut futures_full, futures_full_rx) = futures::channel::mpsc::channel::<u32>(0);
    futures_full.try_send(1).expect("room");
    keep((futures_tx, futures_full_rx));
    let (futures_one_tx, futures_one) = futures::channel::oneshot::channel::<u32>();
    keep(futures_one_tx);
    let silent_server = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", silent_server.local_addr().expect("an address"));
    let silent_server = keep(silent_server);
    let buffer = tower::buffer::Buffer::new(tower::service_fn(|()| std::future::pending::<Result<(), std::io::Error>>()), 1);
    let mut reserved = buffer.clone();
    tower::ServiceExt::ready(&mut reserved).await.expect("ready");
    keep(reserved);
    let limited = tower::limit::ConcurrencyLimit::new(tower::service_fn(|()| std::future::pending::<Result<(), std::io::Error>>()), 1);
    let mut taken = limited.clone();
    tower::ServiceExt::ready(&mut taken).await.expect("ready");
    keep(taken);
    vec![
        case(&["signal::ctrl_c"], line!(), async move { let _ = tokio::signal::ctrl_c().await; }),
        case(&["flume::Receiver::recv_async"], line!(), async move { let _ = flume_rx.recv_async().await; }),
        case(&["flume::Sender::send_async"], line!(), async move { let _ = flume_full.send_async(2).await; }),
        case(&["async_channel::Receiver::recv"], line!(), async move { let _ = async_rx.recv().await; }),
        case(&["async_channel::Sender::send"], line!(), async move { let _ = async_full.send(2).await; }),
        case(&["async_lock::Mutex::lock"], line!(), async move { drop(async_mutex.lock().await); }),
        case(&["async_lock::RwLock"], line!(), async move { drop(async_shared.read().await); }),
        case(&["async_lock::Semaphore::acquire"], line!(), async move { drop(async_permits.acquire().await); }),
        case(&["async_lock::Barrier::wait"], line!(), async move { async_barrier.wait().await; }),
        case(&["futures::mpsc::Receiver"], line!(), async move { futures_rx.next().await; }),
        case(&["futures::mpsc::Sender"], line!(), async move { let _ = futures_full.send(2).await; }),
        case(&["futures::oneshot::Receiver"], line!(), async move { let _ = futures_one.await; }),
        case(&["reqwest send"], line!(), async move { let _ = reqwest::get(url).await; let _ = silent_server; }),
        case(&["tonic unary"], line!(), async move { let _ = grpc.pause(PauseRequest {}).await; }),
        case(&["tonic Streaming::message"], line!(), async move { let _ = updates.message().await; }),
        case(&["tower::Buffer"], line!(), async move { let _ = tower::ServiceExt::oneshot(buffer, ()).await; }),
        case(&["tower::ConcurrencyLimit"], line!(), async move { let mut limited = limited; let _ = tower::ServiceExt::ready(&mut limited).await.is_ok(); }),
    ]
}

#[rustfmt::skip]
fn shapes() -> Vec<Case> {
    let (selected, selected_notify, selected_task) = (receiver(), &*keep(Notify::new()), keep(tokio::spawn(std::future::pending::<()>())));
    let (joined_one, joined_other) = (receiver(), &*keep(Notify::new()));
    let (both_one, both_other) = (receiver(), &*keep(Notify::new()));
    let (first, second) = (&*keep(Notify::new()), receiver());
    first.notify_one();
    let (nested, generic, boxed, instrumented, catching) = (receiver(), receiver(), receiver(), receiver(), receiver());
    let dynamic: &'static dyn WaitsSync = keep(Notify::new());
    let unordered = receiver();
    let streamed = receiver();
    let joined = receiver();
    vec![
        case(&["mpsc::Receiver::recv", "Notify::notified", "JoinHandle"], line!(), async move { tokio::select! { _ = selected.recv() => {} () = selected_notify.notified() => {} _ = selected_task => {} } }),
        case(&["mpsc::Receiver::recv", "Notify::notified"], line!(), async move { tokio::join!(joined_one.recv(), joined_other.notified()); }),
        case(&["mpsc::Receiver::recv", "Notify::notified"], line!(), async move { futures::future::join(both_one.recv(), both_other.notified()).await; }),
        case(&["mpsc::Receiver::recv"], line!(), async move { first.notified().await; second.recv().await; }),
        case(&["mpsc::Receiver::recv"], COLLECT, async move { collect(nested).await; }),
        case(&["mpsc::Receiver::recv"], COLLECT, async move { through(String::new(), generic).await; }),
        case(&["mpsc::Receiver::recv"], COLLECT, async move { Box::pin(collect(boxed)).await; }),
        case(&["mpsc::Receiver::recv"], COLLECT, tracing::Instrument::instrument(async move { collect(instrumented).await; }, tracing::info_span!("a"))),
        case(&["mpsc::Receiver::recv"], COLLECT, async move { let _ = futures::FutureExt::catch_unwind(std::panic::AssertUnwindSafe(collect(catching))).await; }),
        case(&["Notify::notified"], WAITS, async move { dynamic.wait().await; }),
        case(&["Notify::notified"], RECURSIVE, recursive(5, keep(Notify::new()))),
        case(&["futures::FuturesUnordered"], line!(), async move { let mut all = futures::stream::FuturesUnordered::new(); all.push(unordered.recv()); all.next().await; }),
        case(&["mpsc::Receiver::recv"], COLLECT, async move { pin!(futures::stream::once(collect(streamed))).next().await; }),
        case(&["mpsc::Receiver::recv"], line!(), async move { futures::future::join_all([joined.recv()]).await; }),
        case(&[], 0, std::future::pending()),
        case(&[], 0, std::future::poll_fn(|context| { drop(context.waker().clone()); std::task::Poll::Pending })),
    ]
}

/// A trait object that threads may share.
trait WaitsSync: Waits + Sync {}

impl WaitsSync for Notify {}
