//! Three programs, of which the command line chooses one to run.

use std::future::Future;
use std::pin::Pin;

use anyhow::Context;
use clap::Parser;

use crate::{Arguments, Arrivals, Variant, clock, instrumentation};

type Program = Box<dyn FnOnce(Arrivals) -> Pin<Box<dyn Future<Output = ()>>>>;

/// A leaky program, the same program mended, and a healthy one that looks alike.
#[derive(Default)]
pub struct Scenario {
    leaky: Option<Program>,
    fixed: Option<Program>,
    lookalike: Option<Program>,
}

impl Scenario {
    /// A scenario that has no programs yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The program under investigation.
    #[must_use]
    pub fn leaky<F, P>(mut self, program: P) -> Self
    where
        P: FnOnce(Arrivals) -> F + 'static,
        F: Future<Output = ()> + 'static,
    {
        self.leaky = Some(boxed(program));
        self
    }

    /// The same program, mended.
    #[must_use]
    pub fn fixed<F, P>(mut self, program: P) -> Self
    where
        P: FnOnce(Arrivals) -> F + 'static,
        F: Future<Output = ()> + 'static,
    {
        self.fixed = Some(boxed(program));
        self
    }

    /// A healthy program that differs from the leaky one in one fact.
    #[must_use]
    pub fn lookalike<F, P>(mut self, program: P) -> Self
    where
        P: FnOnce(Arrivals) -> F + 'static,
        F: Future<Output = ()> + 'static,
    {
        self.lookalike = Some(boxed(program));
        self
    }

    /// Reads the command line and runs the program that it names, until `--for` or Ctrl-C.
    pub fn main(self) -> anyhow::Result<()> {
        self.run(&Arguments::parse())
    }

    /// Runs the program that the arguments name, until their `--for` or Ctrl-C.
    pub fn run(self, arguments: &Arguments) -> anyhow::Result<()> {
        let program = match arguments.variant {
            Variant::Leaky => self.leaky,
            Variant::Fixed => self.fixed,
            Variant::Lookalike => self.lookalike,
        }
        .context("this scenario has no such variant")?;

        let console = instrumentation::start(&arguments.console)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(arguments.worker_threads.get())
            .enable_all()
            .build()
            .context("failed to build the runtime")?;
        clock::start(runtime.handle(), arguments.duration)?;
        eprintln!("console: http://{console}");

        runtime.block_on(program(Arrivals::new(arguments.every)));
        Ok(())
    }
}

fn boxed<F, P>(program: P) -> Program
where
    P: FnOnce(Arrivals) -> F + 'static,
    F: Future<Output = ()> + 'static,
{
    Box::new(|arrivals| Box::pin(program(arrivals)))
}
