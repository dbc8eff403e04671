//! From a key's spec to its model, with all that KMS would refuse.

use std::collections::BTreeSet;

use trueup_engine::kind::{At, Claim, Identity};
use trueup_specs::diagnostic::Diagnostic;
use trueup_specs::pending;
use trueup_specs::policy::{Actions, Document, Effect, Use};
use trueup_specs::resolve::Resolver;
use trueup_specs::span::Span;
use trueup_specs::{PolicySpec, Text};

use super::grants;
use super::spec::{KeySort, KeySpec, KeyStateWord, KeyUsage, RotationSpec};
use super::{
    AWS_KMS, DELETION_WINDOW_DAYS_MAX, Handles, KeyModel, OwnProperties, ROTATION_DAYS, alias_outputs, default_policy,
};
use crate::fields::{self, PolicyDocument};

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html>, `Description`.
const DESCRIPTION_MAX: usize = 8_192;

/// With `alias/`. <https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html>
const ALIAS_MAX: usize = 256;

/// <https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html>
const ALIASES_MAX: usize = 50;

/// Who a key is: its first alias, or no one.
pub(crate) fn identity(aliases: &[Text], at: &At, cx: &mut Resolver<'_>) -> Identity {
    let Some(alias) = aliases.first() else { return Identity::default() };
    let name = cx.text(alias);
    let outputs = alias_outputs(&name, at.arn("kms", &name));
    Identity { claim: Some(alias_claim(at, &name)), outputs, name }
}

/// The aliases behind the first: no other key may have them either.
pub(crate) fn other_aliases(aliases: &[Text], at: &At, cx: &mut Resolver<'_>) -> Vec<Claim> {
    let others = aliases.iter().skip(1);
    others
        .map(|text| {
            let name = cx.text(text);
            Claim { claim: alias_claim(at, &name), name, span: Some(text.span()) }
        })
        .collect()
}

fn alias_claim(at: &At, alias: &str) -> String {
    format!("kms {} {} {alias}", at.account_id, at.region())
}

pub(super) fn desired(spec: &KeySpec, at: &At, cx: &mut Resolver<'_>) -> Option<KeyModel> {
    let KeySpec {
        alias,
        description,
        policy,
        rotation,
        deletion_window_days,
        state,
        grant,
        multi_region,
        key_spec,
        key_usage,
    } = spec;
    let aliases = aliases(alias, cx);
    let description = description.as_ref().map_or_else(String::new, |text| checked_description(text, cx));
    let sort = key_spec.unwrap_or(KeySort::SymmetricDefault);
    check_place(sort, cx);
    let usage = usage(sort, *key_usage, cx);
    let rotation_days = rotation.as_ref().map(|rotation| rotation_days(rotation, sort, cx));
    let policy = whole_policy(policy.as_ref(), at, cx);
    let grants = grants::desired(grant, usage.map(|usage| (sort, usage)), cx);
    let tags = fields::tags(cx);
    let own = OwnProperties {
        state: state.unwrap_or(KeyStateWord::Enabled).in_kms().to_owned(),
        aliases,
        description,
        policy: policy?,
        deletion_window_days: deletion_window_days.map_or(DELETION_WINDOW_DAYS_MAX, |days| small(days.get())),
        grants,
        tags,
    };
    Some(KeyModel {
        handles: Handles::default(),
        own,
        rotation_days,
        multi_region: multi_region.unwrap_or_default(),
        key_spec: sort.to_string(),
        key_usage: usage?.to_string(),
        origin: AWS_KMS.to_owned(),
        primary: None,
    })
}

/// The policy a spec asks for, or KMS's own.
pub(crate) fn whole_policy(policy: Option<&PolicySpec>, at: &At, cx: &mut Resolver<'_>) -> Option<PolicyDocument> {
    match policy {
        None => Some(default_policy(at)),
        Some(policy) => checked_policy(policy, at, cx),
    }
}

