//! From a repository's spec to its model, with all that ECR would refuse.

use std::collections::{BTreeMap, BTreeSet};

use trueup_engine::kind::At;
use trueup_specs::diagnostic::Diagnostic;
use trueup_specs::pending;
use trueup_specs::policy::Use;
use trueup_specs::resolve::Resolver;
use trueup_specs::span::Span;
use trueup_specs::{Reference, Text};

use super::lifecycle::{Action, LifecyclePolicy, Rule, Selection};
use super::spec::{
    ActionSpec, ActionType, CountType, EcrRepositorySpec, EncryptionSpec, EncryptionType, ImageTagMutability, RuleSpec,
    SelectionSpec, StorageClass, TagStatus,
};
use super::{EcrRepositoryModel, Encryption};
use crate::fields::{self, PolicyDocument};

/// The page of what CreateRepository takes.
const CREATE: &str = "https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html";

/// The page of what a lifecycle policy holds.
const LIFECYCLE: &str = "https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html";

/// Characters of a repository's name, with its namespaces.
const NAME_CHARACTERS: std::ops::RangeInclusive<usize> = 2..=256;

/// Exclusion filters of a repository.
const FILTERS_MAX: usize = 5;
/// Characters of one.
const FILTER_CHARACTERS_MAX: usize = 128;
/// `*` in one. <https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html>
const FILTER_WILDCARDS_MAX: usize = 2;

/// Rules of a lifecycle policy. <https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html>
const RULES_MAX: usize = 50;
/// Characters of a lifecycle policy.
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutLifecyclePolicy.html>
const LIFECYCLE_CHARACTERS_MAX: usize = 30_720;
/// `*` in a pattern of tags.
const PATTERN_WILDCARDS_MAX: usize = 4;

pub(super) fn desired(spec: &EcrRepositorySpec, at: &At, cx: &mut Resolver<'_>) -> Option<EcrRepositoryModel> {
    let EcrRepositorySpec {
        name: _, // read below
        image_tag_mutability,
        image_tag_mutability_exclusion_filters,
        scan_on_push,
        encryption,
        policy,
        lifecycle,
    } = spec;
    let name = name(spec, cx);
    let mutability = image_tag_mutability.unwrap_or(ImageTagMutability::Mutable);
    let filters = exclusion_filters(mutability, image_tag_mutability_exclusion_filters.as_deref(), cx);
    let policy = match policy {
        None => Some(None),
        Some(policy) => cx.policy(policy, Use::Repository).map(|document| {
            fields::check_size(&document, Use::Repository, policy.span(), cx);
            Some(PolicyDocument::Document(document))
        }),
    };
    let encryption = desired_encryption(encryption.as_ref(), at, cx);
    let lifecycle = lifecycle.as_deref().filter(|rules| !rules.is_empty()).map(|rules| lifecycle_policy(rules, cx));
    let tags = fields::tags(cx);
    Some(EcrRepositoryModel {
        name,
        image_tag_mutability: mutability.to_string(),
        image_tag_mutability_exclusion_filters: filters,
        scan_on_push: scan_on_push.unwrap_or(false),
        encryption,
        policy: policy?,
        lifecycle,
        tags,
    })
}

/// The repository's name, and why ECR would refuse it.
pub(super) fn name(spec: &EcrRepositorySpec, cx: &mut Resolver<'_>) -> String {
    let (name, span) = match &spec.name {
        Some(text) => (cx.text(text), text.span()),
        None => (cx.address().name.replace('.', "-"), cx.span()),
    };
    if fields::is_formless(&name) {
        let problem = Diagnostic::error("the name of a repository must be known before apply");
        let problem = problem.at(span, format!("stands for {}", pending::show(&name)));
        cx.problem(problem.help("use what follows from the specs alone: `${account.id}`, `${region}`, a parameter"));
    } else if let Some(why) = name_fault(&pending::with_digits(&name)) {
        let problem = Diagnostic::error(format!("`{name}` is no name for a repository")).at(span, why);
        let lower = name.to_lowercase().replace([' ', ':'], "-");
        let better = (name_fault(&lower).is_none()).then(|| format!("did you mean `{lower}`?"));
        cx.problem(problem.maybe_help(better).note(format!("what ECR takes: {CREATE}")));
    }
    name
}

