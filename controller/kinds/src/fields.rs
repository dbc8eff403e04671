//! What several kinds share: names, tags, policy documents, ARNs, and what fields may refer to.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use trueup_engine::kind::At;
use trueup_specs::diagnostic::Diagnostic;
use trueup_specs::pending;
use trueup_specs::policy::{self, Document, Principal, Principals};
use trueup_specs::resolve::Resolver;
use trueup_specs::span::Span;
use trueup_specs::{ByName, Target, Text};
use trueup_state::outputs::Outputs;

/// Tags that a resource has at most.
/// <https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html>
pub const TAGS_MAX: usize = 50;

/// Tags by key.
pub type Tags = ByName<String>;

/// What an exported spec says in a field: nothing, where that asks for the same.
#[must_use]
pub fn unless(is_default: bool, value: Value) -> Value {
    if is_default { Value::Null } else { value }
}

/// What AWS allows in a name.
#[derive(Clone, Copy, Debug)]
pub struct NameRule {
    /// What it names: `role`.
    pub what: &'static str,
    /// Characters.
    pub max: usize,
    /// What may stand in it besides ASCII letters and digits.
    pub signs: &'static str,
    /// The page that says so.
    pub page: &'static str,
}

/// The signs of names in IAM.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>, "IAM name requirements".
pub const IAM_SIGNS: &str = "_+=,.@-";

/// The page with IAM's limits.
pub const IAM_QUOTAS: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html";

/// The name of a thing: what the spec says, or the address's own name with dots as dashes.
pub fn name(given: Option<&Text>, rule: &NameRule, cx: &mut Resolver<'_>) -> String {
    let name = match given {
        Some(text) => cx.text(text),
        None => cx.address().name.replace('.', "-"),
    };
    check_name(&name, given.map_or_else(|| cx.span(), Text::span), rule, cx);
    name
}

/// Tells what AWS would refuse in a name, and what can't be a name here: one that is not known before apply.
pub fn check_name(name: &str, span: Span, rule: &NameRule, cx: &mut Resolver<'_>) {
    let what = rule.what;
    let name = &*pending::with_digits(name);
    if is_pending(name) {
        let problem = Diagnostic::error(format!("the name of a {what} must be known before apply"));
        let problem = problem.at(span, format!("stands for {}", pending::show(name)));
        cx.problem(
            problem.help(
                "use what follows from the specs alone: `${account.id}`, `${region}`, a parameter, another's name",
            ),
        );
        return;
    }
    if name.is_empty() {
        cx.problem(Diagnostic::error(format!("the name of a {what} is empty")).at(span, ""));
        return;
    }
    let length = name.chars().count();
    if length > rule.max {
        let problem = Diagnostic::error(format!("`{name}` is too long for the name of a {what}"));
        let over = format!("{length} characters, {} too many", length - rule.max);
        cx.problem(problem.at(span, over).note(format!("at most {} are allowed: {}", rule.max, rule.page)));
    }
    let bad: BTreeSet<char> = name.chars().filter(|c| !c.is_ascii_alphanumeric() && !rule.signs.contains(*c)).collect();
    if !bad.is_empty() {
        let bad = bad.iter().map(|c| format!("`{c}`")).collect::<Vec<_>>().join(", ");
        let problem = Diagnostic::error(format!("`{name}` is no name for a {what}")).at(span, format!("holds {bad}"));
        let signs = rule.signs.chars().map(|sign| format!("`{sign}`")).collect::<Vec<_>>().join(" ");
        cx.problem(problem.note(format!("allowed are letters, digits and {signs}: {}", rule.page)));
    }
}

/// A path of IAM's: `/` or `/…/`. <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>
pub fn path(given: Option<&Text>, cx: &mut Resolver<'_>) -> String {
    let Some(text) = given else { return "/".to_owned() };
    let whole = cx.text(text);
    let path = pending::with_digits(&whole);
    let mut problem = |summary: String, at: &str| {
        let problem = Diagnostic::error(summary).at(text.span(), at);
        cx.problem(problem.help("a path is `/`, or begins and ends with `/`: `/delivery/`"));
    };
    if is_pending(&path) {
        problem("a path must be known before apply".to_owned(), "");
    } else if !path.starts_with('/') || !path.ends_with('/') || path.contains("//") {
        problem(format!("`{path}` is no path"), "does not begin and end with a single `/`");
    } else if path.len() > 512 || !path.chars().all(|c| c.is_ascii_graphic()) {
        problem(format!("`{path}` is no path"), "at most 512 visible ASCII characters are allowed");
    }
    whole
}

