//! What several lints ask of a statement.

use std::collections::BTreeSet;

use crate::few::Few;
use crate::lint::Hit;
use crate::policy::condition::Operator;
use crate::policy::evaluate::arn::{Case, like};
use crate::policy::model::{Actions, Effect, Principal, Principals, Resources, Statement};
use crate::policy::unknown::is_unknown;
use crate::resolve::WrittenStatement;

use super::Subject;
use super::public::{Held, held_by, is_of_caller};

/// Condition keys that say in whose name a service or a caller comes.
pub(super) const SOURCE_KEYS: &[&str] =
    &["aws:SourceAccount", "aws:SourceArn", "aws:SourceOrgID", "aws:SourceOrgPaths"];

/// Services each with the page on which AWS advises to say, in a policy that names them, in whose name they come.
pub(super) type Deputies = &'static [(&'static str, &'static str)];

/// The first service a statement allows something that can be made to come in anyone's name, and nothing keeps it from that.
pub(super) fn deputy<'s>(statement: &'s Statement, deputies: Deputies, keys: &[&str]) -> Option<&'s str> {
    let service = services(statement).find(|service| deputies.iter().any(|(deputy, _)| deputy == service))?;
    (!is_held_by(statement, keys)).then_some(service)
}

/// What the statements with an effect are told of, by a function that gives the label; at the place of an element.
pub(super) fn each(
    subject: &Subject<'_>,
    effect: Effect,
    element: &str,
    label: impl Fn(&Statement) -> Option<String>,
) -> Vec<Hit> {
    let statements = subject.written.statements.iter().filter(|written| written.statement.effect == effect);
    statements.filter_map(|written| Some(hit(written, element, label(&written.statement)?))).collect()
}

/// The statements that allow.
pub(super) fn each_allow(
    subject: &Subject<'_>,
    element: &str,
    label: impl Fn(&Statement) -> Option<String>,
) -> Vec<Hit> {
    each(subject, Effect::Allow, element, label)
}

pub(super) fn hit(written: &WrittenStatement, element: &str, label: String) -> Hit {
    Hit { span: written.element(element), label, sid: written.statement.sid.clone() }
}

/// The actions a statement names; none where it is about all but some.
pub(super) fn actions(statement: &Statement) -> impl Iterator<Item = &str> {
    let named = match &statement.action {
        Actions::Is(named) => Some(named),
        Actions::Not(_) => None,
    };
    named.into_iter().flatten().map(|action| action.as_str())
}

/// The pattern by which a statement is about an action; `*` where it is about all but some others.
pub(super) fn covering<'s>(statement: &'s Statement, action: &str) -> Option<&'s str> {
    match &statement.action {
        Actions::Is(named) => named.iter().map(|one| one.as_str()).find(|one| like(one, action, Case::Ignored)),
        Actions::Not(named) => {
            (!named.iter().any(|one| like(one.as_str(), action, Case::Ignored))).then_some("not_action")
        }
    }
}

/// Whether a statement is about a resource.
pub(super) fn is_about(statement: &Statement, resource: &str) -> bool {
    let is_in = |named: &Few<String>| named.iter().any(|pattern| like(pattern, resource, Case::Matters));
    match &statement.resource {
        None => true,
        Some(Resources::Is(named)) => is_in(named),
        Some(Resources::Not(named)) => !is_in(named),
    }
}

/// Whether a statement is about everything there is.
pub(super) fn is_about_all(statement: &Statement) -> bool {
    // No thing has this ARN; only a pattern that takes nearly everything takes it.
    is_about(statement, "arn:any:any:any:any:any")
}

/// Whether a statement of the document denies this on everything, whatever else is allowed.
pub(super) fn is_denied(subject: &Subject<'_>, action: &str) -> bool {
    subject.written.statements.iter().map(|written| &written.statement).any(|statement| {
        let is_whole = statement.effect == Effect::Deny && statement.condition.is_empty() && is_about_all(statement);
        is_whole && covering(statement, action).is_some()
    })
}

