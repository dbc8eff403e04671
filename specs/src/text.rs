//! Strings with `${…}` in them.

use std::fmt;
use std::sync::Arc;

use crate::address::{PartialAddress, is_name, split_scope};
use crate::diagnostic::Diagnostic;
use crate::span::Span;

/// A string of a spec, parsed: literal text and references, still relative to the scope it stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    span: Span,
    parts: Parts,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Parts {
    Literal(Arc<str>),
    Mixed(Box<[Part]>),
}

/// A piece of a [`Text`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Text that stands for itself, IAM's policy variables among it.
    Literal(Arc<str>),
    /// `${…}`.
    Reference(Located),
}

/// A reference and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// The place of `${…}`, or of the whole string where it can't be told.
    pub span: Span,
    /// What is mentioned.
    pub mention: Arc<Mention>,
}

/// What stands between `${` and `}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Mention {
    /// An attribute of a resource: `tooling@eu-west-1/key.artifacts.arn`.
    Output {
        /// The resource, relative to the scope.
        resource: Name,
        /// The attribute.
        attribute: Arc<str>,
    },
    /// `account.id`, or `tooling/account.id`.
    AccountId(Option<Arc<str>>),
    /// `account.name`, or `tooling/account.name`.
    AccountName(Option<Arc<str>>),
    /// `region`.
    Region,
}

/// A resource as it is named in a spec: what the scope says may be left out, and the account may be a group.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Name {
    /// The account or the group.
    pub account: Option<Arc<str>>,
    /// The region.
    pub region: Option<Arc<str>>,
    /// The kind.
    pub kind: Arc<str>,
    /// The resource's name.
    pub name: Arc<str>,
}

impl Name {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let PartialAddress { account, region, kind, name } = PartialAddress::parse(text)?;
        let (account, region) = (account.map(Arc::from), region.map(Arc::from));
        Some(Self { account, region, kind: Arc::from(kind), name: Arc::from(name) })
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { account, region, kind, name } = self;
        f.write_str(account.as_deref().unwrap_or_default())?;
        if let Some(region) = region {
            write!(f, "@{region}")?;
        }
        let slash = if account.is_some() || region.is_some() { "/" } else { "" };
        write!(f, "{slash}{kind}.{name}")
    }
}

impl fmt::Display for Mention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scoped = |f: &mut fmt::Formatter<'_>, account: &Option<Arc<str>>, what| match account {
            Some(account) => write!(f, "{account}/account.{what}"),
            None => write!(f, "account.{what}"),
        };
        match self {
            Mention::Output { resource, attribute } => write!(f, "{resource}.{attribute}"),
            Mention::AccountId(account) => scoped(f, account, "id"),
            Mention::AccountName(account) => scoped(f, account, "name"),
            Mention::Region => f.write_str("region"),
        }
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.parts {
            Parts::Literal(text) => f.write_str(text),
            Parts::Mixed(parts) => parts.iter().try_for_each(|part| match part {
                Part::Literal(text) => f.write_str(text),
                Part::Reference(located) => write!(f, "${{{}}}", located.mention),
            }),
        }
    }
}

impl Text {
    /// Text that stands for itself, made by code.
    #[must_use]
    pub fn literal(text: &str) -> Self {
        Self::plain(text, Span::none())
    }

    pub(crate) fn plain(text: &str, span: Span) -> Self {
        Self { span, parts: Parts::Literal(Arc::from(text)) }
    }

    pub(crate) fn reference(located: Located, span: Span) -> Self {
        Self { span, parts: Parts::Mixed(Box::new([Part::Reference(located)])) }
    }

    /// Parses a string; `source` is the file's text between the ends of `span`.
    ///
    /// # Errors
    /// Every `${…}` that is not understood.
    pub fn parse(text: &str, span: Span, source: &str) -> Result<Self, Vec<Diagnostic>> {
        let mut parts = Vec::new();
        let mut problems = Vec::new();
        let mut plain = String::new();
        let mut find = Finder::new(span, source);
        for piece in split(text) {
            match piece {
                Piece::Plain(text) => plain.push_str(text),
                Piece::Braces(whole) if passes_through(inner(whole)) => plain.push_str(whole),
                Piece::Braces(whole) => match parse_reference(inner(whole)) {
                    Ok(mention) => {
                        if !plain.is_empty() {
                            parts.push(Part::Literal(Arc::from(std::mem::take(&mut plain))));
                        }
                        let span = find.next(whole);
                        parts.push(Part::Reference(Located { span, mention: Arc::new(mention) }));
                    }
                    Err(problem) => problems.push(problem.diagnostic(find.next(whole))),
                },
                Piece::Open(whole) => problems.push(
                    Diagnostic::error("`${` without `}`")
                        .at(find.next(whole), "it starts here")
                        .help("close it, or write `${$}` where a policy shall hold a dollar sign"),
                ),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        if parts.is_empty() {
            return Ok(Self { span, parts: Parts::Literal(Arc::from(plain)) });
        }
        if !plain.is_empty() {
            parts.push(Part::Literal(Arc::from(plain)));
        }
        Ok(Self { span, parts: Parts::Mixed(parts.into()) })
    }

    /// Lets equal mentions be one: of 100,000 specs most mention the same few things.
    pub(crate) fn share(&mut self, mut shared: impl FnMut(Arc<Mention>) -> Arc<Mention>) {
        let Parts::Mixed(parts) = &mut self.parts else { return };
        for part in parts {
            if let Part::Reference(located) = part {
                located.mention = shared(Arc::clone(&located.mention));
            }
        }
    }

    /// The place of the string.
    #[must_use]
    pub fn span(&self) -> Span {
        self.span
    }

    /// The string, where nothing in it refers to anything.
    #[must_use]
    pub fn as_literal(&self) -> Option<&str> {
        match &self.parts {
            Parts::Literal(text) => Some(text),
            Parts::Mixed(_) => None,
        }
    }

    /// The pieces of a string with references; none for a literal.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        match &self.parts {
            Parts::Literal(_) => &[],
            Parts::Mixed(parts) => parts,
        }
    }

