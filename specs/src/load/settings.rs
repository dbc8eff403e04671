//! `trueup.toml`.

use std::sync::Arc;

use indexmap::IndexMap;

use super::Loader;
use crate::decode::{Decode, Decoder};
use crate::diagnostic::Diagnostic;
use crate::lint::Level;
use crate::project::{DeletionsMax, LintLevel, Settings, StateBucket, StateSettings};
use crate::span::Span;
use crate::text::{Mention, Text};
use crate::value::{Data, Entry, Table, Value};

const TABLES: [&str; 5] = ["project", "state", "limits", "lints", "rules"];

/// The most letters of a project's name: it is a tag's value, of which AWS takes 256, and is read by people.
const NAME_MAX: usize = 64;

crate::spec! {
    /// What holds for the whole project.
    pub(super) struct ProjectTable {
        /// The project's name: the value of the tag `trueup:project`.
        name: Plain,
        /// The region of what names none.
        region: Option<Plain>,
        /// The role assumed in the other accounts.
        access_role: Option<Plain>,
        /// Tags on everything that can carry tags.
        tags: IndexMap<String, Text>,
    }
}

crate::spec! {
    /// Where the state is.
    pub(super) struct StateTable {
        /// The sort of store.
        backend: Option<Plain>,
        /// The folder.
        path: Option<Plain>,
        /// The bucket of the backend `s3`.
        bucket: Option<Plain>,
        /// What its keys begin with.
        prefix: Option<Plain>,
        /// Its region.
        region: Option<Plain>,
        /// The KMS key for its documents.
        kms_key: Option<Plain>,
    }
}

crate::spec! {
    /// What a plan may not exceed.
    pub(super) struct LimitsTable {
        /// A plan that removes more is refused.
        deletions: Option<DeletionsMax>,
    }
}

impl Decode for DeletionsMax {
    fn shape() -> crate::Shape {
        u64::shape()
    }

    fn decode(value: &Value, cx: &mut Decoder<'_>) -> Option<Self> {
        let Data::String(text) = &value.data else { return u64::decode(value, cx).map(Self::Count) };
        let percent = text.strip_suffix('%').and_then(|number| number.parse().ok()).filter(|percent| *percent <= 100);
        if percent.is_none() {
            let problem = Diagnostic::error(format!("`{text}` is no limit")).at(value.span, "");
            cx.problem(problem.help("write a whole number, or a percentage of the resources there are: \"20%\""));
        }
        percent.map(Self::Percent)
    }
}

crate::spec! {
    /// Rules of the organization's own.
    pub(super) struct RulesTable {
        /// The folder of their files.
        path: Option<Plain>,
    }
}

/// A string without references, and its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Plain {
    pub(crate) text: String,
    pub(crate) span: Span,
}

impl Decode for Plain {
    fn shape() -> crate::Shape {
        String::shape()
    }

    fn decode(value: &Value, cx: &mut Decoder<'_>) -> Option<Self> {
        String::decode(value, cx).map(|text| Self { text, span: value.span })
    }
}

impl Loader {
    pub(super) fn settings(&mut self, table: Table) {
        for entry in &table {
            match entry.key.as_str() {
                "project" => self.project_table(entry),
                "state" => self.state_table(entry),
                "limits" => {
                    let limits = self.decode(|cx| LimitsTable::decode(&entry.value, cx));
                    self.project.settings.deletions = limits.and_then(|limits| limits.deletions);
                }
                "lints" => self.lints_table(entry),
                "rules" => {
                    let rules = self.decode(|cx| RulesTable::decode(&entry.value, cx));
                    self.project.settings.rules = rules.and_then(|rules| rules.path).map(|path| path.text);
                }
                _ => self.foreign_table(entry),
            }
        }
        if table.get("project").is_none() {
            let diagnostic = Diagnostic::error("`[project]` is missing").in_file(super::SETTINGS_FILE);
            self.problems.push(diagnostic.help("add: [project] name = \"…\""));
        }
    }

