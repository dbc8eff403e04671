//! What is wrong with a project, where, and what to do about it.

use std::collections::HashSet;
use std::path::PathBuf;

use crate::span::Span;

/// How bad a [`Diagnostic`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Nothing is planned or done while there is one.
    Error,
    /// Worth knowing, and in nobody's way.
    Warning,
}

/// A place in a file, with what there is to say about it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// What is there; may be empty.
    pub text: String,
    /// Whether this is where the problem is; the others explain it.
    pub primary: bool,
}

/// One problem: a constant summary, its places, and a way out.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in one line.
    pub summary: String,
    /// Where; the first primary one is the problem's place.
    pub labels: Vec<Label>,
    /// The file, where there is no text to point into.
    pub path: Option<PathBuf>,
    /// What else there is to know.
    pub notes: Vec<String>,
    /// What to do.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A problem nothing can be planned with.
    #[must_use]
    pub fn error(summary: impl Into<String>) -> Self {
        Self::new(Severity::Error, summary.into())
    }

    /// A problem one can live with.
    #[must_use]
    pub fn warning(summary: impl Into<String>) -> Self {
        Self::new(Severity::Warning, summary.into())
    }

    fn new(severity: Severity, summary: String) -> Self {
        Self { severity, summary, labels: Vec::new(), path: None, notes: Vec::new(), help: None }
    }

    /// Adds the place of the problem, with what is wrong there.
    #[must_use]
    pub fn at(self, span: Span, text: impl Into<String>) -> Self {
        self.label(Label { span, text: text.into(), primary: true })
    }

    /// Adds a place that explains the problem.
    #[must_use]
    pub fn also(self, span: Span, text: impl Into<String>) -> Self {
        self.label(Label { span, text: text.into(), primary: false })
    }

    fn label(mut self, label: Label) -> Self {
        if !label.span.is_none() {
            self.labels.push(label);
        }
        self
    }

    /// Names the file, where there is no text to point into.
    #[must_use]
    pub fn in_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Adds something else there is to know.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Says what to do; the last one counts.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Says what to do, where there is something to say.
    #[must_use]
    pub fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help.or(self.help);
        self
    }

    /// The place of the problem.
    #[must_use]
    pub fn span(&self) -> Option<Span> {
        let primary = self.labels.iter().find(|label| label.primary);
        primary.or(self.labels.first()).map(|label| label.span)
    }
}

/// Collects problems; the same one said twice is kept once.
#[derive(Clone, Debug, Default)]
pub struct Problems {
    list: Vec<Diagnostic>,
    seen: HashSet<(String, Option<Span>, Option<PathBuf>)>,
}

impl Problems {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a problem, unless its summary was already said of the same place.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        let key = (diagnostic.summary.clone(), diagnostic.span(), diagnostic.path.clone());
        if self.seen.insert(key) {
            self.list.push(diagnostic);
        }
    }

    /// Whether any of them is an error.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|problem| problem.severity == Severity::Error)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// All of them, as they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter()
    }

    /// All of them in file order; those without a place come first.
    #[must_use]
    pub fn into_vec(self) -> Vec<Diagnostic> {
        let mut list = self.list;
        list.sort_by_cached_key(|problem| (problem.span(), problem.path.clone(), problem.summary.clone()));
        list
    }
}

impl Extend<Diagnostic> for Problems {
    fn extend<I: IntoIterator<Item = Diagnostic>>(&mut self, problems: I) {
        problems.into_iter().for_each(|problem| self.push(problem));
    }
}
