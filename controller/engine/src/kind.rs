//! What the engine asks of a kind.
//!
//! A kind is pure: it turns a spec into a [model](Kind::Model), facts into models, and the difference of two models
//! into [operations](Kind::Op), which are data. What performs an operation is the kinds crate's driver, not the engine.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use trueup_specs::ByName;
use trueup_specs::diagnostic::Problems;
use trueup_specs::kind::KindSchema;
use trueup_specs::resolve::Resolver;
use trueup_specs::span::Span;
use trueup_state::outputs::Outputs;

use crate::access::{Access, Limits};
use crate::facts::{Facts, Scope, Unread};

/// Where a resource lives, as ARNs need it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct At {
    /// Account and region as the specs name them.
    pub scope: Scope,
    /// Twelve digits; of an account that is not there yet, the token of its id.
    pub account_id: Arc<str>,
    /// `aws`, `aws-cn` or `aws-us-gov`.
    pub partition: &'static str,
    /// The resource's address, as its tag says it.
    pub address: Arc<str>,
}

impl At {
    /// The region, or the empty string for a global resource: the way ARNs say it.
    #[must_use]
    pub fn region(&self) -> &str {
        self.scope.region.as_deref().unwrap_or_default()
    }

    /// `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`; IAM leaves the region empty.
    #[must_use]
    pub fn arn(&self, service: &str, resource: &str) -> String {
        let region = if service == "iam" { "" } else { self.region() };
        format!("arn:{}:{service}:{region}:{}:{resource}", self.partition, self.account_id)
    }
}

/// Who a resource is before anything is read: what follows from its spec alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The physical name, unique for its kind in its scope: a role's name, a bucket's name, a key's alias. Empty where the
    /// spec gives none (a key without alias): then the resource is found by its tag alone.
    pub name: String,
    /// What no two specs may claim, in AWS's terms and spelt as AWS compares it: `iam 111111111111 role/deployer`.
    pub claim: Option<String>,
    /// The outputs that follow from the name.
    pub outputs: Outputs,
}

/// A name that a resource takes beside the one in its [`Identity`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The name, as people read it.
    pub name: String,
    /// What no two specs may claim, as in [`Identity::claim`].
    pub claim: String,
    /// Where the spec says it.
    pub span: Option<Span>,
}

/// A thing that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Live<M> {
    /// The physical name, to be matched with [`Identity::name`].
    pub name: String,
    /// Its canonical form.
    pub model: M,
    /// All its outputs.
    pub outputs: Outputs,
}

/// Something that is in another thing, as an account is in an organizational unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Its output `id`.
    pub id: String,
    /// What it is, for people.
    pub what: String,
}

/// What makes `before` into `after`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Steps<Op> {
    /// In the order of one resource; empty exactly when the models are equal.
    pub ops: Vec<Op>,
    /// The fields that can't be changed in place, when the resource must be removed and made again.
    pub replaces: Vec<&'static str>,
}

/// What empties a thing, so that it can be removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emptying<Op> {
    /// In their order.
    pub ops: Vec<Op>,
    /// What is lost by it, for a person, as far as the model tells: `ALL OBJECTS of …`.
    pub what: String,
}

/// A change AWS has no way to make and that is too dangerous to make by removing and creating.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The field that would change.
    pub field: &'static str,
    /// Why it can't be done.
    pub why: String,
    /// What to do instead.
    pub help: String,
}

/// What an operation is to the engine: how it is shown, and what must happen before and after it.
///
/// The ids in `needs`, `creates`, `releases`, `unnames`, `destroys`, `taken_over_by` and `takes_over` are ARNs. A value that is not known yet needs no entry: the engine finds
/// the tokens in the operation's data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpInfo {
    /// The call as its IAM action: `iam:CreateRole`.
    pub call: &'static str,
    /// The ARN (or `*`) the call acts on, as a policy's `Resource` would name it.
    pub resource: String,
    /// What it does, short, for a person: `create role deployer`.
    pub title: String,
    /// What must exist when it is sent.
    pub needs: Vec<String>,
    /// What exists after it.
    pub creates: Vec<String>,
    /// What it no longer holds on to after it, so that AWS lets it be removed.
    pub releases: Vec<String>,
    /// What a policy no longer names after it. AWS would let that be removed before, too; it is only better after.
    pub unnames: Vec<String>,
    /// What no longer exists after it.
    pub destroys: Vec<String>,
    /// What takes over something that this stops saying: it is better sent once all that need one of these have it.
    pub taken_over_by: Vec<String>,
    /// What this takes over something from: it is better sent before anything releases one of these.
    pub takes_over: Vec<String>,
    /// The outputs that become known by it, where they don't follow from a name.
    pub yields: &'static [&'static str],
    /// True for a call that makes a new thing each time it is sent: it is never sent again blindly.
    pub once: bool,
}