/// A description of IAM's: at most 1,000 characters of Latin-1.
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html>
pub fn description(given: Option<&Text>, cx: &mut Resolver<'_>) -> String {
    let Some(text) = given else { return String::new() };
    let description = cx.text(text);
    let allowed = |c: char| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{7E}' | '\u{A1}'..='\u{FF}' | pending::OPEN | pending::CLOSE);
    let length = description.chars().count();
    if length > 1_000 && !is_pending(&description) {
        let over = format!("{length} characters, {} too many", length - 1_000);
        cx.problem(
            Diagnostic::error("the description is too long").at(text.span(), over).note("at most 1000 are allowed"),
        );
    }
    if let Some(bad) = description.chars().find(|c| !allowed(*c)) {
        let problem =
            Diagnostic::error("the description holds a character IAM refuses").at(text.span(), format!("`{bad}`"));
        cx.problem(problem.note("allowed are visible ASCII and Latin-1 characters, spaces, tabs and line ends"));
    }
    description
}

/// Whether a text holds a value that is not known yet.
#[must_use]
pub fn is_pending(text: &str) -> bool {
    text.contains(pending::OPEN)
}

/// Whether a text holds a value of which nothing is known yet. Of an account's id it is known that it has twelve digits: where only such ids
/// are missing, [`pending::with_digits`] shows the form.
#[must_use]
pub fn is_formless(text: &str) -> bool {
    is_pending(&pending::with_digits(text))
}

/// Takes AWS's own tags (`aws:…`) out.
#[must_use]
pub fn own_tags(tags: Tags) -> Tags {
    tags.into_iter().filter(|(key, _)| !key.starts_with("aws:")).collect()
}

/// The resource's tags, held to AWS's limits.
/// <https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html>
pub fn tags(cx: &mut Resolver<'_>) -> Tags {
    let tags = cx.tags();
    let mut problems = Vec::new();
    if tags.len() > TAGS_MAX {
        problems.push(format!(
            "{} tags, with the project's and trueup's own, are {} too many",
            tags.len(),
            tags.len() - TAGS_MAX
        ));
    }
    for (key, value) in &tags {
        if key.chars().count() > 128 {
            problems.push(format!("the tag key `{key}` is longer than 128 characters"));
        }
        if !is_pending(value) && value.chars().count() > 256 {
            problems.push(format!("the value of the tag `{key}` is longer than 256 characters"));
        }
        let bad = |text: &str| {
            !is_pending(text)
                && text.chars().any(|c| !c.is_alphanumeric() && !c.is_whitespace() && !"_.:/=+-@".contains(c))
        };
        if key.is_empty() || bad(key) || bad(value) {
            problems.push(format!(
                "AWS refuses the tag `{key}` = `{value}`: allowed are letters, digits, spaces and _ . : / = + - @"
            ));
        }
    }
    let span = cx.span();
    for problem in problems {
        cx.problem(Diagnostic::error(problem).at(span, ""));
    }
    tags
}

/// Tags as IAM's calls take them.
pub fn iam_tags(tags: Tags) -> Vec<aws_sdk_iam::types::Tag> {
    // Both members are given, so that building can't fail.
    let built = tags.into_iter().map(|(key, value)| aws_sdk_iam::types::Tag::builder().key(key).value(value).build());
    built.filter_map(Result::ok).collect()
}

/// Tags as IAM's calls return them, without AWS's own.
#[must_use]
pub fn from_iam_tags(tags: &[aws_sdk_iam::types::Tag]) -> Tags {
    own_tags(tags.iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect())
}

/// What makes one set of tags into another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TagChange {
    /// New, or with another value.
    pub put: Tags,
    /// No longer there.
    pub remove: Vec<String>,
}

impl TagChange {
    /// The difference of two sets of tags.
    #[must_use]
    pub fn between(before: &Tags, after: &Tags) -> Self {
        Self {
            put: after
                .iter()
                .filter(|(key, value)| before.get(key) != Some(value))
                .map(|(k, v)| (k.clone(), v.clone()))
                .collect(),
            remove: before.keys().filter(|key| !after.contains_key(key)).cloned().collect(),
        }
    }
}

/// A policy document in a model. In JSON it is the document as AWS writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PolicyDocument {
    /// One in canonical form.
    Document(Document),
    /// One from AWS that the policy language does not understand: equal to no document, so that it is shown as a difference.
    Unreadable(String),
}

