//! `[[access]]`: what shall be possible, or impossible, as specs write it.

use std::sync::Arc;

use indexmap::IndexMap;

use crate::decode::{Decode, Decoder, Fields, OneOrMany};
use crate::diagnostic::Diagnostic;
use crate::kind::{AnySpec, KindSchema, KindScope};
use crate::policy::catalogue;
use crate::policy_spec::is_account_id;
use crate::project::Scope;
use crate::shape::{FieldShape, Shape, TableShape};
use crate::span::Span;
use crate::text::{Located, Mention, Name, Text};
use crate::value::{Data, Value};

/// What `[[access]]` is to readers and editors. It is no resource: nothing is made of it.
pub static ACCESS: KindSchema = KindSchema {
    name: "access",
    summary: "What someone can do, or can't: proved from all policies before anything is applied.",
    scope: KindScope::Organization,
    stateful: false,
    taggable: false,
    attributes: &[],
    shape: access_shape,
    decode: no_resource,
};

/// One `[[access]]`, still with its references.
#[derive(Debug, Clone, PartialEq)]
pub struct AccessSpec {
    /// The place of its principal.
    pub span: Span,
    /// Why it must be so, in the words of who wrote it.
    pub why: Option<String>,
    /// Whether it says what is impossible.
    pub is_denied: bool,
    pub(crate) principal: AccessPrincipal,
    pub(crate) steps: Vec<AccessStep>,
    /// Condition keys of every step.
    pub(crate) context: AccessContext,
    pub(crate) scope: Scope,
}

/// Condition keys and their values.
pub(crate) type AccessContext = IndexMap<String, Vec<Text>>;

/// Who an assertion is about.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum AccessPrincipal {
    /// A role or a user, by its address or ARN; or a role's session, by its ARN.
    Identity(Text),
    /// An AWS service.
    Service(Text),
    /// Someone an identity provider vouches for.
    Federated(Text),
    /// An account as such, by its id.
    Account(Text),
    /// Everyone, with credentials or without.
    Everyone,
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum AccessStep {
    /// Who has come so far does this.
    Do { actions: Vec<Text>, on: Vec<Text>, context: AccessContext, span: Span },
    /// It takes this role, and goes on as it.
    Assume { role: Text, context: AccessContext, span: Span },
    /// It hands this role to a service, and the service goes on as it.
    Pass { role: Text, to: Text, context: AccessContext, span: Span },
}

const KEYS: [(&str, &str); 7] = [
    (
        "principal",
        "Who: a role or user by address or ARN, a role's session by ARN, or a table with `service`, `federated` or `account`; \"*\" is everyone.",
    ),
    ("can", "What it can do: actions, or the steps of a path, one after the other."),
    ("cannot", "What it can't do: actions."),
    (
        "on",
        "On what: an address, an ARN, or one with `*`, which means all of them. Default: \"*\", all that the actions are on.",
    ),
    ("context", "Condition keys the requests have, each with a value or several."),
    ("why", "Why it must be so; shown when it is not."),
    ("enabled", "Whether it is there at all. Default: true."),
];

const STEP_KEYS: [(&str, &str); 6] = [
    ("assume", "Take this role; the steps after it are the role's."),
    ("pass", "Hand this role to the service of `to`; the steps after it are the role's."),
    ("to", "The service a role is handed to, such as \"cloudformation.amazonaws.com\"."),
    ("do", "Do these actions, on what `on` says."),
    ("on", "On what the actions of `do` are. Default: the assertion's own."),
    ("context", "More condition keys of this step."),
];

fn no_resource(_: &Value, _: &mut Decoder<'_>) -> Option<AnySpec> {
    None
}

fn context_shape() -> Shape {
    Shape::Map(Box::new(Shape::OneOrMany(Box::new(Shape::Text))))
}

fn many_texts() -> Shape {
    Shape::OneOrMany(Box::new(Shape::Text))
}

/// The shape of a step, for the reference and the JSON Schema.
pub(crate) fn step_shape() -> TableShape {
    let field = |(name, doc): (&'static str, &'static str)| {
        let shape = match name {
            "assume" | "pass" | "to" => Shape::Text,
            "context" => context_shape(),
            _ => many_texts(),
        };
        FieldShape { name, doc, required: false, shape }
    };
    TableShape { doc: "One step of a path.", fields: STEP_KEYS.into_iter().map(field).collect() }
}