/// Why a name is none: namespaces and name are words of lower-case letters and digits, with a `.`, one or two `_`, or hyphens between them.
pub(crate) fn name_fault(name: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let length = name.chars().count();
    if let Some(other) = name.chars().find(|c| !plain(*c) && !matches!(c, '.' | '_' | '-' | '/')) {
        return Some(format!("holds `{other}`, which is none of lower-case letters, digits, `.`, `_`, `-` and `/`"));
    }
    if !NAME_CHARACTERS.contains(&length) {
        return Some(format!("has {length} characters, and must have 2 to 256"));
    }
    for part in name.split('/') {
        if !part.starts_with(plain) || !part.ends_with(plain) {
            return Some("has a part that does not begin and end with a letter or digit".to_owned());
        }
        let mut between = part.split(plain).filter(|signs| !signs.is_empty());
        if let Some(signs) = between.find(|signs| !is_separator(signs)) {
            return Some(format!("has `{signs}` between two words, and may have `.`, `_`, `__` or hyphens there"));
        }
    }
    None
}

fn is_separator(signs: &str) -> bool {
    matches!(signs, "." | "_" | "__") || signs.chars().all(|c| c == '-')
}

fn exclusion_filters(
    mutability: ImageTagMutability,
    given: Option<&[Text]>,
    cx: &mut Resolver<'_>,
) -> BTreeSet<String> {
    let takes = match mutability {
        ImageTagMutability::ImmutableWithExclusion | ImageTagMutability::MutableWithExclusion => true,
        ImageTagMutability::Mutable | ImageTagMutability::Immutable => false,
    };
    let given = given.unwrap_or_default();
    let span = given.first().map_or_else(|| cx.span(), Text::span);
    if takes && given.is_empty() {
        let problem = Diagnostic::error(format!("`{mutability}` excludes no tag")).at(span, "");
        cx.problem(problem.help("name the tags: image_tag_mutability_exclusion_filters = [\"latest\"]"));
    }
    if !takes && !given.is_empty() {
        let problem = Diagnostic::error(format!("`{mutability}` has no exceptions")).at(span, "");
        cx.problem(problem.help(format!("write image_tag_mutability = \"{mutability}_WITH_EXCLUSION\"")));
    }
    if given.len() > FILTERS_MAX {
        let problem = Diagnostic::error(format!("a repository can have {FILTERS_MAX} exclusion filters at most"));
        cx.problem(problem.at(span, format!("{} are listed", given.len())).note(CREATE));
    }
    let mut filters = BTreeSet::new();
    for text in given {
        let filter = cx.text(text);
        let sign = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '*' | '-');
        let sound = fields::is_pending(&filter)
            || (1..=FILTER_CHARACTERS_MAX).contains(&filter.len())
                && filter.chars().all(sign)
                && filter.matches('*').count() <= FILTER_WILDCARDS_MAX;
        if !sound {
            let problem = Diagnostic::error(format!("`{filter}` is no exclusion filter")).at(text.span(), "");
            let rule = "1 to 128 letters, digits, `.`, `_`, `-` and at most two `*`";
            cx.problem(problem.note(format!("{rule}: {CREATE}")));
        }
        if !filters.insert(filter) {
            cx.problem(Diagnostic::error("the same exclusion filter twice").at(text.span(), ""));
        }
    }
    filters
}