impl PolicyDocument {
    /// A document AWS returned, percent-decoded.
    #[must_use]
    pub fn from_live(text: &str) -> Self {
        match Document::from_live(text) {
            Ok(document) => Self::Document(document),
            Err(_) => Self::Unreadable(text.to_owned()),
        }
    }

    /// The document, if the policy language understands it.
    #[must_use]
    pub fn document(&self) -> Option<&Document> {
        match self {
            Self::Document(document) => Some(document),
            Self::Unreadable(_) => None,
        }
    }

    /// The document itself, if the policy language understands it.
    #[must_use]
    pub fn into_document(self) -> Option<Document> {
        match self {
            Self::Document(document) => Some(document),
            Self::Unreadable(_) => None,
        }
    }

    /// What is sent.
    #[must_use]
    pub fn to_json(&self) -> String {
        match self {
            Self::Document(document) => document.to_json(),
            Self::Unreadable(text) => text.clone(),
        }
    }

    /// The ARNs of the users and roles it names as principals, which must exist before AWS takes it, and of the identity providers,
    /// without which nobody gets in.
    #[must_use]
    pub fn principals(&self) -> BTreeSet<String> {
        match self {
            Self::Document(document) => {
                let identities = document.principals().filter(|arn| is_identity(arn));
                identities.chain(providers(document)).map(str::to_owned).collect()
            }
            Self::Unreadable(_) => BTreeSet::new(),
        }
    }
}

/// The ARNs of the identity providers a document names.
fn providers(document: &Document) -> impl Iterator<Item = &str> {
    let principals = document.statements.iter().filter_map(|statement| statement.principal.as_ref());
    principals.flat_map(Principals::named).filter_map(|principal| match principal {
        Principal::Federated(arn) if is_arn(arn, "iam", "oidc-provider/") || is_arn(arn, "iam", "saml-provider/") => {
            Some(arn.as_str()).filter(|arn| !is_formless(arn))
        }
        Principal::Federated(_)
        | Principal::Aws(_)
        | Principal::Everyone
        | Principal::CanonicalUser(_)
        | Principal::Service(_) => None,
    })
}

/// The principals that `before` names and `after` no longer does.
#[must_use]
pub fn unnamed(before: Option<&PolicyDocument>, after: Option<&PolicyDocument>) -> Vec<String> {
    let after = after.map(PolicyDocument::principals).unwrap_or_default();
    before.map(PolicyDocument::principals).unwrap_or_default().into_iter().filter(|arn| !after.contains(arn)).collect()
}

/// Tells by how much a document is over its limit. What is not known yet counts nothing.
pub fn check_size(document: &Document, use_: policy::Use, span: Span, cx: &mut Resolver<'_>) {
    let (size, max) = (document.size(use_), use_.size_max());
    if size > max {
        let problem = Diagnostic::error(format!("the {} is too large", use_.name()));
        let problem = problem.at(span, "").note(format!("{size} characters, {} over the limit of {max}", size - max));
        let help =
            (use_ == policy::Use::Identity).then(|| "write `pack = true` to have it spread over several".to_owned());
        cx.problem(problem.maybe_help(help));
    }
}

/// Whether an ARN is that of one user or role.
#[must_use]
pub fn is_identity(arn: &str) -> bool {
    !is_formless(arn)
        && !arn.contains('*')
        && arn.starts_with("arn:")
        && (arn.contains(":role/") || arn.contains(":user/"))
}

/// What host names of AWS's end with in a partition.
/// <https://docs.aws.amazon.com/general/latest/gr/s3.html>, and the pages of the other partitions.
#[must_use]
pub fn dns_suffix(partition: &str) -> &'static str {
    match partition {
        "aws-cn" => "amazonaws.com.cn",
        "aws-eusc" => "amazonaws.eu",
        "aws-iso" => "c2s.ic.gov",
        "aws-iso-b" => "sc2s.sgov.gov",
        "aws-iso-e" => "cloud.adc-e.uk",
        "aws-iso-f" => "csp.hci.ic.gov",
        _ => "amazonaws.com",
    }
}

/// Outputs from pairs.
pub fn outputs<const N: usize>(pairs: [(&str, String); N]) -> Outputs {
    pairs.map(|(attribute, value)| (attribute.to_owned(), value)).into()
}

/// The name of an IAM thing with its path, by which its ARN follows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Named {
    /// `/` or `/…/`.
    pub path: String,
    /// The name without the path.
    pub name: String,
}

impl Named {
    /// The ARN of the thing of this sort (`role`, `policy`, `instance-profile`).
    #[must_use]
    pub fn arn(&self, at: &At, sort: &str) -> String {
        at.arn("iam", &format!("{sort}{}{}", self.path, self.name))
    }
}