/// What of a live thing can be written as a spec.
#[derive(Clone, Debug, PartialEq)]
pub enum Export {
    /// The fields of the spec that asks for it, as a JSON object: each under the spec's name, defaults too, policies as AWS's
    /// JSON. Nulls and members the spec has no word for are passed over.
    Spec(Value),
    /// It is AWS's own, or an AWS service's, and nobody's to specify.
    Aws,
    /// No spec can ask for it, and why.
    Not(String),
}

impl Export {
    /// Of a model whose members have the names of the spec's fields.
    #[must_use]
    pub fn same(model: &impl Serialize) -> Self {
        match serde_json::to_value(model) {
            Ok(fields) => Self::Spec(fields),
            Err(error) => Self::Not(error.to_string()),
        }
    }

    /// The same with one more field, or another value of one.
    #[must_use]
    pub fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        if let Self::Spec(Value::Object(fields)) = &mut self {
            fields.insert(field.to_owned(), value.into());
        }
        self
    }
}

/// Looks at all models that specs ask for, each with its place, and tells what can't be.
pub type Together<M> = fn(&[(M, Span)], &mut Problems);

/// One kind of resource.
pub trait Kind: Send + Sync + 'static {
    /// What TOML says.
    type Spec: Send + Sync + 'static;
    /// The canonical form, the same type for desired and live: equal means equal to AWS. Serialises to a JSON object with one
    /// member a field; policy documents in it serialise as AWS policy JSON, tags as an object `tags`.
    type Model: Serialize + DeserializeOwned + Clone + Eq + fmt::Debug + Send + Sync + 'static;
    /// One API call, as data.
    type Op: Serialize + DeserializeOwned + Clone + Eq + fmt::Debug + Send + Sync + 'static;

    /// What the language knows of the kind.
    fn schema() -> &'static KindSchema;
    /// The sources [`Kind::observe`] looks at.
    fn sources() -> &'static [&'static str];
    /// Fields of the model that can't change while the output `id` stays the same, and that a source would have to ask for one by one:
    /// it is given them from the record of the last apply. Strings only.
    #[must_use]
    fn remembered() -> &'static [&'static str] {
        &[]
    }
    /// What the source should know of a thing to read it with fewer calls, from its spec and from the record of the last apply; given to it
    /// beside what [`Kind::remembered`] names. Unlike that it may have changed since: a source uses it to decide what to ask, and never as
    /// an answer.
    #[must_use]
    fn hints(_: Option<&Self::Spec>, _applied: &dyn Fn() -> Option<Self::Model>) -> BTreeMap<String, String> {
        BTreeMap::new()
    }

    /// Whether AWS takes two names of this kind for one that differ in the case of their letters only.
    #[must_use]
    fn ignores_case() -> bool {
        false
    }
    /// Name, claim and predicted outputs.
    fn identity(spec: &Self::Spec, at: &At, cx: &mut Resolver<'_>) -> Identity;
    /// Further names the resource takes: a key's second alias.
    #[must_use]
    fn claims_besides(_spec: &Self::Spec, _at: &At, _cx: &mut Resolver<'_>) -> Vec<Claim> {
        Vec::new()
    }
    /// The model the spec asks for; `None` after a problem, which is in `cx`.
    fn desired(spec: &Self::Spec, at: &At, cx: &mut Resolver<'_>) -> Option<Self::Model>;
    /// Everything of this kind that the facts show in the scope.
    ///
    /// # Errors
    /// When a source could not be read.
    fn observe(facts: &Facts, scope: &Scope) -> Result<Vec<Live<Self::Model>>, Unread>;
    /// The fields of a live thing that could not be read, by their names in the model, with the reason. Whatever the model then has there
    /// says nothing; the engine leaves these fields alone.
    #[must_use]
    fn unchecked(_: &Facts, _: &Scope, _name: &str) -> BTreeMap<String, Unread> {
        BTreeMap::new()
    }
    /// What a live thing waits for that neither we nor AWS can do, and what that means: a subscription for its receiver's word. Until then
    /// nobody can change or remove it, and what the model says of it says nothing; the engine leaves it alone and tells.
    #[must_use]
    fn waits(_: &Facts, _: &Scope, _name: &str) -> Option<String> {
        None
    }
    /// The tags of a model, where the kind has them.
    fn tags(model: &Self::Model) -> Option<&ByName<String>>;
    /// The same, to be changed.
    fn tags_mut(model: &mut Self::Model) -> Option<&mut ByName<String>>;
    /// What people should know of a live thing that its spec can't say: the age of a user's access keys. A sentence each.
    #[must_use]
    fn notes(_live: &Self::Model) -> Vec<String> {
        Vec::new()
    }
    /// Whether AWS takes the tags of a new thing only by a call of their own. One whose making was cut off has none, and the record alone says
    /// whose it is.
    #[must_use]
    fn tags_come_later() -> bool {
        false
    }
    /// What is in a live thing that AWS removes only empty. Such a thing is kept until all of it is gone or moved: until each
    /// has an operation that [releases](OpInfo::releases) the thing's `id`.
    #[must_use]
    fn holds(_live: &Self::Model) -> Vec<Held> {
        Vec::new()
    }
    /// What makes `before` into `after`: empty exactly when they are equal.
    ///
    /// # Errors
    /// When there is no safe way.
    fn ops(at: &At, before: Option<&Self::Model>, after: Option<&Self::Model>) -> Result<Steps<Self::Op>, Refusal>;
    /// What deletes all that the thing holds, before it is removed; done only where a `[[removed]]` says `contents = "delete"`. The model
    /// does not show what is held, so that none of it is among [`Kind::ops`].
    #[must_use]
    fn empty(_: &Self::Model) -> Option<Emptying<Self::Op>> {
        None
    }
    /// A creating operation cut in two, so that what it names may be made in between: a role's shell, then its trust.
    fn split(at: &At, op: &Self::Op) -> Option<Vec<Self::Op>>;
    /// The operations to do again because the thing with this ARN is removed and made again in this plan.
    fn follow(at: &At, model: &Self::Model, replaced: &str) -> Vec<Self::Op>;
    /// What the operation is to the engine.
    fn info(at: &At, op: &Self::Op) -> OpInfo;
    /// What a spec would say of a live thing: the inverse of [`Kind::desired`].
    fn export(at: &At, live: &Live<Self::Model>) -> Export;
    /// What must hold for all models of the kind together, such as how many of them one thing may carry; `None` where nothing does.
    #[must_use]
    fn together() -> Option<Together<Self::Model>> {
        None
    }
    /// What the operation means: folding this over [`Kind::ops`] from `before` gives `after`.
    fn simulate(model: &mut Option<Self::Model>, op: &Self::Op);
    /// What things of this kind limit of what others may do, whoever made them, such as the controls of an organization: questions about
    /// the live accounts then read all of them, and not only what is wanted or ours. Most kinds limit nothing.
    #[must_use]
    fn limits_others() -> Option<Limits> {
        None
    }
    /// What of the thing has a say in who can do what; of most kinds nothing.
    ///
    /// An ARN of which AWS makes up a part, and that is not among the outputs yet, holds a token in that part's place.
    #[must_use]
    fn access<'m>(_at: &At, _model: &'m Self::Model, _outputs: &Outputs) -> Vec<Access<'m>> {
        Vec::new()
    }
}

