//! Decides one request a line, from JSON to a word: for the differential test (`tests/differential`).

use std::error::Error;
use std::io::{BufRead, Write, stdin, stdout};

use serde::Deserialize;
use serde_json::Value;
use trueup_specs::policy::Document;
use trueup_specs::policy::evaluate::{Caller, Decision, Policies, Request, Source, decide};

/// One line: a request with the documents that have a say in it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    user: Option<String>,
    role: Option<String>,
    session_name: Option<String>,
    service: Option<String>,
    action: String,
    resource: String,
    account: String,
    context: serde_json::Map<String, Value>,
    identity: Vec<Value>,
    boundary: Option<Value>,
    session: Vec<Value>,
    scps: Vec<Vec<Value>>,
    resource_policy: Option<Value>,
    rcps: Vec<Vec<Value>>,
}

impl Case {
    fn request(&self) -> Request {
        let caller = match (&self.user, &self.role, &self.service) {
            (Some(user), _, _) => Caller::User(user.clone()),
            (_, Some(role), _) => Caller::Role { arn: role.clone(), session: self.session_name.clone() },
            (_, _, Some(service)) => Caller::Service(service.clone()),
            (None, None, None) => Caller::Anonymous,
        };
        let request = Request::new(caller, &self.action, &self.resource).in_account(&self.account);
        let with = |request: Request, (key, value): (&String, &Value)| match value {
            Value::Array(values) => request.with(key, values.iter().filter_map(Value::as_str)),
            other => request.with(key, other.as_str()),
        };
        self.context.iter().fold(request, with).closed()
    }

    fn decide(&self) -> Result<&'static str, Box<dyn Error>> {
        let identity = documents(&self.identity)?;
        let boundary = self.boundary.as_ref().map(document).transpose()?;
        let session = documents(&self.session)?;
        let scps = self.scps.iter().map(|level| documents(level)).collect::<Result<Vec<_>, _>>()?;
        let resource = self.resource_policy.as_ref().map(document).transpose()?;
        let rcps = self.rcps.iter().map(|level| documents(level)).collect::<Result<Vec<_>, _>>()?;
        let policies = Policies {
            identity: sources(&identity),
            boundary: boundary.as_ref().map(source),
            session: sources(&session),
            scps: scps.iter().map(|level| sources(level)).collect(),
            management_account: None,
            resource: resource.iter().map(source).collect(),
            grants: Vec::new(),
            rcps: rcps.iter().map(|level| sources(level)).collect(),
        };
        Ok(match decide(&self.request(), &policies) {
            Decision::Allowed { .. } => "Allowed",
            Decision::DeniedExplicitly { .. } => "ExplicitlyDenied",
            Decision::DeniedImplicitly { .. } => "ImplicitlyDenied",
            Decision::Conditional { .. } => "Conditional",
        })
    }
}

fn document(value: &Value) -> Result<Document, Box<dyn Error>> {
    Document::from_live(&value.to_string()).map_err(|errors| format!("{value}: {errors:?}").into())
}

fn documents(values: &[Value]) -> Result<Vec<Document>, Box<dyn Error>> {
    values.iter().map(document).collect()
}

fn source(document: &Document) -> Source<'_> {
    Source { name: "policy", document }
}

fn sources(documents: &[Document]) -> Vec<Source<'_>> {
    documents.iter().map(source).collect()
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = stdout().lock();
    for line in stdin().lock().lines() {
        let case: Case = serde_json::from_str(&line?)?;
        writeln!(out, "{}", case.decide()?)?;
    }
    Ok(())
}
