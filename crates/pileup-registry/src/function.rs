//! The function of a spawn site, from the stack of its first spawn.

use backtrace::Backtrace;
use pileup_model::Site;

/// The function in which a site stands: the innermost frame of the stack in the site's
/// file, at its line rather than another. `None` where the program was built without
/// debug information: a wrong function is worse than none.
pub(crate) fn function_at(mut stack: Backtrace, site: &Site) -> Option<String> {
    stack.resolve();
    let symbols = stack
        .frames()
        .iter()
        .flat_map(backtrace::BacktraceFrame::symbols);
    let mut in_file = symbols.filter(|symbol| {
        let file = symbol.filename().map(|file| file.to_string_lossy());
        file.is_some_and(|file| file.ends_with(&*site.file))
    });
    let first = in_file.next()?;
    let at_line = std::iter::once(first)
        .chain(in_file)
        .find(|symbol| symbol.lineno() == Some(site.line));
    // Without the hash that the compiler adds.
    let name = format!("{:#}", at_line.unwrap_or(first).name()?);
    // With little debug information the compiler gives some functions no path, and of a
    // closure or an async function only that it is one, and not which.
    (!name.starts_with('{')).then_some(name)
}

#[cfg(test)]
mod tests {
    use std::panic::Location;

    use crate::sites;

    #[test]
    fn a_place_is_known_by_its_function() {
        let number = sites::number_of(Location::caller());
        let site = sites::all()[usize::from(number)];
        assert!(site.site.file.ends_with("function.rs"));
        let function = site.function().expect("tests have debug information");
        assert!(
            function.ends_with("a_place_is_known_by_its_function"),
            "{function}"
        );
    }
}
