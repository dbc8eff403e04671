//! The tables of a file.

use std::sync::Arc;

use super::Loader;
use super::expand::Draft;
use super::params;
use super::settings::{Plain, check_tag_keys};
use super::templates::{Template, Usage};
use crate::decode::{Decode, Decoder};
use crate::diagnostic::Diagnostic;
use crate::kind::KindSchema;
use crate::lint::Suppression;
use crate::load::params::Parameters;
use crate::project::{OutputSpec, OutputValue, Scope};
use crate::reference::{META, META_SUPPRESS, META_TAGS};
use crate::span::Span;
use crate::suggest;
use crate::text::Text;
use crate::value::{Data, Entry, Table, Value};

/// The tables that are the language's own.
const TABLES: [&str; 8] = ["scope", "access", "account", "use", "removed", "moved", "output", "params"];

crate::spec! {
    /// Where the resources of a file are.
    pub(super) struct ScopeTable {
        /// An account or a group.
        account: Plain,
        /// The region.
        region: Option<Plain>,
    }
}

/// Where a table is read from.
#[derive(Clone, Copy)]
pub(super) struct Origin<'a> {
    pub(super) scope: &'a Scope,
    pub(super) parameters: Option<&'a Parameters>,
    pub(super) used_at: Option<Span>,
}

impl Loader {
    /// Reads a file that is not `trueup.toml`.
    pub(super) fn scan(&mut self, table: Table) {
        if table.get("params").is_some() {
            self.template(table);
            return;
        }
        let project = Scope { region: self.project.settings.region.clone(), ..Scope::default() };
        let scope = self.scope(table.get("scope")).unwrap_or(project);
        let origin = Origin { scope: &scope, parameters: None, used_at: None };
        for entry in table {
            match entry.key.as_str() {
                "scope" => {}
                "account" => self.accounts(&entry),
                "use" => self.usages(&entry, &scope),
                "removed" => self.removed(&entry, &scope),
                "moved" => self.moved(&entry, &scope),
                "access" => self.access(&entry, &origin),
                "output" => self.outputs(&entry, &origin),
                _ => self.resources(entry, &origin),
            }
        }
    }

    /// Reads `[scope]`; `None` where there is none.
    pub(super) fn scope(&mut self, value: Option<&Value>) -> Option<Scope> {
        let ScopeTable { account, region } = self.decode(|cx| ScopeTable::decode(value?, cx))?;
        let region = region.and_then(|region| self.region(&region));
        let region = region.or_else(|| self.project.settings.region.clone());
        let name = self.intern(&account.text);
        Some(Scope { account: Some(name), region, use_name: None, account_span: Some(account.span) })
    }

    /// A file with `[params]`: kept until someone uses it.
    fn template(&mut self, table: Table) {
        let span = table.entry("params").map(|entry| entry.key_span);
        let declared = table.get("params").map(|value| self.decode(|cx| params::declarations(value, cx)));
        let (Some(span), Some(declared)) = (span, declared) else { return };
        for entry in &table {
            if matches!(entry.key.as_str(), "account" | "use" | "removed" | "moved") {
                let diagnostic = Diagnostic::error(format!("`{}` can't be in a template", entry.key));
                let diagnostic = diagnostic.at(entry.key_span, "").also(span, "`[params]` makes this file a template");
                self.problems.push(diagnostic.help("put it into another file"));
            }
        }
        let path = self.files.sources().path(span.file()).to_owned();
        self.templates.push(Template { path, table: Arc::new(table), declared: Arc::new(declared), span, used: false });
    }

    fn usages(&mut self, entry: &Entry, scope: &Scope) {
        for item in self.list_of_tables(entry) {
            if let Some(table) = self.decode(|cx| super::templates::UsageTable::decode(item, cx)) {
                let with = table_value(item, "with").cloned();
                self.usages.push(Usage { table, with, span: item.span, scope: scope.clone() });
            }
        }
    }