    fn foreign_table(&mut self, entry: &Entry) {
        let summary = format!("`{}` does not belong in {}", entry.key, super::SETTINGS_FILE);
        let near = crate::suggest::nearest(&entry.key, TABLES);
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => {
                "this file holds [project], [state], [limits], [lints] and [rules]; everything else is in other files"
                    .to_owned()
            }
        };
        self.problems.push(Diagnostic::error(summary).at(entry.key_span, "").help(help));
    }

    /// Which lints there are, others know: here are only words.
    fn lints_table(&mut self, entry: &Entry) {
        let Data::Table(table) = &entry.value.data else {
            self.decode(|cx| cx.mismatch(&entry.value, "a table of guardrails and their levels"));
            return;
        };
        for entry in table {
            if let Some(level) = self.decode(|cx| Level::decode(&entry.value, cx)) {
                let lint = LintLevel { lint: entry.key.clone(), level, span: entry.key_span };
                self.project.settings.lints.push(lint);
            }
        }
    }

    fn project_table(&mut self, entry: &Entry) {
        let (table, noted) = self.decode_noting(None, |cx| {
            let table = ProjectTable::decode(&entry.value, cx);
            check_tag_keys(&entry.value, cx);
            table
        });
        for noted in noted {
            if let Mention::Output { .. } = noted.located.mention.as_ref() {
                let diagnostic = Diagnostic::error("a resource can't be mentioned for the whole project");
                let help = "write the value, or `${account.id}`, `${account.name}`, `${region}`";
                self.problems.push(diagnostic.at(noted.located.span, "").help(help));
            }
        }
        let Some(ProjectTable { name, region, access_role, tags }) = table else { return };
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        if name.text.is_empty() || name.text.len() > NAME_MAX || !name.text.chars().all(plain) {
            let diagnostic = Diagnostic::error("this can't be a project's name").at(name.span, "");
            let help = format!("use letters, digits, `_`, `-` and `.`, at most {NAME_MAX} of them");
            self.problems.push(diagnostic.help(help));
        }
        let region = region.and_then(|region| self.region(&region));
        let default = Settings::default();
        let Settings { region: _, access_role: default_role, deletions: _, state: _, lints: _, rules: _ } = default;
        self.project.name = name.text;
        self.project.settings.region = region;
        self.project.settings.access_role = access_role.map_or(default_role, |role| role.text);
        self.project.tags = Arc::new(tags);
    }

    fn state_table(&mut self, entry: &Entry) {
        let Some(table) = self.decode(|cx| StateTable::decode(&entry.value, cx)) else { return };
        let StateTable { backend, path, bucket, prefix, region, kms_key } = table;
        let of_s3 = [("bucket", &bucket), ("prefix", &prefix), ("region", &region), ("kms_key", &kms_key)];
        let s3 = match backend.as_ref().map_or("local", |backend| &*backend.text) {
            "local" => {
                for (name, value) in of_s3 {
                    let Some(value) = value else { continue };
                    let diagnostic = Diagnostic::error(format!("`{name}` belongs to the backend `s3`"));
                    self.problems.push(diagnostic.at(value.span, "").help("add: backend = \"s3\""));
                }
                None
            }
            "s3" => self.state_bucket(entry, bucket, prefix, region, kms_key),
            other => {
                let diagnostic = Diagnostic::error(format!("there is no state backend `{other}`"));
                let span = backend.as_ref().map_or(entry.key_span, |backend| backend.span);
                self.problems.push(diagnostic.at(span, "").help("there are `local` and `s3`"));
                None
            }
        };
        let path = path.map_or_else(|| StateSettings::default().path, |path| path.text);
        self.project.settings.state = StateSettings { path, s3 };
    }

    fn state_bucket(
        &mut self,
        entry: &Entry,
        bucket: Option<Plain>,
        prefix: Option<Plain>,
        region: Option<Plain>,
        kms_key: Option<Plain>,
    ) -> Option<StateBucket> {
        let region = region.and_then(|region| self.region(&region));
        let Some(bucket) = bucket else {
            let diagnostic = Diagnostic::error("the backend `s3` needs a bucket").at(entry.key_span, "");
            self.problems
                .push(diagnostic.help("add: bucket = \"…\", a versioned and private one that is not in these specs"));
            return None;
        };
        // https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
        let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
        if !(3..=63).contains(&bucket.text.len()) || !bucket.text.chars().all(letter) {
            let diagnostic = Diagnostic::error(format!("`{}` is no bucket's name", bucket.text)).at(bucket.span, "");
            self.problems.push(diagnostic.help("3 to 63 lower-case letters, digits, `-` and `.`"));
        }
        Some(StateBucket {
            bucket: bucket.text,
            prefix: prefix.map(|prefix| prefix.text.trim_matches('/').to_owned()).unwrap_or_default(),
            region,
            kms_key: kms_key.map(|key| key.text),
        })
    }

    /// A region that is at least of the form of one, and the same string for all who name it.
    pub(super) fn region(&mut self, region: &Plain) -> Option<Arc<str>> {
        if is_region(&region.text) {
            return Some(self.intern(&region.text));
        }
        let diagnostic = Diagnostic::error(format!("`{}` is no region", region.text)).at(region.span, "");
        self.problems.push(diagnostic.help("a region looks like `eu-west-1`"));
        None
    }
}

/// `eu-west-1`, `us-gov-east-1`: at least two words and a number. Which there are, AWS says.
fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let word = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    match parts.as_slice() {
        [words @ .., number] if words.len() >= 2 => {
            words.iter().all(word) && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        }
        _ => false,
    }
}

/// Refuses tags that are not a person's to write.
pub(super) fn check_tag_keys(value: &Value, cx: &mut Decoder<'_>) {
    let Data::Table(table) = &value.data else { return };
    let Some(Value { data: Data::Table(tags), .. }) = table.get("tags") else { return };
    for entry in tags {
        let lower = entry.key.to_ascii_lowercase();
        // AWS reserves its prefix in any case: https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
        let owner = match lower.as_str() {
            key if key.starts_with("aws:") => "AWS",
            key if key.starts_with("trueup:") => "trueup",
            _ => continue,
        };
        let summary = format!("the tag `{}` is {owner}'s own", entry.key);
        cx.problem(Diagnostic::error(summary).at(entry.key_span, "").help("choose another key"));
    }
}
