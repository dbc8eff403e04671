//! Reads a project's folder.
//!
//! One file after the other is parsed and decoded, and its tree dropped again; what a spec mentions is noted and
//! checked in the end, when every account and every resource is known.

mod access;
mod accounts;
mod check;
mod expand;
pub(crate) mod files;
pub(crate) mod params;
mod scan;
mod settings;
mod templates;
mod tombstones;

pub use accounts::{ACCOUNT, AccountSpec, Billing, Parent, is_unit_id};
pub(crate) use settings::Plain;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::decode::{Decoder, Noted};
use crate::diagnostic::{Diagnostic, Problems};
use crate::kind::KindSchema;
use crate::load::params::Parameters;
use crate::project::{Project, Scope};
use crate::span::{FileId, Sources, Span};
use crate::value::{self, Parsed};

use accounts::MemberDraft;
use expand::Draft;
use files::Files;
use templates::{Template, Usage};
use tombstones::{DraftMoved, DraftRemoved};

/// The settings file, at the root of a project.
pub const SETTINGS_FILE: &str = "trueup.toml";

/// What reading a project gave.
#[derive(Debug)]
pub struct Loaded {
    /// The files, for showing problems.
    pub sources: Sources,
    /// The project, as far as it was understood: with errors it is good for finding more of them and for nothing
    /// else. `None` where the folder holds no file that could be read.
    pub project: Option<Project>,
    /// What is wrong.
    pub problems: Problems,
}

/// Reads the project in a folder.
#[must_use]
pub fn load(dir: &Path, kinds: &[&'static KindSchema]) -> Loaded {
    Loader::new(Files::on_disk(dir), kinds).load()
}

/// Reads a project from files that are given: for tests, benchmarks and fuzzing.
#[must_use]
pub fn load_from(files: Vec<(PathBuf, Vec<u8>)>, kinds: &[&'static KindSchema]) -> Loaded {
    Loader::new(Files::given(files), kinds).load()
}

/// A project being read.
struct Loader {
    files: Files,
    problems: Problems,
    project: Project,
    drafts: Vec<Draft>,
    /// The accounts that are the organization's to make and to move.
    members: Vec<MemberDraft>,
    /// Where an account is said to manage the organization.
    management_span: Option<Span>,
    /// What the outputs mention, and from where.
    mentions: Vec<(Scope, Vec<Noted>)>,
    /// What the assertions mention, and from where.
    claimed: Vec<(Scope, Vec<Noted>)>,
    templates: Vec<Template>,
    usages: Vec<Usage>,
    removed: Vec<DraftRemoved>,
    moved: Vec<DraftMoved>,
    /// From where what is mentioned is to be checked: the scope, and the number of the list in `shared_noted`.
    checks: Vec<(Scope, usize)>,
    shared_noted: Vec<Vec<Noted>>,
    /// Where each group is first named.
    group_places: BTreeMap<String, Span>,
    output_places: HashMap<Arc<str>, Span>,
    /// The first resource of each file that has no scope.
    without_scope: HashMap<FileId, Span>,
    /// Names that occur again and again are kept once.
    names: HashSet<Arc<str>>,
    /// Whether some file could not be read or parsed: then what is not found may well be in there.
    incomplete: bool,
}

impl Loader {
    fn new(files: Files, kinds: &[&'static KindSchema]) -> Self {
        let mut project = Project::default();
        project.index.kinds = kinds.to_vec();
        Self {
            files,
            problems: Problems::new(),
            project,
            drafts: Vec::new(),
            members: Vec::new(),
            management_span: None,
            mentions: Vec::new(),
            claimed: Vec::new(),
            templates: Vec::new(),
            usages: Vec::new(),
            removed: Vec::new(),
            moved: Vec::new(),
            checks: Vec::new(),
            shared_noted: Vec::new(),
            group_places: BTreeMap::new(),
            output_places: HashMap::new(),
            without_scope: HashMap::new(),
            names: HashSet::new(),
            incomplete: false,
        }
    }

    fn load(mut self) -> Loaded {
        let mut unread = Vec::new();
        let paths = self.files.specs(&mut unread);
        self.incomplete = !unread.is_empty();
        self.problems.extend(unread);
        let (settings, specs): (Vec<&PathBuf>, Vec<&PathBuf>) =
            paths.iter().partition(|path| path.as_path() == Path::new(SETTINGS_FILE));
        if settings.is_empty() && !self.incomplete {
            let diagnostic = Diagnostic::error(format!("there is no {SETTINGS_FILE}"));
            let help = "a project's folder has one, with at least: [project] name = \"…\"";
            self.problems.push(diagnostic.in_file(SETTINGS_FILE).help(help));
        }
        // The settings come first: the project's region and tags are part of every resource.
        for path in settings {
            self.file(path, Self::settings);
        }
        for path in specs {
            self.file(path, Self::scan);
        }
        self.finish_accounts();
        self.instantiate();
        self.expand();
        self.finish_access();
        self.check_mentions();
        self.finish_tombstones();
        let Self { files, problems, mut project, .. } = self;
        let sources = files.into_sources();
        project.paths = sources.iter().map(|(_, path)| path.to_owned()).collect();
        let project = (!sources.is_empty()).then_some(project);
        Loaded { sources, project, problems }
    }

    fn file(&mut self, path: &Path, read: fn(&mut Self, value::Table)) {
        let file = match self.files.read(path) {
            Ok(file) => file,
            Err(problem) => {
                self.incomplete = true;
                self.problems.push(*problem);
                return;
            }
        };
        let text: Arc<str> = self.files.sources().shared_text(file);
        let Parsed { table, whole } = value::parse(file, &text, &mut self.problems);
        if whole {
            read(self, table);
            return;
        }
        // Half a table seems to lack keys: of a file with syntax errors only those are told, and its resources
        // are known, so that nobody who mentions them is blamed.
        self.incomplete = true;
        let problems = std::mem::take(&mut self.problems);
        read(self, table);
        self.problems = problems;
    }

    /// One string for all who say the same.
    fn intern(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.names.get(text) {
            return Arc::clone(known);
        }
        let name: Arc<str> = Arc::from(text);
        self.names.insert(Arc::clone(&name));
        name
    }

    /// Decodes something with the files and the problems of this project.
    fn decode<T>(&mut self, decode: impl FnOnce(&mut Decoder<'_>) -> T) -> T {
        self.decode_noting(None, decode).0
    }

    /// The same, and tells what was mentioned.
    fn decode_noting<T>(
        &mut self,
        parameters: Option<&Parameters>,
        decode: impl FnOnce(&mut Decoder<'_>) -> T,
    ) -> (T, Vec<Noted>) {
        let mut cx = Decoder::new(&mut self.files, &mut self.problems, parameters);
        let decoded = decode(&mut cx);
        (decoded, cx.into_noted())
    }
}