/// Tells that there is no such key where it shall be.
fn check_place(sort: KeySort, cx: &mut Resolver<'_>) {
    if let Some(place) = sort.absent_from(cx.partition()) {
        let problem = Diagnostic::error(format!("KMS has no key of the sort `{sort}` in {}", cx.region()));
        cx.problem(problem.at(cx.span(), format!("{sort} is {place}")).help("choose another `key_spec`"));
    }
}

/// A number whose range the language has checked.
pub(crate) fn small(days: i64) -> u32 {
    u32::try_from(days).unwrap_or(u32::MAX)
}

fn rotation_days(rotation: &RotationSpec, sort: KeySort, cx: &mut Resolver<'_>) -> u32 {
    let RotationSpec { days } = rotation;
    if sort != KeySort::SymmetricDefault {
        let problem = Diagnostic::error(format!("KMS does not rotate a key of the sort `{sort}`")).at(cx.span(), "");
        cx.problem(problem.help("leave `rotation` out: only SYMMETRIC_DEFAULT rotates by itself"));
    }
    days.map_or(ROTATION_DAYS, |days| small(days.get()))
}

fn usage(sort: KeySort, given: Option<KeyUsage>, cx: &mut Resolver<'_>) -> Option<KeyUsage> {
    let usages = sort.usages();
    let list = || usages.iter().map(|usage| format!("\"{usage}\"")).collect::<Vec<_>>().join(" or ");
    match (given, usages) {
        (Some(given), usages) if usages.contains(&given) => Some(given),
        (None, [only]) => Some(*only),
        (Some(given), _) => {
            let problem =
                Diagnostic::error(format!("a key of the sort `{sort}` can't be for `{given}`")).at(cx.span(), "");
            cx.problem(problem.help(format!("write key_usage = {}", list())));
            None
        }
        (None, _) => {
            let problem =
                Diagnostic::error(format!("a key of the sort `{sort}` needs a `key_usage`")).at(cx.span(), "");
            cx.problem(problem.help(format!("write key_usage = {}", list())));
            None
        }
    }
}

pub(crate) fn checked_description(text: &Text, cx: &mut Resolver<'_>) -> String {
    let description = cx.text(text);
    let length = description.chars().count();
    if length > DESCRIPTION_MAX && !fields::is_pending(&description) {
        let over = format!("{length} characters, {} too many", length - DESCRIPTION_MAX);
        let problem = Diagnostic::error("the description is too long").at(text.span(), over);
        cx.problem(problem.note(format!("at most {DESCRIPTION_MAX} are allowed")));
    }
    description
}

pub(crate) fn aliases(given: &[Text], cx: &mut Resolver<'_>) -> BTreeSet<String> {
    let mut aliases = BTreeSet::new();
    for text in given {
        let alias = cx.text(text);
        check_alias(&alias, text.span(), cx);
        if !aliases.insert(alias) {
            cx.problem(Diagnostic::error("the same alias twice").at(text.span(), ""));
        }
    }
    if aliases.len() > ALIASES_MAX {
        let problem = Diagnostic::error(format!("a key can have {ALIASES_MAX} aliases at most")).at(cx.span(), "");
        cx.problem(problem.note(format!("{} are listed", aliases.len())));
    }
    aliases
}

/// Tells why KMS would refuse the alias.
fn check_alias(alias: &str, span: Span, cx: &mut Resolver<'_>) {
    if fields::is_formless(alias) {
        let problem = Diagnostic::error("an alias must be known before apply");
        cx.problem(problem.at(span, format!("stands for {}", pending::show(alias))));
        return;
    }
    let alias = &*pending::with_digits(alias);
    if let Some((why, help)) = alias_fault(alias) {
        let problem = Diagnostic::error(format!("`{alias}` is no alias")).at(span, why);
        cx.problem(problem.maybe_help(help));
    }
}

