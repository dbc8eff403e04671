//! Worlds put together by hand: what no kind of the engine's own tests offers.

use std::any::Any;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use trueup_specs::kind::KindSchema;
use trueup_specs::policy::Document;
use trueup_specs::resolve::Resolver;
use trueup_specs::{ByName, Problems, Span};
use trueup_state::outputs::Outputs;

use super::{Access, Answer, Beside, Context, Itself, Limits, Paper, Question, Side, Thing, Verdict, Who, World};
use crate::facts::{Facts, Scope, Unread};
use crate::kind::{AnyKind, AnyModel, At, Claim, Export, Held, Identity, Live, OpInfo, Refusal, Steps};

const ROLE: &str = "arn:aws:iam::111111111111:role/deploy";
const BUCKET: &str = "arn:aws:s3:::artifacts";
const READ_ONLY: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";

/// What a thing of these tests is.
enum Toy {
    Role { own: Document, attached: Vec<String>, boundary: Option<String>, tags: ByName<String> },
    Managed(&'static str, Document),
    Bucket(Option<Document>),
    Place(&'static str, Option<&'static str>, Option<&'static str>),
    Control(Side, Vec<&'static str>, Document),
    Beside(&'static str, Beside, Document),
    Public(&'static str),
    Organization,
}

/// A kind that only offers.
struct ToyKind;

static TOY: ToyKind = ToyKind;

impl AnyKind for ToyKind {
    fn access<'m>(&self, _: &At, model: &'m AnyModel, _: &Outputs) -> Vec<Access<'m>> {
        let toy: &Toy = model.downcast_ref().unwrap();
        let paper = |document: &'m Document| Paper::new("policy", Some(document));
        vec![match toy {
            Toy::Role { own, attached, boundary, tags } => Access::Identity {
                arn: ROLE.to_owned(),
                own: vec![Paper::new("inline.own", Some(own))],
                attached: attached.iter().map(String::as_str).collect(),
                groups: Vec::new(),
                boundary: boundary.as_deref(),
                tags,
            },
            Toy::Managed(arn, document) => Access::Policy { arn: (*arn).to_owned(), paper: paper(document) },
            Toy::Bucket(document) => Access::Resource {
                arn: BUCKET.to_owned(),
                policy: document.as_ref().map(paper),
                field: "policy",
                itself: Itself::Arn,
            },
            Toy::Place(id, parent, account) => Access::Place {
                id: (*id).to_owned(),
                parent: parent.map(str::to_owned),
                account: account.map(str::to_owned),
            },
            Toy::Control(side, targets, document) => Access::Control {
                side: *side,
                targets: targets.iter().map(|target| (*target).to_owned()).collect(),
                paper: paper(document),
            },
            Toy::Beside(arn, sort, document) => {
                Access::Beside { arn: (*arn).to_owned(), sort: *sort, paper: paper(document) }
            }
            Toy::Public(arn) => Access::Public { arn: (*arn).to_owned() },
            Toy::Organization => {
                Access::Organization { id: "o-1".to_owned(), management_account: "999999999999".to_owned() }
            }
        }]
    }

    fn limits_others(&self) -> Option<Limits> {
        None
    }
    fn schema(&self) -> &'static KindSchema {
        unreachable!("nothing but offers is asked of this kind")
    }
    fn sources(&self) -> &'static [&'static str] {
        &[]
    }
    fn remembered(&self) -> &'static [&'static str] {
        &[]
    }
    fn identity(&self, _: &(dyn Any + Send + Sync), _: &At, _: &mut Resolver<'_>) -> Identity {
        Identity::default()
    }
    fn desired(&self, _: &(dyn Any + Send + Sync), _: &At, _: &mut Resolver<'_>) -> Option<AnyModel> {
        None
    }
    fn observe(&self, _: &Facts, _: &Scope) -> Result<Vec<Live<AnyModel>>, Unread> {
        Ok(Vec::new())
    }
    fn tags<'m>(&self, _: &'m AnyModel) -> Option<&'m ByName<String>> {
        None
    }
    fn tags_come_later(&self) -> bool {
        false
    }
    fn holds(&self, _: &AnyModel) -> Vec<Held> {
        Vec::new()
    }
    fn notes(&self, _: &AnyModel) -> Vec<String> {
        Vec::new()
    }
    fn equal(&self, _: &AnyModel, _: &AnyModel) -> bool {
        false
    }
    fn with_tags(&self, _: &AnyModel, _: ByName<String>) -> AnyModel {
        Box::new(())
    }
    fn to_value(&self, _: &AnyModel) -> Value {
        Value::Null
    }
    fn read_value(&self, _: Value) -> Result<AnyModel, serde_json::Error> {
        Ok(Box::new(()))
    }
    fn ops(&self, _: &At, _: Option<&AnyModel>, _: Option<&AnyModel>) -> Result<Steps<Value>, Refusal> {
        Ok(Steps { ops: Vec::new(), replaces: Vec::new() })
    }
    fn export(&self, _: &At, _: &Live<AnyModel>) -> Export {
        Export::Aws
    }
    fn split(&self, _: &At, _: &Value) -> Option<Vec<Value>> {
        None
    }
    fn follow(&self, _: &At, _: &AnyModel, _: &str) -> Vec<Value> {
        Vec::new()
    }
    fn info(&self, _: &At, _: &Value) -> OpInfo {
        OpInfo::default()
    }
    fn hints(&self, _: Option<&(dyn Any + Send + Sync)>, _: &dyn Fn() -> Option<Value>) -> BTreeMap<String, String> {
        BTreeMap::new()
    }
    fn ignores_case(&self) -> bool {
        false
    }
    fn claims_besides(&self, _: &(dyn Any + Send + Sync), _: &At, _: &mut Resolver<'_>) -> Vec<Claim> {
        Vec::new()
    }
    fn unchecked(&self, _: &Facts, _: &Scope, _: &str) -> BTreeMap<String, Unread> {
        BTreeMap::new()
    }
    fn waits(&self, _: &Facts, _: &Scope, _: &str) -> Option<String> {
        None
    }
    fn is_checked_together(&self) -> bool {
        false
    }
    fn check_together(&self, _: &[(&AnyModel, Span)], _: &mut Problems) {}
}