/// A model whose kind the engine does not know.
pub type AnyModel = Box<dyn Any + Send + Sync>;

/// A [`Kind`] behind one type, with its operations and saved models as JSON.
pub trait AnyKind: Send + Sync {
    /// See [`Kind::schema`].
    fn schema(&self) -> &'static KindSchema;
    /// See [`Kind::sources`].
    fn sources(&self) -> &'static [&'static str];
    /// See [`Kind::remembered`].
    fn remembered(&self) -> &'static [&'static str];
    /// See [`Kind::hints`].
    fn hints(
        &self,
        spec: Option<&(dyn Any + Send + Sync)>,
        applied: &dyn Fn() -> Option<Value>,
    ) -> BTreeMap<String, String>;

    /// See [`Kind::ignores_case`].
    fn ignores_case(&self) -> bool;
    /// See [`Kind::identity`].
    fn identity(&self, spec: &(dyn Any + Send + Sync), at: &At, cx: &mut Resolver<'_>) -> Identity;
    /// See [`Kind::claims_besides`].
    fn claims_besides(&self, spec: &(dyn Any + Send + Sync), at: &At, cx: &mut Resolver<'_>) -> Vec<Claim>;
    /// See [`Kind::desired`].
    fn desired(&self, spec: &(dyn Any + Send + Sync), at: &At, cx: &mut Resolver<'_>) -> Option<AnyModel>;
    /// See [`Kind::observe`].
    ///
    /// # Errors
    /// When a source could not be read.
    fn observe(&self, facts: &Facts, scope: &Scope) -> Result<Vec<Live<AnyModel>>, Unread>;
    /// See [`Kind::unchecked`].
    fn unchecked(&self, facts: &Facts, scope: &Scope, name: &str) -> BTreeMap<String, Unread>;
    /// See [`Kind::waits`].
    fn waits(&self, facts: &Facts, scope: &Scope, name: &str) -> Option<String>;
    /// See [`Kind::tags`].
    fn tags<'m>(&self, model: &'m AnyModel) -> Option<&'m ByName<String>>;
    /// See [`Kind::tags_come_later`].
    fn tags_come_later(&self) -> bool;
    /// See [`Kind::holds`].
    fn holds(&self, live: &AnyModel) -> Vec<Held>;
    /// See [`Kind::notes`].
    fn notes(&self, live: &AnyModel) -> Vec<String>;
    /// Whether two models are equal.
    fn equal(&self, a: &AnyModel, b: &AnyModel) -> bool;
    /// The model with other tags.
    fn with_tags(&self, model: &AnyModel, tags: ByName<String>) -> AnyModel;
    /// The model as JSON.
    fn to_value(&self, model: &AnyModel) -> Value;
    /// The model from JSON, or why that is no such model.
    ///
    /// # Errors
    /// When the JSON is not a model of this kind.
    fn read_value(&self, value: Value) -> Result<AnyModel, serde_json::Error>;
    /// See [`Kind::ops`].
    ///
    /// # Errors
    /// When there is no safe way.
    fn ops(&self, at: &At, before: Option<&AnyModel>, after: Option<&AnyModel>) -> Result<Steps<Value>, Refusal>;
    /// See [`Kind::empty`].
    fn empty(&self, _: &AnyModel) -> Option<Emptying<Value>> {
        None
    }
    /// See [`Kind::split`].
    fn split(&self, at: &At, op: &Value) -> Option<Vec<Value>>;
    /// See [`Kind::follow`].
    fn follow(&self, at: &At, model: &AnyModel, replaced: &str) -> Vec<Value>;
    /// See [`Kind::info`].
    fn info(&self, at: &At, op: &Value) -> OpInfo;
    /// See [`Kind::export`].
    fn export(&self, at: &At, live: &Live<AnyModel>) -> Export;
    /// Whether [`Kind::together`] says anything.
    fn is_checked_together(&self) -> bool;
    /// See [`Kind::together`].
    fn check_together(&self, models: &[(&AnyModel, Span)], problems: &mut Problems);
    /// See [`Kind::limits_others`].
    fn limits_others(&self) -> Option<Limits>;
    /// See [`Kind::access`].
    fn access<'m>(&self, at: &At, model: &'m AnyModel, outputs: &Outputs) -> Vec<Access<'m>>;
}

