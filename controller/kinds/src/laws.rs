//! What every kind must keep, whatever its models are; and the ways tests come to models.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use proptest::prelude::*;
use trueup_engine::execute::fill;
use trueup_engine::facts::{Facts, ReadCost, ReadRequest, Scope, Unread, Wanted};
use trueup_engine::kind::{At, Identity, Kind, Live};
use trueup_engine::perform::OpContext;
use trueup_sandbox::{Faults, Sandbox};
use trueup_specs::resolve::{Outputs, Resolver};
use trueup_specs::{InstanceId, KindScope, Problems};
use trueup_state::outputs::Outputs as Known;

use crate::driver::Driver;
use crate::fields::PolicyDocument;
use crate::session::{AccountAccess, Aws, AwsOptions};
use crate::source::scope_of;

/// The account of all tests' models.
pub(crate) const ACCOUNT: &str = "111111111111";
/// The region of all tests' regional models.
pub(crate) const REGION: &str = "eu-west-1";
/// The address that all tests' models carry in their tags.
pub(crate) const ADDRESS: &str = "tooling/kind.one";

/// Where the tests' models are.
pub(crate) fn at<K: Kind>() -> At {
    let region = (K::schema().scope == KindScope::Region).then(|| Arc::from(REGION));
    At {
        scope: Scope { account: Arc::from("tooling"), region },
        account_id: Arc::from(ACCOUNT),
        partition: "aws",
        address: Arc::from(ADDRESS),
    }
}

/// The laws of [`Kind::ops`], [`Kind::simulate`], [`Kind::split`] and [`Kind::info`] for two models.
///
/// A refusal is fine, but not for making, removing, or leaving as it is.
pub(crate) fn hold<K: Kind>(before: Option<&K::Model>, after: Option<&K::Model>) {
    let at = at::<K>();
    let steps = match K::ops(&at, before, after) {
        Ok(steps) => steps,
        Err(refusal) => {
            assert!(before.is_some() && after.is_some() && before != after, "{refusal:?}");
            return;
        }
    };
    assert_eq!(steps.ops.is_empty(), before == after, "empty exactly when equal: {:?}", steps.ops);
    let mut model = before.cloned();
    for op in &steps.ops {
        let info = K::info(&at, op);
        assert!(info.call.contains(':') && !info.resource.is_empty() && !info.title.is_empty(), "{info:?}");
        let json = serde_json::to_value(op).unwrap();
        assert_eq!(serde_json::from_value::<K::Op>(json.clone()).unwrap(), *op, "an operation survives JSON: {json}");
        let mut in_parts = model.clone();
        K::simulate(&mut model, op);
        if let Some(parts) = K::split(&at, op) {
            assert!(parts.len() > 1, "{parts:?}");
            parts.iter().for_each(|part| K::simulate(&mut in_parts, part));
            assert_eq!(in_parts, model, "the parts mean what the whole means");
        }
    }
    assert_eq!(model.as_ref(), after, "the operations lead from one to the other: {:?}", steps.ops);
}

/// [`hold`] for making, removing, changing, changing back and leaving two models; and that models survive JSON.
pub(crate) fn hold_all<K: Kind>(one: &K::Model, two: &K::Model) {
    hold::<K>(None, None);
    for (before, after) in [(one, two), (two, one), (one, one)] {
        hold::<K>(None, Some(after));
        hold::<K>(Some(before), None);
        hold::<K>(Some(before), Some(after));
    }
    let json = serde_json::to_value(one).unwrap();
    assert!(json.is_object());
    assert_eq!(serde_json::from_value::<K::Model>(json).unwrap(), *one, "a model survives JSON");
    // It reads and checks a project some dozen times, so it looks at one model of many; which, the model says.
    if json_size(one).is_multiple_of(EXPORTED_OF) {
        export::holds::<K>(one);
    }
}

