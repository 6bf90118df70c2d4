//! What a look at the probe costs: time, memory, and the service's own latency meanwhile.

use std::time::{Duration, Instant};

use reqwest::Client;

use crate::figures::{Figure, goal};
use crate::process::Service;

const REPETITIONS: usize = 9;
/// The probe gives no verdict on the first two seconds of a service, and marks every second.
const QUIET: Duration = Duration::from_secs(5);
/// What the service carries, and its live tasks.
const SERVICES: [(&str, u64); 5] = [
    ("hooks", 10_000),
    ("hooks", 100_000),
    ("hooks", 1_000_000),
    ("subscriber, sampled", 100_000),
    ("subscriber, all", 100_000),
];
const PATHS: [&str; 5] = [
    "/debug/pprof/goroutine",
    "/debug/pprof/goroutineleak",
    "/metrics",
    "/debug/pprof/goroutine?debug=2",
    "/debug/tasks",
];

/// What is wanted, in milliseconds.
const GOALS: [(&str, u64, &str, f64); 4] = [
    ("hooks", 1_000_000, "/debug/pprof/goroutine", 50.0),
    ("hooks", 100_000, "/debug/pprof/goroutine?debug=2", 300.0),
    (
        "subscriber, all",
        100_000,
        "/debug/pprof/goroutine",
        1_000.0,
    ),
    (
        "subscriber, all",
        100_000,
        "/debug/pprof/goroutine?debug=2",
        1_000.0,
    ),
];

/// Measures and prints.
pub fn measure() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    println!(
        "Looks, by HTTP to the last byte: the first, and the median (least to most) of {REPETITIONS} more.\nLatency: how long the service takes for a small request of its own meanwhile, in µs: median,\n99th percentile, longest\n"
    );
    let mut reached = Vec::new();
    for (carries, live) in SERVICES {
        let mut service = Service::start(carries, "live", live)?;
        let _resident = service.line()?;
        let address = service.line()?;
        println!("{carries}: {live} live tasks");
        println!(
            "{:>32}  {:>9}  {:>28}  {:>12}  {:>10}  {:>24}",
            "", "first, ms", "ms", "bytes", "MB more", "latency"
        );
        let quiet = quiet(&mut service)?;
        println!(
            "{:>32}  {:>9}  {:>28}  {:>12}  {:>10}  {quiet:>24}",
            "nobody looks", "", "", "", ""
        );
        for path in PATHS {
            let before: f64 = service.ask("memory")?.parse()?;
            let url = format!("http://{address}{path}");
            service.ask("latency")?;
            let (first, times, bytes) = runtime.block_on(look(&url))?;
            let latency = latency(&service.ask("latency")?);
            let more = (service.ask("memory")?.parse::<f64>()? - before) / 1e6;
            let figure = Figure::of(times);
            println!(
                "{path:>32}  {first:>9.1}  {figure:>28.1}  {bytes:>12}  {more:>10.1}  {latency:>24}"
            );
            let wanted = GOALS
                .iter()
                .find(|goal| (goal.0, goal.1, goal.2) == (carries, live, path));
            reached.extend(wanted.map(|(.., most)| (carries, live, path, figure, *most)));
        }
        println!();
    }
    for (carries, live, path, figure, most) in reached {
        let what = format!("{path} of {live} tasks, {carries}");
        goal(&what, figure, "ms", most);
    }
    Ok(())
}

/// The service's latency while nobody looks, for long enough that the probe's verdict has something
/// to rest on.
fn quiet(service: &mut Service) -> anyhow::Result<String> {
    service.ask("latency")?;
    std::thread::sleep(QUIET);
    Ok(latency(&service.ask("latency")?))
}

fn latency(answer: &str) -> String {
    let figures = answer
        .split(' ')
        .filter_map(|figure| figure.parse::<f64>().ok());
    let figures: Vec<String> = figures.map(|figure| format!("{figure:.0}")).collect();
    figures.join(" ")
}

/// Looks some times; gives the milliseconds of the first time and of the others, and the bytes of
/// the last answer.
async fn look(url: &str) -> anyhow::Result<(f64, Vec<f64>, usize)> {
    let client = Client::new();
    let mut times = Vec::new();
    let mut bytes = 0;
    for _ in 0..=REPETITIONS {
        let asked = Instant::now();
        let mut answer = client.get(url).send().await?.error_for_status()?;
        bytes = 0;
        while let Some(chunk) = answer.chunk().await? {
            bytes += chunk.len();
        }
        times.push(asked.elapsed().as_secs_f64() * 1e3);
    }
    Ok((times.remove(0), times, bytes))
}
