//! What a probe answers: the paths, headers and errors that Go's tools and the profile
//! stores rely on.

use std::io::Read as _;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use flate2::read::GzDecoder;
use pileup_model::Snapshot;
use pileup_probe::Probe;
use reqwest::Response;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};

/// More than any limit of the server.
const A_MINUTE: Duration = Duration::from_secs(60);

/// A service with a probe.
struct Service {
    probe: Probe,
    runtime: Runtime,
    address: SocketAddr,
}

impl Service {
    fn start(probe: Probe) -> Self {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(1).enable_all();
        builder.enable_metrics_poll_time_histogram();
        let runtime = probe.instrument("main", &mut builder).build();
        Self {
            address: probe.serve("127.0.0.1:0").expect("a port is free"),
            runtime: runtime.expect("a runtime can be built"),
            probe,
        }
    }

    /// Spawns a task that waits for good, as the others do.
    fn arrive_later(&self) {
        self.runtime.spawn(std::future::pending::<()>());
    }

    /// Spawns a task that is soon done.
    fn come_and_go(&self) {
        self.runtime
            .spawn(tokio::time::sleep(Duration::from_millis(50)));
    }

    /// Spawns a task, and waits until the probe and Tokio no longer count it. By then, all tasks
    /// that were spawned before it have been polled.
    fn spawn_one_that_finishes(&self) {
        let alive = || (self.probe.alive(), self.runtime.metrics().num_alive_tasks());
        let before = alive();
        let spawned = self.runtime.spawn(async {});
        self.runtime.block_on(spawned).expect("it returns");
        let more = |(probe, tokio)| probe > before.0 || tokio > before.1;
        while more(alive()) {
            std::thread::yield_now();
        }
    }

    /// Spawns tasks that wait for good.
    fn wait_for_good(&self, tasks: u64) {
        for _ in 0..tasks {
            self.runtime.spawn(std::future::pending::<()>());
        }
    }
}

fn service() -> Service {
    Service::start(Probe::start().expect("a thread can be started"))
}

/// Asks as others do: from outside the service's runtime.
fn ask<T>(question: impl Future<Output = T>) -> T {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime can be built").block_on(question)
}

async fn get(address: SocketAddr, path: &str) -> Response {
    let answer = reqwest::get(format!("http://{address}{path}")).await;
    answer.expect("the probe answers")
}

async fn text(address: SocketAddr, path: &str) -> String {
    get(address, path).await.text().await.expect("it is text")
}

fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    let value = answer.headers().get(name);
    value.map_or("", |value| value.to_str().expect("it is text"))
}

#[test]
fn a_profile_is_gzipped_and_named_as_gos_is() {
    let service = service();
    service.wait_for_good(3);
    ask(async {
        let answer = get(service.address, "/debug/pprof/goroutine").await;
        assert_eq!(answer.status(), 200);
        assert_eq!(header(&answer, "content-type"), "application/octet-stream");
        assert_eq!(header(&answer, "x-content-type-options"), "nosniff");
        assert_eq!(
            header(&answer, "content-disposition"),
            "attachment; filename=\"goroutine\""
        );
        let bytes = answer.bytes().await.expect("it is whole");
        let mut profile = Vec::new();
        let mut unpacked = GzDecoder::new(&bytes[..]);
        unpacked.read_to_end(&mut profile).expect("it is gzip");
        let function = b"wait_for_good";
        assert!(profile.windows(function.len()).any(|part| part == function));
    });
}

#[test]
fn tasks_are_grouped_by_the_function_that_spawned_them() {
    let service = service();
    service.wait_for_good(3);
    service.spawn_one_that_finishes();
    ask(async {
        let answer = get(service.address, "/debug/pprof/goroutine?debug=1").await;
        assert_eq!(header(&answer, "content-type"), "text/plain; charset=utf-8");
        let text = answer.text().await.expect("it is text");
        assert!(
            text.starts_with("goroutine profile: total 3\n3 @ 0x1\n"),
            "{text}"
        );
        assert!(
            text.contains("wait_for_good\tcrates/pileup-probe/tests/http.rs:"),
            "{text}"
        );
    });
}

#[test]
fn every_task_is_shown_by_itself() {
    let service = service();
    service.wait_for_good(1000);
    ask(async {
        let text = text(service.address, "/debug/pprof/goroutine?debug=2").await;
        let tasks = text.lines().filter(|line| line.starts_with("goroutine "));
        assert_eq!(tasks.count(), 1000);
        assert!(text.contains("runtime: main}:\ncreated by "), "{text}");
    });
}

