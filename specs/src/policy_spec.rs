//! Policies as specs write them: statements in lower-case words, or a JSON file.

use std::sync::Arc;

use crate::decode::{Decode, Decoder, Fields, OneOrMany};
use crate::diagnostic::Diagnostic;
use crate::policy_file::PolicyFile;
use crate::shape::{FieldShape, Shape, TableShape};
use crate::span::{FileId, Span};
use crate::text::{Located, Mention, Text};
use crate::value::{Data, Entry, Value};

/// A policy of a spec, still with its references.
#[derive(Debug, Clone, PartialEq)]
pub struct PolicySpec {
    pub(crate) span: Span,
    pub(crate) source: PolicySource,
    pub(crate) form: Form,
}

/// How a spec writes a policy: what another statement has to look like to stand beside the ones that are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// Statements with headers of their own: `[[bucket.x.policy]]`.
    Tables,
    /// Statements in brackets behind the key: `policy = [{ … }]`.
    List,
    /// A JSON file.
    File(FileId),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum PolicySource {
    Statements(Vec<StatementSpec>),
    File(Arc<PolicyFile>),
}

/// One statement: its elements under AWS's names.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StatementSpec {
    pub(crate) span: Span,
    pub(crate) elements: Vec<Element>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Element {
    pub(crate) name: &'static str,
    pub(crate) span: Span,
    pub(crate) value: ElementValue,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ElementValue {
    /// A word that is not the person's.
    Word(&'static str),
    One(Text),
    Many(Vec<Text>),
    Principal(Vec<PrincipalEntry>),
    Condition(Vec<ConditionOperator>),
}

/// The members of one sort of principal.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PrincipalEntry {
    pub(crate) sort: PrincipalSort,
    pub(crate) span: Span,
    pub(crate) members: Vec<Text>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PrincipalSort {
    Aws,
    Service,
    Federated,
    CanonicalUser,
    /// An account of the project, or its id: becomes the ARN of its root.
    Account,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ConditionOperator {
    pub(crate) operator: String,
    pub(crate) span: Span,
    pub(crate) keys: Vec<ConditionKey>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ConditionKey {
    pub(crate) key: String,
    pub(crate) span: Span,
    pub(crate) values: Vec<Text>,
}

/// The keys of a statement with what `explain` says of them.
pub(crate) const STATEMENT_KEYS: [(&str, &str); 12] = [
    ("sid", "A name of the statement, unique in its policy."),
    ("enabled", "Whether the statement is there at all. Default: true."),
    ("allow", "Actions it allows: stands for effect and action together."),
    ("deny", "Actions it denies: stands for effect and action together."),
    ("effect", "\"Allow\" or \"Deny\"."),
    ("action", "Actions it is about."),
    ("not_action", "It is about all actions but these."),
    ("resource", "Resources it is about."),
    ("not_resource", "It is about all resources but these."),
    ("principal", "Who it is about: \"*\", or a table with aws, service, federated, canonical_user, account."),
    ("not_principal", "It is about everyone but these."),
    ("condition", "When it holds: operator, key, values."),
];

const PRINCIPAL_KEYS: [(&str, PrincipalSort); 5] = [
    ("aws", PrincipalSort::Aws),
    ("service", PrincipalSort::Service),
    ("federated", PrincipalSort::Federated),
    ("canonical_user", PrincipalSort::CanonicalUser),
    ("account", PrincipalSort::Account),
];

/// The shape of a statement, for the reference and the JSON Schema.
pub(crate) fn statement_shape() -> TableShape {
    let many = || Shape::OneOrMany(Box::new(Shape::Text));
    let shape = |key: &str| match key {
        "sid" => Shape::Text,
        "enabled" => Shape::Boolean,
        "effect" => Shape::Words(&[("Allow", "It allows."), ("Deny", "It denies, whatever else allows.")]),
        "condition" => Shape::Map(Box::new(Shape::Map(Box::new(many())))),
        "principal" | "not_principal" => Shape::Map(Box::new(many())),
        _ => many(),
    };
    let field = |key: &(&'static str, &'static str)| FieldShape {
        name: key.0,
        doc: key.1,
        required: false,
        shape: shape(key.0),
    };
    TableShape { doc: "One statement of a policy.", fields: STATEMENT_KEYS.iter().map(field).collect() }
}

impl PolicySpec {
    /// The place: that of the first statement's header, or of the table that names the file.
    #[must_use]
    pub fn span(&self) -> Span {
        self.span
    }
}

impl Decode for PolicySpec {
    fn shape() -> Shape {
        Shape::Policy
    }

    fn decode(value: &Value, cx: &mut Decoder<'_>) -> Option<Self> {
        match &value.data {
            Data::Array(statements) => {
                let decoded: Vec<Option<Option<StatementSpec>>> =
                    statements.iter().map(|statement| decode_statement(statement, cx)).collect();
                let statements: Option<Vec<Option<StatementSpec>>> = decoded.into_iter().collect();
                let source = PolicySource::Statements(statements?.into_iter().flatten().collect());
                let has_headers = cx.files().sources().slice(value.span).starts_with("[[");
                let form = if has_headers { Form::Tables } else { Form::List };
                Some(Self { span: value.span, source, form })
            }
            Data::Table(table) if table.get("file").is_some() => {
                let fields = cx.fields(value, &["file"])?;
                let path: String = fields.get("file", cx)?;
                let span = fields.entry("file").map_or(value.span, |entry| entry.value.span);
                let file = PolicyFile::load(&path, span, cx)?;
                let form = Form::File(file.file);
                Some(Self { span: value.span, source: PolicySource::File(file), form })
            }
            Data::Table(_) => {
                let summary = "expected a list of statements, or { file = \"…\" }";
                let help = "statements are a list of tables, so the header has double brackets: [[…policy]]";
                cx.problem(Diagnostic::error(summary).at(value.span, "this is a table").help(help));
                None
            }
            _ => {
                cx.mismatch(value, "a list of statements, or { file = \"…\" }");
                None
            }
        }
    }
}

/// `Some(None)` is a statement that is switched off.
fn decode_statement(value: &Value, cx: &mut Decoder<'_>) -> Option<Option<StatementSpec>> {
    let fields = cx.fields(value, &STATEMENT_KEYS.map(|(key, _)| key))?;
    let before = cx.noted_len();
    let enabled = fields.get::<Option<bool>>("enabled", cx)?.unwrap_or(true);
    let mut statement = Statement { fields: &fields, elements: Vec::new(), complete: true };
    statement.read(cx);
    let Statement { elements, complete, .. } = statement;
    if !enabled {
        cx.forget_noted(before);
        return Some(None);
    }
    let mut elements = elements;
    elements.shrink_to_fit();
    complete.then_some(Some(StatementSpec { span: value.span, elements }))
}

struct Statement<'f, 'v> {
    fields: &'f Fields<'v>,
    elements: Vec<Element>,
    complete: bool,
}

impl Statement<'_, '_> {
    fn read(&mut self, cx: &mut Decoder<'_>) {
        self.add("sid", "Sid", cx, |value, cx| Text::decode(value, cx).map(ElementValue::One));
        self.effect_and_action(cx);
        self.add("not_action", "NotAction", cx, texts);
        self.add("resource", "Resource", cx, texts);
        self.add("not_resource", "NotResource", cx, texts);
        self.add("principal", "Principal", cx, principal);
        self.add("not_principal", "NotPrincipal", cx, principal);
        self.add("condition", "Condition", cx, condition);
    }

    fn add(
        &mut self,
        key: &str,
        name: &'static str,
        cx: &mut Decoder<'_>,
        decode: impl FnOnce(&Value, &mut Decoder<'_>) -> Option<ElementValue>,
    ) {
        let Some(entry) = self.fields.entry(key) else { return };
        match cx.in_list(false, |cx| decode(&entry.value, cx)) {
            Some(value) => self.elements.push(Element { name, span: entry.value.span, value }),
            None => self.complete = false,
        }
    }

    /// `allow` and `deny` stand for `effect` and `action`: exactly one way to say it may be used.
    fn effect_and_action(&mut self, cx: &mut Decoder<'_>) {
        let given: Vec<&Entry> = ["allow", "deny", "effect"].iter().filter_map(|key| self.fields.entry(key)).collect();
        match given.as_slice() {
            [] => {
                let diagnostic = Diagnostic::error("the statement has no effect").at(self.fields.span(), "");
                cx.problem(diagnostic.help("add `allow = […]` or `deny = […]` with the actions"));
                self.complete = false;
            }
            [one] => self.single_effect(one, cx),
            [first, second, ..] => {
                let summary = format!("a statement has `{}` or `{}`, not both", first.key, second.key);
                let diagnostic =
                    Diagnostic::error(summary).at(second.key_span, "").also(first.key_span, "already here");
                cx.problem(diagnostic.help("write two statements"));
                self.complete = false;
            }
        }
    }

    fn single_effect(&mut self, entry: &Entry, cx: &mut Decoder<'_>) {
        let (effect, shorthand) = match entry.key.as_str() {
            "allow" => (Some("Allow"), true),
            "deny" => (Some("Deny"), true),
            _ => (cx.word(&entry.value, &["Allow", "Deny"]), false),
        };
        let Some(effect) = effect else {
            self.complete = false;
            return;
        };
        let span = if shorthand { entry.key_span } else { entry.value.span };
        self.elements.push(Element { name: "Effect", span, value: ElementValue::Word(effect) });
        if !shorthand {
            self.add("action", "Action", cx, texts);
            return;
        }
        if let Some(other) = self.fields.entry("action").or(self.fields.entry("not_action")) {
            let summary = format!("a statement has `{}` or `{}`, not both", entry.key, other.key);
            let diagnostic = Diagnostic::error(summary).at(other.key_span, "").also(entry.key_span, "already here");
            let help = format!("`{}` holds actions; with `{}` write `effect = \"{effect}\"`", entry.key, other.key);
            cx.problem(diagnostic.help(help));
            self.complete = false;
        }
        self.add(&entry.key, "Action", cx, texts);
    }
}

fn texts(value: &Value, cx: &mut Decoder<'_>) -> Option<ElementValue> {
    OneOrMany::<Text>::decode(value, cx).map(|many| ElementValue::Many(many.0))
}

fn principal(value: &Value, cx: &mut Decoder<'_>) -> Option<ElementValue> {
    const HELP: &str =
        "write `principal = { aws = \"…\" }`; the keys are aws, service, federated, canonical_user, account";
    match &value.data {
        Data::String(text) if text == "*" => Some(ElementValue::One(Text::plain(text, value.span))),
        Data::Table(table) => {
            let known = PRINCIPAL_KEYS.map(|(key, _)| key);
            let fields = cx.fields(value, &known)?;
            let mut entries = Vec::new();
            let mut complete = true;
            for entry in table {
                let Some((_, sort)) = PRINCIPAL_KEYS.iter().find(|(key, _)| *key == entry.key) else {
                    complete = false;
                    continue;
                };
                let members = match sort {
                    PrincipalSort::Account => fields.get::<OneOrMany<Account>>(&entry.key, cx).map(accounts),
                    _ => fields.get::<OneOrMany<Text>>(&entry.key, cx).map(|many| many.0),
                };
                match members {
                    Some(members) => entries.push(PrincipalEntry { sort: *sort, span: entry.value.span, members }),
                    None => complete = false,
                }
            }
            complete.then_some(ElementValue::Principal(entries))
        }
        _ => {
            let diagnostic = Diagnostic::error("expected \"*\" or a table of principals");
            cx.problem(diagnostic.at(value.span, format!("this is {}", value.sort())).help(HELP));
            None
        }
    }
}

/// An account by its name in the project, by a group of them, or by its id.
struct Account(Text);

fn accounts(OneOrMany(accounts): OneOrMany<Account>) -> Vec<Text> {
    accounts.into_iter().map(|account| account.0).collect()
}

impl Decode for Account {
    fn shape() -> Shape {
        Shape::Text
    }

    fn decode(value: &Value, cx: &mut Decoder<'_>) -> Option<Self> {
        let Data::String(text) = &value.data else {
            cx.mismatch(value, "an account's name, a group, or an account id");
            return None;
        };
        if is_account_id(text) || text.contains("${") {
            return Text::decode(value, cx).map(Self);
        }
        let mention = Arc::new(Mention::AccountId(Some(Arc::from(text.as_str()))));
        let mention = cx.files().shared_mention(mention);
        let located = Located { span: value.span, mention };
        cx.note(located.clone(), false);
        Some(Self(Text::reference(located, value.span)))
    }
}

/// Twelve digits.
///
/// Source: <https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-identifiers.html>
pub(crate) fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn condition(value: &Value, cx: &mut Decoder<'_>) -> Option<ElementValue> {
    let Data::Table(operators) = &value.data else {
        cx.mismatch(value, "a table of condition operators");
        return None;
    };
    let decoded: Vec<Option<ConditionOperator>> = operators.iter().map(|entry| condition_operator(entry, cx)).collect();
    decoded.into_iter().collect::<Option<Vec<_>>>().map(ElementValue::Condition)
}

fn condition_operator(entry: &Entry, cx: &mut Decoder<'_>) -> Option<ConditionOperator> {
    let Data::Table(keys) = &entry.value.data else {
        let help = format!("write `condition = {{ {} = {{ \"aws:PrincipalOrgID\" = \"…\" }} }}`", entry.key);
        let diagnostic = Diagnostic::error("expected a table of condition keys");
        cx.problem(diagnostic.at(entry.value.span, format!("this is {}", entry.value.sort())).help(help));
        return None;
    };
    let decoded: Vec<Option<ConditionKey>> = keys
        .iter()
        .map(|key| {
            let OneOrMany(values) = OneOrMany::<Scalar>::decode(&key.value, cx)?;
            let values = values.into_iter().map(|scalar| scalar.0).collect();
            Some(ConditionKey { key: key.key.clone(), span: key.value.span, values })
        })
        .collect();
    let keys = decoded.into_iter().collect::<Option<Vec<_>>>()?;
    Some(ConditionOperator { operator: entry.key.clone(), span: entry.key_span, keys })
}

/// A condition's value: IAM compares strings, and takes numbers and booleans for theirs.
struct Scalar(Text);

impl Decode for Scalar {
    fn shape() -> Shape {
        Shape::Text
    }

    fn decode(value: &Value, cx: &mut Decoder<'_>) -> Option<Self> {
        let plain = match &value.data {
            Data::String(_) => return Text::decode(value, cx).map(Self),
            Data::Integer(integer) => integer.to_string(),
            Data::Float(float) => float.to_string(),
            Data::Boolean(boolean) => boolean.to_string(),
            Data::Datetime(datetime) => datetime.clone(),
            Data::Array(_) | Data::Table(_) | Data::Unreadable => {
                cx.mismatch(value, "a string, a number or a boolean");
                return None;
            }
        };
        Some(Self(Text::plain(&plain, value.span)))
    }
}
