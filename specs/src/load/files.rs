//! The files of a project: on the disk, or given.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::Read;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::pending;
use crate::span::{FileId, Sources, Span};
use crate::text::Mention;

/// The greatest file that is read: far more than any spec, and little enough for memory and for 32-bit places.
pub(crate) const FILE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// How deep folders are followed: a guard against trees without an end.
const FOLDERS_MAX: usize = 64;

/// Where files come from.
enum Store {
    Disk(PathBuf),
    Given(HashMap<PathBuf, Vec<u8>>),
}

/// All files read so far, and the way to more of them.
pub(crate) struct Files {
    sources: Sources,
    store: Store,
    /// Those that specs name, by path.
    named: HashMap<PathBuf, FileId>,
    /// Every mention there is, once.
    mentions: HashSet<Arc<Mention>>,
}

impl Files {
    pub(crate) fn on_disk(root: &Path) -> Self {
        Self {
            sources: Sources::default(),
            store: Store::Disk(root.to_owned()),
            named: HashMap::new(),
            mentions: HashSet::new(),
        }
    }

    pub(crate) fn given(files: Vec<(PathBuf, Vec<u8>)>) -> Self {
        let files = files.into_iter().map(|(path, bytes)| (normal(&path).unwrap_or(path), bytes));
        Self {
            sources: Sources::default(),
            store: Store::Given(files.collect()),
            named: HashMap::new(),
            mentions: HashSet::new(),
        }
    }

    pub(crate) fn sources(&self) -> &Sources {
        &self.sources
    }

    /// The mention that is equal to this one, if there is one.
    pub(crate) fn shared_mention(&mut self, mention: Arc<Mention>) -> Arc<Mention> {
        if let Some(known) = self.mentions.get(&*mention) {
            return Arc::clone(known);
        }
        self.mentions.insert(Arc::clone(&mention));
        mention
    }

    pub(crate) fn into_sources(self) -> Sources {
        self.sources
    }

    /// The specs of the project in the order of their paths; what could not be read is a problem.
    pub(crate) fn specs(&mut self, problems: &mut Vec<Diagnostic>) -> Vec<PathBuf> {
        let mut paths = match &self.store {
            Store::Disk(root) => {
                let mut walk = Walk { root, found: Vec::new(), problems, above: Vec::new() };
                walk.folder(Path::new(""));
                walk.found
            }
            Store::Given(files) => files.keys().filter(|path| is_spec(path)).cloned().collect(),
        };
        paths.sort();
        paths
    }

    /// Reads a file and adds it to the sources.
    pub(crate) fn read(&mut self, path: &Path) -> Result<FileId, Box<Diagnostic>> {
        let bytes = match &mut self.store {
            Store::Disk(root) => read_limited(&root.join(path), path)?,
            // Every file is read once, so it need not be kept.
            Store::Given(files) => match files.remove(path) {
                Some(bytes) if bytes.len() > FILE_BYTES_MAX => return Err(too_big(path)),
                Some(bytes) => bytes,
                None => return Err(Box::new(Diagnostic::error("the file is not there").in_file(path))),
            },
        };
        match String::from_utf8(bytes) {
            Ok(text) => Ok(self.sources.add(path.to_owned(), Arc::from(text))),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
                let file = self.sources.add(path.to_owned(), Arc::from(text));
                // What stands in for the broken bytes is one character of three bytes.
                let span = Span::new(file, at, at + char::REPLACEMENT_CHARACTER.len_utf8());
                let diagnostic = Diagnostic::error("the file is not UTF-8").at(span, "the first byte that is not");
                Err(Box::new(diagnostic.help("save the file as UTF-8")))
            }
        }
    }

    /// Reads the policy file that is named at a place, relative to the file of that place.
    pub(crate) fn policy(&mut self, named: &str, span: Span) -> Result<FileId, Box<Diagnostic>> {
        let file = self.beside(named, span, "policy file")?;
        let text = self.sources.text(file);
        let lower = |needle: &str| text.match_indices("\\u").any(|(at, _)| is_escape(text, at, needle));
        if lower("e000") || lower("e001") { Err(reserved(span)) } else { Ok(file) }
    }

    /// Reads a file that is named at a place, relative to the file of that place. `what` it is, is for messages.
    pub(crate) fn beside(&mut self, named: &str, span: Span, what: &str) -> Result<FileId, Box<Diagnostic>> {
        let folder = self.sources.path(span.file()).parent().unwrap_or(Path::new(""));
        let Some(path) = normal(&folder.join(named)) else {
            let diagnostic = Diagnostic::error(format!("a {what} lies inside of the project's folder"));
            let diagnostic = diagnostic.at(span, "this path leads out of it");
            return Err(Box::new(diagnostic.help("write a path relative to this file")));
        };
        if let Some(file) = self.named.get(&path) {
            return Ok(*file);
        }
        let file = self.read(&path).map_err(|problem| match problem.span() {
            Some(_) => Box::new(problem.also(span, "named here")),
            None => {
                let summary = format!("can't read the {what} `{}`", path.display());
                let cause = problem.notes.into_iter().next().unwrap_or(problem.summary);
                let diagnostic = Diagnostic::error(summary).at(span, cause);
                Box::new(diagnostic.help("the path is relative to the file that names it"))
            }
        })?;
        if self.sources.text(file).contains([pending::OPEN, pending::CLOSE]) {
            return Err(reserved(span));
        }
        self.named.insert(path, file);
        Ok(file)
    }
}