#[test]
fn a_difference_has_what_was_born_meanwhile() {
    let service = service();
    service.wait_for_good(5);
    service.spawn_one_that_finishes();
    ask(async {
        let mut answer = pin!(get(service.address, "/debug/pprof/goroutine?seconds=1"));
        // Whenever the first look is taken, some come after it.
        let answer = loop {
            let pause = tokio::time::sleep(Duration::from_millis(20));
            tokio::select! {
                answer = &mut answer => break answer,
                () = pause => service.arrive_later(),
            }
        };
        assert_eq!(
            header(&answer, "content-disposition"),
            "attachment; filename=\"goroutine-delta\""
        );
        let bytes = answer.bytes().await.expect("it is whole");
        let mut profile = Vec::new();
        let mut unpacked = GzDecoder::new(&bytes[..]);
        unpacked.read_to_end(&mut profile).expect("it is gzip");
        let has = |function: &[u8]| profile.windows(function.len()).any(|part| part == function);
        assert!(has(b"arrive_later"), "what was born meanwhile is in it");
        assert!(!has(b"wait_for_good"), "what lived before is not in it");
    });
}

#[test]
fn what_makes_no_sense_is_refused_as_go_refuses_it() {
    let service = service();
    ask(async {
        for (path, status, message) in [
            (
                "/debug/pprof/goroutine?seconds=1&debug=1",
                400,
                "seconds and debug params are incompatible",
            ),
            (
                "/debug/pprof/goroutine?seconds=soon",
                400,
                "invalid value for \"seconds\"",
            ),
            (
                "/debug/pprof/goroutine?seconds=601",
                400,
                "must be at most 600",
            ),
            (
                "/debug/pprof/goroutineleak?seconds=999999999",
                400,
                "must be at most 600",
            ),
            ("/debug/pprof/nosuch", 404, "Unknown profile"),
        ] {
            let answer = get(service.address, path).await;
            assert_eq!(answer.status(), status, "{path}");
            assert_eq!(header(&answer, "x-go-pprof"), "1", "{path}");
            let text = answer.text().await.expect("it is text");
            assert!(text.contains(message), "{path}: {text}");
        }
    });
}

#[test]
fn the_index_names_each_profile() {
    let service = service();
    service.wait_for_good(3);
    ask(async {
        let page = text(service.address, "/debug/pprof/").await;
        assert!(
            page.contains("<td>3</td><td><a href=\"goroutine?debug=1\">"),
            "{page}"
        );
        assert!(page.contains("goroutineleak"), "{page}");
    });
}

#[test]
fn metrics_count_by_site_and_by_runtime() {
    let service = service();
    service.wait_for_good(3);
    service.spawn_one_that_finishes();
    ask(async {
        let answer = get(service.address, "/metrics").await;
        let kind = header(&answer, "content-type");
        assert!(kind.starts_with("application/openmetrics-text"), "{kind}");
        let text = answer.text().await.expect("it is text");
        let has = |start: &str, end: &str| {
            text.lines()
                .any(|line| line.starts_with(start) && line.ends_with(end))
        };
        assert!(
            has(
                "tokio_tasks{site=\"crates/pileup-probe/tests/http.rs:",
                "\"} 3"
            ),
            "{text}"
        );
        assert!(has("tokio_tasks_spawned_total{site=", "\"} 1"), "{text}");
        assert!(has("tokio_task_oldest_age_seconds{site=", ""), "{text}");
        assert!(has("tokio_workers{runtime=\"main\"}", " 1"), "{text}");
        assert!(
            has("tokio_runtime_alive_tasks{runtime=\"main\"}", " 3"),
            "{text}"
        );
        assert!(
            has("tokio_poll_seconds_count{runtime=\"main\"}", ""),
            "{text}"
        );
        assert!(text.ends_with("# EOF\n"), "{text}");
    });
}

#[test]
fn every_task_is_in_the_snapshot() {
    let service = service();
    service.wait_for_good(3);
    service.spawn_one_that_finishes();
    ask(async {
        let text = text(service.address, "/debug/tasks").await;
        let snapshot: Snapshot = serde_json::from_str(&text).expect("it is a snapshot");
        assert_eq!(snapshot.tasks.len(), 3);
        assert!(snapshot.coverage.waits_unseen);
        assert!(snapshot.tasks.iter().all(|task| task.wakers.is_none()));
        let spawned: u64 = snapshot.turnover.iter().map(|site| site.spawned).sum();
        assert_eq!(spawned, 4);
    });
}

