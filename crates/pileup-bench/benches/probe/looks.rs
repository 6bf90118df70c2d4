//! What a look at the probe costs: time, memory, and the service's own latency meanwhile.

use std::time::Instant;

use reqwest::Client;

use crate::figures::{Figure, goal};
use crate::service::Service;

const REPETITIONS: usize = 9;
const LIVE: [u64; 3] = [10_000, 100_000, 1_000_000];
const PATHS: [&str; 4] = [
    "/debug/pprof/goroutine",
    "/metrics",
    "/debug/pprof/goroutine?debug=2",
    "/debug/tasks",
];

/// What Go 1.27 took on such a machine, and what is wanted, in milliseconds.
const GOALS: [(u64, &str, f64); 2] = [
    (1_000_000, "/debug/pprof/goroutine", 50.0),
    (100_000, "/debug/pprof/goroutine?debug=2", 300.0),
];

/// Measures and prints.
pub fn measure() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    println!(
        "Looks, by HTTP to the last byte; median (least to most) of {REPETITIONS}. Latency: how long the\nservice takes for a small request of its own meanwhile, in µs: median, 99th percentile, longest\n"
    );
    let mut reached = Vec::new();
    for live in LIVE {
        let mut service = Service::start("probe", "live", live)?;
        let _resident = service.line()?;
        let address = service.line()?;
        println!("{live} live tasks");
        println!(
            "{:>32}  {:>28}  {:>12}  {:>10}  {:>24}",
            "", "ms", "bytes", "MB more", "latency"
        );
        let quiet = quiet(&mut service)?;
        println!(
            "{:>32}  {:>28}  {:>12}  {:>10}  {quiet:>24}",
            "nobody looks", "", "", ""
        );
        for path in PATHS {
            let before: f64 = service.ask("memory")?.parse()?;
            let url = format!("http://{address}{path}");
            service.ask("latency")?;
            let (times, bytes) = runtime.block_on(look(&url))?;
            let latency = latency(&service.ask("latency")?);
            let more = (service.ask("memory")?.parse::<f64>()? - before) / 1e6;
            let figure = Figure::of(times);
            println!("{path:>32}  {figure:>28.1}  {bytes:>12}  {more:>10.1}  {latency:>24}");
            let wanted = GOALS.iter().find(|goal| (goal.0, goal.1) == (live, path));
            reached.extend(wanted.map(|(live, path, most)| (*live, *path, figure, *most)));
        }
        println!();
    }
    for (live, path, figure, most) in reached {
        goal(&format!("{path} of {live}"), figure, "ms", most);
    }
    Ok(())
}

/// The service's latency while nobody looks.
fn quiet(service: &mut Service) -> anyhow::Result<String> {
    service.ask("latency")?;
    std::thread::sleep(std::time::Duration::from_secs(1));
    Ok(latency(&service.ask("latency")?))
}

fn latency(answer: &str) -> String {
    let figures = answer
        .split(' ')
        .filter_map(|figure| figure.parse::<f64>().ok());
    let figures: Vec<String> = figures.map(|figure| format!("{figure:.0}")).collect();
    figures.join(" ")
}

/// Looks some times, after one that warms up; gives the milliseconds, and the bytes of the
/// last answer.
async fn look(url: &str) -> anyhow::Result<(Vec<f64>, usize)> {
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
    Ok((times.split_off(1), bytes))
}