fn document(statements: &str) -> Document {
    Document::from_live(&format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)).unwrap()
}

fn role(statements: &str) -> Toy {
    Toy::Role { own: document(statements), attached: Vec::new(), boundary: None, tags: ByName::new() }
}

const ALL_OF_S3: &str = r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#;

/// Asks the world of these things; each is a thing of account 111111111111.
fn ask(toys: Vec<Toy>, who: &Who, action: &str, resource: &str, context: &[(&str, &str)]) -> Vec<Answer> {
    let models: Vec<AnyModel> = toys.into_iter().map(|toy| Box::new(toy) as AnyModel).collect();
    let things: Vec<Thing<'_>> = models
        .iter()
        .enumerate()
        .map(|(index, model)| Thing {
            at: Cow::Owned(At {
                scope: Scope { account: Arc::from("main"), region: None },
                account_id: Arc::from("111111111111"),
                partition: "aws",
                address: Arc::from(format!("main/toy.t{index}")),
            }),
            kind: &TOY,
            model,
            outputs: Cow::Owned(Outputs::new()),
            item: None,
        })
        .collect();
    let context: Context = context.iter().map(|(key, value)| ((*key).to_owned(), vec![(*value).to_owned()])).collect();
    World::of(&things).ask(&Question { who, action, resource, context: &context }).unwrap()
}

fn verdicts(toys: Vec<Toy>, action: &str, resource: &str) -> Vec<(String, Verdict)> {
    let answers = ask(toys, &Who::Identity(ROLE.to_owned()), action, resource, &[]);
    answers.into_iter().map(|answer| (answer.resource, answer.verdict)).collect()
}

