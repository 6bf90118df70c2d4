//! The symbols at a few places of a file, in one pass over its symbol table.
//!
//! A table that answers for every place would have to be sorted, and the few stacks that are new at
//! a look ask for a few places.

use std::collections::BTreeMap;

use object::{Object, ObjectSymbol, ObjectSymbolTable, SymbolIndex, SymbolKind};

/// The name of the symbol at each place, by place. That is the last symbol that begins there or
/// before, unless it ends before the place. Of several that begin at once, the longest counts. A
/// size of 0 means that it is unknown. A place without a symbol is left out, and so is one whose
/// symbol has no readable name.
pub(super) fn symbols_at<'a>(
    file: &'a object::File<'a>,
    mut places: Vec<u64>,
) -> BTreeMap<u64, &'a str> {
    places.sort_unstable();
    places.dedup();
    let Some(table) = file.symbol_table().or_else(|| file.dynamic_symbol_table()) else {
        return BTreeMap::new();
    };
    // For each place: the last symbol that begins behind the place before it.
    let mut nearest: Vec<Option<Symbol>> = vec![None; places.len()];
    for symbol in table.symbols().filter(is_code) {
        let symbol = Symbol {
            begins: symbol.address(),
            size: symbol.size(),
            index: symbol.index(),
        };
        let first_behind = places.partition_point(|place| *place < symbol.begins);
        if let Some(nearest) = nearest.get_mut(first_behind)
            && nearest.is_none_or(|nearest| nearest.is_before(symbol))
        {
            *nearest = Some(symbol);
        }
    }
    let mut last: Option<Symbol> = None;
    let mut names = BTreeMap::new();
    for (place, nearest) in places.into_iter().zip(nearest) {
        last = nearest.or(last);
        let symbol = last.filter(|symbol| symbol.has(place));
        let symbol = symbol.and_then(|symbol| table.symbol_by_index(symbol.index).ok());
        if let Some(name) = symbol.and_then(|symbol| symbol.name().ok()) {
            names.insert(place, name);
        }
    }
    names
}

/// Whether a symbol names code of this file. What is written in assembly often has no kind.
fn is_code<'a>(symbol: &impl ObjectSymbol<'a>) -> bool {
    symbol.is_definition() && matches!(symbol.kind(), SymbolKind::Text | SymbolKind::Unknown)
}

#[derive(Clone, Copy)]
struct Symbol {
    begins: u64,
    /// In bytes.
    size: u64,
    index: SymbolIndex,
}

impl Symbol {
    fn is_before(self, other: Self) -> bool {
        (self.begins, self.size) < (other.begins, other.size)
    }

    /// Whether this place is in the symbol, if it is not before it.
    fn has(self, place: u64) -> bool {
        self.size == 0 || place - self.begins < self.size
    }
}

#[cfg(test)]
mod tests {
    use std::cmp::Reverse;
    use std::fs;

    use super::*;

    #[test]
    fn each_place_has_the_last_symbol_before_it() {
        let bytes = fs::read("/proc/self/exe").expect("it can be read");
        let file = object::File::parse(&*bytes).expect("it is an object");
        let table = file.symbol_table().expect("symbols");
        let code: Vec<_> = table.symbols().filter(is_code).collect();
        // Places around the first byte of a symbol, and before and behind all symbols.
        let some = code.iter().map(ObjectSymbol::address).step_by(1_009);
        let mut places: Vec<u64> = some
            .flat_map(|begins| [begins.saturating_sub(1), begins, begins + 1])
            .chain([0, 1, u64::MAX])
            .collect();
        places.rotate_left(7);

        let found = symbols_at(&file, places.clone());
        assert!(found.len() > places.len() / 2, "{found:?}");
        for place in places {
            let before = code.iter().filter(|symbol| symbol.address() <= place);
            let last = before.max_by_key(|s| (s.address(), s.size(), Reverse(s.index().0)));
            let last = last.filter(|s| s.size() == 0 || place < s.address() + s.size());
            let name = last.and_then(|symbol| symbol.name().ok());
            assert_eq!(found.get(&place).copied(), name, "{place:#x}");
        }
    }
}
