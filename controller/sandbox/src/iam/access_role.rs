//! The role that Organizations puts into an account it makes.
//!
//! Source: <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_access.html>.

use super::query::Params;
use super::roles::SESSION_SECONDS_DEFAULT;
use super::state::{Grants, Identity, Role, key};
use super::{Context, ids, trust};
use crate::call::Call;
use crate::world::World;

/// Makes the role in the account; it trusts the account of the caller, which is the management account.
pub(crate) fn make_access_role(world: &mut World, account: &str, name: &str, call: &Call) {
    let management = &call.caller.account;
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::{management}:root"}},"Action":"sts:AssumeRole"}}]}}"#
    );
    let Ok(trust) = trust::store(world, &text) else { return };
    let mut context = Context { world, call, params: Params::default() };
    let identity = Identity {
        arn: format!("arn:aws:iam::{account}:role/{name}"),
        id: ids::fresh(&mut context, "AROA"),
        created: context.now(),
        name: name.to_owned(),
        path: "/".to_owned(),
    };
    let attached = ["arn:aws:iam::aws:policy/AdministratorAccess".to_owned()].into();
    let iam = &mut context.world.account(account).iam;
    iam.principals.insert(identity.id.clone(), identity.arn.clone());
    let role = Role {
        identity,
        trust,
        description: None,
        session_seconds_max: SESSION_SECONDS_DEFAULT,
        grants: Grants { attached, ..Grants::default() },
        tags: Vec::new(),
    };
    iam.roles.insert(key(name), role);
}
