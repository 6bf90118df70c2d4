//! What was counted at the spawn sites.

use pileup_model::Turnover;

use crate::decoder::Decoder;
use crate::encoder::Encoder;
use crate::error::Malformed;
use crate::limits::{self, Budget};

/// Writes the counts of all sites whole: they are few beside the tasks.
pub fn write_turnover(encoder: &mut Encoder, turnover: &[Turnover]) {
    encoder.number(turnover.len() as u64);
    for counted in turnover {
        encoder.site(&counted.site);
        encoder.optional(counted.since.as_ref(), Encoder::time);
        encoder.number(counted.spawned);
        encoder.number(counted.finished.len() as u64);
        for (age, count) in &counted.finished {
            encoder.duration(age);
            encoder.number(*count);
        }
    }
}

pub fn read_turnover(
    decoder: &mut Decoder<'_>,
    budget: &mut Budget,
) -> Result<Vec<Turnover>, Malformed> {
    let sites = decoder.length()?;
    let mut kept = 0;
    let mut read = || {
        let site = decoder.site()?;
        let since = decoder.optional(Decoder::time)?;
        let spawned = decoder.number()?;
        let ages = decoder.length()?;
        let memory = limits::ENTRY + limits::of_site(Some(&site)) + limits::AGE * ages;
        budget.keep(memory)?;
        kept += memory;
        let finished = (0..ages).map(|_| Ok((decoder.duration()?, decoder.number()?)));
        Ok(Turnover {
            site,
            since,
            spawned,
            finished: finished.collect::<Result<_, Malformed>>()?,
        })
    };
    let turnover = (0..sites).map(|_| read()).collect();
    budget.release(kept);
    turnover
}
