//! What the service's own work costs with a probe, beside the bare runtime.

use crate::figures::{Figure, goal};
use crate::service::Service;

const REPETITIONS: usize = 9;
const CARRIES: [&str; 4] = ["bare", "bare", "probe", "console"];
const LABELS: [&str; 4] = ["bare", "bare, once more", "probe", "console-subscriber"];
const PROBE: usize = 2;

/// The work, what it is, how often it is done bare and with console-subscriber, and its goal.
const WORKS: [(&str, &str, u64, u64, f64); 2] = [
    ("spawn", "spawn + yield + join", 600_000, 20_000, 1.15),
    (
        "poll",
        "a poll that another task woke",
        2_000_000,
        100_000,
        1.05,
    ),
];
const LIVE: u64 = 1_000_000;
const BYTES_A_TASK: f64 = 100.0;

/// Measures and prints.
pub fn measure() -> anyhow::Result<()> {
    println!(
        "The service's own work, each time in a process of its own; median (least to most) of {REPETITIONS}\n"
    );
    for (work, name, count, recorded, wanted) in WORKS {
        let mut rounds: Vec<[f64; CARRIES.len()]> = Vec::new();
        for number in 0..REPETITIONS {
            let mut round = [0.0; CARRIES.len()];
            for turn in 0..CARRIES.len() {
                let index = (number + turn) % CARRIES.len();
                let carries = CARRIES[index];
                let count = if carries == "console" {
                    recorded
                } else {
                    count
                };
                round[index] = Service::start(carries, work, count)?.line()?.parse()?;
            }
            rounds.push(round);
        }
        println!("{name:>30}  {:>28}  {:>24}", "ns each", "beside bare");
        for (index, label) in LABELS.iter().enumerate() {
            let each = Figure::of(rounds.iter().map(|round| round[index]));
            let ratio = Figure::of(rounds.iter().map(|round| round[index] / round[0]));
            println!("{label:>30}  {each:>28.0}  {ratio:>24.3}");
        }
        let ratio = Figure::of(rounds.iter().map(|round| round[PROBE] / round[0]));
        goal(
            &format!("{name}: time with the probe beside bare"),
            ratio,
            "",
            wanted,
        );
        println!();
    }
    let resident = |carries| -> anyhow::Result<f64> {
        Ok(Service::start(carries, "live", LIVE)?.line()?.parse()?)
    };
    let mut bytes = Vec::new();
    for _ in 0..3 {
        bytes.push((resident("probe")? - resident("bare")?) / LIVE as f64);
    }
    let bytes = Figure::of(bytes);
    goal(
        &format!("memory with {LIVE} live tasks"),
        bytes,
        "B a task",
        BYTES_A_TASK,
    );
    println!();
    Ok(())
}
