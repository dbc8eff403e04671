//! Whether a statement's `Principal` or `NotPrincipal` is the caller, and how it names it.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>

use super::super::model::{Effect, Principal, Principals};
use super::arn;
use super::request::{Caller, federated_user_arn, is_session_of, resource_part, session_arn};
use super::truth::Truth;
use crate::few::Few;

/// How a policy on a resource names the caller, which decides what else must allow the request.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Named {
    /// By its account, which only lets the account allow it.
    pub(super) account: Truth,
    /// By its role; the role's boundary and session policies limit it.
    pub(super) role: Truth,
    /// By its user; the user's boundary doesn't limit it, session policies do.
    pub(super) user: Truth,
    /// By its session, as everyone, as service or by its provider; nothing limits it.
    pub(super) itself: Truth,
}

impl Named {
    pub(super) const NOT: Self = Self { account: Truth::No, role: Truth::No, user: Truth::No, itself: Truth::No };

    fn itself(truth: Truth) -> Self {
        Self { itself: truth, ..Self::NOT }
    }

    /// Whether it is named in any way.
    pub(super) fn any(self) -> Truth {
        let Self { account, role, user, itself } = self;
        account.max(role).max(user).max(itself)
    }

    pub(super) fn or(self, other: Self) -> Self {
        Self {
            account: self.account.max(other.account),
            role: self.role.max(other.role),
            user: self.user.max(other.user),
            itself: self.itself.max(other.itself),
        }
    }

    /// Named so only if this holds too.
    pub(super) fn and(self, truth: Truth) -> Self {
        let Self { account, role, user, itself } = self;
        Self { account: account.min(truth), role: role.min(truth), user: user.min(truth), itself: itself.min(truth) }
    }
}

/// How a statement names the caller.
pub(super) fn named(principals: &Principals, effect: Effect, caller: &Caller, has_boundary: bool) -> Named {
    match principals {
        Principals::Is(named) => {
            named.iter().fold(Named::NOT, |found, principal| found.or(named_by(principal, caller)))
        }
        Principals::Not(named) => match effect {
            Effect::Allow => {
                let left_out = named.iter().map(|principal| named_by(principal, caller).any()).max();
                Named::itself(left_out.unwrap_or(Truth::No).not())
            }
            // "will always deny any IAM principal that has a permissions boundary policy attached, regardless of
            // the values": https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
            Effect::Deny if has_boundary => Named::itself(Truth::Yes),
            Effect::Deny => Named::itself(excepted(named, caller).not()),
        },
    }
}

fn named_by(principal: &Principal, caller: &Caller) -> Named {
    match principal {
        Principal::Everyone => Named::itself(Truth::Yes),
        Principal::Aws(name) if name == "*" => Named::itself(Truth::Yes),
        Principal::Aws(name) => named_by_arn(name, caller),
        Principal::Service(name) => match caller {
            Caller::Service(service) => Named::itself((name == "*" || name == service).into()),
            _ => Named::NOT,
        },
        Principal::Federated(name) => match caller {
            Caller::Federated(provider) => Named::itself((name == provider).into()),
            _ => Named::NOT,
        },
        // It is another name of an account, and no document tells of which.
        Principal::CanonicalUser(_) => match caller.account() {
            Some(_) => Named::itself(Truth::Open),
            None => Named::NOT,
        },
    }
}

/// What would have to be known to say whether the principals are the caller, as keys of a context.
pub(super) fn open_names(principals: &Principals, caller: &Caller) -> impl Iterator<Item = &'static str> {
    let is_open = |principal: &&Principal| named_by(principal, caller).itself == Truth::Open;
    principals.named().iter().filter(is_open).map(|principal| match principal {
        Principal::CanonicalUser(_) => "s3:CanonicalUser",
        Principal::Everyone | Principal::Aws(_) | Principal::Federated(_) | Principal::Service(_) => {
            "sts:RoleSessionName"
        }
    })
}

/// By ARN or account id. A unique id is what AWS shows for someone who is no more, and names nobody.
fn named_by_arn(name: &str, caller: &Caller) -> Named {
    let account = caller.account().is_some_and(|account| is_account(name, account)).into();
    let named = Named { account, ..Named::NOT };
    match caller {
        Caller::User(arn) => Named { user: (name == arn).into(), ..named },
        Caller::Role { arn, session } => Named {
            role: (name == arn).into(),
            itself: match session {
                Some(session) => (name == session_arn(arn, session)).into(),
                None => Truth::from(is_session_of(name, arn)).min(Truth::Open),
            },
            ..named
        },
        Caller::FederatedUser { user, name: session } => {
            Named { user: (name == user).into(), itself: (name == federated_user_arn(user, session)).into(), ..named }
        }
        Caller::Root(_) | Caller::Federated(_) | Caller::Service(_) | Caller::Anonymous => named,
    }
}

/// Whether the name is the account's id, or the ARN of its root in any partition.
fn is_account(name: &str, account: &str) -> bool {
    name == account || (resource_part(name) == "root" && arn::account(name) == Some(account))
}

/// Whether a `NotPrincipal` spares the caller from its `Deny`: the account must be listed, and the user or role in it.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html>
fn excepted(named: &Few<Principal>, caller: &Caller) -> Truth {
    let all = named.iter().fold(Named::NOT, |found, principal| found.or(named_by(principal, caller)));
    let everyone = named.iter().any(|principal| match principal {
        Principal::Everyone => true,
        Principal::Aws(name) => name == "*",
        Principal::CanonicalUser(_) | Principal::Federated(_) | Principal::Service(_) => false,
    });
    if everyone {
        return Truth::Yes;
    }
    match caller {
        Caller::Root(_) => all.account,
        Caller::User(_) => all.account.min(all.user),
        Caller::Role { .. } => all.account.min(all.role),
        Caller::FederatedUser { .. } => all.account.min(all.user.max(all.itself)),
        Caller::Federated(_) | Caller::Service(_) | Caller::Anonymous => all.itself,
    }
}