    /// The items of `[[use]]` and its like.
    pub(super) fn list_of_tables<'e>(&mut self, entry: &'e Entry) -> &'e [Value] {
        if let Data::Array(items) = &entry.value.data {
            return items;
        }
        let summary = format!("`{}` is a list of tables", entry.key);
        let help = format!("write it with double brackets: [[{}]]", entry.key);
        self.problems.push(Diagnostic::error(summary).at(entry.key_span, "").help(help));
        &[]
    }

    /// Reads the outputs of a file or of a template's use.
    pub(super) fn outputs(&mut self, entry: &Entry, origin: &Origin<'_>) {
        let Data::Table(outputs) = &entry.value.data else {
            self.decode(|cx| cx.mismatch(&entry.value, "a table of outputs"));
            return;
        };
        for entry in outputs {
            self.check_name("an output", &entry.key, entry.key_span);
            let (output, noted) = self.decode_noting(origin.parameters, |cx| output_value(&entry.value, cx));
            self.mentions.push((origin.scope.clone(), noted));
            let Some((value, description)) = output else { continue };
            let name: Arc<str> = match &origin.scope.use_name {
                Some(use_name) => Arc::from(format!("{use_name}.{}", entry.key)),
                None => Arc::from(entry.key.as_str()),
            };
            let span = origin.used_at.unwrap_or(entry.key_span);
            if let Some(before) = self.output_places.get(&name).copied() {
                let diagnostic = Diagnostic::error(format!("the output `{name}` is declared twice"));
                self.problems.push(diagnostic.at(span, "again here").also(before, "first here"));
                continue;
            }
            self.output_places.insert(Arc::clone(&name), span);
            let scope = origin.scope.clone();
            self.project.outputs.push(OutputSpec { name, value, description, span, scope });
        }
    }

    /// Reads the resources of a kind.
    pub(super) fn resources(&mut self, entry: Entry, origin: &Origin<'_>) {
        let Some(kind) = self.kind(&entry) else { return };
        let Data::Table(resources) = entry.value.data else {
            let diagnostic = Diagnostic::error(format!("`{}` needs a name", entry.key));
            self.problems.push(diagnostic.at(entry.key_span, "").help(format!("write [{}.NAME]", entry.key)));
            return;
        };
        for resource in resources {
            self.resource(kind, resource, origin);
        }
    }

    fn kind(&mut self, entry: &Entry) -> Option<&'static KindSchema> {
        let kinds = &self.project.index.kinds;
        if let Some(kind) = kinds.iter().find(|kind| kind.name == entry.key) {
            return Some(kind);
        }
        let help = if matches!(entry.key.as_str(), "project" | "state" | "limits" | "lints" | "rules") {
            Some(format!("it belongs in {}", super::SETTINGS_FILE))
        } else {
            let known: Vec<&str> = kinds.iter().map(|kind| kind.name).chain(TABLES).collect();
            suggest::help(&entry.key, known)
        };
        let diagnostic = Diagnostic::error(format!("there is no kind `{}`", entry.key)).at(entry.key_span, "");
        self.problems.push(diagnostic.maybe_help(help));
        None
    }

    fn resource(&mut self, kind: &'static KindSchema, entry: Entry, origin: &Origin<'_>) {
        self.check_name("a resource", &entry.key, entry.key_span);
        let span = self.name_span(kind, &entry);
        let filled = match origin.parameters {
            Some(parameters) => parameters.fill(&entry.value, self.files.sources(), &mut self.problems),
            None => entry.value,
        };
        let name: Arc<str> = match &origin.scope.use_name {
            Some(use_name) => Arc::from(format!("{use_name}.{}", entry.key)),
            None => self.intern(&entry.key),
        };
        let (decoded, mut noted) = self.decode_noting(origin.parameters, |cx| decode_resource(kind, filled, cx));
        noted.shrink_to_fit();
        let draft = Draft { kind, name, span, scope: origin.scope.clone(), used_at: origin.used_at, decoded, noted };
        self.drafts.push(draft);
    }

    /// `role.deployer` in a header, or `deployer` alone where the kind is not written in front of it.
    fn name_span(&self, kind: &KindSchema, entry: &Entry) -> Span {
        let span = entry.key_span;
        let before = self.files.sources().text(span.file()).get(..span.start()).unwrap_or("");
        let with_kind = before.strip_suffix('.').and_then(|before| before.strip_suffix(kind.name));
        with_kind.map_or(span, |before| Span::new(span.file(), before.len(), span.end()))
    }
}