/// Whether a statement is about roles whatever their name.
pub(super) fn is_about_any_role(statement: &Statement, subject: &Subject<'_>) -> bool {
    let (partition, account) = (subject.partition, subject.account);
    is_about(statement, &format!("arn:{partition}:iam::{account}:role/any-Role-0"))
}

/// Whether some condition on one of the keys must hold: not one that also holds without the key, that excludes values, or takes any.
/// Of keys that say who comes, the values must name someone ([`held_by`]). A key that ends with `/` or `:` stands for all that begin with it.
pub(super) fn is_held_by(statement: &Statement, keys: &[&str]) -> bool {
    let is_front =
        |key: &str, wanted: &str| key.get(..wanted.len()).is_some_and(|front| front.eq_ignore_ascii_case(wanted));
    let is_key = |key: &str| {
        keys.iter().any(|wanted| {
            if wanted.ends_with(['/', ':']) { is_front(key, wanted) } else { key.eq_ignore_ascii_case(wanted) }
        })
    };
    tested(statement).filter(|(_, key, _)| is_key(key)).any(|(operator, key, values)| {
        if is_of_caller(key) {
            return held_by(&operator, key, values) > Held::ToNobody;
        }
        let must_be_there = operator.if_exists.is_empty()
            && !operator.set.eq_ignore_ascii_case("ForAllValues:")
            && !operator.is_negated()
            && !operator.base.eq_ignore_ascii_case("Null");
        let is_any = |value: &String| value.bytes().all(|sign| matches!(sign, b'*' | b'?'));
        must_be_there && !values.is_empty() && !values.iter().any(is_any)
    })
}

/// The conditions of a statement: operator, key, values.
pub(super) fn tested(statement: &Statement) -> impl Iterator<Item = (Operator<'_>, &str, &BTreeSet<String>)> {
    statement.condition.iter().flat_map(|(operator, keys)| {
        keys.iter().map(move |(key, values)| (Operator::of(operator.as_str()), key.as_str(), values))
    })
}

/// Who a statement names; none where it is for all but some.
pub(super) fn principals(statement: &Statement) -> impl Iterator<Item = &Principal> {
    let named = match &statement.principal {
        Some(Principals::Is(named)) => Some(named),
        Some(Principals::Not(_)) | None => None,
    };
    named.into_iter().flatten()
}

/// Whether a statement is for everyone.
pub(super) fn is_for_everyone(statement: &Statement) -> bool {
    principals(statement).any(|principal| match principal {
        Principal::Everyone => true,
        Principal::Aws(value) => value == "*",
        Principal::CanonicalUser(_) | Principal::Federated(_) | Principal::Service(_) => false,
    })
}

/// The service principals a statement names.
pub(super) fn services(statement: &Statement) -> impl Iterator<Item = &str> {
    principals(statement).filter_map(|principal| match principal {
        Principal::Service(service) => Some(service.as_str()),
        Principal::Everyone | Principal::Aws(_) | Principal::CanonicalUser(_) | Principal::Federated(_) => None,
    })
}

/// The AWS principals a statement names, each with its account as far as that is known.
pub(super) fn aws_principals(statement: &Statement) -> impl Iterator<Item = (&str, Option<&str>)> {
    principals(statement).filter_map(|principal| match principal {
        Principal::Aws(value) => Some((value.as_str(), account_of(value))),
        Principal::Everyone | Principal::CanonicalUser(_) | Principal::Federated(_) | Principal::Service(_) => None,
    })
}

/// The account in the ARN of a principal.
fn account_of(principal: &str) -> Option<&str> {
    if is_unknown(principal) {
        return None;
    }
    principal.strip_prefix("arn:")?.split(':').nth(3).filter(|account| !account.is_empty())
}

/// The first principal of an account that is none of `accounts`.
pub(super) fn outsider<'s>(statement: &'s Statement, accounts: &BTreeSet<&str>) -> Option<&'s str> {
    let mut named = aws_principals(statement);
    named
        .find(|(_, account)| account.is_some_and(|account| !accounts.contains(account)))
        .map(|(principal, _)| principal)
}