fn verdict(toys: Vec<Toy>, action: &str, resource: &str) -> Verdict {
    let mut all = verdicts(toys, action, resource).into_iter().map(|(_, verdict)| verdict);
    let first = all.next().unwrap();
    assert!(all.all(|other| other == first));
    first
}

#[test]
fn a_policy_nobody_read_leaves_an_answer_open() {
    let with = |statements: &str| Toy::Role {
        own: document(statements),
        attached: vec![READ_ONLY.to_owned()],
        boundary: None,
        tags: ByName::new(),
    };
    let who = Who::Identity(ROLE.to_owned());
    let allowed = ask(vec![with(ALL_OF_S3), Toy::Bucket(None)], &who, "s3:GetObject", &format!("{BUCKET}/x"), &[]);
    assert_eq!(allowed[0].verdict, Verdict::Depends);
    assert!(allowed[0].is_allowed_unless_unknown());
    let other = ask(vec![with(ALL_OF_S3), Toy::Bucket(None)], &who, "ec2:RunInstances", "*", &[]);
    assert_eq!(other[0].verdict, Verdict::Depends);
    assert!(!other[0].is_allowed_unless_unknown());
    assert!(other[0].reason.unknown.contains(READ_ONLY));
    let known = vec![with(""), Toy::Managed(READ_ONLY, document(ALL_OF_S3)), Toy::Bucket(None)];
    assert_eq!(verdict(known, "s3:GetObject", &format!("{BUCKET}/x")), Verdict::Allowed);
}

