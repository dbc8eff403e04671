//! Service-linked roles: made for a service, changed by nobody else.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html>.

use super::fault::Fault;
use super::render::{self, RoleView};
use super::state::{Grants, Identity, Role, key};
use super::{Context, ids, managed, names, roles, trust};
use crate::xml::Xml;

/// Some services that have such a role, what its name ends in, and whether a suffix may be chosen.
const SERVICES: [(&str, &str, bool); 8] = [
    ("autoscaling.amazonaws.com", "AutoScaling", true),
    ("cloudtrail.amazonaws.com", "CloudTrail", false),
    ("ecs.amazonaws.com", "ECS", false),
    ("elasticloadbalancing.amazonaws.com", "ElasticLoadBalancing", false),
    ("lex.amazonaws.com", "LexBots", true),
    ("mrk.kms.amazonaws.com", "KeyManagementServiceMultiRegionKeys", false),
    ("organizations.amazonaws.com", "Organizations", false),
    ("rds.amazonaws.com", "RDS", false),
];

/// `CreateServiceLinkedRole`.
pub(super) fn create(context: &mut Context<'_>, out: &mut Xml) -> Result<(), Fault> {
    let service = names::name(&context.params, "AWSServiceName", names::NAME_MAX)?;
    let description = names::description(&context.params)?.filter(|text| !text.is_empty());
    let suffix = match context.params.get("CustomSuffix") {
        Some(_) => Some(names::name(&context.params, "CustomSuffix", names::ROLE_NAME_MAX)?),
        None => None,
    };
    let known = SERVICES.iter().find(|(known, ..)| *known == service);
    let Some((_, ending, takes_suffix)) = known else {
        return Err(Fault::invalid_input(format!("Service role for {service} is not known to the sandbox.")));
    };
    if suffix.is_some() && !takes_suffix {
        return Err(Fault::invalid_input(format!("Custom suffix is not allowed for {service}")));
    }
    let name = match suffix {
        Some(suffix) => format!("AWSServiceRoleFor{ending}_{suffix}"),
        None => format!("AWSServiceRoleFor{ending}"),
    };
    if context.iam().roles.contains_key(&key(&name)) {
        return Err(Fault::invalid_input(format!(
            "Service role name {name} has been taken in this account, please try a different suffix."
        )));
    }
    let document = serde_json::json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Principal": { "Service": service }, "Action": "sts:AssumeRole" }],
    });
    let trust = trust::store(context.world, &document.to_string())?;
    let path = format!("{}{service}/", roles::SERVICE_LINKED);
    let identity = Identity {
        arn: format!("arn:aws:iam::{}:role{path}{name}", context.account()),
        id: ids::fresh(context, "AROA"),
        created: context.now(),
        name,
        path,
    };
    let policy = format!("arn:aws:iam::aws:policy/aws-service-role/{ending}ServiceRolePolicy");
    let attached = managed::find(&policy).map(|_| policy).into_iter().collect();
    let role = Role {
        identity,
        trust,
        description,
        session_seconds_max: 3600,
        grants: Grants { attached, ..Grants::default() },
        tags: Vec::new(),
    };
    out.open("Role");
    render::role(context.world, &role, RoleView::Created, out);
    out.close();
    let iam = context.iam_mut();
    iam.principals.insert(role.identity.id.clone(), role.identity.arn.clone());
    iam.roles.insert(key(&role.identity.name), role);
    Ok(())
}

/// `DeleteServiceLinkedRole`. AWS does it in the background, here it is done at once.
pub(super) fn delete(context: &mut Context<'_>, out: &mut Xml) -> Result<(), Fault> {
    let name = names::name(&context.params, "RoleName", names::ROLE_NAME_MAX)?;
    let identity = roles::find(context.iam(), &name)?.identity.clone();
    if !identity.path.starts_with(roles::SERVICE_LINKED) {
        return Err(Fault::no_such_entity(format!("The role with name {name} is not a service-linked role.")));
    }
    let iam = context.iam_mut();
    iam.roles.remove(&key(&name));
    iam.principals.remove(&identity.id);
    out.leaf("DeletionTaskId", format!("task{}{name}/{}", identity.path, identity.id));
    Ok(())
}

/// `GetServiceLinkedRoleDeletionStatus`.
pub(super) fn deletion_status(context: &mut Context<'_>, out: &mut Xml) -> Result<(), Fault> {
    let task = context.params.required("DeletionTaskId")?;
    if !task.starts_with(&format!("task{}", roles::SERVICE_LINKED)) {
        return Err(Fault::no_such_entity(format!("The deletion task {task} cannot be found.")));
    }
    out.leaf("Status", "SUCCEEDED");
    Ok(())
}
