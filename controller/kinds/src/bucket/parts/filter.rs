//! Which objects a rule is about. S3 writes one condition, several and none in three forms; here they are one.

use aws_sdk_s3::types::{
    IntelligentTieringAndOperator, IntelligentTieringFilter, LifecycleRuleAndOperator, LifecycleRuleFilter,
    ReplicationRuleAndOperator, ReplicationRuleFilter, Tag,
};
use aws_smithy_types::error::operation::BuildError;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use trueup_specs::diagnostic::Diagnostic;
use trueup_specs::resolve::Resolver;
use trueup_specs::span::Span;
use trueup_specs::{Text, spec};

use crate::fields::{Tags, unless};

/// Characters of a key, and so of a prefix. <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html>
const PREFIX_BYTES_MAX: usize = 1_024;

spec! {
    /// Which objects a rule is about: those that meet all of it.
    pub struct FilterSpec {
        /// What their keys begin with. Default: anything.
        pub prefix: Option<Text>,
        /// Tags they must have. Default: none.
        pub tags: IndexMap<String, Text>,
    }
}

/// A filter on prefix and tags; with neither, all objects.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    /// What keys begin with; empty is anything.
    pub prefix: String,
    /// Tags objects must have.
    pub tags: Tags,
}

impl Filter {
    /// What the spec asks for.
    pub(super) fn desired(spec: Option<&FilterSpec>, span: Span, cx: &mut Resolver<'_>) -> Self {
        let Some(FilterSpec { prefix, tags }) = spec else { return Self::default() };
        Self { prefix: prefix_text(prefix.as_ref(), cx), tags: tag_texts(tags, span, cx) }
    }

    /// What a spec says of it: nothing, where it is all objects.
    pub(super) fn export(&self) -> Value {
        let Self { prefix, tags } = self;
        let fields = json!({
            "prefix": unless(prefix.is_empty(), json!(prefix)),
            "tags": unless(tags.is_empty(), json!(tags)),
        });
        unless(*self == Self::default(), fields)
    }
}

/// A prefix, held to the length of a key.
pub(super) fn prefix_text(prefix: Option<&Text>, cx: &mut Resolver<'_>) -> String {
    let Some(prefix) = prefix else { return String::new() };
    let text = cx.text(prefix);
    if text.len() > PREFIX_BYTES_MAX && !crate::fields::is_pending(&text) {
        let over = format!("{} bytes, {} too many", text.len(), text.len() - PREFIX_BYTES_MAX);
        cx.problem(Diagnostic::error("the prefix is longer than any key can be").at(prefix.span(), over));
    }
    text
}

/// The tags of a filter, held to the sizes of objects' tags.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html>
pub(super) fn tag_texts(tags: &IndexMap<String, Text>, span: Span, cx: &mut Resolver<'_>) -> Tags {
    let tags: Tags = tags.iter().map(|(key, value)| (key.clone(), cx.text(value))).collect();
    for (key, value) in &tags {
        let value_length = if crate::fields::is_pending(value) { 0 } else { value.chars().count() };
        if key.is_empty() || key.chars().count() > 128 || value_length > 256 {
            let problem = Diagnostic::error(format!("`{key}` is no tag an object can have")).at(span, "");
            cx.problem(problem.note("a key has 1 to 128 characters, a value at most 256"));
        }
    }
    // An object has at most so many.
    if tags.len() > 10 {
        let problem = Diagnostic::error(format!("{} tags, and an object has at most 10", tags.len()));
        cx.problem(problem.at(span, "no object can meet this"));
    }
    tags
}

/// Tags as S3 takes them.
pub(super) fn tag_list(tags: &Tags) -> Result<Vec<Tag>, BuildError> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// Tags as S3 tells them: of a single-tag filter, or of an `And`.
pub(super) fn tags_of<'a>(single: Option<&'a Tag>, several: &'a [Tag]) -> Tags {
    let all = single.into_iter().chain(several);
    all.map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect()
}