#[test]
fn a_pattern_is_answered_for_each_sort_of_resource() {
    let bucket = document(&format!(
        r#"{{"Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"{BUCKET}/secret/*"}}"#
    ));
    let answers = verdicts(vec![role(ALL_OF_S3), Toy::Bucket(Some(bucket))], "s3:GetObject", &format!("{BUCKET}/*"));
    let secret = (format!("{BUCKET}/secret/*"), Verdict::Denied);
    assert!(answers.contains(&secret), "{answers:?}");
    assert!(answers.contains(&(format!("{BUCKET}/*"), Verdict::Allowed)), "{answers:?}");
    let narrow = role(&format!(r#"{{"Effect":"Allow","Action":"s3:GetObject","Resource":"{BUCKET}/a/*"}}"#));
    let answers = verdicts(vec![narrow, Toy::Bucket(None)], "s3:GetObject", &format!("{BUCKET}/*"));
    assert!(answers.contains(&(format!("{BUCKET}/*"), Verdict::Denied)), "{answers:?}");
}

/// An organization with the account of these tests in a unit, and these controls.
fn organization(controls: Vec<Toy>) -> Vec<Toy> {
    let places = vec![
        Toy::Organization,
        Toy::Place("r-1", None, None),
        Toy::Place("ou-1", Some("r-1"), None),
        Toy::Place("account", Some("ou-1"), Some("111111111111")),
        role(ALL_OF_S3),
        Toy::Bucket(None),
    ];
    places.into_iter().chain(controls).collect()
}

fn scp(target: &'static str, statements: &str) -> Toy {
    Toy::Control(Side::Service, vec![target], document(statements))
}

#[test]
fn every_level_of_controls_must_allow() {
    let object = format!("{BUCKET}/x");
    let get = |controls: Vec<Toy>| verdict(organization(controls), "s3:GetObject", &object);
    // AWS's own control is on every level.
    assert_eq!(get(vec![]), Verdict::Allowed);
    let deny = r#"{"Effect":"Deny","Action":"s3:Get*","Resource":"*"}"#;
    for target in ["r-1", "ou-1", "account"] {
        assert_eq!(get(vec![scp(target, deny)]), Verdict::Denied, "{target}");
    }
    // What is attached elsewhere is none of this account's.
    assert_eq!(get(vec![scp("ou-2", deny)]), Verdict::Allowed);
    let reached = document(r#"{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}"#);
    assert_eq!(get(vec![Toy::Control(Side::Resource, vec!["r-1"], reached)]), Verdict::Denied);
}

#[test]
fn an_account_that_no_model_places_is_under_what_names_it_and_the_root() {
    let deny = r#"{"Effect":"Deny","Action":"s3:Get*","Resource":"*"}"#;
    let get = |more: Vec<Toy>| {
        let known = vec![Toy::Organization, Toy::Place("r-1", None, None), role(ALL_OF_S3), Toy::Bucket(None)];
        verdict(known.into_iter().chain(more).collect(), "s3:GetObject", &format!("{BUCKET}/x"))
    };
    assert_eq!(get(vec![scp("r-1", deny)]), Verdict::Allowed);
    assert_eq!(get(vec![scp("111111111111", deny)]), Verdict::Denied);
    let beside = scp("111111111111", r#"{"Effect":"Deny","Action":"ec2:*","Resource":"*"}"#);
    assert_eq!(get(vec![scp("r-1", deny), beside]), Verdict::Denied);
}

#[test]
fn the_account_that_manages_the_organization_is_under_no_control() {
    let deny = document(r#"{"Effect":"Deny","Action":"s3:Get*","Resource":"*"}"#);
    let toys = || {
        vec![
            Toy::Organization,
            Toy::Place("r-1", None, None),
            Toy::Place("999999999999", Some("r-1"), Some("999999999999")),
            Toy::Control(Side::Service, vec!["r-1"], deny.clone()),
        ]
    };
    let of_account = |account: &str| {
        let who = Who::Account(account.to_owned());
        ask(toys(), &who, "s3:GetObject", &format!("{BUCKET}/x"), &[]).remove(0).verdict
    };
    // Nobody knows of the bucket's own policy.
    assert_eq!(of_account("999999999999"), Verdict::Depends);
    let mut with_member = toys();
    with_member.push(Toy::Place("111111111111", Some("r-1"), Some("111111111111")));
    let who = Who::Account("111111111111".to_owned());
    let answer = ask(with_member, &who, "s3:GetObject", &format!("{BUCKET}/x"), &[]).remove(0);
    assert_eq!(answer.verdict, Verdict::Denied);
    assert_eq!(answer.reason.denied_by[0].layer.to_string(), "service control policy");
}

#[test]
fn what_is_beside_a_policy_has_a_say() {
    let object = format!("{BUCKET}/x");
    let open = r#"{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"*"}"#;
    let limit = r#"{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalAccount":"111111111111"},"BoolIfExists":{"aws:PrincipalIsAWSService":"false"}}}"#;
    let bucket = || Toy::Bucket(Some(document(open)));
    let toys = || vec![bucket(), Toy::Beside(BUCKET, Beside::Limit, document(limit))];
    // A limit of the account is over what is public in it, and in no other.
    let of_account = |account, public: &'static str| {
        let mut toys = vec![Toy::Beside(account, Beside::Account, document(limit)), bucket()];
        toys.push(Toy::Public(public));
        ask(toys, &Who::Anonymous, "s3:GetObject", &object, &[])[0].verdict
    };
    assert_eq!(of_account("111111111111", BUCKET), Verdict::Denied);
    assert_eq!(of_account("222222222222", BUCKET), Verdict::Allowed);
    assert_eq!(of_account("111111111111", "arn:aws:s3:::another"), Verdict::Allowed);
    for (who, expected) in [
        (Who::Anonymous, Verdict::Denied),
        (Who::Stranger, Verdict::Denied),
        (Who::Service("logging.s3.amazonaws.com".to_owned()), Verdict::Allowed),
        (Who::Account("111111111111".to_owned()), Verdict::Allowed),
    ] {
        assert_eq!(ask(toys(), &who, "s3:GetObject", &object, &[])[0].verdict, expected, "{who:?}");
    }
    const REPOSITORY: &str = "arn:aws:ecr:eu-west-1:111111111111:repository";
    let registry =
        r#"{"Effect":"Allow","Principal":{"AWS":"222222222222"},"Action":"ecr:ReplicateImage","Resource":"*"}"#;
    let other = Who::Account("222222222222".to_owned());
    let toys = vec![Toy::Beside(REPOSITORY, Beside::Registry, document(registry))];
    let answer = &ask(toys, &other, "ecr:ReplicateImage", &format!("{REPOSITORY}/app"), &[])[0];
    // The repository's own policy, which nobody read, could still deny it.
    assert!(answer.is_allowed_unless_unknown(), "{answer:?}");
}

#[test]
fn a_boundary_bounds() {
    let bound = |arn: &str| Toy::Role {
        own: document(ALL_OF_S3),
        attached: Vec::new(),
        boundary: Some(arn.to_owned()),
        tags: ByName::new(),
    };
    const BOUNDARY: &str = "arn:aws:iam::111111111111:policy/boundary";
    let get = || document(r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}"#);
    let object = format!("{BUCKET}/x");
    let toys = || vec![bound(BOUNDARY), Toy::Managed(BOUNDARY, get()), Toy::Bucket(None)];
    assert_eq!(verdict(toys(), "s3:GetObject", &object), Verdict::Allowed);
    assert_eq!(verdict(toys(), "s3:PutObject", &object), Verdict::Denied);
    assert_eq!(verdict(vec![bound(READ_ONLY), Toy::Bucket(None)], "s3:GetObject", &object), Verdict::Depends);
}

#[test]
fn tags_of_a_principal_are_known() {
    let own = document(&format!(
        r#"{{"Effect":"Allow","Action":"s3:GetObject","Resource":"{BUCKET}/${{aws:PrincipalTag/team}}/*"}}"#
    ));
    let tags = ByName::from([("team".to_owned(), "web".to_owned())]);
    let toys = || {
        let role = Toy::Role { own: own.clone(), attached: Vec::new(), boundary: None, tags: tags.clone() };
        vec![role, Toy::Bucket(None)]
    };
    assert_eq!(verdict(toys(), "s3:GetObject", &format!("{BUCKET}/web/x")), Verdict::Allowed);
    assert_eq!(verdict(toys(), "s3:GetObject", &format!("{BUCKET}/other/x")), Verdict::Denied);
}

#[test]
fn strangers_and_those_without_credentials_are_two() {
    let open =
        document(&format!(r#"{{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"{BUCKET}/*"}}"#));
    let object = format!("{BUCKET}/*");
    for who in [Who::Anonymous, Who::Stranger] {
        let answers = ask(vec![Toy::Bucket(Some(open.clone()))], &who, "s3:GetObject", &object, &[]);
        assert!(answers.iter().all(|answer| answer.verdict == Verdict::Allowed), "{who:?}");
        let answers = ask(vec![Toy::Bucket(None)], &who, "s3:GetObject", &object, &[]);
        assert!(answers.iter().all(|answer| answer.verdict == Verdict::Denied), "{who:?}");
    }
}

#[test]
fn calls_are_over_tls_unless_said_otherwise() {
    let deny = document(&format!(
        r#"{{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"{BUCKET}/*","Condition":{{"Bool":{{"aws:SecureTransport":"false"}}}}}}"#
    ));
    let toys = || vec![role(ALL_OF_S3), Toy::Bucket(Some(deny.clone()))];
    let who = Who::Identity(ROLE.to_owned());
    let object = format!("{BUCKET}/x");
    assert_eq!(ask(toys(), &who, "s3:GetObject", &object, &[])[0].verdict, Verdict::Allowed);
    let bare = [("aws:SecureTransport", "false")];
    assert_eq!(ask(toys(), &who, "s3:GetObject", &object, &bare)[0].verdict, Verdict::Denied);
}
