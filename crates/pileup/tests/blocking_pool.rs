//! A real program whose blocking pool is full: the closures that keep its threads are found
//! (PU11), with those that wait for one.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use console_subscriber::{ConsoleLayer, ServerParts};
use pileup_investigate::{Address, Code, Connection, Evidence, Grade, History};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio_stream::wrappers::TcpListenerStream;
use tracing_subscriber::filter::DynFilterFn;
use tracing_subscriber::prelude::*;

/// Threads of the program's blocking pool.
const THREADS: usize = 3;
/// The queue grows by one closure in this time.
const EVERY: Duration = Duration::from_millis(50);
const WATCH: Duration = Duration::from_secs(8);

/// Keeps every thread of the pool: each closure waits for news that are never sent.
fn subscribe(program: &Runtime) -> (Vec<mpsc::Sender<()>>, u32) {
    let subscribe = |news: mpsc::Receiver<()>| {
        program.spawn_blocking(move || news.recv());
    };
    let line = line!() - 2;
    let subscribers = (0..THREADS).map(|_| {
        let (sender, news) = mpsc::channel();
        subscribe(news);
        sender
    });
    (subscribers.collect(), line)
}

#[test]
fn closures_that_keep_every_thread_are_found_with_those_that_wait_for_one() {
    let (layer, server) = ConsoleLayer::builder()
        .publish_interval(Duration::from_millis(100))
        .retention(Duration::from_secs(60))
        .build();
    // What the watcher itself spawns is none of the program's.
    let of_program = DynFilterFn::new(|_, _| thread::current().name() != Some("watcher"));
    let subscriber = tracing_subscriber::registry().with(layer.with_filter(of_program));
    subscriber.init();

    let program = Builder::new_multi_thread()
        .worker_threads(1)
        .max_blocking_threads(THREADS)
        .enable_all()
        .build()
        .expect("a runtime");
    let (senders, line) = subscribe(&program);
    program.spawn(async {
        loop {
            tokio::task::spawn_blocking(|| ());
            tokio::time::sleep(EVERY).await;
        }
    });

    let watcher = thread::Builder::new().name("watcher".to_owned());
    let watcher = watcher.spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            let address = listener.local_addr().expect("its port");
            let ServerParts {
                instrument_server,
                aggregator,
                ..
            } = server.into_parts();
            tokio::spawn(aggregator.run());
            let serving = tonic::transport::Server::builder().add_service(instrument_server);
            tokio::spawn(serving.serve_with_incoming(TcpListenerStream::new(listener)));

            let address: Address = format!("http://{address}").parse().expect("an address");
            let mut connection = Connection::attach(address).await.expect("it serves");
            let mut history = History::default();
            let snapshots = connection.watch(WATCH);
            let seen = pileup_investigate::observe(snapshots, &mut history, |_| false).await;
            seen.expect("it serves to the end");
            pileup_investigate::diagnose(&history, "a program")
        })
    });
    let report = watcher.expect("a thread").join().expect("a report");
    drop(senders);
    program.shutdown_background();

    let full = |finding: &&pileup_investigate::Finding| finding.code == Code::BlockingPoolFull;
    let finding = report.findings.iter().find(full);
    let finding = finding.unwrap_or_else(|| panic!("the pool is full: {report:#?}"));
    assert_eq!(finding.grade, Grade::Probable, "{finding:#?}");
    let site = finding.site.as_ref().expect("Tokio knows the place");
    assert!(site.file.ends_with("blocking_pool.rs"), "{site}");
    assert_eq!(site.line, line);
    let kept = |fact: &Evidence| matches!(fact, Evidence::ThreadsKept { closures: THREADS, queued, .. } if *queued > 10);
    assert!(finding.facts.iter().any(kept), "{:#?}", finding.facts);
}
