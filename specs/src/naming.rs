//! Fields that name a thing: by its address, or by the ARN or id of one that is not ours.

use std::marker::PhantomData;
use std::sync::Arc;

use crate::decode::{Decode, Decoder};
use crate::diagnostic::Diagnostic;
use crate::shape::Shape;
use crate::span::Span;
use crate::suggest;
use crate::text::{Located, Mention, Name, Text};
use crate::value::{Data, Value};

/// What a [`Reference`] may name.
pub trait Target {
    /// The kinds.
    const KINDS: &'static [&'static str];
    /// The attribute the reference stands for.
    const ATTRIBUTE: &'static str;
    /// What a literal is, for messages: "an ARN".
    const LITERAL: &'static str;

    /// Whether a text is such a literal.
    fn is_literal(text: &str) -> bool;
}

/// A field that names a thing.
#[derive(Debug)]
pub struct Reference<T> {
    text: Text,
    target: PhantomData<fn() -> T>,
}

impl<T> Clone for Reference<T> {
    fn clone(&self) -> Self {
        Self { text: self.text.clone(), target: PhantomData }
    }
}

impl<T> PartialEq for Reference<T> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl<T> Eq for Reference<T> {}

impl<T: Target> Reference<T> {
    /// The place.
    #[must_use]
    pub fn span(&self) -> Span {
        self.text.span()
    }

    /// The literal ARN or id, where it is one.
    #[must_use]
    pub fn as_literal(&self) -> Option<&str> {
        self.text.as_literal()
    }

    /// The resource's name, where it is one.
    #[must_use]
    pub fn as_name(&self) -> Option<&Name> {
        self.text.as_reference().and_then(|located| match located.mention.as_ref() {
            Mention::Output { resource, .. } => Some(resource),
            Mention::AccountId(_) | Mention::AccountName(_) | Mention::Region => None,
        })
    }

    /// The reference as a string whose value is the thing's ARN or id.
    #[must_use]
    pub fn text(&self) -> &Text {
        &self.text
    }

    fn of(text: Text) -> Self {
        Self { text, target: PhantomData }
    }
}

impl<T: Target> Decode for Reference<T> {
    fn shape() -> Shape {
        Shape::Reference { kinds: T::KINDS, literal: T::LITERAL }
    }

    fn decode(value: &Value, cx: &mut Decoder<'_>) -> Option<Self> {
        let Data::String(string) = &value.data else {
            cx.mismatch(value, &Self::shape().describe());
            return None;
        };
        if string.contains("${") {
            return decode_text::<T>(string, value.span, cx).map(Self::of);
        }
        if T::is_literal(string) {
            return Some(Self::of(Text::plain(string, value.span)));
        }
        let Some(name) = Name::parse(string) else {
            let expected = format!("expected {}", Self::shape().describe());
            let help = bare_name_help::<T>(string);
            cx.problem(Diagnostic::error(expected).at(value.span, "this is neither").maybe_help(help));
            return None;
        };
        check_kind::<T>(&name, value.span, cx)?;
        if *name.kind == *crate::ACCOUNT.name && T::ATTRIBUTE == "id" && name.account.is_none() {
            // An account that is declared by its id alone is no resource, but its id is just as well known.
            let mention = cx.files().shared_mention(Arc::new(Mention::AccountId(Some(name.name))));
            let located = Located { span: inside_quotes(value.span, string, cx), mention };
            cx.note(located.clone(), true);
            return Some(Self::of(Text::reference(located, value.span)));
        }
        let mention = Arc::new(Mention::Output { resource: name, attribute: Arc::from(T::ATTRIBUTE) });
        let mention = cx.files().shared_mention(mention);
        let located = Located { span: inside_quotes(value.span, string, cx), mention };
        cx.note(located.clone(), true);
        Some(Self::of(Text::reference(located, value.span)))
    }
}

/// `"${key.artifacts.arn}"`, or `"arn:aws:iam::${account.id}:role/x"`.
fn decode_text<T: Target>(string: &str, span: Span, cx: &mut Decoder<'_>) -> Option<Text> {
    let text = cx.text(string, span)?;
    if let Some(Located { mention, span }) = text.as_reference()
        && let Mention::Output { resource, .. } = mention.as_ref()
    {
        check_kind::<T>(resource, *span, cx)?;
    }
    Some(text)
}

fn check_kind<T: Target>(name: &Name, span: Span, cx: &mut Decoder<'_>) -> Option<()> {
    if T::KINDS.contains(&name.kind.as_ref()) {
        return Some(());
    }
    let wanted = T::KINDS.iter().map(|kind| format!("`{kind}`")).collect::<Vec<_>>().join(" or ");
    let summary = format!("expected the address of a {wanted}, found that of a `{}`", name.kind);
    let help = match suggest::nearest(&name.kind, T::KINDS.iter().copied()) {
        Some(near) => format!("did you mean `{}`?", Name { kind: Arc::from(near), ..name.clone() }),
        None => format!("write {}", Shape::Reference { kinds: T::KINDS, literal: T::LITERAL }.describe()),
    };
    cx.problem(Diagnostic::error(summary).at(span, "of another kind").help(help));
    None
}

/// `key = "artifacts"` probably meant `key = "key.artifacts"`.
fn bare_name_help<T: Target>(string: &str) -> Option<String> {
    let kind = T::KINDS.first()?;
    crate::address::is_name(string).then(|| format!("did you mean `{kind}.{string}`?"))
}

fn inside_quotes(span: Span, string: &str, cx: &mut Decoder<'_>) -> Span {
    let at = cx.files().sources().slice(span).find(string);
    at.map_or(span, |at| Span::new(span.file(), span.start() + at, span.start() + at + string.len()))
}