/// A text that is not empty.
fn some(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

/// How many conditions there are: two and more go into an `And`.
fn conditions(filter: &Filter, more: usize) -> usize {
    usize::from(!filter.prefix.is_empty()) + filter.tags.len() + more
}

/// A filter of a lifecycle rule, which may also ask for a size.
pub(super) fn to_lifecycle(
    filter: &Filter,
    greater: Option<i64>,
    less: Option<i64>,
) -> Result<LifecycleRuleFilter, BuildError> {
    let tags = tag_list(&filter.tags)?;
    let builder = LifecycleRuleFilter::builder();
    if conditions(filter, usize::from(greater.is_some()) + usize::from(less.is_some())) > 1 {
        let and = LifecycleRuleAndOperator::builder()
            .set_prefix(some(&filter.prefix))
            .set_tags((!tags.is_empty()).then_some(tags))
            .set_object_size_greater_than(greater)
            .set_object_size_less_than(less)
            .build();
        return Ok(builder.and(and).build());
    }
    let builder = builder.set_object_size_greater_than(greater).set_object_size_less_than(less);
    // Something must be said, and an empty prefix is every object.
    let alone = tags.is_empty() && greater.is_none() && less.is_none();
    let prefix = if alone { Some(filter.prefix.clone()) } else { some(&filter.prefix) };
    Ok(builder.set_prefix(prefix).set_tag(tags.into_iter().next()).build())
}

/// A filter of a replication rule.
pub(super) fn to_replication(filter: &Filter) -> Result<ReplicationRuleFilter, BuildError> {
    let tags = tag_list(&filter.tags)?;
    let builder = ReplicationRuleFilter::builder();
    if conditions(filter, 0) > 1 {
        let and = ReplicationRuleAndOperator::builder().set_prefix(some(&filter.prefix)).set_tags(Some(tags)).build();
        return Ok(builder.and(and).build());
    }
    let prefix = if tags.is_empty() { Some(filter.prefix.clone()) } else { None };
    Ok(builder.set_prefix(prefix).set_tag(tags.into_iter().next()).build())
}

/// What a replication rule's filter means; rules of the first version have a prefix of their own instead.
pub(super) fn from_replication(filter: Option<&ReplicationRuleFilter>, prefix: Option<&str>) -> Filter {
    let and = filter.and_then(|filter| filter.and());
    let found = and.and_then(|and| and.prefix()).or_else(|| filter.and_then(|filter| filter.prefix())).or(prefix);
    let tags = tags_of(filter.and_then(|filter| filter.tag()), and.map(|and| and.tags()).unwrap_or_default());
    Filter { prefix: found.unwrap_or_default().to_owned(), tags }
}

/// A filter of an Intelligent-Tiering configuration; `None` is every object.
pub(super) fn to_tiering(filter: &Filter) -> Result<Option<IntelligentTieringFilter>, BuildError> {
    let tags = tag_list(&filter.tags)?;
    let builder = IntelligentTieringFilter::builder();
    Ok(match conditions(filter, 0) {
        0 => None,
        1 => Some(builder.set_prefix(some(&filter.prefix)).set_tag(tags.into_iter().next()).build()),
        _ => {
            let and =
                IntelligentTieringAndOperator::builder().set_prefix(some(&filter.prefix)).set_tags(Some(tags)).build();
            Some(builder.and(and).build())
        }
    })
}

/// What an Intelligent-Tiering configuration's filter means.
pub(super) fn from_tiering(filter: Option<&IntelligentTieringFilter>) -> Filter {
    let and = filter.and_then(|filter| filter.and());
    let found = and.and_then(|and| and.prefix()).or_else(|| filter.and_then(|filter| filter.prefix()));
    let tags = tags_of(filter.and_then(|filter| filter.tag()), and.map(|and| and.tags()).unwrap_or_default());
    Filter { prefix: found.unwrap_or_default().to_owned(), tags }
}
