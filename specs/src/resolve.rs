//! From a spec's own types to the strings AWS is sent, for one resource in one account.

mod access;
mod asserted;

use std::sync::Arc;

use crate::address::Address;
use crate::by_name::ByName;
use crate::diagnostic::{Diagnostic, Problems};
use crate::document::JsonSpec;
use crate::lookup::{Found, Lookup, Miss, Sighted, Standpoint};
use crate::naming::{Reference, Target};
use crate::pending;
use crate::policy::read::placed::{PlacedStatement, placed};
use crate::policy::{Document, Statement, Use};
use crate::policy_spec::{Form, PolicySpec};
use crate::policy_text::{self, Places, PolicyText};
use crate::project::{Instance, InstanceId, OutputSpec, OutputValue, Project};
use crate::span::Span;
use crate::text::{Located, Mention, Part, Text};

pub use access::{AssertedContext, AssertedDeed, AssertedPrincipal, AssertedStep, Assertion, assertions};
pub use asserted::{bad_account, bad_provider, bad_resource, bad_role, bad_service};

/// The attributes of resources, as far as they are known.
pub trait Outputs {
    /// An attribute; `None` where it is not known before apply.
    fn get(&self, instance: InstanceId, attribute: &str) -> Option<String>;
}

/// The region of services that have none.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/introduction.html>, "IAM endpoints": the control plane
/// of the partition `aws` is in us-east-1.
const REGION_OF_GLOBAL_SERVICES: &str = "us-east-1";

/// Resolves the texts of one resource.
pub struct Resolver<'a> {
    instance: &'a Instance,
    walk: Walk<'a>,
    /// The policies so far, if they are kept.
    written: Option<Vec<Written>>,
    /// The statements so far with their places, if they are noted.
    places: Option<Vec<(Statement, Span)>>,
}

/// A policy as its spec writes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// What it is used for.
    pub use_: Use,
    /// Its place.
    pub span: Span,
    /// How it is written.
    pub form: Form,
    /// What it says.
    pub document: Document,
    /// Whether it may be spread over several documents, so that the limit of one says nothing of it.
    pub is_packed: bool,
    /// Its statements, in the order they are written.
    pub statements: Vec<WrittenStatement>,
}

/// A statement as its spec writes it.
#[derive(Debug, Clone, PartialEq)]
pub struct WrittenStatement {
    /// In canonical form.
    pub statement: Statement,
    /// Its place.
    pub span: Span,
    /// The places of its elements, by AWS's names for them.
    elements: Vec<(String, Span)>,
}

impl WrittenStatement {
    /// The place of an element, by AWS's name for it or for its opposite (`NotAction`); that of the statement where it has none.
    #[must_use]
    pub fn element(&self, name: &str) -> Span {
        let is_it = |(element, _): &&(String, Span)| element == name || element.strip_prefix("Not") == Some(name);
        self.elements.iter().find(is_it).map_or(self.span, |(_, span)| *span)
    }
}

impl<'a> Resolver<'a> {
    /// Resolves for one resource of the project.
    ///
    /// # Panics
    /// If the number is not of this project: numbers are made by projects, so that would be a bug of the caller.
    #[must_use]
    pub fn new(project: &'a Project, id: InstanceId, outputs: &'a dyn Outputs, problems: &'a mut Problems) -> Self {
        let instance = project.instance(id).expect("an InstanceId is used with the project it comes from");
        let walk = Walk::new(project, Standpoint::of_instance(instance), outputs, problems);
        Self { instance, walk, written: None, places: None }
    }

    /// The same, and it keeps what it resolves of policies, with the places of all statements.
    #[must_use]
    pub fn keeping_policies(mut self) -> Self {
        self.written = Some(Vec::new());
        self
    }

    /// The policies it kept.
    #[must_use]
    pub fn into_policies(self) -> Vec<Written> {
        self.written.unwrap_or_default()
    }

    /// The same, but it notes where each statement of a policy stands: for what is told of single statements.
    #[must_use]
    pub fn noting_places(mut self) -> Self {
        self.places = Some(Vec::new());
        self
    }

    /// The statements of all policies so far with their places, if it notes them.
    #[must_use]
    pub fn into_places(self) -> Vec<(Statement, Span)> {
        self.places.unwrap_or_default()
    }