/// The region in an ARN; none in what is not known yet.
#[must_use]
pub fn arn_region(arn: &str) -> Option<&str> {
    arn.strip_prefix("arn:")?.split(':').nth(2)
}

/// Tells a key that is in another region than what it shall encrypt.
pub fn check_region(key: &str, span: Span, what: &str, at: &At, cx: &mut Resolver<'_>) {
    if let Some(region) = arn_region(key).filter(|region| *region != at.region()) {
        let problem = Diagnostic::error(format!("a {what} needs a key of its own region"));
        cx.problem(problem.at(span, format!("is in {region}, the {what} in {}", at.region())));
    }
}

/// The ARN of an SQS queue.
pub fn queue(text: &Text, cx: &mut Resolver<'_>) -> String {
    let arn = cx.text(text);
    if !is_pending(&arn) && !is_arn(&arn, "sqs", "") {
        let problem = Diagnostic::error(format!("`{arn}` is not the ARN of an SQS queue")).at(text.span(), "");
        cx.problem(problem.help("write arn:aws:sqs:REGION:ACCOUNT:NAME"));
    }
    arn
}

/// What an ARN names, short: `AmazonS3ReadOnlyAccess`.
#[must_use]
pub fn short(arn: &str) -> String {
    if is_formless(arn) {
        return pending::show(arn);
    }
    // Behind an account's id that is not known yet there is still a name.
    let behind = arn.rsplit(pending::CLOSE).next().unwrap_or(arn);
    behind.rsplit(['/', ':']).next().unwrap_or(behind).to_owned()
}

/// Whether a text is an ARN of the service, with a resource of the sort: `is_arn(text, "iam", "policy/")`.
#[must_use]
pub fn is_arn(text: &str, service: &str, sort: &str) -> bool {
    let mut parts = text.splitn(6, ':');
    parts.next() == Some("arn")
        && parts.next().is_some_and(|partition| partition.starts_with("aws"))
        && parts.next() == Some(service)
        && parts.nth(2).is_some_and(|resource| resource.starts_with(sort))
}

/// A field that names a managed policy.
#[derive(Clone, Copy, Debug)]
pub struct ManagedPolicy;

impl Target for ManagedPolicy {
    const KINDS: &'static [&'static str] = &["policy"];
    const ATTRIBUTE: &'static str = "arn";
    const LITERAL: &'static str = "the ARN of a policy (AWS's own are arn:aws:iam::aws:policy/NAME)";

    fn is_literal(text: &str) -> bool {
        is_arn(text, "iam", "policy/")
    }
}

/// A field that names a role.
#[derive(Clone, Copy, Debug)]
pub struct Role;

impl Target for Role {
    const KINDS: &'static [&'static str] = &["role"];
    const ATTRIBUTE: &'static str = "arn";
    const LITERAL: &'static str = "the ARN of a role";

    fn is_literal(text: &str) -> bool {
        is_arn(text, "iam", "role/")
    }
}

/// A field that names a group.
#[derive(Clone, Copy, Debug)]
pub struct Group;

impl Target for Group {
    const KINDS: &'static [&'static str] = &["group"];
    const ATTRIBUTE: &'static str = "arn";
    const LITERAL: &'static str = "the ARN of a group";

    fn is_literal(text: &str) -> bool {
        is_arn(text, "iam", "group/")
    }
}

/// A field that names a KMS key.
#[derive(Clone, Copy, Debug)]
pub struct Key;

impl Target for Key {
    const KINDS: &'static [&'static str] = &["key", "replica_key"];
    const ATTRIBUTE: &'static str = "arn";
    const LITERAL: &'static str = "the ARN of a key";

    fn is_literal(text: &str) -> bool {
        is_arn(text, "kms", "key/")
    }
}

/// A field that names the key of a topic.
/// <https://docs.aws.amazon.com/sns/latest/dg/sns-server-side-encryption.html>
#[derive(Clone, Copy, Debug)]
pub struct TopicKey;

impl Target for TopicKey {
    const KINDS: &'static [&'static str] = Key::KINDS;
    const ATTRIBUTE: &'static str = Key::ATTRIBUTE;
    const LITERAL: &'static str = "the ARN of a key, or \"alias/aws/sns\"";

    fn is_literal(text: &str) -> bool {
        text == "alias/aws/sns" || Key::is_literal(text)
    }
}

/// A field that names the primary key of a multi-region key.
#[derive(Clone, Copy, Debug)]
pub struct PrimaryKey;

