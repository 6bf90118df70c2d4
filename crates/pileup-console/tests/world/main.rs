//! Whatever a target sends, what is made of it holds together.

mod properties;
mod wild;