fn alias_fault(alias: &str) -> Option<(String, Option<String>)> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-');
    let Some(name) = alias.strip_prefix("alias/") else {
        let help = alias.chars().all(allowed).then(|| format!("write `alias/{}`", alias.trim_start_matches('/')));
        return Some(("does not begin with `alias/`".to_owned(), help));
    };
    if name.is_empty() {
        return Some(("has nothing behind `alias/`".to_owned(), None));
    }
    if name.starts_with("aws/") {
        return Some(("is AWS's own: `alias/aws/` is reserved".to_owned(), None));
    }
    if let Some(other) = name.chars().find(|c| !allowed(*c)) {
        return Some((format!("holds `{other}`, which is none of letters, digits, `/`, `_` and `-`"), None));
    }
    let length = alias.len();
    (length > ALIAS_MAX).then(|| (format!("has {length} characters, {} too many", length - ALIAS_MAX), None))
}

fn checked_policy(spec: &PolicySpec, at: &At, cx: &mut Resolver<'_>) -> Option<PolicyDocument> {
    let document = cx.policy(spec, Use::Key)?;
    fields::check_size(&document, Use::Key, spec.span(), cx);
    if !leaves_it_changeable(&document) {
        let problem = Diagnostic::error("the key policy lets no one change it")
            .at(spec.span(), "no statement allows kms:PutKeyPolicy");
        cx.problem(problem.note("KMS refuses such a policy, since no one could mend it").help(format!(
            "add a statement that leaves it to the account's IAM policies: \
             {{ allow = \"kms:*\", principal = {{ account = \"{}\" }}, resource = \"*\" }}",
            at.scope.account
        )));
    }
    Some(PolicyDocument::Document(document))
}

/// Whether some statement allows `kms:PutKeyPolicy` to someone. KMS wants it allowed to the caller; who that is shows only then.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html#prevent-unmanageable-key>
fn leaves_it_changeable(document: &Document) -> bool {
    let put = "kms:putkeypolicy";
    document.statements.iter().filter(|statement| statement.effect == Effect::Allow).any(|statement| {
        match &statement.action {
            Actions::Is(actions) => actions.iter().any(|action| covers(&action.as_str().to_lowercase(), put)),
            Actions::Not(actions) => !actions.iter().any(|action| covers(&action.as_str().to_lowercase(), put)),
        }
    })
}

/// Whether a pattern with `*` and `?` covers a text. One with a value that is not known yet may.
fn covers(pattern: &str, text: &str) -> bool {
    if fields::is_pending(pattern) {
        return true;
    }
    match pattern.chars().next() {
        None => text.is_empty(),
        Some('*') => {
            let rest = pattern.trim_start_matches('*');
            text.char_indices()
                .map(|(at, _)| at)
                .chain([text.len()])
                .any(|at| text.get(at..).is_some_and(|end| covers(rest, end)))
        }
        Some(first) => {
            let mut rest = text.chars();
            let matches = rest.next().is_some_and(|c| first == '?' || first == c);
            matches && covers(pattern.get(first.len_utf8()..).unwrap_or_default(), rest.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_are_judged_as_kms_does() {
        for good in ["alias/a", "alias/team/artifacts_2-x", &format!("alias/{}", "a".repeat(250))] {
            assert_eq!(alias_fault(good), None, "{good}");
        }
        for bad in [
            "",
            "artifacts",
            "alias/",
            "alias/aws/s3",
            "alias/a b",
            "alias/a.b",
            "Alias/a",
            &format!("alias/{}", "a".repeat(251)),
        ] {
            assert!(alias_fault(bad).is_some(), "{bad}");
        }
        assert_eq!(alias_fault("artifacts").unwrap().1.as_deref(), Some("write `alias/artifacts`"));
    }

    #[test]
    fn a_policy_must_be_changeable() {
        let allows = |action: &str| {
            let text = format!(
                r#"{{"Statement":[{{"Effect":"Allow","Action":{action},"Resource":"*","Principal":{{"AWS":"111111111111"}}}}]}}"#
            );
            leaves_it_changeable(&Document::from_live(&text).unwrap())
        };
        for good in [r#""kms:*""#, r#""*""#, r#"["kms:Decrypt","KMS:Put*"]"#, r#""kms:?utKeyPolicy""#] {
            assert!(allows(good), "{good}");
        }
        for bad in [r#""kms:Decrypt""#, r#"["kms:Get*","kms:PutKey"]"#, r#""s3:*""#] {
            assert!(!allows(bad), "{bad}");
        }
    }
}