    /// The references in it.
    pub fn references(&self) -> impl Iterator<Item = &Located> {
        self.parts().iter().filter_map(|part| match part {
            Part::Literal(_) => None,
            Part::Reference(located) => Some(located),
        })
    }

    /// The reference, where the string is nothing but that one.
    #[must_use]
    pub fn as_reference(&self) -> Option<&Located> {
        match self.parts() {
            [Part::Reference(located)] => Some(located),
            _ => None,
        }
    }
}

/// A string cut at its `${…}`.
pub(crate) enum Piece<'a> {
    Plain(&'a str),
    /// With the braces.
    Braces(&'a str),
    /// From a `${` that is never closed to the end.
    Open(&'a str),
}

pub(crate) fn split(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let Some(open) = rest.find("${") else { return Some(Piece::Plain(std::mem::take(&mut rest))) };
        let (plain, braces) = rest.split_at(open);
        if !plain.is_empty() {
            rest = braces;
            return Some(Piece::Plain(plain));
        }
        let Some(close) = braces.find('}') else { return Some(Piece::Open(std::mem::take(&mut rest))) };
        let (whole, behind) = braces.split_at(close + 1);
        rest = behind;
        Some(Piece::Braces(whole))
    })
}

/// What stands between `${` and `}`.
pub(crate) fn inner(whole: &str) -> &str {
    whole.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).unwrap_or(whole)
}

/// Tells IAM's policy variables: they hold a colon, or stand for one sign.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>
pub(crate) fn passes_through(inner: &str) -> bool {
    inner.contains(':') || matches!(inner, "*" | "?" | "$")
}

/// Finds the pieces of a string in the file, one after the other.
pub(crate) struct Finder<'a> {
    span: Span,
    source: &'a str,
    from: usize,
}

impl<'a> Finder<'a> {
    pub(crate) fn new(span: Span, source: &'a str) -> Self {
        Self { span, source, from: 0 }
    }

    /// Where the next piece is; the whole string where escapes or parameters hide it.
    pub(crate) fn next(&mut self, piece: &str) -> Span {
        let Some(at) = self.source.get(self.from..).and_then(|rest| rest.find(piece)) else { return self.span };
        let start = self.from + at;
        self.from = start + piece.len();
        Span::new(self.span.file(), self.span.start() + start, self.span.start() + self.from)
    }
}

struct BadReference {
    summary: String,
    label: &'static str,
    help: &'static str,
}

impl BadReference {
    fn diagnostic(self, span: Span) -> Diagnostic {
        Diagnostic::error(self.summary).at(span, self.label).help(self.help)
    }
}

const FORMS: &str = "a reference is `${kind.name.attribute}`, `${account/kind.name.attribute}`, `${account.id}`, \
                     `${account.name}`, `${region}` or `${param.x}`";

fn parse_reference(text: &str) -> Result<Mention, BadReference> {
    let unknown = || BadReference { summary: format!("`${{{text}}}` is no reference"), label: "", help: FORMS };
    if text == "region" {
        return Ok(Mention::Region);
    }
    if let Some(parameter) = text.strip_prefix("param.") {
        let summary = format!("there is no parameter `{parameter}` here");
        let help = "parameters are declared by a `[params]` table in the same file, a template";
        return Err(BadReference { summary, label: "", help });
    }
    let (account, region, rest) = split_scope(text).ok_or_else(unknown)?;
    let owned = || account.map(Arc::from);
    match rest {
        "account.id" if region.is_none() => return Ok(Mention::AccountId(owned())),
        "account.name" if region.is_none() => return Ok(Mention::AccountName(owned())),
        _ => {}
    }
    let (front, attribute) = text.rsplit_once('.').ok_or_else(unknown)?;
    match Name::parse(front) {
        Some(resource) if is_name(attribute) => Ok(Mention::Output { resource, attribute: Arc::from(attribute) }),
        Some(_) => Err(unknown()),
        None if PartialAddress::parse(text).is_some() => Err(BadReference {
            summary: format!("`${{{text}}}` names no attribute"),
            label: "an address without an attribute",
            help: "add the attribute you need, such as `.arn`",
        }),
        None => Err(unknown()),
    }
}