/// The shape of `[[access]]`.
pub(crate) fn access_shape() -> TableShape {
    let field = |(name, doc): (&'static str, &'static str)| {
        let shape = match name {
            "enabled" => Shape::Boolean,
            "principal" | "why" => Shape::Text,
            "can" => Shape::List(Box::new(Shape::Table(step_shape()))),
            "context" => context_shape(),
            _ => many_texts(),
        };
        FieldShape { name, doc, required: name == "principal", shape }
    };
    TableShape {
        doc: "One assertion: of this principal, whether it can do this. It is an error if it isn't so.",
        fields: KEYS.into_iter().map(field).collect(),
    }
}

/// Reads one `[[access]]`; `None` after a problem, `Some(None)` if it is switched off.
pub(crate) fn decode(value: &Value, scope: &Scope, cx: &mut Decoder<'_>) -> Option<Option<AccessSpec>> {
    let fields = cx.fields(value, &KEYS.map(|(key, _)| key))?;
    let before = cx.noted_len();
    let enabled = fields.get::<Option<bool>>("enabled", cx)?.unwrap_or(true);
    let principal = match fields.entry("principal") {
        Some(entry) => principal(&entry.value, cx).map(|who| (who, entry.value.span)),
        None => {
            let help = "add `principal`: a role's address or ARN, or { service = \"…\" }";
            cx.problem(Diagnostic::error("`principal` is missing").at(value.span, "in this [[access]]").help(help));
            None
        }
    };
    let why = fields.get::<Option<String>>("why", cx);
    let context = context(&fields, cx);
    let on = things(&fields, cx);
    let on = on.map(|on| on.unwrap_or_else(|| vec![Text::plain("*", value.span)]));
    let (steps, is_denied) = claims(&fields, value.span, on.as_deref().unwrap_or(&[]), cx)?;
    if !enabled {
        cx.forget_noted(before);
        return Some(None);
    }
    let (principal, span) = principal?;
    let scope = scope.clone();
    on?;
    Some(Some(AccessSpec { span, why: why?, is_denied, principal, steps, context: context?, scope }))
}

/// What is claimed, and whether it is that it can't be.
fn claims(fields: &Fields<'_>, span: Span, on: &[Text], cx: &mut Decoder<'_>) -> Option<(Vec<AccessStep>, bool)> {
    match (fields.entry("can"), fields.entry("cannot")) {
        (Some(can), None) => {
            let items = match &can.value.data {
                Data::Array(items) => items.as_slice(),
                _ => std::slice::from_ref(&can.value),
            };
            if items.is_empty() {
                nothing_is_claimed(can.value.span, cx);
            }
            let steps: Vec<Option<AccessStep>> =
                cx.in_list(true, |cx| items.iter().map(|item| step(item, on, cx)).collect());
            steps.into_iter().collect::<Option<Vec<_>>>().map(|steps| (merged(steps), false))
        }
        (None, Some(cannot)) => {
            let OneOrMany(actions) = OneOrMany::<Action>::decode(&cannot.value, cx)?;
            if actions.is_empty() {
                nothing_is_claimed(cannot.value.span, cx);
            }
            let actions = actions.into_iter().map(|action| action.0).collect();
            let span = cannot.value.span;
            let step = AccessStep::Do { actions, on: on.to_vec(), context: AccessContext::new(), span };
            Some((vec![step], true))
        }
        (Some(can), Some(cannot)) => {
            let diagnostic = Diagnostic::error("an [[access]] has `can` or `cannot`, not both");
            let diagnostic = diagnostic.at(cannot.key_span, "").also(can.key_span, "already here");
            cx.problem(diagnostic.help("write two of them"));
            None
        }
        (None, None) => {
            let diagnostic = Diagnostic::error("an [[access]] needs `can` or `cannot`").at(span, "");
            cx.problem(diagnostic.help("add the actions: can = [\"s3:GetObject\"]"));
            None
        }
    }
}

fn nothing_is_claimed(span: Span, cx: &mut Decoder<'_>) {
    let diagnostic = Diagnostic::error("nothing is claimed here").at(span, "an empty list");
    cx.problem(diagnostic.help("name at least one action"));
}

/// Actions that follow one another are one step.
fn merged(steps: Vec<AccessStep>) -> Vec<AccessStep> {
    let mut merged: Vec<AccessStep> = Vec::new();
    for step in steps {
        match (merged.last_mut(), step) {
            (
                Some(AccessStep::Do { actions, on, context, .. }),
                AccessStep::Do { actions: more, on: also_on, context: also, .. },
            ) if *on == also_on && *context == also => actions.extend(more),
            (_, step) => merged.push(step),
        }
    }
    merged
}