impl Target for PrimaryKey {
    const KINDS: &'static [&'static str] = &["key"];
    const ATTRIBUTE: &'static str = "arn";
    const LITERAL: &'static str = "the ARN of a multi-region key (its id begins with `mrk-`)";

    fn is_literal(text: &str) -> bool {
        is_arn(text, "kms", "key/mrk-")
    }
}

/// A field that names whoever a grant is for.
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html>, `GranteePrincipal`.
#[derive(Clone, Copy, Debug)]
pub struct Grantee;

impl Target for Grantee {
    const KINDS: &'static [&'static str] = &["role", "user"];
    const ATTRIBUTE: &'static str = "arn";
    const LITERAL: &'static str = "the ARN of a role, a user, an account or a session";

    fn is_literal(text: &str) -> bool {
        ["role/", "user/", "root"].iter().any(|sort| is_arn(text, "iam", sort))
            || ["assumed-role/", "federated-user/"].iter().any(|sort| is_arn(text, "sts", sort))
    }
}

/// A field that names a CodeDeploy application.
#[derive(Clone, Copy, Debug)]
pub struct Application;

impl Target for Application {
    const KINDS: &'static [&'static str] = &["application"];
    const ATTRIBUTE: &'static str = "arn";
    const LITERAL: &'static str = "the ARN of an application";

    fn is_literal(text: &str) -> bool {
        is_arn(text, "codedeploy", "application:")
    }
}

/// A field that names a CodeDeploy deployment configuration.
#[derive(Clone, Copy, Debug)]
pub struct DeploymentConfig;

impl Target for DeploymentConfig {
    const KINDS: &'static [&'static str] = &["deployment_config"];
    const ATTRIBUTE: &'static str = "arn";
    const LITERAL: &'static str = "the name of one of AWS's own (CodeDeployDefault.OneAtATime) or the ARN of another";

    fn is_literal(text: &str) -> bool {
        text.starts_with("CodeDeployDefault.") || is_arn(text, "codedeploy", "deploymentconfig:")
    }
}

/// A field that names an EventBridge event bus.
#[derive(Clone, Copy, Debug)]
pub struct EventBus;

impl Target for EventBus {
    const KINDS: &'static [&'static str] = &["event_bus"];
    const ATTRIBUTE: &'static str = "arn";
    const LITERAL: &'static str = "\"default\", or the ARN of an event bus";

    fn is_literal(text: &str) -> bool {
        text == "default" || is_arn(text, "events", "event-bus/")
    }
}

/// A field that names an SNS topic.
#[derive(Clone, Copy, Debug)]
pub struct Topic;

impl Target for Topic {
    const KINDS: &'static [&'static str] = &["topic"];
    const ATTRIBUTE: &'static str = "arn";
    const LITERAL: &'static str = "the ARN of a topic";

    fn is_literal(text: &str) -> bool {
        is_arn(text, "sns", "") && text.split(':').count() == 6
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_are_told_by_service_and_sort() {
        assert!(is_arn("arn:aws:iam::aws:policy/service-role/AWSLambdaRole", "iam", "policy/"));
        assert!(is_arn("arn:aws-cn:kms:cn-north-1:111111111111:key/abc", "kms", "key/"));
        for wrong in ["AWSLambdaRole", "arn:aws:iam::1:role/x", "arn:aws:s3:::policy/", "arn:", ""] {
            assert!(!is_arn(wrong, "iam", "policy/"), "{wrong}");
        }
    }

    #[test]
    fn only_users_roles_and_providers_must_exist() {
        let policy = PolicyDocument::from_live(
            r#"{"Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":[
                "111111111111","arn:aws:iam::111111111111:role/path/a","arn:aws:iam::111111111111:user/b","*"],
                "Federated":["accounts.google.com","arn:aws:iam::111111111111:oidc-provider/example.com/x"]}}]}"#,
        );
        let expected = [
            "arn:aws:iam::111111111111:oidc-provider/example.com/x",
            "arn:aws:iam::111111111111:role/path/a",
            "arn:aws:iam::111111111111:user/b",
        ];
        assert_eq!(policy.principals().into_iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn an_odd_document_is_kept_as_text() {
        let policy = PolicyDocument::from_live("not json");
        assert_eq!(policy, PolicyDocument::Unreadable("not json".to_owned()));
        let json = serde_json::to_value(&policy).unwrap();
        assert_eq!(serde_json::from_value::<PolicyDocument>(json).unwrap(), policy);
    }
}
