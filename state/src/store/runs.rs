//! Records and journals of runs.

use std::io;

use super::{Expect, Hold, Put, Store, StoreError, Tag};
use crate::journal::{Entry, Journal};
use crate::record::{FORMAT, Record};

/// A journal goes on in a new document after this many bytes: where a document can't be appended to, it is written whole for each line.
const SEGMENT_BYTES_MAX: usize = 32 * 1024;

/// The journal of one run. It takes no intent once the run has lost its locks.
#[derive(Debug)]
pub struct RunJournal<'h> {
    hold: &'h Hold,
    segment: u32,
    bytes: Vec<u8>,
    tag: Option<Tag>,
}

impl<'h> RunJournal<'h> {
    /// The journal of the run that holds these locks.
    #[must_use]
    pub fn new(hold: &'h Hold) -> Self {
        Self { hold, segment: 1, bytes: Vec::new(), tag: None }
    }

    fn line(&mut self, entry: &Entry) -> Result<(), StoreError> {
        let name = format!("{}{:06}.jsonl", journal_prefix(&self.hold.holder().run), self.segment);
        let mut line =
            serde_json::to_vec(entry).map_err(|source| StoreError::Damaged { path: name.clone(), source })?;
        line.push(b'\n');
        self.bytes.extend_from_slice(&line);
        let expect = Expect::of(self.tag.as_ref());
        let put = Put { name, bytes: self.bytes.clone(), expect, added: Some(line.len()) };
        self.tag = Some(self.hold.write_one(put)?);
        if self.bytes.len() > SEGMENT_BYTES_MAX {
            self.segment += 1;
            self.bytes.clear();
            self.tag = None;
        }
        Ok(())
    }
}

impl Journal for RunJournal<'_> {
    fn record(&mut self, entry: &Entry) -> io::Result<()> {
        let result = match entry {
            Entry::Intent { .. } => self.hold.check().and_then(|()| self.line(entry)),
            // What was done is put on record as long as that is possible: it is the run's own document.
            Entry::Begin { .. } | Entry::Done { .. } | Entry::Failed { .. } | Entry::End { .. } => self.line(entry),
        };
        result.map_err(|error| {
            let source = std::error::Error::source(&error).map(|source| format!(": {source}")).unwrap_or_default();
            io::Error::other(format!("{error}{source}"))
        })
    }
}

impl Store {
    /// Writes the record of a run: once before its first call, and once after its last.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn record(&self, record: &Record, before: Option<&Tag>, hold: &Hold) -> Result<Tag, StoreError> {
        hold.write_one(self.put(record_name(&record.run.run), record, Expect::of(before))?)
    }

    /// The names of all runs on record, the oldest first.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn runs(&self) -> Result<Vec<String>, StoreError> {
        let names = self.documents("runs", "/record.json")?;
        Ok(names.iter().filter_map(|name| name.split('/').nth(1)).map(str::to_owned).collect())
    }

    /// The record of a run.
    ///
    /// # Errors
    /// [`StoreError::NoRun`], or when it can't be read.
    pub fn run(&self, run: &str) -> Result<Record, StoreError> {
        let no_run = || StoreError::NoRun { run: run.to_owned() };
        if !run.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') || run.is_empty() {
            return Err(no_run());
        }
        let name = record_name(run);
        let stored = self.backend.read(std::slice::from_ref(&name))?.into_iter().next().flatten().ok_or_else(no_run)?;
        self.parse(&name, &stored.bytes, FORMAT)
    }

    /// The journal of a run. A line that was cut off ends it.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn journal(&self, run: &str) -> Result<Vec<Entry>, StoreError> {
        let prefix = journal_prefix(run);
        let mut names = self.documents(&format!("runs/{run}"), ".jsonl")?;
        names.retain(|name| name.starts_with(&prefix));
        let segments = self.backend.read(&names)?;
        let mut entries = Vec::new();
        for stored in segments.into_iter().flatten() {
            for line in stored.bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                match serde_json::from_slice(line) {
                    Ok(entry) => entries.push(entry),
                    Err(_) => return Ok(entries),
                }
            }
        }
        Ok(entries)
    }
}

fn record_name(run: &str) -> String {
    format!("runs/{run}/record.json")
}

fn journal_prefix(run: &str) -> String {
    format!("runs/{run}/journal-")
}
