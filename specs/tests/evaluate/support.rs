//! A world of documents, and one word for each decision.

use trueup_specs::policy::evaluate::{Deciding, Decision, Gap, Layer, Policies, Request, Source, decide};
use trueup_specs::policy::{Caseless, Document};

pub(crate) const ROLE: &str = "arn:aws:iam::111111111111:role/path/deploy";
pub(crate) const USER: &str = "arn:aws:iam::111111111111:user/alice";
pub(crate) const OBJECT: &str = "arn:aws:s3:::artifacts/build.zip";
pub(crate) const KEY: &str = "arn:aws:kms:eu-west-1:111111111111:key/1234";

/// Owned documents of all layers, by the text of their statements.
#[derive(Clone, Default)]
pub(crate) struct World {
    identity: Vec<Document>,
    boundary: Option<Document>,
    session: Vec<Document>,
    scps: Vec<Vec<Document>>,
    resource: Vec<Document>,
    grants: Option<Document>,
    rcps: Vec<Vec<Document>>,
    management_account: Option<&'static str>,
}

/// A document of version 2012-10-17 with these statements.
pub(crate) fn document(statements: &str) -> Document {
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
    Document::from_live(&text).unwrap_or_else(|errors| panic!("{text}: {errors:?}"))
}

fn source(document: &Document) -> Source<'_> {
    Source { name: "policy", document }
}

/// A statement that allows or denies the actions on everything.
pub(crate) fn on_all(effect: &str, action: &str) -> String {
    format!(r#"{{"Effect":"{effect}","Action":"{action}","Resource":"*"}}"#)
}

/// A statement of a resource policy for one AWS principal, on everything.
pub(crate) fn to(effect: &str, principal: &str, action: &str) -> String {
    format!(r#"{{"Effect":"{effect}","Principal":{{"AWS":"{principal}"}},"Action":"{action}","Resource":"*"}}"#)
}

impl World {
    pub(crate) fn identity(mut self, statements: &str) -> Self {
        self.identity.push(document(statements));
        self
    }

    pub(crate) fn boundary(mut self, statements: &str) -> Self {
        self.boundary = Some(document(statements));
        self
    }

    pub(crate) fn session(mut self, statements: &str) -> Self {
        self.session.push(document(statements));
        self
    }

    pub(crate) fn scps(mut self, level: &[&str]) -> Self {
        self.scps.push(level.iter().map(|statements| document(statements)).collect());
        self
    }

    pub(crate) fn rcp(mut self, statements: &str) -> Self {
        self.rcps.push(vec![document(statements)]);
        self
    }

    pub(crate) fn resource(mut self, statements: &str) -> Self {
        self.resource.push(document(statements));
        self
    }

    pub(crate) fn grants(mut self, statements: &str) -> Self {
        self.grants = Some(document(statements));
        self
    }

    pub(crate) fn managed_by(mut self, account: &'static str) -> Self {
        self.management_account = Some(account);
        self
    }

    pub(crate) fn policies(&self) -> Policies<'_> {
        Policies {
            identity: self.identity.iter().map(source).collect(),
            boundary: self.boundary.as_ref().map(source),
            session: self.session.iter().map(source).collect(),
            scps: self.scps.iter().map(|level| level.iter().map(source).collect()).collect(),
            management_account: self.management_account,
            resource: self.resource.iter().map(source).collect(),
            grants: self.grants.iter().map(source).collect(),
            rcps: self.rcps.iter().map(|level| level.iter().map(source).collect()).collect(),
        }
    }

    /// The decision in a word or two.
    pub(crate) fn decides(&self, request: &Request) -> String {
        told(&decide(request, &self.policies()))
    }

    #[track_caller]
    pub(crate) fn check(&self, request: &Request, expected: &str) {
        assert_eq!(self.decides(request), expected, "{request:?}");
    }
}

/// A decision as tests write it: the outcome, then the layers, gaps or keys it rests on.
pub(crate) fn told(decision: &Decision<'_>) -> String {
    let layers = |deciding: &[Deciding<'_>]| {
        let mut layers: Vec<String> = deciding.iter().map(|deciding| layer(deciding.layer)).collect();
        layers.dedup();
        layers.join(" ")
    };
    match decision {
        Decision::Allowed { by } => format!("allowed: {}", layers(by)),
        Decision::DeniedExplicitly { by } => format!("denied: {}", layers(by)),
        Decision::DeniedImplicitly { missing } => {
            let missing: Vec<String> = missing.iter().copied().map(gap).collect();
            format!("missing: {}", missing.join(" "))
        }
        Decision::Conditional { when: _, unless: _, keys } => {
            let keys: Vec<&str> = keys.iter().map(Caseless::as_str).collect();
            format!("depends: {}", keys.join(" "))
        }
    }
}

fn layer(layer: Layer) -> String {
    match layer {
        Layer::Identity => "identity".to_owned(),
        Layer::Boundary => "boundary".to_owned(),
        Layer::Session => "session".to_owned(),
        Layer::Scp(level) => format!("scp{level}"),
        Layer::Resource => "resource".to_owned(),
        Layer::Grant => "grant".to_owned(),
        Layer::Rcp(level) => format!("rcp{level}"),
    }
}

fn gap(gap: Gap) -> String {
    match gap {
        Gap::Identity => "identity".to_owned(),
        Gap::Boundary => "boundary".to_owned(),
        Gap::Session => "session".to_owned(),
        Gap::Scp(level) => format!("scp{level}"),
        Gap::Resource => "resource".to_owned(),
        Gap::KmsAcrossAccounts => "operation".to_owned(),
    }
}