/// What is exported asks for just this model, in as few fields as can be. [`hold_all`] looks at some models; where it must be each, call this.
pub(crate) fn hold_exported<K: Kind>(model: &K::Model) {
    export::holds::<K>(model);
}

/// Of so many models about one is exported.
const EXPORTED_OF: usize = 32;

fn json_size<M: serde::Serialize>(model: &M) -> usize {
    serde_json::to_string(model).unwrap().bytes().map(usize::from).sum()
}

mod export;

/// Identity-based documents of one or two statements.
pub(crate) fn identity_documents() -> impl Strategy<Value = PolicyDocument> {
    let statement =
        ("Allow|Deny", "s3:(Get|Put)Object", "[a-c]", any::<bool>()).prop_map(|(effect, action, bucket, with_sid)| {
            // No two statements of a document may have the same.
            let sid = if with_sid { format!(r#""Sid":"{effect}{}{bucket}","#, &action[3..6]) } else { String::new() };
            format!(r#"{{{sid}"Effect":"{effect}","Action":"{action}","Resource":"arn:aws:s3:::{bucket}/*"}}"#)
        });
    documents(statement)
}

/// Trust policies that name accounts, services and everyone.
pub(crate) fn trust_documents() -> impl Strategy<Value = PolicyDocument> {
    let principal = prop_oneof![
        Just(r#"{"AWS":"222222222222"}"#),
        Just(r#"{"AWS":["222222222222","arn:aws:iam::333333333333:root"]}"#),
        Just(r#"{"Service":"ec2.amazonaws.com"}"#),
    ];
    let statement = ("Allow|Deny", principal).prop_map(|(effect, principal)| {
        format!(r#"{{"Effect":"{effect}","Action":"sts:AssumeRole","Principal":{principal}}}"#)
    });
    documents(statement)
}

fn documents(statement: impl Strategy<Value = String>) -> impl Strategy<Value = PolicyDocument> {
    proptest::collection::btree_set(statement, 1..3).prop_map(|statements| {
        let statements = statements.into_iter().collect::<Vec<_>>().join(",");
        PolicyDocument::from_live(&format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#))
    })
}

/// The tags of a test's model: trueup's own two, and some more.
pub(crate) fn tags() -> impl Strategy<Value = crate::fields::Tags> {
    proptest::collection::btree_map("[a-c]", "[x-z]{0,2}", 0..3).prop_map(|more| {
        let own = [("trueup:project", "laws"), ("trueup:address", ADDRESS)];
        let own = own.map(|(key, value)| (key.to_owned(), value.to_owned()));
        more.into_iter().chain(own).collect()
    })
}

/// Access to the sandbox's AWS, for the accounts `tooling` (the caller's), `unicorn` and `gnome`.
pub(crate) async fn aws(sandbox: &Sandbox) -> Aws {
    let access = |name: &str, id: &str| AccountAccess {
        name: Arc::from(name),
        id: id.to_owned(),
        profile: None,
        access_role: "OrganizationAccountAccessRole".to_owned(),
        through: None,
    };
    let accounts = vec![access("tooling", ACCOUNT), access("unicorn", "222222222222"), access("gnome", "333333333333")];
    Aws::connect(options(sandbox), accounts).await.unwrap()
}

/// How [`aws`] reaches the sandbox.
pub(crate) fn options(sandbox: &Sandbox) -> AwsOptions {
    AwsOptions {
        http_client: Some(SharedHttpClient::new(sandbox.client())),
        credentials: Some(aws_credential_types::Credentials::new(ACCOUNT, "secret", None, None, "test")),
        ..AwsOptions::default()
    }
}

/// What a kind's source shows of the tests' scope.
pub(crate) async fn read<K: Kind>(aws: &Aws, name: &str) -> (Result<Vec<Live<K::Model>>, Unread>, ReadCost) {
    read_hinted::<K>(aws, name, None).await
}

/// [`read`], with a model on record.
pub(crate) async fn read_hinted<K: Kind>(
    aws: &Aws,
    name: &str,
    applied: Option<&K::Model>,
) -> (Result<Vec<Live<K::Model>>, Unread>, ReadCost) {
    let scope = at::<K>().scope;
    let requests: Vec<ReadRequest> = K::sources()
        .iter()
        .map(|source| ReadRequest {
            source: Arc::from(*source),
            scope: Scope {
                account: scope.account.clone(),
                region: scope.region.clone().filter(|_| scope_of(source) == Some(KindScope::Region)),
            },
            wanted: [Wanted {
                kind: Arc::from(K::schema().name),
                name: name.to_owned(),
                address: ADDRESS.to_owned(),
                recorded: K::hints(None, &|| applied.cloned()),
            }]
            .into(),
        })
        .collect();
    let facts: Facts = aws.read(&requests, &|_, _| {}).await;
    let cost = facts.costs.values().fold(ReadCost::default(), |sum, cost| ReadCost {
        calls: sum.calls + cost.calls,
        objects: sum.objects + cost.objects,
    });
    (K::observe(&facts, &scope), cost)
}

/// Plays this to its end in a runtime whose time is paused, so that waiting costs none.
pub(crate) fn paused<F: Future>(future: F) -> F::Output {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_time().start_paused(true).build().unwrap().block_on(future)
}

/// The strongest law: performed through the real SDK, the operations lead from each model to the next, and what is then read from
/// AWS is the model. `name` is the models' physical name; what they name must exist.
///
/// The last model is removed at the end.
pub(crate) async fn round_trip<K: Driver>(sandbox: &Sandbox, name: &str, models: Vec<K::Model>) {
    rough_trip::<K>(sandbox, name, models, Faults::default()).await;
}

/// [`round_trip`] over a network that fails as told while operations are performed. Wants a runtime whose time is paused.
pub(crate) async fn rough_trip<K: Driver>(sandbox: &Sandbox, name: &str, models: Vec<K::Model>, faults: Faults) {
    let aws = aws(sandbox).await;
    let at = at::<K>();
    let mut before: Option<K::Model> = None;
    for after in models.into_iter().map(Some).chain([None]) {
        let Ok(steps) = K::ops(&at, before.as_ref(), after.as_ref()) else { continue };
        sandbox.set_faults(faults.clone());
        let mut known = BTreeMap::new();
        for op in steps.ops {
            let session = aws.session("tooling", at.scope.region.as_deref()).await.unwrap();
            let op: K::Op = serde_json::from_value(fill(&serde_json::to_value(&op).unwrap(), &known)).unwrap();
            let title = K::info(&at, &op).title;
            let done = K::perform(op.clone(), &session, OpContext::default()).await;
            let outputs = done.unwrap_or_else(|error| panic!("{title}: {error:?}\n{op:#?}"));
            known.entry(ADDRESS.to_owned()).or_insert_with(Known::new).extend(outputs);
        }
        sandbox.set_faults(Faults::default());
        let (live, _) = read_hinted::<K>(&aws, name, after.as_ref()).await;
        let live = live.unwrap().into_iter().find(|live| live.name == name).map(|live| live.model);
        assert_eq!(live, after, "what AWS has is the model");
        before = live;
    }
}

/// Some of each: throttled, failing, and done without an answer; so seldom that a call's eight attempts never all meet one.
pub(crate) fn faults() -> impl Strategy<Value = Faults> {
    any::<u64>().prop_map(|seed| Faults {
        seed,
        throttle: 0.03,
        server_error: 0.03,
        drop_answer: 0.09,
        ..Faults::default()
    })
}

/// What follows from the names alone is known before apply, and nothing else.
struct Named(Vec<Known>);

impl Outputs for Named {
    fn get(&self, instance: InstanceId, attribute: &str) -> Option<String> {
        self.0.get(instance.index())?.get(attribute).cloned()
    }
}

fn place(project: &trueup_specs::Project, instance: &trueup_specs::project::Instance) -> At {
    let account_id = project.accounts.get(&instance.account).map(|account| Arc::from(&*account.id)).unwrap();
    At {
        scope: Scope { account: instance.account.clone(), region: instance.region.clone() },
        account_id,
        partition: "aws",
        address: Arc::from(instance.address.to_string()),
    }
}

/// The outputs of all resources of these kinds, whose names are made of nothing else.
fn named(project: &trueup_specs::Project, kinds: &[&str]) -> Named {
    let outputs = project.iter().map(|(id, instance)| {
        let kind = crate::kinds().into_iter().find(|kind| kind.schema().name == instance.block.kind.name).unwrap();
        if !kinds.contains(&kind.schema().name) {
            return Known::new();
        }
        let mut problems = Problems::default();
        let nothing = Named(Vec::new());
        let mut cx = Resolver::new(project, id, &nothing, &mut problems);
        kind.identity(&*instance.block.spec, &place(project, instance), &mut cx).outputs
    });
    Named(outputs.collect())
}

/// The settings and the accounts of the tests' project.
fn project_files() -> Vec<(PathBuf, Vec<u8>)> {
    let accounts = format!(
        "[account.tooling]\nid = \"{ACCOUNT}\"\nmanagement = true\n[account.unicorn]\nid = \"222222222222\"\ngroups = [\"tenants\"]\n\
         [account.gnome]\nid = \"333333333333\"\ngroups = [\"tenants\"]\n"
    );
    vec![
        (PathBuf::from("trueup.toml"), b"[project]\nname = \"laws\"\nregion = \"eu-west-1\"\n".to_vec()),
        (PathBuf::from("accounts.toml"), accounts.into_bytes()),
    ]
}

/// The identities and models of a kind that specs ask for, by address; or the problems, as a person sees them.
pub(crate) fn desired<K: Kind<Spec: 'static>>(toml: &str) -> Result<Vec<(String, Identity, K::Model)>, String> {
    desired_of::<K>(&[("spec.toml", toml)])
}

/// [`desired`] of specs in several files, and of files they name.
pub(crate) fn desired_of<K: Kind<Spec: 'static>>(
    more: &[(&str, &str)],
) -> Result<Vec<(String, Identity, K::Model)>, String> {
    let mut files = project_files();
    files.extend(more.iter().map(|(path, text)| (PathBuf::from(path), text.as_bytes().to_vec())));
    let loaded = trueup_specs::load_from(files, &crate::schemas());
    let mut problems: Problems = loaded.problems;
    let mut models = Vec::new();
    if let Some(project) = &loaded.project {
        let named = named(project, &["application", "deployment_config", "topic"]);
        for (id, instance) in project.iter() {
            let Some(spec) = instance.block.spec::<K::Spec>() else { continue };
            let at = place(project, instance);
            let mut cx = Resolver::new(project, id, &named, &mut problems);
            let identity = K::identity(spec, &at, &mut cx);
            let model = K::desired(spec, &at, &mut cx);
            models.extend(model.map(|model| (instance.address.to_string(), identity, model)));
        }
    }
    if problems.is_empty() {
        return Ok(models);
    }
    Err(trueup_specs::render(&problems.into_vec(), &loaded.sources, false, 100))
}

/// An organization with all types of policies, managed by the tests' account.
pub(crate) async fn organize(sandbox: &Sandbox) {
    use crate::organization::{Organization, OrganizationModel, PolicyTypeWord};
    let aws = aws(sandbox).await;
    let policy_types = PolicyTypeWord::ALL.iter().map(ToString::to_string).collect();
    let steps = Organization::ops(
        &at::<Organization>(),
        None,
        Some(&OrganizationModel { policy_types, members: crate::made::Inside::default() }),
    )
    .unwrap();
    let session = aws.session("tooling", None).await.unwrap();
    for op in steps.ops {
        Organization::perform(op, &session, OpContext::default()).await.unwrap();
    }
}
