//! What a row of the table of rules stands for.

use super::claim::{Claim, Observation};

/// A rule: turns what was observed into claims.
pub(crate) type Rule = fn(&Observation) -> Vec<Claim>;

/// When a rule is asked, and what its claims give way to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It is about a whole runtime: asked first. No other rule reports the tasks that it
    /// explains.
    Runtime,
    /// It names a cause: asked before the symptoms.
    Cause,
    /// It names a symptom: asked when the causes are known.
    Symptom,
}

/// Makes [`Code`](super::Code) of the table, and declares the module of each rule.
///
/// A module is the file of the same name. It has `claims`, the rule, and `PAGE`, the text of
/// `pileup explain`.
macro_rules! rules {
    ($(
        $(#[doc = $doc:literal])+
        $rule:ident: $code:ident = $number:literal, $pattern:literal, $stage:ident;
    )+) => {
        $(mod $rule;)+

        /// What kind of finding it is. A code keeps its number and its meaning for good.
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[doc = $doc])+ #[serde(rename = $number)] $code,)+
        }

        impl Code {
            /// Every code, in order.
            pub const ALL: [Self; [$($number),+].len()] = [$(Self::$code),+];

            /// The code as it is written and cited, such as `PU01`.
            #[must_use]
            pub fn number(self) -> &'static str {
                match self { $(Self::$code => $number,)+ }
            }

            /// The name of the pattern, such as `never-woken`.
            #[must_use]
            pub fn pattern(self) -> &'static str {
                match self { $(Self::$code => $pattern,)+ }
            }

            /// The page that explains the code, in Markdown.
            #[must_use]
            pub fn page(self) -> &'static str {
                match self { $(Self::$code => $rule::PAGE,)+ }
            }

            pub(crate) fn stage(self) -> Stage {
                match self { $(Self::$code => Stage::$stage,)+ }
            }

            pub(crate) fn rule(self) -> Rule {
                match self { $(Self::$code => $rule::claims,)+ }
            }
        }
    };
}

pub(super) use rules;