/// The bridge from [`Kind`] to [`AnyKind`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Erased<K>(std::marker::PhantomData<fn() -> K>);

impl<K> Erased<K> {
    /// The bridge for one kind.
    #[must_use]
    pub const fn new() -> Self {
        Self(std::marker::PhantomData)
    }
}

// A model or spec that reaches the wrong kind is a defect of the engine, never an input's fault.
const WRONG_KIND: &str = "the engine gives a kind only what that kind made";

fn own<T: 'static>(value: &(dyn Any + Send + Sync)) -> &T {
    value.downcast_ref().expect(WRONG_KIND)
}

fn op<K: Kind>(value: &Value) -> K::Op {
    serde_json::from_value(value.clone()).expect(WRONG_KIND)
}

fn values<Op: Serialize>(ops: &[Op]) -> Vec<Value> {
    ops.iter().map(|op| serde_json::to_value(op).expect("an operation is plain data")).collect()
}

impl<K: Kind> AnyKind for Erased<K> {
    fn schema(&self) -> &'static KindSchema {
        K::schema()
    }

    fn sources(&self) -> &'static [&'static str] {
        K::sources()
    }

    fn remembered(&self) -> &'static [&'static str] {
        K::remembered()
    }

    fn hints(
        &self,
        spec: Option<&(dyn Any + Send + Sync)>,
        applied: &dyn Fn() -> Option<Value>,
    ) -> BTreeMap<String, String> {
        K::hints(spec.map(own), &|| serde_json::from_value(applied()?).ok())
    }

    fn ignores_case(&self) -> bool {
        K::ignores_case()
    }

    fn identity(&self, spec: &(dyn Any + Send + Sync), at: &At, cx: &mut Resolver<'_>) -> Identity {
        K::identity(own(spec), at, cx)
    }

    fn claims_besides(&self, spec: &(dyn Any + Send + Sync), at: &At, cx: &mut Resolver<'_>) -> Vec<Claim> {
        K::claims_besides(own(spec), at, cx)
    }

    fn desired(&self, spec: &(dyn Any + Send + Sync), at: &At, cx: &mut Resolver<'_>) -> Option<AnyModel> {
        K::desired(own(spec), at, cx).map(|model| Box::new(model) as AnyModel)
    }

    fn observe(&self, facts: &Facts, scope: &Scope) -> Result<Vec<Live<AnyModel>>, Unread> {
        let live = K::observe(facts, scope)?.into_iter();
        let boxed =
            live.map(|Live { name, model, outputs }| Live { name, model: Box::new(model) as AnyModel, outputs });
        let mut boxed: Vec<_> = boxed.collect();
        // Collected in place, it would keep the room that the models had.
        boxed.shrink_to_fit();
        Ok(boxed)
    }

    fn unchecked(&self, facts: &Facts, scope: &Scope, name: &str) -> BTreeMap<String, Unread> {
        K::unchecked(facts, scope, name)
    }

    fn waits(&self, facts: &Facts, scope: &Scope, name: &str) -> Option<String> {
        K::waits(facts, scope, name)
    }

    fn tags<'m>(&self, model: &'m AnyModel) -> Option<&'m ByName<String>> {
        K::tags(own(&**model))
    }

    fn tags_come_later(&self) -> bool {
        K::tags_come_later()
    }

    fn holds(&self, live: &AnyModel) -> Vec<Held> {
        K::holds(own(&**live))
    }

    fn notes(&self, live: &AnyModel) -> Vec<String> {
        K::notes(own(&**live))
    }

    fn equal(&self, a: &AnyModel, b: &AnyModel) -> bool {
        own::<K::Model>(&**a) == own::<K::Model>(&**b)
    }

    fn with_tags(&self, model: &AnyModel, tags: ByName<String>) -> AnyModel {
        let mut model = own::<K::Model>(&**model).clone();
        if let Some(own_tags) = K::tags_mut(&mut model) {
            *own_tags = tags;
        }
        Box::new(model)
    }

    fn to_value(&self, model: &AnyModel) -> Value {
        serde_json::to_value(own::<K::Model>(&**model)).expect("a model is plain data")
    }

    fn read_value(&self, value: Value) -> Result<AnyModel, serde_json::Error> {
        serde_json::from_value::<K::Model>(value).map(|model| Box::new(model) as AnyModel)
    }

    fn ops(&self, at: &At, before: Option<&AnyModel>, after: Option<&AnyModel>) -> Result<Steps<Value>, Refusal> {
        let steps = K::ops(at, before.map(|model| own(&**model)), after.map(|model| own(&**model)))?;
        Ok(Steps { ops: values(&steps.ops), replaces: steps.replaces })
    }

    fn empty(&self, model: &AnyModel) -> Option<Emptying<Value>> {
        K::empty(own(&**model)).map(|Emptying { ops, what }| Emptying { ops: values(&ops), what })
    }

    fn split(&self, at: &At, value: &Value) -> Option<Vec<Value>> {
        K::split(at, &op::<K>(value)).map(|ops| values(&ops))
    }

    fn follow(&self, at: &At, model: &AnyModel, replaced: &str) -> Vec<Value> {
        values(&K::follow(at, own(&**model), replaced))
    }

    fn info(&self, at: &At, value: &Value) -> OpInfo {
        K::info(at, &op::<K>(value))
    }

    fn export(&self, at: &At, live: &Live<AnyModel>) -> Export {
        let Live { name, model, outputs } = live;
        let model = own::<K::Model>(&**model).clone();
        K::export(at, &Live { name: name.clone(), model, outputs: outputs.clone() })
    }

    fn is_checked_together(&self) -> bool {
        K::together().is_some()
    }

    fn check_together(&self, models: &[(&AnyModel, Span)], problems: &mut Problems) {
        if let Some(check) = K::together() {
            let own: Vec<(K::Model, Span)> =
                models.iter().map(|(model, span)| (own::<K::Model>(&***model).clone(), *span)).collect();
            check(&own, problems);
        }
    }

    fn limits_others(&self) -> Option<Limits> {
        K::limits_others()
    }

    fn access<'m>(&self, at: &At, model: &'m AnyModel, outputs: &Outputs) -> Vec<Access<'m>> {
        K::access(at, own(&**model), outputs)
    }
}
