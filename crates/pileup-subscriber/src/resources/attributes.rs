//! The attributes of a resource or an async op: their last values.

use std::sync::{Mutex, PoisonError};

/// Attributes of one resource or async op that are kept.
const MOST: usize = 32;

#[derive(Default)]
pub(crate) struct Attributes(Mutex<Vec<Attribute>>);

/// One attribute.
#[derive(Clone)]
pub(crate) struct Attribute {
    /// The resource or async op that it is of: those of a part may be shown with the whole.
    of: u64,
    pub(crate) name: &'static str,
    pub(crate) value: Value,
    pub(crate) unit: Option<Box<str>>,
}

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Text(Box<str>),
    Debug(Box<str>),
}

/// What a new number does to the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Add,
    Subtract,
    Replace,
}

/// A change of an attribute, as an event reports it.
pub(super) struct Update {
    pub(super) name: &'static str,
    pub(super) value: Value,
    /// None where the event does not say: a number then stays as it is.
    pub(super) change: Option<Change>,
    pub(super) unit: Option<Box<str>>,
}

impl Attributes {
    /// All of them.
    pub(crate) fn all(&self) -> Vec<Attribute> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Takes in a change of an attribute of the resource or async op with this id.
    pub(super) fn update(&self, of: u64, update: &Update) {
        let mut attributes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_it = |known: &Attribute| known.of == of && known.name == update.name;
        if let Some(known) = attributes.iter().position(is_it) {
            attributes[known].value.take_in(update);
        } else if attributes.len() < MOST {
            attributes.push(Attribute {
                of,
                name: update.name,
                value: update.value.clone(),
                unit: update.unit.clone(),
            });
        }
    }
}

impl Value {
    fn take_in(&mut self, update: &Update) {
        match (self, &update.value) {
            (Self::Unsigned(value), Self::Unsigned(by)) => match update.change {
                Some(Change::Add) => *value = value.saturating_add(*by),
                Some(Change::Subtract) => *value = value.saturating_sub(*by),
                Some(Change::Replace) => *value = *by,
                None => {}
            },
            (Self::Signed(value), Self::Signed(by)) => match update.change {
                Some(Change::Add) => *value = value.saturating_add(*by),
                Some(Change::Subtract) => *value = value.saturating_sub(*by),
                Some(Change::Replace) => *value = *by,
                None => {}
            },
            (value, new) => {
                if std::mem::discriminant(value) == std::mem::discriminant(new) {
                    value.clone_from(new);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(value: Value, change: Option<Change>) -> Update {
        Update {
            name: "permits",
            value,
            change,
            unit: None,
        }
    }

    #[test]
    fn numbers_change_as_the_event_says() {
        let attributes = Attributes::default();
        attributes.update(1, &update(Value::Unsigned(3), Some(Change::Replace)));
        attributes.update(1, &update(Value::Unsigned(2), Some(Change::Add)));
        attributes.update(1, &update(Value::Unsigned(9), Some(Change::Subtract)));
        attributes.update(1, &update(Value::Unsigned(7), None));
        attributes.update(2, &update(Value::Bool(false), None));
        attributes.update(2, &update(Value::Bool(true), None));
        let values: Vec<Value> = attributes
            .all()
            .into_iter()
            .map(|known| known.value)
            .collect();
        assert_eq!(values, [Value::Unsigned(0), Value::Bool(true)]);
    }
}
