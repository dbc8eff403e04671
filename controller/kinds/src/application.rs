//! CodeDeploy applications. <https://docs.aws.amazon.com/codedeploy/latest/userguide/applications.html>

use serde::{Deserialize, Serialize};
use trueup_engine::facts::{Facts, Scope, Unread};
use trueup_engine::kind::{At, Export, Identity, Kind, Live, OpInfo, Refusal, Steps};
use trueup_specs::kind::{KindSchema, KindScope, decode_any, shape_of};
use trueup_specs::resolve::Resolver;
use trueup_specs::{Text, spec, words};

use crate::fields::{self, NameRule, TagChange, Tags};
use crate::source::codedeploy::{self, ApplicationFact, CodeDeployFacts};

pub(crate) mod perform;
#[cfg(test)]
mod tests;

/// The page with CodeDeploy's limits.
pub(crate) const LIMITS: &str = "https://docs.aws.amazon.com/codedeploy/latest/userguide/limits.html";
/// What may stand in CodeDeploy's names besides letters and digits.
pub(crate) const SIGNS: &str = "._+=,@-";

const NAME: NameRule = NameRule { what: "CodeDeploy application", max: 100, signs: SIGNS, page: LIMITS };

spec! {
    /// A CodeDeploy application: what is deployed, to one or more deployment groups.
    pub struct ApplicationSpec {
        /// The application's name.
        /// Default: the name in the address, dots as dashes. At most 100 letters, digits and `._+=,@-`. Changing it removes the
        /// application, with what CodeDeploy remembers of its deployments, and makes another.
        pub name: Option<Text>,
        /// What it is deployed to.
        /// Default: `"Server"`. Changing it removes the application and makes another.
        pub compute_platform: Option<ComputePlatform>,
    }
}

words! {
    /// What an application is deployed to.
    pub enum ComputePlatform {
        /// EC2 and on-premises instances.
        Server = "Server",
        /// Lambda functions.
        Lambda = "Lambda",
        /// ECS services.
        Ecs = "ECS",
    }
}

/// An application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApplicationModel {
    /// Its name.
    pub name: String,
    /// `Server`, `Lambda` or `ECS`.
    pub compute_platform: String,
    /// All tags but AWS's own.
    pub tags: Tags,
}

/// One call on one application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplicationOp {
    /// The application's name.
    pub application: String,
    /// Its ARN.
    pub arn: String,
    /// The call.
    pub call: ApplicationCall,
}

/// What is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op")]
pub enum ApplicationCall {
    /// `CreateApplication`.
    CreateApplication {
        /// The platform.
        compute_platform: String,
        /// All of them.
        tags: Tags,
    },
    /// `TagResource`.
    TagResource {
        /// New or changed.
        tags: Tags,
    },
    /// `UntagResource`.
    UntagResource {
        /// Keys.
        keys: Vec<String>,
    },
    /// `DeleteApplication`.
    DeleteApplication,
}

/// The kind `application`.
#[derive(Clone, Copy, Debug)]
pub struct Application;

static SCHEMA: KindSchema = KindSchema {
    name: "application",
    summary: "A CodeDeploy application: what is deployed, to one or more deployment groups.",
    scope: KindScope::Region,
    stateful: false,
    taggable: true,
    attributes: &[
        ("arn", "The application's ARN."),
        ("name", "The application's name."),
        ("id", "The id CodeDeploy gave it; known after apply."),
    ],
    shape: shape_of::<ApplicationSpec>,
    decode: decode_any::<ApplicationSpec>,
};

/// The ARN of an application.
pub(crate) fn arn(at: &At, name: &str) -> String {
    at.arn("codedeploy", &format!("application:{name}"))
}

impl Kind for Application {
    type Spec = ApplicationSpec;
    type Model = ApplicationModel;
    type Op = ApplicationOp;

    fn schema() -> &'static KindSchema {
        &SCHEMA
    }

    fn sources() -> &'static [&'static str] {
        &[codedeploy::NAME]
    }

    fn identity(spec: &ApplicationSpec, at: &At, cx: &mut Resolver<'_>) -> Identity {
        let name = fields::name(spec.name.as_ref(), &NAME, cx);
        let claim = Some(format!("codedeploy {} {} application:{name}", at.account_id, at.region()));
        let outputs = [("arn", arn(at, &name)), ("name", name.clone())];
        let outputs = outputs.map(|(attribute, value)| (attribute.to_owned(), value)).into();
        Identity { name, claim, outputs }
    }

    fn desired(spec: &ApplicationSpec, _: &At, cx: &mut Resolver<'_>) -> Option<ApplicationModel> {
        let ApplicationSpec { name, compute_platform } = spec;
        Some(ApplicationModel {
            name: fields::name(name.as_ref(), &NAME, cx),
            compute_platform: compute_platform.unwrap_or(ComputePlatform::Server).to_string(),
            tags: fields::tags(cx),
        })
    }

    fn observe(facts: &Facts, scope: &Scope) -> Result<Vec<Live<ApplicationModel>>, Unread> {
        let facts: &CodeDeployFacts = facts.get(codedeploy::NAME, scope)?;
        Ok(facts.applications.iter().map(live).collect())
    }

    fn tags(model: &ApplicationModel) -> Option<&Tags> {
        Some(&model.tags)
    }

    fn tags_mut(model: &mut ApplicationModel) -> Option<&mut Tags> {
        Some(&mut model.tags)
    }

    fn ops(
        at: &At,
        before: Option<&ApplicationModel>,
        after: Option<&ApplicationModel>,
    ) -> Result<Steps<ApplicationOp>, Refusal> {
        let steps = match (before, after) {
            (None, None) => Steps { ops: Vec::new(), replaces: Vec::new() },
            (None, Some(after)) => Steps { ops: creation(at, after), replaces: Vec::new() },
            (Some(before), None) => Steps { ops: removal(at, before), replaces: Vec::new() },
            (Some(before), Some(after)) => change(at, before, after),
        };
        Ok(steps)
    }

    fn split(_: &At, _: &ApplicationOp) -> Option<Vec<ApplicationOp>> {
        // An application names nothing.
        None
    }

    fn follow(_: &At, _: &ApplicationModel, _: &str) -> Vec<ApplicationOp> {
        Vec::new()
    }

    fn info(_: &At, op: &ApplicationOp) -> OpInfo {
        info(op)
    }

    fn export(_: &At, live: &Live<ApplicationModel>) -> Export {
        Export::same(&live.model)
    }

    fn simulate(model: &mut Option<ApplicationModel>, op: &ApplicationOp) {
        simulate(model, op);
    }
}

