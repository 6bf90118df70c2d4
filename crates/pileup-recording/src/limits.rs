//! How much a recording may make its reader keep.

use std::sync::Arc;

use pileup_model::{Attribute, AttributeValue, Site, Wait};

use crate::error::Malformed;

/// Bytes that a reader keeps at most, about. A bomb of a file stops there.
pub const MOST_KEPT: usize = 1 << 30;
/// A recorder leaves the half: a reader has two snapshots in hand on the way from one to
/// the next.
pub const MOST_RECORDED: usize = MOST_KEPT / 2;
/// Bytes of one frame, compressed or not.
pub const MOST_IN_FRAME: usize = 1 << 26;
/// Bytes of all texts in the table.
pub const MOST_TEXT: usize = 1 << 20;
/// Texts in the table.
pub const MOST_TEXTS: usize = 1 << 16;

/// Waits in the table.
pub const MOST_WAITS: usize = 1 << 14;
/// Frames of all waits in the table.
pub const MOST_WAIT_FRAMES: usize = 1 << 18;
/// Frames of one wait, and waits of one task.
pub const MOST_FRAMES: usize = 1 << 10;

/// What a task, a resource or an async op counts, besides its texts and attributes.
pub const ENTRY: usize = 384;
const ATTRIBUTE: usize = 64;
const WAIT: usize = 16;
/// What one age of a site's finished tasks counts.
pub const AGE: usize = 24;
/// Attributes of one resource or async op. Tokio's have five at most.
pub const MOST_ATTRIBUTES: usize = 1 << 16;

pub fn of_text(text: Option<&str>) -> usize {
    text.map_or(0, str::len)
}

pub fn of_site(site: Option<&Site>) -> usize {
    site.map_or(0, |site| site.file.len())
}

pub fn of_attributes(attributes: &[Attribute]) -> usize {
    if attributes.len() > MOST_ATTRIBUTES {
        return MOST_KEPT;
    }
    let sizes = attributes.iter().map(|attribute| {
        let value = match &attribute.value {
            AttributeValue::Text(text) => text.len(),
            _ => 0,
        };
        ATTRIBUTE + attribute.name.len() + value
    });
    sizes.sum()
}

/// The stacks themselves stand in the table of waits, which has bounds of its own.
pub fn of_waits(waits: Option<&[Arc<Wait>]>) -> usize {
    waits.map_or(0, |waits| WAIT * waits.len())
}

/// What is kept, and that it stays under a limit.
#[derive(Debug)]
pub struct Budget {
    kept: usize,
    limit: usize,
}

impl Budget {
    pub fn new(limit: usize) -> Self {
        Self { kept: 0, limit }
    }

    pub fn keep(&mut self, size: usize) -> Result<(), Malformed> {
        self.kept = self.kept.saturating_add(size);
        if self.kept > self.limit {
            return Err("it would take more memory than a recording may");
        }
        Ok(())
    }

    pub fn release(&mut self, size: usize) {
        self.kept = self.kept.saturating_sub(size);
    }
}
