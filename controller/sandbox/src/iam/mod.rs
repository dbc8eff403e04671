//! IAM: one global service per account, spoken over the query protocol.
//!
//! Source of every operation: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html>. Names in an
//! answer, codes and wording are AWS's as far as they are known; where two readings are possible the stricter one is
//! taken. Two things are so on purpose: a role or user is found only under the exact case of its name, and a trust policy
//! is given back compact, in a fixed order of elements.

mod access_role;
mod account;
mod details;
pub mod document;
mod evaluation;
mod fault;
mod grants;
mod groups;
mod ids;
mod instance_profiles;
mod managed;
mod names;
mod oidc;
mod operations;
mod policies;
mod principal;
mod query;
mod render;
mod roles;
mod saml;
mod service_linked;
mod simulate;
mod state;
mod tags;
mod trust;
mod users;

#[cfg(test)]
mod tests;

use time::UtcOffset;

pub(crate) use self::access_role::make_access_role;
pub use self::document::{DocumentUse, check};
use self::fault::Fault;
use self::query::Params;
pub use self::state::State;
use crate::call::{Call, Reply};
use crate::world::World;
use crate::xml::Xml;

const NAMESPACE: &str = "https://iam.amazonaws.com/doc/2010-05-08/";
const API_VERSION: &str = "2010-05-08";

/// One call on its way through an operation.
struct Context<'a> {
    world: &'a mut World,
    call: &'a Call,
    params: Params,
}

/// An operation writes the inside of its result.
type Operation = fn(&mut Context<'_>, &mut Xml) -> Result<(), Fault>;

impl Context<'_> {
    /// The caller's account id.
    fn account(&self) -> &str {
        &self.call.caller.account
    }

    /// IAM of the caller's account.
    fn iam(&self) -> &State {
        self.world.accounts.get(self.account()).map_or(&state::NOTHING, |account| &account.iam)
    }

    /// IAM of the caller's account, to change it.
    fn iam_mut(&mut self) -> &mut State {
        &mut self.world.account(&self.call.caller.account).iam
    }

    /// The world's clock, as IAM writes it.
    fn now(&self) -> String {
        let now = self.call.now.to_offset(UtcOffset::UTC);
        let (date, time) = (now.date(), now.time());
        format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
            date.year(),
            u8::from(date.month()),
            date.day(),
            time.hour(),
            time.minute(),
            time.second()
        )
    }
}

/// Answers one call.
pub fn handle(world: &mut World, call: &Call) -> Reply {
    // The caller's account exists from its first call on; other accounts' policies may name it.
    world.account(&call.caller.account);
    let (status, body) = match answer(world, call) {
        Ok(body) => (200, body),
        Err(fault) => {
            let mut xml = Xml::new();
            xml.open_with("ErrorResponse", &[("xmlns", NAMESPACE)]).open("Error");
            xml.leaf("Type", "Sender").leaf("Code", fault.code).leaf("Message", &fault.message).close();
            xml.leaf("RequestId", &call.request_id);
            (fault.status, xml.finish())
        }
    };
    Reply { status, headers: vec![("content-type", "text/xml".to_owned())], body: body.into_bytes() }
}

fn answer(world: &mut World, call: &Call) -> Result<String, Fault> {
    let params = Params::read(call)?;
    let action = params.get("Action").ok_or_else(Fault::missing_action)?.to_owned();
    let version = params.get("Version").unwrap_or("NO_VERSION_SPECIFIED");
    let operation = operations::find(&action).filter(|_| version == API_VERSION);
    let operation = operation.ok_or_else(|| Fault::invalid_action(&action, version))?;
    let mut xml = Xml::new();
    xml.open_with(&format!("{action}Response"), &[("xmlns", NAMESPACE)]);
    let mut context = Context { world, call, params };
    if operations::has_result(&action) {
        xml.open(&format!("{action}Result"));
        operation(&mut context, &mut xml)?;
        xml.close();
    } else {
        operation(&mut context, &mut xml)?;
    }
    xml.open("ResponseMetadata").leaf("RequestId", &call.request_id);
    Ok(xml.finish())
}
