//! The arguments of the attribute.

use std::time::Duration;

use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Error, Expr, ExprLit, Ident, Lit, LitStr, MetaNameValue, Path, Result, Token};

/// What the attribute was given.
#[derive(Default)]
pub(crate) struct Arguments {
    pub(crate) flavor: Flavor,
    pub(crate) worker_threads: Option<usize>,
    pub(crate) start_paused: bool,
    pub(crate) allow: Vec<Allow>,
    pub(crate) timeout: Option<Duration>,
    /// The path of the crate `pileup_test`, if it has another name.
    pub(crate) krate: Option<Path>,
}

/// Which runtime a test runs on.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flavor {
    #[default]
    CurrentThread,
    MultiThread,
    Local,
}

/// A pattern of spawn sites whose tasks may outlive the test.
pub(crate) struct Allow {
    pub(crate) pattern: LitStr,
    pub(crate) reason: Option<LitStr>,
}

const KNOWN: &str = "`flavor`, `worker_threads`, `start_paused`, `crate`, `allow`, `reason` and \
                     `timeout`";

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut arguments = Self::default();
        let mut seen: Vec<String> = Vec::new();
        let mut worker_threads = None;
        let mut start_paused = None;
        while !input.is_empty() {
            if !input.peek2(Token![=]) {
                let found: proc_macro2::TokenTree = input.parse()?;
                return Err(Error::new(
                    found.span(),
                    format!(
                        "expected an argument such as `flavor = \"multi_thread\"`; known \
                             arguments are {KNOWN}"
                    ),
                ));
            }
            let argument = parse_argument(input)?;
            let name = argument.path.require_ident()?.to_string();
            let value = &argument.value;
            if seen.contains(&name) && !matches!(name.as_str(), "allow" | "reason") {
                return Err(Error::new(
                    argument.path.span(),
                    format!("`{name}` is given twice"),
                ));
            }
            match name.as_str() {
                "flavor" => arguments.flavor = flavor(value)?,
                "worker_threads" => {
                    worker_threads = Some(argument.path.span());
                    arguments.worker_threads = Some(threads(value)?);
                }
                "start_paused" => {
                    start_paused = Some(argument.path.span());
                    arguments.start_paused = boolean(value)?;
                }
                "crate" => arguments.krate = Some(text(value, "pileup_test")?.parse()?),
                "allow" => arguments.allow.push(Allow {
                    pattern: not_empty(text(value, "src/metrics.rs")?, "the pattern is empty")?,
                    reason: None,
                }),
                "reason" => {
                    let reason = text(value, "runs as long as the service")?;
                    let reason = not_empty(
                        reason,
                        "the reason is empty: say why these tasks are as they should be",
                    )?;
                    match arguments.allow.last_mut() {
                        Some(allow) if allow.reason.is_none() => allow.reason = Some(reason),
                        _ => {
                            return Err(Error::new(
                                argument.path.span(),
                                "`reason` says why an `allow` is right: write it after \
                                 `allow = \"src/metrics.rs\"`",
                            ));
                        }
                    }
                }
                "timeout" => arguments.timeout = Some(duration(&text(value, "10s")?)?),
                _ => {
                    return Err(Error::new(
                        argument.path.span(),
                        format!("unknown argument `{name}`; known arguments are {KNOWN}"),
                    ));
                }
            }
            seen.push(name);
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        let is_multi_thread = arguments.flavor == Flavor::MultiThread;
        if let (Some(span), false) = (worker_threads, is_multi_thread) {
            return Err(Error::new(
                span,
                "`worker_threads` needs `flavor = \"multi_thread\"`",
            ));
        }
        if let (Some(span), true) = (start_paused, is_multi_thread) {
            return Err(Error::new(
                span,
                "`start_paused` needs a runtime with one thread: remove \
                 `flavor = \"multi_thread\"`",
            ));
        }
        Ok(arguments)
    }
}

/// Parses `name = value`; also `crate`, which is a keyword.
fn parse_argument(input: ParseStream<'_>) -> Result<MetaNameValue> {
    let name = input.call(<Ident as syn::ext::IdentExt>::parse_any)?;
    Ok(MetaNameValue {
        path: name.into(),
        eq_token: input.parse()?,
        value: input.parse()?,
    })
}

fn literal(value: &Expr) -> Option<&Lit> {
    match value {
        Expr::Lit(ExprLit { lit, .. }) => Some(lit),
        _ => None,
    }
}

fn text(value: &Expr, example: &str) -> Result<LitStr> {
    match literal(value) {
        Some(Lit::Str(text)) => Ok(text.clone()),
        _ => Err(Error::new(
            value.span(),
            format!("expected a string, such as \"{example}\""),
        )),
    }
}

fn not_empty(text: LitStr, message: &str) -> Result<LitStr> {
    if text.value().trim().is_empty() {
        return Err(Error::new(text.span(), message));
    }
    Ok(text)
}

fn boolean(value: &Expr) -> Result<bool> {
    match literal(value) {
        Some(Lit::Bool(boolean)) => Ok(boolean.value),
        _ => Err(Error::new(value.span(), "expected `true` or `false`")),
    }
}

fn threads(value: &Expr) -> Result<usize> {
    let number = match literal(value) {
        Some(Lit::Int(number)) => number.base10_parse().ok(),
        _ => None,
    };
    number
        .filter(|number| *number > 0)
        .ok_or_else(|| Error::new(value.span(), "expected a number of threads, such as 2"))
}

fn flavor(value: &Expr) -> Result<Flavor> {
    match text(value, "multi_thread")?.value().as_str() {
        "current_thread" => Ok(Flavor::CurrentThread),
        "multi_thread" => Ok(Flavor::MultiThread),
        "local" => Ok(Flavor::Local),
        other => Err(Error::new(
            value.span(),
            format!(
                "unknown flavor `{other}`; the flavors are \"current_thread\", \"multi_thread\" \
                 and \"local\""
            ),
        )),
    }
}

fn duration(text: &LitStr) -> Result<Duration> {
    let value = text.value();
    let wrong = || {
        Error::new(
            text.span(),
            format!("`{value}` is no time; write it like \"500ms\", \"10s\" or \"2m\""),
        )
    };
    let unit_at = value
        .find(|character: char| !character.is_ascii_digit())
        .ok_or_else(wrong)?;
    let (number, unit) = value.split_at(unit_at);
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let duration = match unit.trim() {
        "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        "m" | "min" => Duration::from_secs(number.saturating_mul(60)),
        _ => return Err(wrong()),
    };
    if duration.is_zero() {
        return Err(wrong());
    }
    Ok(duration)
}
