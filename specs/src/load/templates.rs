//! Templates and their uses.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;

use super::Loader;
use super::expand::Draft;
use super::files::normal;
use super::params::{Declaration, Parameters};
use super::scan::{Decoded, Origin};
use super::settings::Plain;
use crate::decode::{Decode, Decoder};
use crate::diagnostic::Diagnostic;
use crate::project::Scope;
use crate::span::Span;
use crate::suggest;
use crate::value::{Data, Table, Value};

/// A file with `[params]`.
pub(super) struct Template {
    pub(super) path: PathBuf,
    pub(super) table: Arc<Table>,
    pub(super) declared: Arc<IndexMap<String, Declaration>>,
    pub(super) span: Span,
    pub(super) used: bool,
}

/// A `[[use]]`.
pub(super) struct Usage {
    pub(super) table: UsageTable,
    pub(super) with: Option<Value>,
    pub(super) span: Span,
    pub(super) scope: Scope,
}

crate::spec! {
    /// One use of a template.
    pub(super) struct UsageTable {
        /// The template's path, relative to the project's folder.
        template: Plain,
        /// The name its resources carry in front.
        name: Plain,
        /// Its parameters.
        with: Arguments,
    }
}

/// What is given for parameters; looked at where they are known.
#[derive(Debug, Clone, PartialEq)]
struct Arguments;

impl Decode for Arguments {
    fn shape() -> crate::Shape {
        crate::Shape::Map(Box::new(crate::Shape::String))
    }

    fn decode(_: &Value, _: &mut Decoder<'_>) -> Option<Self> {
        Some(Self)
    }

    fn absent() -> Option<Self> {
        Some(Self)
    }
}

impl Loader {
    /// Instantiates every template as often as it is used.
    pub(super) fn instantiate(&mut self) {
        for usage in std::mem::take(&mut self.usages) {
            self.usage(&usage);
        }
        let unused: Vec<Span> =
            self.templates.iter().filter(|template| !template.used).map(|template| template.span).collect();
        for span in unused {
            let diagnostic = Diagnostic::warning("this template is never used").at(span, "`[params]` makes it one");
            self.problems.push(diagnostic.help("use it: [[use]] template = \"…\", name = \"…\""));
        }
    }

    fn usage(&mut self, usage: &Usage) {
        let UsageTable { template, name, with: Arguments } = &usage.table;
        self.check_name("a use", &name.text, name.span);
        let path = normal(Path::new(&template.text));
        let found = self.templates.iter_mut().find(|known| Some(&known.path) == path.as_ref());
        let Some(found) = found else {
            self.no_template(template);
            return;
        };
        found.used = true;
        let (table, declared) = (Arc::clone(&found.table), Arc::clone(&found.declared));
        let used_at = name.span;
        let bound = self.decode(|cx| Parameters::bind(&declared, usage.with.as_ref(), usage.span, cx));
        let complete = bound.is_some();
        let parameters = bound.unwrap_or_default();
        let own = table.get("scope").filter(|_| complete);
        let own = own.map(|value| parameters.fill(value, self.files.sources(), &mut self.problems));
        let mut scope = self.scope(own.as_ref()).unwrap_or_else(|| usage.scope.clone());
        scope.use_name = Some(self.intern(&name.text));
        let origin = Origin { scope: &scope, parameters: Some(&parameters), used_at: Some(used_at) };
        for entry in table.iter() {
            match entry.key.as_str() {
                "params" | "scope" | "account" | "use" | "removed" | "moved" => {}
                _ if !complete => self.declare_broken(entry, &scope, used_at),
                "access" => self.access(entry, &origin),
                "output" => {
                    let value = parameters.fill(&entry.value, self.files.sources(), &mut self.problems);
                    self.outputs(&crate::value::Entry { value, ..entry.clone() }, &origin);
                }
                _ => self.resources(entry.clone(), &origin),
            }
        }
    }

    fn no_template(&mut self, template: &Plain) {
        let known: Vec<String> = self.templates.iter().map(|known| known.path.display().to_string()).collect();
        let exists = self.files.sources().iter().any(|(_, path)| path == Path::new(&template.text));
        let diagnostic = Diagnostic::error(format!("there is no template `{}`", template.text));
        let (label, help) = if exists {
            ("this file has no `[params]`", Some("a template declares its parameters: add `[params]`".to_owned()))
        } else {
            ("", suggest::help(&template.text, known.iter().map(String::as_str)))
        };
        if !self.incomplete || exists {
            self.problems.push(diagnostic.at(template.span, label).maybe_help(help));
        }
    }

    /// What a use would declare if its parameters were right: nobody who mentions it is to be blamed.
    fn declare_broken(&mut self, entry: &crate::value::Entry, scope: &Scope, used_at: Span) {
        let kind = self.project.index.kinds.iter().find(|kind| kind.name == entry.key).copied();
        let (Some(kind), Data::Table(resources)) = (kind, &entry.value.data) else { return };
        for resource in resources {
            let name = format!("{}.{}", scope.use_name.as_deref().unwrap_or_default(), resource.key);
            let decoded = Decoded::broken();
            self.drafts.push(Draft {
                kind,
                name: Arc::from(name),
                span: resource.key_span,
                scope: scope.clone(),
                used_at: Some(used_at),
                decoded,
                noted: Vec::new(),
            });
        }
    }
}
