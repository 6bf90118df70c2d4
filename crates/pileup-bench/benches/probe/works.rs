//! The measurements.

use std::env;
use std::process::Command;

use anyhow::{Context, ensure};

use crate::figures::{Figure, goal};
use crate::service::{CARRIES, PROGRAM};

const BARE: usize = 0;
const SUBSCRIBER: usize = 4;
const WRAPPER: usize = 7;
const CONSOLE: usize = 9;

/// A work, what it is, how often it is done, how often with console-subscriber, and the goals
/// with sampling: of the subscriber and of the wrapper.
const WORKS: [(&str, &str, u64, u64, f64, f64); 4] = [
    ("spawn", "spawn + yield + join", 300_000, 10_000, 1.6, 1.3),
    (
        "ping-pong",
        "ping-pong of two tasks",
        1_000_000,
        50_000,
        1.8,
        1.2,
    ),
    (
        "service",
        "a service of 7 µs a task",
        100_000,
        10_000,
        1.15,
        1.05,
    ),
    ("echo", "TCP echo", 60_000, 20_000, 1.05, 1.03),
];
const LIVE: u64 = 200_000;
const BYTES_A_TASK: f64 = 150.0;

/// Measures all in so many rounds, and prints.
pub fn all(rounds: usize) -> anyhow::Result<()> {
    println!(
        "Processor time, each in a process of its own with two workers; median (least to most) \
         of {rounds} rounds; ratios are taken within a round\n"
    );
    for (work, name, count, recorded, subscriber, wrapper) in WORKS {
        let mut taken: Vec<[f64; CARRIES.len()]> = Vec::new();
        for number in 0..rounds {
            let mut round = [0.0; CARRIES.len()];
            for turn in 0..CARRIES.len() {
                // Each round begins with another one.
                let index = (number + turn) % CARRIES.len();
                let count = if index == CONSOLE { recorded } else { count };
                round[index] = run(CARRIES[index], work, count)?;
            }
            taken.push(round);
        }
        println!("{name:>26}  {:>26}  {:>24}", "ns each", "beside bare");
        for (index, carries) in CARRIES.iter().enumerate() {
            let each = Figure::of(taken.iter().map(|round| round[index]));
            println!(
                "{carries:>26}  {each:>26.0}  {:>24.3}",
                ratio(&taken, index)
            );
        }
        goal(
            &format!("{name}: subscriber, sampled"),
            ratio(&taken, SUBSCRIBER),
            "",
            subscriber,
        );
        goal(
            &format!("{name}: wrapper, sampled"),
            ratio(&taken, WRAPPER),
            "",
            wrapper,
        );
        println!();
    }
    for carries in [
        CARRIES[SUBSCRIBER],
        CARRIES[SUBSCRIBER + 1],
        CARRIES[WRAPPER],
    ] {
        let mut bytes = Vec::new();
        for _ in 0..3 {
            bytes.push(run(carries, "live", LIVE)? - run(CARRIES[BARE], "live", LIVE)?);
        }
        let what = format!("memory with {LIVE} live tasks: {carries}");
        goal(&what, Figure::of(bytes), "B a task", BYTES_A_TASK);
    }
    Ok(())
}

fn ratio(rounds: &[[f64; CARRIES.len()]], index: usize) -> Figure {
    Figure::of(rounds.iter().map(|round| round[index] / round[BARE]))
}

/// What one service prints.
fn run(carries: &str, work: &str, count: u64) -> anyhow::Result<f64> {
    let output = Command::new(env::current_exe()?)
        .args([PROGRAM, carries, work, &count.to_string()])
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{carries}, {work}: {said}");
    let printed = String::from_utf8(output.stdout)?;
    printed.trim().parse().context("it prints a number")
}
