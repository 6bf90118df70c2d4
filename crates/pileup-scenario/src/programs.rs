//! Crates of many programs, each of which is one file.

/// Declares the programs of a crate: each is the module of its name, and one row, with what it is.
///
/// The module has the function `run`, which becomes the one variant of a scenario: `healthy` or
/// `leaky`. `cargo fmt` does not see modules that a macro declares; `just fmt` formats them too.
#[macro_export]
macro_rules! programs {
    ($variant:ident: $($(#[doc = $about:literal])+ $program:ident;)+) => {
        $(mod $program;)+

        /// The name of a program: that of its file.
        #[allow(non_camel_case_types, reason = "the files have these names")]
        #[derive(Debug, Clone, Copy, clap::ValueEnum)]
        pub enum Program {
            $($(#[doc = $about])+ $program,)+
        }

        impl Program {
            /// The program, as the only variant of a scenario.
            pub fn scenario(self) -> $crate::Scenario {
                let scenario = $crate::Scenario::new();
                match self {
                    $(Self::$program => scenario.$variant($program::run),)+
                }
            }
        }
    };
}