fn desired_encryption(spec: Option<&EncryptionSpec>, at: &At, cx: &mut Resolver<'_>) -> Encryption {
    let Some(EncryptionSpec { encryption_type, kms_key }) = spec else {
        return Encryption { encryption_type: EncryptionType::Aes256.to_string(), kms_key: None };
    };
    let span = kms_key.as_ref().map_or_else(|| cx.span(), Reference::span);
    let kms_key = kms_key.as_ref().map(|key| cx.reference(key));
    let sort = encryption_type.unwrap_or(if kms_key.is_some() { EncryptionType::Kms } else { EncryptionType::Aes256 });
    if kms_key.is_some() && sort == EncryptionType::Aes256 {
        let problem = Diagnostic::error("a repository encrypted with `AES256` has no key").at(span, "");
        cx.problem(problem.help("leave `encryption_type` out, or make it \"KMS\""));
    }
    if let Some(key) = &kms_key {
        fields::check_region(key, span, "repository", at, cx);
    }
    Encryption { encryption_type: sort.to_string(), kms_key }
}

fn lifecycle_policy(specs: &[RuleSpec], cx: &mut Resolver<'_>) -> LifecyclePolicy {
    let mut rules = BTreeMap::new();
    for spec in specs {
        let (span, rule) = rule(spec, cx);
        let priority = spec.priority.get();
        if rules.insert(priority, (span, rule)).is_some() {
            let problem = Diagnostic::error(format!("two lifecycle rules have the priority {priority}")).at(span, "");
            cx.problem(problem.help("give each rule a number of its own; gaps are fine").note(LIFECYCLE));
        }
    }
    check_last(&rules, cx);
    if specs.len() > RULES_MAX {
        let problem = Diagnostic::error(format!("a lifecycle policy can have {RULES_MAX} rules at most"));
        let page = "https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html";
        cx.problem(problem.at(cx.span(), format!("{} are given", specs.len())).note(page));
    }
    let policy = LifecyclePolicy::Rules(rules.into_values().map(|(_, rule)| rule).collect());
    let size = policy.to_json().chars().count();
    if size > LIFECYCLE_CHARACTERS_MAX {
        let over = format!("{size} characters, {} too many", size - LIFECYCLE_CHARACTERS_MAX);
        cx.problem(Diagnostic::error("the lifecycle policy is too large").at(cx.span(), over).note(LIFECYCLE));
    }
    policy
}

/// A rule for images of any tag must come after all others of its storage class.
fn check_last(rules: &BTreeMap<i64, (Span, Rule)>, cx: &mut Resolver<'_>) {
    for (priority, (span, rule)) in rules {
        let class = &rule.selection.storage_class;
        let is_any = rule.selection.tag_status == TagStatus::Any.as_str();
        let after = rules.range(priority + 1..).find(|(_, (_, later))| later.selection.storage_class == *class);
        if let (true, Some((later, _))) = (is_any, after) {
            let problem = Diagnostic::error("a lifecycle rule for images of `any` tag must come last");
            let problem = problem.at(*span, format!("has the priority {priority}, and another {later}"));
            cx.problem(problem.help("give it the highest priority").note(LIFECYCLE));
        }
    }
}

