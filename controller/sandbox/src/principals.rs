//! Principals in stored policies.
//!
//! AWS stores a role or user named in a resource policy by its unique id and shows the ARN as long as that very entity
//! exists; once it is deleted, a reader sees the bare id, and a new role of the same name is not meant.
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>.

use serde_json::Value;

use crate::world::World;

/// The user an access key id of twelve digits stands for. It is in every account, though IAM does not list it.
pub(crate) const ADMIN_USER: &str = "user/admin";

/// The role Organizations puts in every account it makes. Every account of the sandbox has it, and it trusts all of them,
/// unless someone made a role of that name.
pub(crate) const ORGANIZATION_ROLE: &str = "OrganizationAccountAccessRole";

impl World {
    /// Makes the account exist, as if someone had called it.
    pub fn register_account(&mut self, id: &str) {
        self.account(id);
    }

    /// Whether a principal that a policy names under `AWS` exists: an account id or root ARN of a known account, a role
    /// or user, a session of a role, or the unique id of a role or user. `*` always does.
    pub fn principal_exists(&self, principal: &str) -> bool {
        self.intern_one(principal).is_some()
    }

    /// Whether an account's own role lets a service in; `None` where there is no such role.
    pub fn service_role(&self, account: &str, role: &str, service: &str) -> Option<bool> {
        let own = format!("arn:aws:iam::{account}:role/");
        if !role.starts_with(&own) || !self.principal_exists(role) {
            return None;
        }
        let name = role.rsplit('/').next().unwrap_or_default();
        let trust = self.accounts.get(account).and_then(|account| account.iam.role_trust(name));
        let trust: Value = trust.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let statements = match trust.get("Statement") {
            Some(Value::Array(list)) => list.as_slice(),
            Some(single) => std::slice::from_ref(single),
            None => &[],
        };
        Some(statements.iter().any(|statement| {
            let named = statement.get("Principal").and_then(|principal| principal.get("Service"));
            statement.get("Effect").and_then(Value::as_str) == Some("Allow")
                && crate::sts::trust::texts(named).contains(&service)
        }))
    }

    /// The policy as it is stored: role and user ARNs become unique ids, account ids become root ARNs, a list of one
    /// becomes that one.
    ///
    /// # Errors
    ///
    /// The first principal under `AWS` that does not exist.
    pub fn intern_principals(&self, mut policy: Value) -> Result<Value, String> {
        let mut bad = None;
        each_principal(&mut policy, &mut |principal| match self.intern_one(principal) {
            Some(interned) => *principal = interned,
            None => {
                bad.get_or_insert_with(|| principal.clone());
            }
        });
        match bad {
            Some(principal) => Err(principal),
            None => Ok(policy),
        }
    }

    /// The stored policy as a reader sees it: unique ids of entities that still exist become ARNs again.
    pub fn show_principals(&self, policy: &Value) -> Value {
        let mut shown = policy.clone();
        each_principal(&mut shown, &mut |principal| {
            if let Some(arn) = self.show_one(principal) {
                *principal = arn;
            }
        });
        shown
    }

    /// What one principal is stored as; nothing if it does not exist.
    fn intern_one(&self, principal: &str) -> Option<String> {
        if principal == "*" {
            return Some(principal.to_owned());
        }
        if is_account_id(principal) {
            return self.accounts.contains_key(principal).then(|| format!("arn:aws:iam::{principal}:root"));
        }
        if is_unique_id(principal) {
            return self.show_one(principal).map(|_| principal.to_owned());
        }
        let parts: Vec<&str> = principal.splitn(6, ':').collect();
        let &["arn", "aws", service, "", account, resource] = parts.as_slice() else { return None };
        let holder = self.accounts.get(account)?;
        match (service, resource.split_once('/')) {
            ("iam", None) if resource == "root" => Some(principal.to_owned()),
            ("iam", Some(("role" | "user", _))) if holder.iam.has_principal(principal) => {
                holder.iam.unique_id(principal).map(str::to_owned)
            }
            ("iam", Some(("role", ORGANIZATION_ROLE))) => Some(principal.to_owned()),
            ("iam", Some(_)) if resource == ADMIN_USER => Some(principal.to_owned()),
            ("sts", Some(("federated-user", name))) if !name.is_empty() => Some(principal.to_owned()),
            ("sts", Some(("assumed-role", rest))) => {
                let (role, session) = rest.split_once('/').filter(|(_, session)| !session.is_empty())?;
                match self.role_id(account, role) {
                    Some(id) => Some(format!("{id}:{session}")),
                    None => (role == ORGANIZATION_ROLE).then(|| principal.to_owned()),
                }
            }
            _ => None,
        }
    }

    /// What one stored principal is shown as; nothing if it is shown as it is stored.
    fn show_one(&self, principal: &str) -> Option<String> {
        if !is_unique_id(principal) {
            return None;
        }
        let (id, session) = match principal.split_once(':') {
            Some((id, session)) => (id, Some(session)),
            None => (principal, None),
        };
        let arn = self.accounts.values().find_map(|account| account.iam.arn_of(id))?;
        let Some(session) = session else { return Some(arn) };
        // A session's ARN leaves out the path of its role.
        let account = arn.split(':').nth(4)?;
        let role = arn.rsplit('/').next()?;
        Some(format!("arn:aws:sts::{account}:assumed-role/{role}/{session}"))
    }

    /// The unique id of a role known by account and bare name: a session's ARN does not say its path.
    pub(crate) fn role_id(&self, account: &str, role: &str) -> Option<String> {
        let iam = &self.accounts.get(account)?.iam;
        iam.role_arn(account, role).and_then(|arn| iam.unique_id(&arn).map(str::to_owned))
    }
}

/// Whether this is twelve digits.
pub(crate) fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

/// Whether this has the form of a role's or user's unique id, with or without a session name behind it.
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids>.
fn is_unique_id(text: &str) -> bool {
    (text.starts_with("AROA") || text.starts_with("AIDA")) && text.len() >= 16
}

/// Visits every string under `Principal.AWS` and `NotPrincipal.AWS`, and unwraps lists of one.
fn each_principal(policy: &mut Value, visit: &mut dyn FnMut(&mut String)) {
    let Some(statements) = policy.get_mut("Statement") else { return };
    let statements: &mut [Value] = match statements {
        Value::Array(list) => list,
        single => std::slice::from_mut(single),
    };
    for statement in statements {
        for element in ["Principal", "NotPrincipal"] {
            let Some(aws) = statement.get_mut(element).and_then(|p| p.get_mut("AWS")) else { continue };
            match aws {
                Value::String(one) => visit(one),
                Value::Array(list) => {
                    for item in list.iter_mut() {
                        if let Value::String(one) = item {
                            visit(one);
                        }
                    }
                    if list.len() == 1 {
                        *aws = list.remove(0);
                    }
                }
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {}
            }
        }
    }
}
