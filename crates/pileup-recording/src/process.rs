//! The process of the program, where it was seen.

use pileup_model::{Process, Stops, Thread, ThreadState};

use crate::decoder::Decoder;
use crate::encoder::Encoder;
use crate::error::Malformed;
use crate::limits::{self, Budget};

pub fn write_process(encoder: &mut Encoder, process: Option<&Process>) {
    encoder.optional(process, |encoder, process| {
        encoder.number(u64::from(process.id));
        encoder.text(&process.name);
        encoder.number(process.threads.len() as u64);
        for thread in &process.threads {
            encoder.number(u64::from(thread.id));
            encoder.text(&thread.name);
            encoder.byte(match thread.state {
                ThreadState::Running => 0,
                ThreadState::OnFutex => 1,
                ThreadState::Asleep => 2,
            });
            encoder.duration(&thread.ran);
            encoder.duration(&thread.waited);
            encoder.number(thread.turns);
        }
        encoder.number(process.stops.looks);
        encoder.number(process.stops.stopped);
    });
}

pub fn read_process(
    decoder: &mut Decoder<'_>,
    budget: &mut Budget,
) -> Result<Option<Process>, Malformed> {
    let mut kept = 0;
    let process = decoder.optional(|decoder| {
        let (id, name) = (decoder.small()?, decoder.text()?);
        let threads = decoder.length()?;
        let read = (0..threads).map(|_| {
            let (id, name) = (decoder.small()?, decoder.text()?);
            let memory = limits::ENTRY + name.len();
            budget.keep(memory)?;
            kept += memory;
            Ok(Thread {
                id,
                name,
                state: match decoder.byte()? {
                    0 => ThreadState::Running,
                    1 => ThreadState::OnFutex,
                    2 => ThreadState::Asleep,
                    _ => return Err("an unknown state of a thread"),
                },
                ran: decoder.duration()?,
                waited: decoder.duration()?,
                turns: decoder.number()?,
            })
        });
        let threads = read.collect::<Result<_, Malformed>>()?;
        let stops = Stops {
            looks: decoder.number()?,
            stopped: decoder.number()?,
        };
        Ok(Process {
            id,
            name,
            threads,
            stops,
        })
    });
    budget.release(kept);
    process
}
