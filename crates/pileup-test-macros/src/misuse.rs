//! Each mistake has an error that names it, at the place of the mistake.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::expand;

/// The attribute's arguments, the function, a part of the error, and where the error begins.
const MISTAKES: [(&str, &str, &str, &str); 21] = [
    (
        "",
        "fn a() {}",
        "is for an async function. For a synchronous test",
        "fn",
    ),
    (
        "",
        "struct A;",
        "is for an async function: async fn name()",
        "struct",
    ),
    ("", "async fn a(n: u32) {}", "a test has no arguments", "n"),
    (
        "",
        "async fn a<T>() {}",
        "a test has no generic parameters",
        "<",
    ),
    (
        "",
        "#[tokio::test] async fn a() {}",
        "takes the place of this attribute",
        "#",
    ),
    (
        "",
        "#[test] async fn a() {}",
        "takes the place of this attribute",
        "#",
    ),
    (
        "",
        "#[rstest] async fn a() {}",
        "write #[rstest] above #[pileup_test::test]",
        "#",
    ),
    (
        "multi_thread",
        "async fn a() {}",
        "expected an argument such as",
        "multi_thread",
    ),
    (
        "flavour = \"x\"",
        "async fn a() {}",
        "unknown argument `flavour`",
        "flavour",
    ),
    (
        "flavor = \"x\"",
        "async fn a() {}",
        "unknown flavor `x`",
        "\"x\"",
    ),
    (
        "flavor = multi_thread",
        "async fn a() {}",
        "expected a string",
        "multi_thread",
    ),
    (
        "worker_threads = 2",
        "async fn a() {}",
        "needs `flavor = \"multi_thread\"`",
        "worker_threads",
    ),
    (
        "flavor = \"multi_thread\", worker_threads = 0",
        "async fn a() {}",
        "expected a number of threads",
        "0",
    ),
    (
        "flavor = \"multi_thread\", start_paused = true",
        "async fn a() {}",
        "needs a runtime with one thread",
        "start_paused",
    ),
    (
        "start_paused = 1",
        "async fn a() {}",
        "expected `true` or `false`",
        "1",
    ),
    (
        "timeout = \"10\"",
        "async fn a() {}",
        "write it like \"500ms\", \"10s\" or \"2m\"",
        "\"10\"",
    ),
    (
        "timeout = \"0s\"",
        "async fn a() {}",
        "is no time",
        "\"0s\"",
    ),
    (
        "timeout = \"1s\", timeout = \"2s\"",
        "async fn a() {}",
        "`timeout` is given twice",
        "timeout",
    ),
    (
        "allow = \"\"",
        "async fn a() {}",
        "the pattern is empty",
        "\"\"",
    ),
    (
        "reason = \"why\"",
        "async fn a() {}",
        "write it after",
        "reason",
    ),
    (
        "allow = \"a.rs\", reason = \" \"",
        "async fn a() {}",
        "the reason is empty",
        "\" \"",
    ),
];

#[test]
fn each_mistake_is_named_at_its_place() {
    for (arguments, function, message, place) in MISTAKES {
        let parse = |text: &str| text.parse::<TokenStream>().expect("tokens");
        let test = expand::test(parse(arguments), &parse(function));
        let (found, found_at) = compile_error(test);
        let case = format!("#[pileup_test::test({arguments})] {function}: {found} at {found_at}");
        assert!(found.contains(message), "{case}");
        assert_eq!(found_at, place, "{case}");
    }
}

#[test]
fn no_error_is_found_in_what_is_right() {
    for arguments in [
        "",
        "flavor = \"multi_thread\", worker_threads = 2",
        "start_paused = true, timeout = \"10s\"",
        "flavor = \"local\", start_paused = true",
        "allow = \"a.rs\", reason = \"why\", allow = \"b.rs\", crate = \"guard\"",
    ] {
        let arguments = arguments.parse().expect("tokens");
        let function = "async fn a() -> Result<(), String> { Ok(()) }"
            .parse()
            .expect("tokens");
        let test = expand::test(arguments, &function).to_string();
        assert!(!test.contains("compile_error"), "{test}");
    }
}

/// The text of the `compile_error!` with which the tokens begin, and the source at its place.
fn compile_error(tokens: TokenStream) -> (String, String) {
    let mut tokens = tokens.into_iter().peekable();
    let place = tokens.peek().and_then(|token| token.span().source_text());
    let text = tokens.find_map(|token| match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
            let text = syn::parse2::<syn::LitStr>(group.stream()).ok()?;
            Some(text.value())
        }
        _ => None,
    });
    (text.unwrap_or_default(), place.unwrap_or_default())
}
