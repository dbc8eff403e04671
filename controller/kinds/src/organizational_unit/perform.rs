//! The calls by which organizational units change.

use trueup_engine::perform::{OpContext, OpError};
use trueup_state::outputs::Outputs;

use super::{OrganizationalUnit, OrganizationalUnitCall, OrganizationalUnitOp};
use crate::driver::{Driver, patiently};
use crate::error::Failure;
use crate::fields::Tags;
use crate::made::{home, id_of, tag, tags_of, to_tags, untag};
use crate::session::Session;

impl Driver for OrganizationalUnit {
    async fn perform(op: OrganizationalUnitOp, session: &Session, cx: OpContext) -> Result<Outputs, OpError> {
        let session = &home(session);
        Ok(patiently(cx, || send(session, &op)).await?)
    }
}

async fn send(session: &Session, op: &OrganizationalUnitOp) -> Result<Outputs, Failure> {
    let OrganizationalUnitOp { unit, name, call } = op;
    let organizations = session.organizations();
    match call {
        OrganizationalUnitCall::CreateOrganizationalUnit { parent, tags } => {
            return create(session, name, &id_of(session, parent).await?, tags).await;
        }
        OrganizationalUnitCall::UpdateOrganizationalUnit { new_name } => {
            let request = organizations.update_organizational_unit().organizational_unit_id(unit).name(new_name);
            let sent = request.send().await;
            sent.map_err(|error| session.failure("organizations:UpdateOrganizationalUnit", &error))?;
        }
        OrganizationalUnitCall::TagResource { tags } => tag(session, unit, tags).await?,
        OrganizationalUnitCall::UntagResource { keys } => untag(session, unit, keys).await?,
        OrganizationalUnitCall::DeleteOrganizationalUnit { parent: _ } => {
            let sent = organizations.delete_organizational_unit().organizational_unit_id(unit).send().await;
            match sent.map_err(|error| session.failure("organizations:DeleteOrganizationalUnit", &error)) {
                Err(failure) if failure.is("OrganizationalUnitNotFoundException") => {}
                other => drop(other?),
            }
        }
    }
    Ok(Outputs::new())
}

async fn create(session: &Session, name: &str, parent: &str, tags: &Tags) -> Result<Outputs, Failure> {
    let request = session.organizations().create_organizational_unit().parent_id(parent).name(name);
    match request.set_tags(Some(to_tags(tags))).send().await {
        Ok(answer) => Ok(answer.organizational_unit.map(outputs).unwrap_or_default()),
        Err(error) => {
            let failure = session.failure("organizations:CreateOrganizationalUnit", &error);
            if !failure.is("DuplicateOrganizationalUnitException") {
                return Err(failure);
            }
            // The answer to an earlier attempt may have been lost: then the unit is there, exactly as asked for.
            made_already(session, name, parent, tags).await.ok_or(failure)
        }
    }
}

fn outputs(unit: aws_sdk_organizations::types::OrganizationalUnit) -> Outputs {
    let outputs = [("id", unit.id), ("arn", unit.arn)];
    outputs.into_iter().filter_map(|(attribute, value)| Some((attribute.to_owned(), value?))).collect()
}

async fn made_already(session: &Session, name: &str, parent: &str, tags: &Tags) -> Option<Outputs> {
    let mut token = None;
    loop {
        let request = session.organizations().list_organizational_units_for_parent().parent_id(parent);
        let page = request.set_next_token(token).send().await.ok()?;
        let found = page.organizational_units.unwrap_or_default().into_iter().find(|unit| unit.name() == Some(name));
        if let Some(unit) = found {
            let same = tags_of(session, unit.id()?).await.ok()? == *tags;
            return same.then(|| outputs(unit));
        }
        token = page.next_token;
        token.as_ref()?;
    }
}