/// The rule, and where it is told of.
fn rule(spec: &RuleSpec, cx: &mut Resolver<'_>) -> (Span, Rule) {
    let RuleSpec { priority, description, selection, action } = spec;
    let SelectionSpec { tag_status, tag_pattern_list, tag_prefix_list, count_type, count_number, storage_class } =
        selection;
    let first = |list: &Option<Vec<Text>>| list.as_deref().and_then(<[Text]>::first).map(Text::span);
    let span =
        description.as_ref().map(Text::span).or_else(|| first(tag_pattern_list)).or_else(|| first(tag_prefix_list));
    let span = span.unwrap_or_else(|| cx.span());
    let mut problem = |why: &str, help: &str| {
        let summary = format!("ECR refuses the lifecycle rule with the priority {}", priority.get());
        cx.problem(Diagnostic::error(summary).at(span, why).help(help).note(LIFECYCLE));
    };
    let (patterns, prefixes) = (tag_pattern_list.as_deref(), tag_prefix_list.as_deref());
    let (patterns, prefixes) = (patterns.unwrap_or_default(), prefixes.unwrap_or_default());
    match (tag_status, patterns.is_empty(), prefixes.is_empty()) {
        (TagStatus::Tagged, true, true) => {
            problem("is for tagged images and names no tags", "add tag_pattern_list = [\"release-*\"]");
        }
        (TagStatus::Tagged, false, false) => {
            problem("has both patterns and prefixes of tags", "write a prefix as a pattern: `release-*`");
        }
        (TagStatus::Untagged | TagStatus::Any, true, true) | (TagStatus::Tagged, _, _) => {}
        (TagStatus::Untagged | TagStatus::Any, _, _) => {
            problem(&format!("names tags, and is for `{tag_status}`"), "write tag_status = \"tagged\"");
        }
    }
    let class = storage_class_of(*count_type);
    if storage_class.is_some_and(|given| given != class) {
        problem(&format!("`{count_type}` is of images in `{class}` storage"), "leave `storage_class` out");
    }
    let action = desired_action(action.as_ref(), class, &mut problem);
    let selection = Selection {
        tag_status: tag_status.to_string(),
        tag_pattern_list: tag_patterns(patterns, cx),
        tag_prefix_list: tag_patterns(prefixes, cx),
        storage_class: class.to_string(),
        count_type: count_type.to_string(),
        count_number: count_number.get(),
    };
    let description = description.as_ref().map(|text| cx.text(text)).filter(|text| !text.is_empty());
    (span, Rule { priority: priority.get(), description, selection, action })
}

/// Where the images are that are counted so.
fn storage_class_of(count: CountType) -> StorageClass {
    match count {
        CountType::ImageCountMoreThan | CountType::SinceImagePushed | CountType::SinceImagePulled => {
            StorageClass::Standard
        }
        CountType::SinceImageTransitioned => StorageClass::Archive,
    }
}

fn desired_action(spec: Option<&ActionSpec>, class: StorageClass, problem: &mut impl FnMut(&str, &str)) -> Action {
    let Some(ActionSpec { sort, target_storage_class }) = spec else { return Action::expire() };
    match sort {
        ActionType::Expire => {
            if target_storage_class.is_some() {
                problem("expires images, and names where to move them", "write action = { type = \"transition\" }");
            }
            Action::expire()
        }
        ActionType::Transition => {
            if *target_storage_class == Some(StorageClass::Standard) || class == StorageClass::Archive {
                problem("moves images to `archive` storage and nowhere else, from `standard`", "let it expire them");
            }
            let target = Some(StorageClass::Archive.to_string());
            Action { sort: ActionType::Transition.to_string(), target_storage_class: target }
        }
    }
}

fn tag_patterns(texts: &[Text], cx: &mut Resolver<'_>) -> BTreeSet<String> {
    let mut patterns = BTreeSet::new();
    for text in texts {
        let pattern = cx.text(text);
        if pattern.is_empty() || pattern.matches('*').count() > PATTERN_WILDCARDS_MAX {
            let problem = Diagnostic::error(format!("`{pattern}` is no pattern of tags")).at(text.span(), "");
            cx.problem(problem.note(format!("it has at least one character and at most four `*`: {LIFECYCLE}")));
        }
        patterns.insert(pattern);
    }
    patterns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_judged_as_ecr_does() {
        for good in ["ab", "team/app", "a1/b-2/c_3.d", "a--b", "a__b", &"a".repeat(256)] {
            assert_eq!(name_fault(good), None, "{good}");
        }
        for bad in ["", "a", "App", "a//b", "/a", "a/", "a..b", "a___b", "a._b", "-a", "a-", "a b", &"a".repeat(257)] {
            assert!(name_fault(bad).is_some(), "{bad}");
        }
    }
}
