//! From the function to the test.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::spanned::Spanned;
use syn::{Attribute, Error, ItemFn, Result, ReturnType, Signature, Type};

use crate::arguments::{Allow, Arguments, Flavor};

/// The test, or an error at the place of the mistake. The function is kept beside the error,
/// so that the compiler reports no other one for want of it.
pub(crate) fn test(arguments: TokenStream, function: &TokenStream) -> TokenStream {
    let Ok(item) = syn::parse2::<ItemFn>(function.clone()) else {
        let error = Error::new_spanned(
            function,
            "#[pileup_test::test] is for an async function: async fn name() { … }",
        );
        let error = error.to_compile_error();
        return quote!(#error #function);
    };
    let arguments = syn::parse2(arguments);
    match arguments.and_then(|arguments| expand(&arguments, &item)) {
        Ok(test) => test,
        Err(error) => {
            let error = error.to_compile_error();
            quote!(#error #item)
        }
    }
}

fn expand(arguments: &Arguments, item: &ItemFn) -> Result<TokenStream> {
    check(item)?;
    let krate = arguments.krate.as_ref();
    let krate = krate.map_or_else(|| quote!(::pileup_test), |path| quote!(#path));
    let ItemFn {
        attrs,
        vis,
        sig,
        block,
    } = item;
    let name = sig.ident.to_string();
    let flavor = match arguments.flavor {
        Flavor::CurrentThread => quote!(CurrentThread),
        Flavor::MultiThread => quote!(MultiThread),
        Flavor::Local => quote!(Local),
    };
    let worker_threads = option(arguments.worker_threads.as_ref());
    let start_paused = arguments.start_paused;
    let timeout = arguments.timeout.map(|timeout| {
        let millis = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
        quote!(::core::time::Duration::from_millis(#millis))
    });
    let timeout = option(timeout.as_ref());
    let allow = arguments.allow.iter().map(|Allow { pattern, reason }| {
        let reason = option(reason.as_ref());
        quote!((#pattern, #reason))
    });
    let output = match &sig.output {
        ReturnType::Default => quote!(()),
        ReturnType::Type(_, returned) if matches!(**returned, Type::ImplTrait(_)) => quote!(_),
        ReturnType::Type(_, returned) => quote!(#returned),
    };
    let signature = Signature {
        asyncness: None,
        ..sig.clone()
    };
    let ended = format_ident!("ended");
    Ok(quote! {
        #[::core::prelude::v1::test]
        #(#attrs)*
        #[allow(clippy::diverging_sub_expression, clippy::needless_return)]
        #vis #signature {
            #[allow(unused_imports)]
            use #krate::attribute::Otherwise as _;
            #krate::attribute::run::<#output>(
                &#krate::attribute::Settings {
                    name: ::core::concat!(::core::module_path!(), "::", #name),
                    flavor: #krate::attribute::Flavor::#flavor,
                    worker_threads: #worker_threads,
                    start_paused: #start_paused,
                    allow: &[#(#allow),*],
                    timeout: #timeout,
                },
                async #block,
                |#ended| #krate::attribute::Ended(#ended).has_failed(),
            )
        }
    })
}

fn option(value: Option<&impl quote::ToTokens>) -> TokenStream {
    value.map_or_else(
        || quote!(::core::option::Option::None),
        |value| quote!(::core::option::Option::Some(#value)),
    )
}

/// Mistakes that can be seen in the function.
fn check(item: &ItemFn) -> Result<()> {
    for attribute in &item.attrs {
        if is_named(attribute, "rstest") {
            return Err(Error::new_spanned(
                attribute,
                "write #[rstest] above #[pileup_test::test]: the upper one is expanded first, and \
                 makes a test of each case",
            ));
        }
        if is_named(attribute, "test") {
            return Err(Error::new_spanned(
                attribute,
                "#[pileup_test::test] takes the place of this attribute: a test can have only one \
                 runtime. Remove this line",
            ));
        }
    }
    let signature = &item.sig;
    if signature.asyncness.is_none() {
        return Err(Error::new(
            signature.fn_token.span(),
            "#[pileup_test::test] is for an async function. For a synchronous test, use \
             #[test] and run the async part with pileup_test::runtime().block_on(…); if \
             another attribute above, such as #[tokio::test], has made the function \
             synchronous, remove that attribute",
        ));
    }
    if let Some(argument) = signature.inputs.first() {
        return Err(Error::new_spanned(
            argument,
            "a test has no arguments. If they are the cases or fixtures of rstest, write \
             #[rstest] above #[pileup_test::test]",
        ));
    }
    if !signature.generics.params.is_empty() {
        return Err(Error::new_spanned(
            &signature.generics,
            "a test has no generic parameters",
        ));
    }
    Ok(())
}

/// Whether the last part of an attribute's path is this name, as in `#[tokio::test]`.
fn is_named(attribute: &Attribute, name: &str) -> bool {
    let last = attribute.path().segments.last();
    last.is_some_and(|last| last.ident == name)
}