fn live(fact: &ApplicationFact) -> Live<ApplicationModel> {
    let ApplicationFact { name, arn, id, compute_platform, tags } = fact;
    let outputs = [("arn", arn), ("name", name), ("id", id)];
    Live {
        name: name.clone(),
        model: ApplicationModel { name: name.clone(), compute_platform: compute_platform.clone(), tags: tags.clone() },
        outputs: outputs.map(|(attribute, value)| (attribute.to_owned(), value.clone())).into(),
    }
}

fn on(at: &At, model: &ApplicationModel, calls: Vec<ApplicationCall>) -> Vec<ApplicationOp> {
    let application = &model.name;
    let ops = calls.into_iter().map(|call| ApplicationOp {
        application: application.clone(),
        arn: arn(at, application),
        call,
    });
    ops.collect()
}

fn creation(at: &At, after: &ApplicationModel) -> Vec<ApplicationOp> {
    let ApplicationModel { name: _, compute_platform, tags } = after.clone();
    on(at, after, vec![ApplicationCall::CreateApplication { compute_platform, tags }])
}

fn removal(at: &At, before: &ApplicationModel) -> Vec<ApplicationOp> {
    on(at, before, vec![ApplicationCall::DeleteApplication])
}

fn change(at: &At, before: &ApplicationModel, after: &ApplicationModel) -> Steps<ApplicationOp> {
    let ApplicationModel { name, compute_platform, tags } = after;
    let mut replaces = Vec::new();
    if *name != before.name {
        replaces.push("name");
    }
    if *compute_platform != before.compute_platform {
        replaces.push("compute_platform");
    }
    if !replaces.is_empty() {
        let mut ops = removal(at, before);
        ops.extend(creation(at, after));
        return Steps { ops, replaces };
    }
    let TagChange { put, remove } = TagChange::between(&before.tags, tags);
    let mut calls = Vec::new();
    if !remove.is_empty() {
        calls.push(ApplicationCall::UntagResource { keys: remove });
    }
    if !put.is_empty() {
        calls.push(ApplicationCall::TagResource { tags: put });
    }
    Steps { ops: on(at, after, calls), replaces }
}

fn info(op: &ApplicationOp) -> OpInfo {
    let ApplicationOp { application, arn, call } = op;
    let of = |call, title: String| OpInfo { call, resource: arn.clone(), title, ..OpInfo::default() };
    match call {
        ApplicationCall::CreateApplication { compute_platform: _, tags: _ } => OpInfo {
            creates: vec![arn.clone()],
            yields: &["id"],
            ..of("codedeploy:CreateApplication", format!("create application {application}"))
        },
        ApplicationCall::TagResource { tags: _ } => OpInfo {
            needs: vec![arn.clone()],
            ..of("codedeploy:TagResource", format!("tag application {application}"))
        },
        ApplicationCall::UntagResource { keys: _ } => {
            of("codedeploy:UntagResource", format!("remove tags of application {application}"))
        }
        ApplicationCall::DeleteApplication => OpInfo {
            destroys: vec![arn.clone()],
            ..of("codedeploy:DeleteApplication", format!("delete application {application}"))
        },
    }
}

fn simulate(model: &mut Option<ApplicationModel>, op: &ApplicationOp) {
    let ApplicationOp { application: name, arn: _, call } = op.clone();
    match call {
        ApplicationCall::CreateApplication { compute_platform, tags } => {
            *model = Some(ApplicationModel { name, compute_platform, tags });
        }
        ApplicationCall::TagResource { tags } => model.iter_mut().for_each(|held| held.tags.extend(tags.clone())),
        ApplicationCall::UntagResource { keys } => {
            model.iter_mut().for_each(|held| held.tags.retain(|key, _| !keys.contains(key)));
        }
        ApplicationCall::DeleteApplication => *model = None,
    }
}
