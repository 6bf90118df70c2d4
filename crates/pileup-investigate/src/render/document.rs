//! A report with what its formats need besides.

use std::fmt;

use super::Page;
use crate::sources::Sources;
use crate::{Grade, History, Report};

/// A report that is about to be written.
pub struct Document<'a> {
    pub(super) report: &'a Report,
    pub(super) history: Option<&'a History>,
    pub(super) sources: &'a mut Sources,
    pub(super) page: Page,
    pub(super) fails: &'a dyn Fn(Grade) -> bool,
}

impl<'a> Document<'a> {
    /// A report that shows the source around its findings.
    pub fn new(report: &'a Report, sources: &'a mut Sources) -> Self {
        Self {
            report,
            history: None,
            sources,
            page: Page::default(),
            fails: &|grade| grade >= Grade::Probable,
        }
    }

    /// Draws the wait-for graph of this history, where the format has pictures.
    #[must_use]
    pub fn history(mut self, history: &'a History) -> Self {
        self.history = Some(history);
        self
    }

    /// Writes for this page, where the format is for people. The default is 100 columns.
    #[must_use]
    pub fn page(mut self, page: Page) -> Self {
        self.page = page;
        self
    }

    /// Which findings are failures, where the format has those. The default is those that are
    /// probable or certain.
    #[must_use]
    pub fn fails(mut self, fails: &'a dyn Fn(Grade) -> bool) -> Self {
        self.fails = fails;
        self
    }
}

impl fmt::Debug for Document<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Document")
            .field("report", self.report)
            .field("page", &self.page)
            .finish_non_exhaustive()
    }
}