fn step(value: &Value, on: &[Text], cx: &mut Decoder<'_>) -> Option<AccessStep> {
    let span = value.span;
    if !matches!(value.data, Data::Table(_)) {
        let Action(action) = Action::decode(value, cx)?;
        return Some(AccessStep::Do { actions: vec![action], on: on.to_vec(), context: AccessContext::new(), span });
    }
    let fields = cx.fields(value, &STEP_KEYS.map(|(key, _)| key))?;
    let context = context(&fields, cx);
    let own_on = things(&fields, cx);
    let entries = ["assume", "pass", "do"].map(|key| fields.entry(key));
    match entries {
        [Some(assume), None, None] => {
            let role = in_one(|cx| thing(&assume.value, cx), cx)?;
            Some(AccessStep::Assume { role, context: context?, span: assume.value.span })
        }
        [None, Some(pass), None] => {
            let role = in_one(|cx| thing(&pass.value, cx), cx);
            let to = fields.get::<Option<Text>>("to", cx)?;
            if to.is_none() {
                let diagnostic = Diagnostic::error("`to` is missing").at(span, "to which service is the role handed?");
                cx.problem(diagnostic.help("add `to`: \"cloudformation.amazonaws.com\", for instance"));
            }
            Some(AccessStep::Pass { role: role?, to: to?, context: context?, span: pass.value.span })
        }
        [None, None, Some(what)] => {
            let OneOrMany(actions) = OneOrMany::<Action>::decode(&what.value, cx)?;
            let actions = actions.into_iter().map(|action| action.0).collect();
            let on = own_on?.unwrap_or_else(|| on.to_vec());
            Some(AccessStep::Do { actions, on, context: context?, span: what.value.span })
        }
        _ => {
            let diagnostic = Diagnostic::error("a step is one of `assume`, `pass` and `do`").at(span, "");
            cx.problem(
                diagnostic.help("write one step after the other: [{ assume = \"…\" }, { do = \"…\", on = \"…\" }]"),
            );
            None
        }
    }
}

