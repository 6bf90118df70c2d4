//! The attributes of a resource or an async op: their last values.

use std::sync::atomic::{AtomicU64, Ordering};

use super::names::NameNumber;

/// Attributes of one resource or async op that are kept, those of its parts included. Tokio has
/// at most four: those of an `RwLock`.
const MOST: usize = 5;

/// Attributes of a fixed number. Any thread may change one.
pub(super) struct Attributes([Cell; MOST]);

/// One attribute.
struct Cell {
    /// Which one it is: see [`Key`]. 0 while there is none.
    key: AtomicU64,
    value: AtomicU64,
}

/// One attribute, as it was when it was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Attribute {
    pub(crate) name: NameNumber,
    pub(crate) value: Value,
    pub(crate) unit: Option<NameNumber>,
}

/// A value. Tokio has no others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value {
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
}

/// What a new number does to the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Add,
    Subtract,
    Replace,
}

/// A change of an attribute, as an event reports it.
#[derive(Clone, Copy)]
pub(super) struct Update {
    pub(super) name: NameNumber,
    pub(super) value: Value,
    /// None where the event does not say: a number then stays as it is.
    pub(super) change: Option<Change>,
    pub(super) unit: Option<NameNumber>,
}

impl Attributes {
    pub(super) const fn new() -> Self {
        Self([const { Cell::new() }; MOST])
    }

    /// Forgets all of them.
    pub(super) fn clear(&self) {
        for cell in &self.0 {
            cell.key.store(0, Ordering::Relaxed);
            cell.value.store(0, Ordering::Relaxed);
        }
    }

    /// All of them.
    pub(super) fn read(&self) -> Vec<Attribute> {
        self.0.iter().map_while(Cell::read).collect()
    }

    /// Takes in a change of an attribute of the resource or async op with this number: those of a
    /// part may be shown with the whole.
    pub(super) fn update(&self, of: u64, update: &Update) {
        let new = pack(of, update);
        for cell in &self.0 {
            let key = cell.key.load(Ordering::Acquire);
            let before = if key == 0 {
                match cell
                    .key
                    .compare_exchange(0, new, Ordering::AcqRel, Ordering::Acquire)
                {
                    // Tokio sets each one before another thread can change it.
                    Ok(_) => return cell.value.store(update.value.to_bits(), Ordering::Relaxed),
                    Err(other) => other,
                }
            } else {
                key
            };
            if before & IDENTITY == new & IDENTITY {
                if before & KIND == new & KIND {
                    cell.change(update);
                }
                return;
            }
        }
    }
}

impl Cell {
    const fn new() -> Self {
        Self {
            key: AtomicU64::new(0),
            value: AtomicU64::new(0),
        }
    }

    fn read(&self) -> Option<Attribute> {
        let key = self.key.load(Ordering::Acquire);
        Some(Attribute {
            name: NameNumber::from_bits((key & NAME) as u16)?,
            value: Value::from_bits(key >> KIND_SHIFT & 0b11, self.value.load(Ordering::Relaxed)),
            unit: NameNumber::from_bits((key >> UNIT_SHIFT & NAME) as u16),
        })
    }

    fn change(&self, update: &Update) {
        let by = update.value.to_bits();
        let changed = |before: u64| match (update.value, update.change) {
            (Value::Bool(_), _) | (_, Some(Change::Replace)) => Some(by),
            (_, None) => None,
            (Value::Unsigned(by), Some(Change::Add)) => Some(before.saturating_add(by)),
            (Value::Unsigned(by), Some(Change::Subtract)) => Some(before.saturating_sub(by)),
            (Value::Signed(by), Some(change)) => {
                let before = before.cast_signed();
                let after = if change == Change::Add {
                    before.saturating_add(by)
                } else {
                    before.saturating_sub(by)
                };
                Some(after.cast_unsigned())
            }
        };
        // It fails where nothing changes.
        let _ = self
            .value
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, changed);
    }
}

/// The parts of a key, from the lowest bit on: the name, its unit, the kind of its value, and
/// the lower half of the number of what it is an attribute of.
const NAME: u64 = (1 << 12) - 1;
const UNIT_SHIFT: u32 = 12;
const KIND_SHIFT: u32 = 24;
const KIND: u64 = 0b11 << KIND_SHIFT;
const OF_SHIFT: u32 = 32;
/// What tells attributes apart.
const IDENTITY: u64 = NAME | u64::MAX << OF_SHIFT;

fn pack(of: u64, update: &Update) -> u64 {
    u64::from(NameNumber::bits(Some(update.name)))
        | u64::from(NameNumber::bits(update.unit)) << UNIT_SHIFT
        | update.value.kind() << KIND_SHIFT
        | of << OF_SHIFT
}

impl Value {
    fn kind(self) -> u64 {
        match self {
            Self::Bool(_) => 0,
            Self::Unsigned(_) => 1,
            Self::Signed(_) => 2,
        }
    }

    fn to_bits(self) -> u64 {
        match self {
            Self::Bool(value) => value.into(),
            Self::Unsigned(value) => value,
            Self::Signed(value) => value.cast_unsigned(),
        }
    }

    fn from_bits(kind: u64, bits: u64) -> Self {
        match kind {
            0 => Self::Bool(bits != 0),
            1 => Self::Unsigned(bits),
            _ => Self::Signed(bits.cast_signed()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::names::Names;
    use super::*;

    fn values(attributes: &Attributes) -> Vec<Value> {
        attributes.read().iter().map(|known| known.value).collect()
    }

    #[test]
    fn numbers_change_as_the_event_says() {
        let names = Names::new();
        let name = names.number_of("permits").expect("there is room");
        let unit = names.number_of("ms");
        let update = |value, change| Update {
            name,
            value,
            change,
            unit,
        };
        let attributes = Attributes::new();
        attributes.update(1, &update(Value::Unsigned(3), Some(Change::Replace)));
        attributes.update(1, &update(Value::Unsigned(2), Some(Change::Add)));
        attributes.update(1, &update(Value::Unsigned(9), Some(Change::Subtract)));
        attributes.update(1, &update(Value::Unsigned(7), None));
        attributes.update(2, &update(Value::Bool(false), None));
        attributes.update(2, &update(Value::Bool(true), None));
        attributes.update(3, &update(Value::Signed(-2), None));
        attributes.update(3, &update(Value::Signed(5), Some(Change::Subtract)));
        // A value of another kind is no change.
        attributes.update(3, &update(Value::Unsigned(5), Some(Change::Replace)));
        assert_eq!(
            values(&attributes),
            [Value::Unsigned(0), Value::Bool(true), Value::Signed(-7)]
        );
        let first = attributes.read()[0];
        assert_eq!((first.name, first.unit), (name, unit));
        attributes.clear();
        assert_eq!(attributes.read(), []);
    }

    #[test]
    fn there_is_a_bound_to_how_many_are_kept() {
        let names = Names::new();
        let attributes = Attributes::new();
        for number in 0..2 * MOST {
            let name = names.number_of(&format!("attribute {number}"));
            attributes.update(
                1,
                &Update {
                    name: name.expect("there is room"),
                    value: Value::Bool(true),
                    change: None,
                    unit: None,
                },
            );
        }
        assert_eq!(attributes.read().len(), MOST);
    }
}
