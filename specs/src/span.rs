//! Places in the files of a project.

use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Names one file of a [`Sources`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub(crate) u32);

/// A range of bytes in one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    file: FileId,
    start: u32,
    end: u32,
}

impl Span {
    /// The bytes from `start` up to, but not with, `end`.
    #[must_use]
    pub fn new(file: FileId, start: usize, end: usize) -> Self {
        let start = u32::try_from(start).unwrap_or(u32::MAX);
        let end = u32::try_from(end).unwrap_or(u32::MAX).max(start);
        Self { file, start, end }
    }

    /// A place in no file: for values made by code, such as a test's.
    #[must_use]
    pub fn none() -> Self {
        Self { file: FileId(u32::MAX), start: 0, end: 0 }
    }

    /// Tells whether this is [`Span::none`].
    #[must_use]
    pub fn is_none(self) -> bool {
        self.file == FileId(u32::MAX)
    }

    /// The file.
    #[must_use]
    pub fn file(self) -> FileId {
        self.file
    }

    /// The offset of the first byte.
    #[must_use]
    pub fn start(self) -> usize {
        self.start as usize
    }

    /// The offset behind the last byte.
    #[must_use]
    pub fn end(self) -> usize {
        self.end as usize
    }

    /// The smallest span that holds both; `self` where they are in two files.
    #[must_use]
    pub fn to(self, other: Span) -> Span {
        if self.file != other.file {
            return self;
        }
        Span { file: self.file, start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// One file: its path relative to the project's folder, and its text.
#[derive(Debug, Clone)]
struct Source {
    path: PathBuf,
    text: Arc<str>,
    line_starts: Vec<u32>,
}

/// The files of a project, as they were read.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    files: Vec<Source>,
}

/// A line and a column, both counted from one; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The line, from one.
    pub line: usize,
    /// The column in characters, from one.
    pub column: usize,
}

impl Sources {
    /// Adds a file; `path` is relative to the project's folder.
    pub fn add(&mut self, path: PathBuf, text: Arc<str>) -> FileId {
        let id = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX - 1));
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let mut line_starts = vec![0];
        line_starts.extend(breaks.map(|(at, _)| u32::try_from(at + 1).unwrap_or(u32::MAX)));
        self.files.push(Source { path, text, line_starts });
        id
    }

    /// How many files there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Tells whether there is no file at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// All files with their paths, in the order they were read.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &Path)> {
        self.files.iter().zip(0..).map(|(source, id)| (FileId(id), source.path.as_path()))
    }

    /// The path of a file, relative to the project's folder; empty for an unknown file.
    #[must_use]
    pub fn path(&self, file: FileId) -> &Path {
        self.source(file).map_or(Path::new(""), |source| &source.path)
    }

    /// The text of a file; empty for an unknown file.
    #[must_use]
    pub fn text(&self, file: FileId) -> &str {
        self.source(file).map_or("", |source| &source.text)
    }

    pub(crate) fn shared_text(&self, file: FileId) -> Arc<str> {
        self.source(file).map_or_else(|| Arc::from(""), |source| Arc::clone(&source.text))
    }

    /// The text a span covers; empty where the span is not one of this text.
    #[must_use]
    pub fn slice(&self, span: Span) -> &str {
        self.text(span.file).get(span.start()..span.end()).unwrap_or("")
    }

    /// The line and the column of a byte offset in a file.
    #[must_use]
    pub fn position(&self, file: FileId, offset: usize) -> Position {
        let Some(source) = self.source(file) else { return Position { line: 1, column: 1 } };
        let at = u32::try_from(offset).unwrap_or(u32::MAX);
        let line = source.line_starts.partition_point(|start| *start <= at).max(1);
        let start = self.line_start(file, line);
        let before = source.text.as_bytes().get(start..offset.min(source.text.len())).unwrap_or(&[]);
        // Counting the bytes that start a character also works in the middle of one.
        let column = before.iter().filter(|byte| **byte & 0xC0 != 0x80).count() + 1;
        Position { line, column }
    }

    /// A place as terminals and editors understand it: `tenants.toml:12:5`.
    #[must_use]
    pub fn location(&self, span: Span) -> String {
        if span.is_none() {
            return String::new();
        }
        let Position { line, column } = self.position(span.file, span.start());
        format!("{}:{line}:{column}", self.path(span.file).display())
    }

    /// The offset at which a line, counted from one, starts.
    pub(crate) fn line_start(&self, file: FileId, line: usize) -> usize {
        let starts = self.source(file).map_or(&[][..], |source| &source.line_starts);
        starts.get(line.saturating_sub(1)).map_or(0, |start| *start as usize)
    }

    fn source(&self, file: FileId) -> Option<&Source> {
        self.files.get(file.0 as usize)
    }
}