fn reserved(span: Span) -> Box<Diagnostic> {
    let diagnostic = Diagnostic::error("the characters U+E000 and U+E001 can't stand in a file that is named here");
    let diagnostic = diagnostic.at(span, "in this file");
    Box::new(diagnostic.note("trueup marks values with them that are not known before apply"))
}

fn is_escape(text: &str, at: usize, digits: &str) -> bool {
    text.get(at + 2..at + 6).is_some_and(|found| found.eq_ignore_ascii_case(digits))
}

/// The path without `.` and `..`; `None` where it leads out of its folder.
pub(crate) fn normal(path: &Path) -> Option<PathBuf> {
    let mut out = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::Normal(name) => out.push(name),
            Component::ParentDir => {
                if !out.pop() {
                    return None;
                }
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(out)
}

fn is_spec(path: &Path) -> bool {
    let hidden = |part: Component<'_>| part.as_os_str().to_string_lossy().starts_with('.');
    path.extension().is_some_and(|extension| extension == "toml")
        && !path.components().any(hidden)
        && !path.starts_with("target")
}

fn too_big(path: &Path) -> Box<Diagnostic> {
    let summary = format!("the file is over {} MiB", FILE_BYTES_MAX / (1024 * 1024));
    Box::new(Diagnostic::error(summary).in_file(path).help("split it: order and file names mean nothing"))
}

fn unreadable(path: &Path, error: &std::io::Error) -> Box<Diagnostic> {
    Box::new(Diagnostic::error("the file can't be read").in_file(path).note(error.to_string()))
}

fn read_limited(full: &Path, path: &Path) -> Result<Vec<u8>, Box<Diagnostic>> {
    let metadata = fs::metadata(full).map_err(|error| unreadable(path, &error))?;
    if !metadata.is_file() {
        // Reading a pipe would wait for its writer.
        let diagnostic = Diagnostic::error("the file can't be read").in_file(path);
        return Err(Box::new(diagnostic.note("it is no regular file")));
    }
    let mut bytes = Vec::new();
    let file = fs::File::open(full).map_err(|error| unreadable(path, &error))?;
    let limit = FILE_BYTES_MAX as u64 + 1;
    file.take(limit).read_to_end(&mut bytes).map_err(|error| unreadable(path, &error))?;
    if bytes.len() > FILE_BYTES_MAX { Err(too_big(path)) } else { Ok(bytes) }
}

/// Finds the specs below a folder.
struct Walk<'a> {
    root: &'a Path,
    found: Vec<PathBuf>,
    problems: &'a mut Vec<Diagnostic>,
    /// The real paths of the folders one stands in, against loops of links.
    above: Vec<PathBuf>,
}

impl Walk<'_> {
    fn folder(&mut self, path: &Path) {
        let full = self.root.join(path);
        let listed = fs::canonicalize(&full).and_then(|real| Ok((real, fs::read_dir(&full)?)));
        let (real, entries) = match listed {
            Ok(listed) => listed,
            Err(error) => {
                let shown = if path.as_os_str().is_empty() { self.root } else { path };
                let diagnostic = Diagnostic::error("the folder can't be read").in_file(shown).note(error.to_string());
                self.problems.push(diagnostic);
                return;
            }
        };
        if self.above.contains(&real) || self.above.len() >= FOLDERS_MAX {
            let diagnostic = Diagnostic::error("links go round in a circle").in_file(path);
            self.problems.push(diagnostic.help("remove the link, or hide it behind a name that starts with a dot"));
            return;
        }
        self.above.push(real);
        for entry in entries {
            match entry {
                Ok(entry) => self.entry(&path.join(entry.file_name())),
                Err(error) => self.problems.push(*unreadable(path, &error)),
            }
        }
        self.above.pop();
    }

    fn entry(&mut self, path: &Path) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') || path == Path::new("target") {
            return;
        }
        match fs::metadata(self.root.join(path)) {
            Ok(metadata) if metadata.is_dir() => self.folder(path),
            Ok(_) if is_spec(path) => self.found.push(path.to_owned()),
            Ok(_) => {}
            Err(error) if is_spec(path) => self.problems.push(*unreadable(path, &error)),
            // A dangling link that is no spec is nobody's business.
            Err(_) => {}
        }
    }
}