    /// The resource's address.
    #[must_use]
    pub fn address(&self) -> &'a Address {
        &self.instance.address
    }

    /// The project it is of.
    #[must_use]
    pub fn project(&self) -> &'a Project {
        self.walk.project
    }

    /// The resource's place in the specs, for problems.
    #[must_use]
    pub fn span(&self) -> Span {
        self.instance.block.span
    }

    /// The id of its account: twelve digits.
    #[must_use]
    pub fn account_id(&self) -> &'a str {
        self.walk.project.accounts.get(&self.instance.account).map_or("", |account| &account.id)
    }

    /// Its region, or that of its scope or project; us-east-1 where nobody names one.
    #[must_use]
    pub fn region(&self) -> &'a str {
        self.instance.block.region.as_deref().unwrap_or(REGION_OF_GLOBAL_SERVICES)
    }

    /// The partition of its region: the second member of its ARN.
    #[must_use]
    pub fn partition(&self) -> &'static str {
        partition(self.region())
    }

    /// A string. A group in it is a problem; what is not known yet is a [`pending`] token.
    pub fn text(&mut self, text: &Text) -> String {
        self.walk.text(text)
    }

    /// Strings; where a group is mentioned, one for each of its accounts, in their order.
    pub fn texts(&mut self, texts: &[Text]) -> Vec<String> {
        self.walk.texts(texts)
    }

    /// The attribute of a named thing, or its literal.
    pub fn reference<T: Target>(&mut self, reference: &Reference<T>) -> String {
        let text = self.walk.text(reference.text());
        self.check_literal::<T>(&text, reference.span());
        text
    }

    /// The same for a reference of another resource, as seen from there.
    pub fn reference_from<T: Target>(&mut self, of: InstanceId, reference: &Reference<T>) -> String {
        let project = self.walk.project;
        let Some(other) = project.instance(of) else { return unknown() };
        let own = std::mem::replace(&mut self.walk.lookup.from, Standpoint::of_instance(other));
        let text = self.walk.text(reference.text());
        self.walk.lookup.from = own;
        text
    }

    /// The attributes of named things; where a group is mentioned, one for each of its accounts.
    pub fn references<T: Target>(&mut self, references: &[Reference<T>]) -> Vec<String> {
        let mut all = Vec::with_capacity(references.len());
        for reference in references {
            let texts = self.walk.texts(std::slice::from_ref(reference.text()));
            texts.iter().for_each(|text| self.check_literal::<T>(text, reference.span()));
            all.extend(texts);
        }
        all
    }

    fn check_literal<T: Target>(&mut self, text: &str, span: Span) {
        if !pending::is_pending(text) && !T::is_literal(text) {
            let summary = format!("`{text}` is not {}", T::LITERAL);
            self.problem(Diagnostic::error(summary).at(span, ""));
        }
    }

    /// A policy, checked for its use; problems have the place of what is wrong in the spec or the file.
    pub fn policy(&mut self, spec: &PolicySpec, r#use: Use) -> Option<Document> {
        self.policy_as(spec, r#use, false)
    }

    /// The same for a policy that may be spread over several documents.
    pub fn packed_policy(&mut self, spec: &PolicySpec, r#use: Use) -> Option<Document> {
        self.policy_as(spec, r#use, true)
    }

    fn policy_as(&mut self, spec: &PolicySpec, r#use: Use, is_packed: bool) -> Option<Document> {
        let PolicyText { json, places } = {
            let partition = self.partition();
            policy_text::write(spec, &mut self.walk, partition)
        };
        match Document::parse(&json, r#use) {
            Ok(document) => {
                if let Some(kept) = &mut self.written {
                    kept.push(Written { is_packed, ..written(&json, &places, spec, r#use, document.clone()) });
                }
                if let Some(noted) = &mut self.places {
                    let placed = Document::placed(&json, r#use).into_iter();
                    noted.extend(placed.map(|(statement, at)| (statement, places.find(&at).unwrap_or(spec.span()))));
                }
                Some(document)
            }
            Err(errors) => {
                for error in errors {
                    let span = places.find(&error.at).unwrap_or(spec.span());
                    self.problem(Diagnostic::error(error.message).at(span, "").maybe_help(error.help));
                }
                None
            }
        }
    }

    /// A JSON document; `None` after a problem.
    pub fn json(&mut self, spec: &JsonSpec) -> Option<serde_json::Value> {
        match spec.resolve(&mut self.walk) {
            Ok(value) => Some(value),
            Err(why) => {
                self.problem(Diagnostic::error("the file is not JSON with its values in it").at(spec.span(), why));
                None
            }
        }
    }

    /// The tags of the resource: the project's, its own, and those by which trueup knows it again.
    pub fn tags(&mut self) -> ByName<String> {
        if !self.instance.block.kind.taggable {
            return ByName::new();
        }
        let written = &self.instance.block.tags;
        let written: Vec<_> = written.iter().map(|(key, value)| (key.clone(), self.walk.text(value))).collect();
        let own = [(TAG_PROJECT, self.walk.project.name.clone()), (TAG_ADDRESS, self.instance.address.to_string())];
        let protect = self.instance.block.protect.then(|| (TAG_PROTECT, "true".to_owned()));
        let own = own.into_iter().chain(protect).map(|(key, value)| (key.to_owned(), value));
        written.into_iter().chain(own).collect()
    }

    /// Reports a problem.
    pub fn problem(&mut self, diagnostic: Diagnostic) {
        self.walk.problems.push(diagnostic);
    }

    /// The resource a field names, where it names one of the project and not a group of them.
    #[must_use]
    pub fn named<T: Target>(&self, reference: &Reference<T>) -> Option<(InstanceId, &'a Instance)> {
        match self.walk.lookup.resource(reference.as_name()?) {
            Ok(Sighted::One(found)) => found.id.and_then(|id| Some((id, self.walk.project.instance(id)?))),
            Ok(Sighted::Many(..)) | Err(_) => None,
        }
    }

    /// The id of another resource's account: twelve digits.
    #[must_use]
    pub fn account_of(&self, instance: &Instance) -> Option<&'a str> {
        self.walk.project.accounts.get(&instance.account).map(|account| account.id.as_str())
    }

    /// Looks at another resource of the project as that one sees its own texts. What is wrong with it is told where it is checked itself, not
    /// here.
    pub fn beside<R>(&self, id: InstanceId, look: impl FnOnce(&mut Resolver<'_>) -> R) -> R {
        let mut told_elsewhere = Problems::new();
        look(&mut Resolver::new(self.walk.project, id, self.walk.outputs, &mut told_elsewhere))
    }

    /// What was mentioned so far, and where.
    #[must_use]
    pub fn used(&self) -> &[(InstanceId, Span)] {
        &self.walk.used
    }
}

fn written(json: &str, places: &Places, spec: &PolicySpec, use_: Use, document: Document) -> Written {
    let span = spec.span();
    let place = |at: &std::ops::Range<usize>| places.find(at).unwrap_or(span);
    let statement = |PlacedStatement { statement, at, elements }| WrittenStatement {
        statement,
        span: place(&at),
        elements: elements.into_iter().map(|(name, at)| (name, place(&at))).collect(),
    };
    let statements = placed(json, use_).into_iter().map(statement).collect();
    Written { use_, span, form: spec.form, document, is_packed: false, statements }
}

/// The tag that says which project a resource belongs to.
pub const TAG_PROJECT: &str = "trueup:project";
/// The tag that says which resource of the project it is.
pub const TAG_ADDRESS: &str = "trueup:address";
/// The tag that says it may not be removed or replaced; its value is `true`. It outlives the block that asked for it.
pub const TAG_PROTECT: &str = "trueup:protect";

/// The partition of a region: the second member of an ARN.
///
/// Source: <https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html>
#[must_use]
pub fn partition(region: &str) -> &'static str {
    const PREFIXES: [(&str, &str); 7] = [
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("us-iso-", "aws-iso"),
        ("us-isob-", "aws-iso-b"),
        ("us-isof-", "aws-iso-f"),
        ("eu-isoe-", "aws-iso-e"),
        ("eusc-", "aws-eusc"),
    ];
    PREFIXES.iter().find(|(prefix, _)| region.starts_with(prefix)).map_or("aws", |(_, partition)| partition)
}

/// The value of an output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResolvedOutput {
    /// A string.
    One(String),
    /// A list.
    Many(Vec<String>),
}

/// Resolves an output of the project.
#[must_use]
pub fn output(
    project: &Project,
    output: &OutputSpec,
    outputs: &dyn Outputs,
    problems: &mut Problems,
) -> ResolvedOutput {
    let mut walk = Walk::new(project, Standpoint::of_scope(&output.scope), outputs, problems);
    match &output.value {
        OutputValue::One(text) => ResolvedOutput::One(walk.text(text)),
        OutputValue::Many(texts) => ResolvedOutput::Many(walk.texts(texts)),
    }
}

/// Resolves texts from one standpoint.
pub(crate) struct Walk<'a> {
    project: &'a Project,
    lookup: Lookup<'a>,
    outputs: &'a dyn Outputs,
    problems: &'a mut Problems,
    used: Vec<(InstanceId, Span)>,
}

impl<'a> Walk<'a> {
    fn new(project: &'a Project, from: Standpoint<'a>, outputs: &'a dyn Outputs, problems: &'a mut Problems) -> Self {
        // What is not found was reported with a suggestion when the project was loaded.
        let lookup = Lookup { project, from, suggest: false };
        Self { project, lookup, outputs, problems, used: Vec::new() }
    }

    pub(crate) fn text(&mut self, text: &Text) -> String {
        match self.expand(text) {
            Sighted::One(text) => text,
            Sighted::Many(group, mut strings) => {
                let span = text.references().find(|one| names_group(one, &group)).map_or(text.span(), |one| one.span);
                self.problems.push(list_where_one(&group, span));
                strings.pop().unwrap_or_else(unknown)
            }
        }
    }

    pub(crate) fn texts(&mut self, texts: &[Text]) -> Vec<String> {
        let mut all = Vec::with_capacity(texts.len());
        for text in texts {
            match self.expand(text) {
                Sighted::One(text) => all.push(text),
                Sighted::Many(_, texts) => all.extend(texts),
            }
        }
        all
    }

    fn expand(&mut self, text: &Text) -> Sighted<String> {
        if let Some(literal) = text.as_literal() {
            return Sighted::One(literal.to_owned());
        }
        let mut so_far = Sighted::One(String::new());
        for part in text.parts() {
            let next = match part {
                Part::Literal(literal) => Sighted::One(literal.to_string()),
                Part::Reference(located) => self.mention(located),
            };
            so_far = match (so_far, next) {
                (Sighted::One(left), Sighted::One(right)) => Sighted::One(left + &right),
                (Sighted::One(left), Sighted::Many(group, right)) => {
                    Sighted::Many(group, right.into_iter().map(|right| format!("{left}{right}")).collect())
                }
                (Sighted::Many(group, left), Sighted::One(right)) => {
                    Sighted::Many(group, left.into_iter().map(|left| left + &right).collect())
                }
                (Sighted::Many(group, left), Sighted::Many(other, right)) => {
                    if group != other {
                        self.problems.push(two_groups(&group, &other, text.span()));
                    }
                    Sighted::Many(group, left.into_iter().zip(right).map(|(left, right)| left + &right).collect())
                }
            };
        }
        so_far
    }

    fn mention(&mut self, located: &Located) -> Sighted<String> {
        // A problem here is one of the load; the text must only look plausible to those who go on checking.
        self.sight(located).unwrap_or_else(|miss| {
            self.problems.push(miss.diagnostic(located.span));
            Sighted::One(unknown())
        })
    }

    fn sight(&mut self, located: &Located) -> Result<Sighted<String>, Box<Miss>> {
        let lookup = self.lookup;
        let project = self.project;
        match located.mention.as_ref() {
            Mention::Output { resource, attribute } => {
                lookup.attribute(resource, attribute)?;
                let found = lookup.resource(resource)?;
                Ok(map(found, |found| self.attribute(&found, attribute, located.span)))
            }
            Mention::AccountId(named) => {
                let accounts = lookup.accounts(named.as_ref())?;
                let makers = |name: &Arc<str>| project.maker_of(name).map(|maker| (maker, located.span));
                match &accounts {
                    Sighted::One(name) => self.used.extend(makers(name)),
                    Sighted::Many(_, names) => self.used.extend(names.iter().filter_map(|name| makers(name))),
                }
                Ok(map(accounts, |name| project.accounts.get(name).map_or_else(unknown, |account| account.id.clone())))
            }
            Mention::AccountName(named) => Ok(map(lookup.accounts(named.as_ref())?, |name| name.to_string())),
            Mention::Region => lookup.region().map(|region| Sighted::One(region.to_string())),
        }
    }

    fn attribute(&mut self, found: &Found, attribute: &str, span: Span) -> String {
        let Some(id) = found.id else { return pending::token(&found.address, attribute) };
        self.used.push((id, span));
        self.outputs.get(id, attribute).unwrap_or_else(|| pending::token(&found.address, attribute))
    }
}

fn map<T>(sighted: Sighted<T>, mut value: impl FnMut(T) -> String) -> Sighted<String> {
    match sighted {
        Sighted::One(one) => Sighted::One(value(one)),
        Sighted::Many(group, many) => Sighted::Many(group, many.into_iter().map(value).collect()),
    }
}

/// Stands for a value that can't be had: everything that follows takes it for one that is not known yet.
fn unknown() -> String {
    format!("{}?#?{}", pending::OPEN, pending::CLOSE)
}

/// Whether a value couldn't be had, which was told where it is mentioned.
fn is_told(value: &str) -> bool {
    pending::tokens(value).any(|(address, _)| address == "?")
}

fn names_group(located: &Located, group: &str) -> bool {
    match located.mention.as_ref() {
        Mention::Output { resource, .. } => resource.account.as_deref() == Some(group),
        Mention::AccountId(account) | Mention::AccountName(account) => account.as_deref() == Some(group),
        Mention::Region => false,
    }
}

/// Reports a group where one value is wanted.
pub(crate) fn list_where_one(group: &str, span: Span) -> Diagnostic {
    Diagnostic::error(format!("`{group}` is a group, and here one account is wanted"))
        .at(span, "this is a list, one for each account of the group")
        .help("name one account, or use it where a list is possible")
}

/// Reports two groups in one string.
pub(crate) fn two_groups(one: &str, other: &str, span: Span) -> Diagnostic {
    Diagnostic::error(format!("a string can't name two groups, `{one}` and `{other}`"))
        .at(span, "")
        .help("write one string for each account of one of them")
}