#[test]
fn who_has_not_the_token_is_told_nothing() {
    let probe = Probe::start().expect("a thread can be started");
    let service = Service::start(probe.require_token("open sesame"));
    ask(async {
        let url = format!("http://{}/debug/tasks", service.address);
        let client = reqwest::Client::new();
        for request in [
            client.get(&url),
            client.get(&url).bearer_auth("open"),
            client.get(&url).bearer_auth("open sesamf"),
        ] {
            let answer = request.send().await.expect("the probe answers");
            assert_eq!(answer.status(), 401);
            assert_eq!(header(&answer, "www-authenticate"), "Bearer");
        }
        let request = client.get(&url).bearer_auth("open sesame");
        let answer = request.send().await.expect("the probe answers");
        assert_eq!(answer.status(), 200);
    });
}

/// Asks with the `Host` that a browser sends for a page of this name.
async fn status_for(host: &str, request: reqwest::RequestBuilder) -> u16 {
    let answer = request.header("host", host).send().await;
    answer.expect("the probe answers").status().as_u16()
}

#[test]
fn a_page_in_a_browser_cannot_read_a_probe_on_loopback_by_a_name_of_its_own() {
    let service = service();
    ask(async {
        let client = reqwest::Client::new();
        let port = service.address.port();
        for path in ["/debug/tasks", "/metrics", "/debug/pprof/"] {
            let request = || client.get(format!("http://{}{path}", service.address));
            for own in ["localhost", "127.0.0.1", "[::1]"] {
                assert_eq!(status_for(&format!("{own}:{port}"), request()).await, 200);
            }
            let rebound = format!("attacker.example:{port}");
            assert_eq!(status_for(&rebound, request()).await, 403);
        }
    });
}

#[test]
fn whoever_has_the_token_may_use_any_name() {
    let probe = Probe::start().expect("a thread can be started");
    let service = Service::start(probe.require_token("open sesame"));
    ask(async {
        let client = reqwest::Client::new();
        let request = || client.get(format!("http://{}/metrics", service.address));
        let with_token = request().bearer_auth("open sesame");
        assert_eq!(status_for("probe.example", with_token).await, 200);
        assert_eq!(status_for("probe.example", request()).await, 401);
    });
}

#[test]
fn clients_that_send_half_a_request_are_ended_and_others_answered() {
    let service = service();
    ask(async {
        let mut halves = Vec::new();
        for _ in 0..65 {
            let mut half = TcpStream::connect(service.address)
                .await
                .expect("it listens");
            let request = half.write_all(b"GET /metrics HTTP/1.1\r\nHost: local");
            request.await.expect("it takes the half");
            halves.push(half);
        }
        let metrics = tokio::time::timeout(A_MINUTE, text(service.address, "/metrics")).await;
        assert!(metrics.expect("there is a place soon").ends_with("# EOF\n"));
        for mut half in halves {
            let mut answer = Vec::new();
            let ended = tokio::time::timeout(A_MINUTE, half.read_to_end(&mut answer)).await;
            // A connection that is reset has ended as well.
            let _ = ended.expect("the server ends it");
        }
    });
}

#[test]
fn a_service_that_is_stuck_is_still_shown() {
    let service = service();
    let (let_go, held) = std::sync::mpsc::channel::<()>();
    // The only worker.
    service.runtime.spawn(async move { held.recv() });
    ask(async {
        loop {
            let text = text(service.address, "/debug/pprof/goroutine?debug=1").await;
            if text.contains("\"state\":\"running\"") {
                break;
            }
        }
    });
    drop(let_go);
}

#[test]
fn a_site_that_piles_up_is_a_leak_and_one_that_does_not_is_none() {
    let probe = Probe::start().expect("a thread can be started");
    let service = Service::start(probe.max_lifetime(Duration::from_secs(10)));
    ask(async {
        let started = std::time::Instant::now();
        loop {
            service.wait_for_good(1);
            service.come_and_go();
            tokio::time::sleep(Duration::from_millis(20)).await;
            let text = text(service.address, "/debug/pprof/goroutineleak?debug=1").await;
            assert!(!text.contains("come_and_go"), "{text}");
            if text.contains("wait_for_good") {
                assert!(text.contains("none has finished"), "{text}");
                break;
            }
            assert!(started.elapsed() < Duration::from_secs(30), "{text}");
        }
    });
}

#[test]
fn an_address_that_is_taken_is_named() {
    let service = service();
    let taken = service.address.to_string();
    let error = service.probe.serve(&taken).expect_err("it is taken");
    assert!(error.to_string().contains(&taken), "{error}");
}