/// Decodes where a group is impossible: a step is taken by one.
fn in_one<T>(decode: impl FnOnce(&mut Decoder<'_>) -> T, cx: &mut Decoder<'_>) -> T {
    cx.in_list(false, decode)
}

fn principal(value: &Value, cx: &mut Decoder<'_>) -> Option<AccessPrincipal> {
    const HELP: &str = "write a role's or user's address or ARN, { service = \"…\" }, { federated = \"…\" }, \
                        { account = \"…\" }, or \"*\" for everyone";
    match &value.data {
        Data::String(text) if text == "*" => Some(AccessPrincipal::Everyone),
        Data::String(_) => cx.in_list(true, |cx| thing(value, cx)).map(AccessPrincipal::Identity),
        Data::Table(table) => {
            let fields = cx.fields(value, &["service", "federated", "account"])?;
            let mut entries = table.iter();
            let (Some(entry), None) = (entries.next(), entries.next()) else {
                cx.problem(Diagnostic::error("a principal is one of these").at(value.span, "").help(HELP));
                return None;
            };
            match entry.key.as_str() {
                "service" => fields.get::<Text>("service", cx).map(AccessPrincipal::Service),
                "federated" => cx.in_list(true, |cx| thing(&entry.value, cx)).map(AccessPrincipal::Federated),
                "account" => cx.in_list(true, |cx| account(&entry.value, cx)).map(AccessPrincipal::Account),
                _ => None,
            }
        }
        _ => {
            let diagnostic = Diagnostic::error("expected a principal");
            cx.problem(diagnostic.at(value.span, format!("this is {}", value.sort())).help(HELP));
            None
        }
    }
}

/// An account by its name in the project, by a group of them, or by its id: as its id.
fn account(value: &Value, cx: &mut Decoder<'_>) -> Option<Text> {
    let Data::String(text) = &value.data else {
        cx.mismatch(value, "an account's name, a group, or an account id");
        return None;
    };
    if is_account_id(text) || text.contains("${") {
        return Text::decode(value, cx);
    }
    let mention = Arc::new(Mention::AccountId(Some(Arc::from(text.as_str()))));
    let mention = cx.files().shared_mention(mention);
    let located = Located { span: value.span, mention };
    cx.note(located.clone(), false);
    Some(Text::reference(located, value.span))
}

/// A thing by its address, which then stands for its ARN, or by its ARN.
fn thing(value: &Value, cx: &mut Decoder<'_>) -> Option<Text> {
    let Data::String(text) = &value.data else {
        cx.mismatch(value, "an address or an ARN");
        return None;
    };
    if text == "*" || text.starts_with("arn:") || text.contains("${") {
        return Text::decode(value, cx);
    }
    let Some(resource) = Name::parse(text) else {
        let diagnostic = Diagnostic::error("expected an address or an ARN").at(value.span, "this is neither");
        cx.problem(diagnostic.help("write account/kind.name, as in \"tooling/key.artifacts\""));
        return None;
    };
    let mention = Mention::Output { resource, attribute: Arc::from("arn") };
    let mention = cx.files().shared_mention(Arc::new(mention));
    let located = Located { span: value.span, mention };
    cx.note(located.clone(), false);
    Some(Text::reference(located, value.span))
}

/// What `on` names; `Some(None)` where it says nothing.
fn things(fields: &Fields<'_>, cx: &mut Decoder<'_>) -> Option<Option<Vec<Text>>> {
    let Some(entry) = fields.entry("on") else { return Some(None) };
    let items = match &entry.value.data {
        Data::Array(items) => items.as_slice(),
        _ => std::slice::from_ref(&entry.value),
    };
    let decoded: Vec<Option<Text>> = cx.in_list(true, |cx| items.iter().map(|item| thing(item, cx)).collect());
    decoded.into_iter().collect::<Option<Vec<_>>>().map(Some)
}

fn context(fields: &Fields<'_>, cx: &mut Decoder<'_>) -> Option<AccessContext> {
    let Some(entry) = fields.entry("context") else { return Some(AccessContext::new()) };
    let Data::Table(keys) = &entry.value.data else {
        cx.mismatch(&entry.value, "a table of condition keys");
        return None;
    };
    let decoded: Vec<Option<(String, Vec<Text>)>> = keys
        .iter()
        .map(|entry| {
            let OneOrMany(values) = OneOrMany::<ContextValue>::decode(&entry.value, cx)?;
            Some((entry.key.clone(), values.into_iter().map(|value| value.0).collect()))
        })
        .collect();
    decoded.into_iter().collect()
}

/// A condition key's value; numbers and booleans stand for their text, as in conditions.
struct ContextValue(Text);

impl Decode for ContextValue {
    fn shape() -> Shape {
        Shape::Text
    }

    fn decode(value: &Value, cx: &mut Decoder<'_>) -> Option<Self> {
        let plain = match &value.data {
            Data::Integer(integer) => integer.to_string(),
            Data::Boolean(boolean) => boolean.to_string(),
            _ => return Text::decode(value, cx).map(Self),
        };
        Some(Self(Text::plain(&plain, value.span)))
    }
}

/// One action: `service:Name`, without wildcards.
struct Action(Text);

impl Decode for Action {
    fn shape() -> Shape {
        Shape::Text
    }

    fn decode(value: &Value, cx: &mut Decoder<'_>) -> Option<Self> {
        let text = Text::decode(value, cx)?;
        let Some(literal) = text.as_literal() else { return Some(Self(text)) };
        if let Some(diagnostic) = bad_action(literal) {
            cx.problem(diagnostic.at(value.span, ""));
            return None;
        }
        if let Some(why) = catalogue::why_unknown(literal) {
            let warning = Diagnostic::warning("no service has such an action").at(value.span, why);
            cx.problem(warning.help("nobody can do it whatever the policies say, which proves nothing"));
        }
        Some(Self(text))
    }
}

/// Why a text is no single action, if it isn't one.
#[must_use]
pub fn bad_action(text: &str) -> Option<Diagnostic> {
    let plain = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if text.contains(['*', '?']) {
        let diagnostic = Diagnostic::error(format!("`{text}` is more than one action"));
        return Some(diagnostic.help("name each action: what is proved is proved of one"));
    }
    let is_action = text.split_once(':').is_some_and(|(service, name)| plain(service) && plain(name));
    let help = "an action is the service's prefix and a name, as in \"s3:GetObject\"";
    (!is_action).then(|| Diagnostic::error(format!("`{text}` is no action")).help(help))
}