/// A resource's table, understood.
pub(super) struct Decoded {
    pub(super) enabled: bool,
    pub(super) adopt: bool,
    pub(super) protect: bool,
    pub(super) tags: indexmap::IndexMap<String, Text>,
    pub(super) suppress: Vec<Suppression>,
    /// `None` where there are problems.
    pub(super) spec: Option<crate::AnySpec>,
}

impl Decoded {
    /// What has problems, and would be there without them.
    pub(super) fn broken() -> Self {
        let (tags, suppress) = (indexmap::IndexMap::new(), Vec::new());
        Self { enabled: true, adopt: false, protect: false, tags, suppress, spec: None }
    }
}

/// The keys that are not the kind's own.
static META_KEYS: [&str; 4] = [META[0].0, META[1].0, META[2].0, META_SUPPRESS.0];

/// The same for what can be tagged.
static TAGGABLE_KEYS: [&str; 5] = [META[0].0, META[1].0, META[2].0, META_SUPPRESS.0, META_TAGS.0];

/// The same for an account, which is never switched off.
static ACCOUNT_KEYS: [&str; 3] = [META[1].0, META[2].0, META_TAGS.0];

pub(super) fn decode_resource(kind: &'static KindSchema, value: Value, cx: &mut Decoder<'_>) -> Decoded {
    let Value { span, data } = value;
    let Data::Table(mut table) = data else {
        cx.mismatch(&Value { span, data }, "a table");
        return Decoded::broken();
    };
    let keys: &'static [&'static str] = match kind.taggable {
        true if kind.name == crate::ACCOUNT.name => &ACCOUNT_KEYS,
        true => &TAGGABLE_KEYS,
        false => &META_KEYS,
    };
    let meta: Table = keys.iter().filter_map(|key| table.take(key)).collect();
    let meta = Value { span, data: Data::Table(meta) };
    if kind.taggable {
        check_tag_keys(&meta, cx);
    }
    let mut complete = true;
    let mut switch = |key: &str, default: bool, cx: &mut Decoder<'_>| {
        table_value(&meta, key).map_or(Some(default), |value| bool::decode(value, cx)).unwrap_or_else(|| {
            complete = false;
            default
        })
    };
    let enabled = switch("enabled", true, cx);
    let adopt = switch("adopt", false, cx);
    let protect = switch("protect", false, cx);
    let tags = table_value(&meta, "tags").map_or(Some(Default::default()), |value| Decode::decode(value, cx));
    let suppress: Option<Vec<Suppression>> =
        table_value(&meta, META_SUPPRESS.0).map_or(Some(Vec::new()), |value| Decode::decode(value, cx));
    let complete = complete && tags.is_some() && suppress.is_some();
    let spec = cx.with_keys_elsewhere(keys, |cx| (kind.decode)(&Value { span, data: Data::Table(table) }, cx));
    if !enabled {
        cx.forget_noted(0);
    }
    let (tags, suppress) = (tags.unwrap_or_default(), suppress.unwrap_or_default());
    Decoded { enabled, adopt, protect, tags, suppress, spec: spec.filter(|_| complete) }
}

/// A value of a value that may be a table.
pub(super) fn table_value<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    match &value.data {
        Data::Table(table) => table.get(key),
        _ => None,
    }
}

fn output_value(value: &Value, cx: &mut Decoder<'_>) -> Option<(OutputValue, Option<String>)> {
    match &value.data {
        Data::Array(_) => Some((OutputValue::Many(Vec::decode(value, cx)?), None)),
        Data::Table(table) => {
            let fields = cx.fields(value, &["value", "description"])?;
            let description = fields.get("description", cx);
            let Some(inner) = table.get("value") else {
                let diagnostic = Diagnostic::error("`value` is missing").at(value.span, "in this output");
                cx.problem(diagnostic.help("add `value`: a string or a list of strings"));
                return None;
            };
            let inner = match &inner.data {
                Data::Array(_) => OutputValue::Many(Vec::decode(inner, cx)?),
                _ => OutputValue::One(Text::decode(inner, cx)?),
            };
            Some((inner, description?))
        }
        _ => Some((OutputValue::One(Text::decode(value, cx)?), None)),
    }
}
