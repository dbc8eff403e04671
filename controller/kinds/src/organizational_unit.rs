//! Organizational units. <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_ous.html>

use serde::{Deserialize, Serialize};
use trueup_engine::access::Access;
use trueup_engine::facts::{Facts, Scope, Unread};
use trueup_engine::kind::{At, Export, Held, Identity, Kind, Live, OpInfo, Refusal, Steps};
use trueup_specs::diagnostic::Diagnostic;
use trueup_specs::kind::{KindSchema, KindScope, decode_any, shape_of};
use trueup_specs::project::InstanceId;
use trueup_specs::resolve::Resolver;
use trueup_specs::{Parent, Reference, Text, pending, spec};
use trueup_state::outputs::Outputs;

use crate::fields::{self, TagChange, Tags};
use crate::made::{Inside, Made, ROOT, THE_ORGANIZATION, held_account};
use crate::source::organizations::{self, DEPTH_MAX, OrganizationFacts, UnitFact};

mod perform;
#[cfg(test)]
mod tests;

/// Characters of a unit's name.
/// <https://docs.aws.amazon.com/organizations/latest/APIReference/API_CreateOrganizationalUnit.html>
const NAME_MAX: usize = 128;

/// The page with the limits of Organizations.
pub(crate) const LIMITS: &str = "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html";

spec! {
    /// An organizational unit: accounts that belong together, for policies to be attached to.
    pub struct OrganizationalUnitSpec {
        /// The unit's name, written out.
        /// Default: the name in the address, dots as dashes. At most 128 characters; no two units of one parent share one. Changing it
        /// renames the unit.
        pub name: Option<Text>,
        /// The unit it is in, by address or id, or `"root"`.
        /// Default: `"root"`. Units nest five deep at most. AWS can't move a unit.
        pub parent: Option<Reference<Parent>>,
    }
}

/// A unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrganizationalUnitModel {
    /// Its name.
    pub name: String,
    /// The id of the unit it is in, or `root`.
    pub parent: String,
    /// All tags but AWS's own.
    pub tags: Tags,
    /// Its id, in a live one; neither compared nor saved.
    #[serde(skip)]
    pub id: Made,
    /// What is in it, in a live one; neither compared nor saved.
    #[serde(skip)]
    pub inside: Inside,
}

/// One call on one unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationalUnitOp {
    /// Its id, or a token for it.
    pub unit: String,
    /// Its name, for people.
    pub name: String,
    /// The call.
    pub call: OrganizationalUnitCall,
}

/// What is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op")]
pub enum OrganizationalUnitCall {
    /// `CreateOrganizationalUnit`.
    CreateOrganizationalUnit {
        /// The id of the unit it shall be in, or `root`.
        parent: String,
        /// All of them.
        tags: Tags,
    },
    /// `UpdateOrganizationalUnit`.
    UpdateOrganizationalUnit {
        /// Its name from then on.
        new_name: String,
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
    /// `DeleteOrganizationalUnit`.
    DeleteOrganizationalUnit {
        /// What it is in.
        parent: String,
    },
}

/// The kind `organizational_unit`.
#[derive(Clone, Copy, Debug)]
pub struct OrganizationalUnit;

static SCHEMA: KindSchema = KindSchema {
    name: "organizational_unit",
    summary: "An organizational unit: accounts that belong together, for policies to be attached to.",
    scope: KindScope::Organization,
    stateful: false,
    taggable: true,
    attributes: &[
        ("id", "The id, `ou-…`; known after apply."),
        ("arn", "The unit's ARN; known after apply."),
        ("name", "The unit's name."),
    ],
    shape: shape_of::<OrganizationalUnitSpec>,
    decode: decode_any::<OrganizationalUnitSpec>,
};

impl Kind for OrganizationalUnit {
    type Spec = OrganizationalUnitSpec;
    type Model = OrganizationalUnitModel;
    type Op = OrganizationalUnitOp;

    fn schema() -> &'static KindSchema {
        &SCHEMA
    }

    fn sources() -> &'static [&'static str] {
        &[organizations::NAME]
    }

    fn identity(spec: &OrganizationalUnitSpec, _: &At, cx: &mut Resolver<'_>) -> Identity {
        let name = name(spec.name.as_ref(), cx);
        let path = path(spec, &name, cx);
        let claim = Some(format!("organizations ou {path}"));
        Identity { name: path, claim, outputs: [("name".to_owned(), name)].into() }
    }

    fn desired(spec: &OrganizationalUnitSpec, _: &At, cx: &mut Resolver<'_>) -> Option<OrganizationalUnitModel> {
        let OrganizationalUnitSpec { name: own_name, parent } = spec;
        Some(OrganizationalUnitModel {
            name: name(own_name.as_ref(), cx),
            parent: parent.as_ref().map_or_else(|| ROOT.to_owned(), |parent| cx.reference(parent)),
            tags: fields::tags(cx),
            id: Made::default(),
            inside: Inside::default(),
        })
    }

    fn observe(facts: &Facts, scope: &Scope) -> Result<Vec<Live<OrganizationalUnitModel>>, Unread> {
        let facts: &OrganizationFacts = facts.get(organizations::NAME, scope)?;
        let root = facts.organization.as_ref().map(|organization| organization.root.as_str()).unwrap_or_default();
        Ok(facts.units.iter().map(|unit| live(unit, root, inside(&unit.id, facts))).collect())
    }

    fn tags(model: &OrganizationalUnitModel) -> Option<&Tags> {
        Some(&model.tags)
    }

    fn tags_mut(model: &mut OrganizationalUnitModel) -> Option<&mut Tags> {
        Some(&mut model.tags)
    }

    fn holds(live: &OrganizationalUnitModel) -> Vec<Held> {
        live.inside.0.clone()
    }

    fn ops(
        at: &At,
        before: Option<&OrganizationalUnitModel>,
        after: Option<&OrganizationalUnitModel>,
    ) -> Result<Steps<OrganizationalUnitOp>, Refusal> {
        let ops = match (before, after) {
            (None, None) => Vec::new(),
            (None, Some(after)) => creation(at, after),
            (Some(before), None) => removal(at, before),
            (Some(before), Some(after)) => change(at, before, after)?,
        };
        Ok(Steps { ops, replaces: Vec::new() })
    }

    fn split(_: &At, _: &OrganizationalUnitOp) -> Option<Vec<OrganizationalUnitOp>> {
        // Units can't be in each other in a circle.
        None
    }

    fn follow(_: &At, _: &OrganizationalUnitModel, _: &str) -> Vec<OrganizationalUnitOp> {
        Vec::new()
    }

    fn info(_: &At, op: &OrganizationalUnitOp) -> OpInfo {
        info(op)
    }

    fn export(_: &At, live: &Live<OrganizationalUnitModel>) -> Export {
        Export::same(&live.model)
    }

    fn simulate(model: &mut Option<OrganizationalUnitModel>, op: &OrganizationalUnitOp) {
        simulate(model, op);
    }

    fn access<'m>(at: &At, model: &'m OrganizationalUnitModel, outputs: &Outputs) -> Vec<Access<'m>> {
        let id = outputs.get("id").cloned().unwrap_or_else(|| model.id.or_token(at));
        vec![Access::Place { id, parent: Some(model.parent.clone()), account: None }]
    }
}

fn name(given: Option<&Text>, cx: &mut Resolver<'_>) -> String {
    let Some(text) = given else { return cx.address().name.replace('.', "-") };
    let Some(name) = text.as_literal() else {
        let problem = Diagnostic::error("the name of an organizational unit must be written out").at(text.span(), "");
        cx.problem(problem.help("its children are found by it, before anything is read: write it without `${…}`"));
        return String::new();
    };
    let length = name.chars().count();
    if !(1..=NAME_MAX).contains(&length) {
        let problem = Diagnostic::error("this is no name for an organizational unit");
        let at = format!("{length} characters, and 1 to {NAME_MAX} are allowed");
        cx.problem(problem.at(text.span(), at).note(LIMITS));
    }
    name.to_owned()
}

/// The names from the root down, by which the unit is found. Tells of units that lie too deep or in each other.
fn path(spec: &OrganizationalUnitSpec, name: &str, cx: &mut Resolver<'_>) -> String {
    let own = cx.project().find(cx.address());
    let mut names = vec![name.to_owned()];
    let mut seen: Vec<InstanceId> = own.into_iter().collect();
    let mut parent = spec.parent.as_ref().map(|parent| cx.reference(parent));
    let front = loop {
        let Some(text) = parent.filter(|text| text != ROOT) else { break String::new() };
        let Some(above) = pending::tokens(&text).next().and_then(|(address, _)| address.parse().ok()) else {
            break text;
        };
        let Some(id) = cx.project().find(&above) else { break text };
        if seen.contains(&id) {
            if own == Some(id) {
                let problem =
                    Diagnostic::error("these organizational units lie in each other").at(cx.span(), "this one");
                let others = seen.iter().skip(1).filter_map(|id| cx.project().instance(*id));
                let problem = others.fold(problem, |problem, one| problem.also(one.block.span, "and this one"));
                cx.problem(problem.help("give one of them a parent outside of the others"));
            }
            break text;
        }
        seen.push(id);
        let Some(instance) = cx.project().instance(id) else { break text };
        let Some(above) = instance.block.spec::<OrganizationalUnitSpec>() else { break text };
        let given = above.name.as_ref().and_then(Text::as_literal).map(str::to_owned);
        names.push(given.unwrap_or_else(|| instance.address.name.replace('.', "-")));
        parent = above.parent.as_ref().map(|parent| cx.reference_from(id, parent));
    };
    if names.len() > DEPTH_MAX && front.is_empty() {
        let problem = Diagnostic::error("the organizational unit lies too deep");
        let at = format!("{} under the root", names.len());
        let problem = problem.at(cx.span(), at).note(format!("units nest {DEPTH_MAX} deep at most: {LIMITS}"));
        cx.problem(problem.help("give it, or one over it, a parent nearer to the root"));
    }
    names.reverse();
    format!("{front}/{}", names.join("/"))
}

/// The units and the accounts in a unit, closed ones too: AWS counts them until they are gone.
/// <https://docs.aws.amazon.com/organizations/latest/APIReference/API_DeleteOrganizationalUnit.html>
fn inside(unit: &str, facts: &OrganizationFacts) -> Inside {
    let units = facts.units.iter().filter(|one| one.parent == unit);
    let units = units.map(|one| Held { id: one.id.clone(), what: format!("organizational unit {}", one.path) });
    let accounts = facts.accounts.iter().filter(|one| one.parent == unit).map(held_account);
    Inside(units.chain(accounts).collect())
}

fn live(fact: &UnitFact, root: &str, inside: Inside) -> Live<OrganizationalUnitModel> {
    let UnitFact { id, arn, name, parent, path, tags } = fact;
    let outputs = [("id", id), ("arn", arn), ("name", name)];
    Live {
        name: path.clone(),
        model: OrganizationalUnitModel {
            name: name.clone(),
            parent: if parent == root { ROOT.to_owned() } else { parent.clone() },
            tags: tags.clone(),
            id: Made(Some(id.clone())),
            inside,
        },
        outputs: outputs.map(|(attribute, value)| (attribute.to_owned(), value.clone())).into(),
    }
}

fn on(unit: &str, name: &str, calls: Vec<OrganizationalUnitCall>) -> Vec<OrganizationalUnitOp> {
    let op = |call| OrganizationalUnitOp { unit: unit.to_owned(), name: name.to_owned(), call };
    calls.into_iter().map(op).collect()
}

fn creation(_: &At, after: &OrganizationalUnitModel) -> Vec<OrganizationalUnitOp> {
    let OrganizationalUnitModel { name, parent, tags, id: _, inside: _ } = after.clone();
    on("", &name, vec![OrganizationalUnitCall::CreateOrganizationalUnit { parent, tags }])
}

fn removal(at: &At, before: &OrganizationalUnitModel) -> Vec<OrganizationalUnitOp> {
    let parent = before.parent.clone();
    on(&before.id.or_token(at), &before.name, vec![OrganizationalUnitCall::DeleteOrganizationalUnit { parent }])
}

fn change(
    at: &At,
    before: &OrganizationalUnitModel,
    after: &OrganizationalUnitModel,
) -> Result<Vec<OrganizationalUnitOp>, Refusal> {
    let OrganizationalUnitModel { name, parent, tags, id: _, inside: _ } = after;
    if *parent != before.parent {
        return Err(Refusal {
            field: "parent",
            why: format!("AWS can't move an organizational unit, and {} is in {}", before.name, before.parent),
            help: "declare another unit in the new place, let the accounts name it as their parent, then delete this table".to_owned(),
        });
    }
    let mut calls = Vec::new();
    if *name != before.name {
        calls.push(OrganizationalUnitCall::UpdateOrganizationalUnit { new_name: name.clone() });
    }
    let TagChange { put, remove } = TagChange::between(&before.tags, tags);
    if !remove.is_empty() {
        calls.push(OrganizationalUnitCall::UntagResource { keys: remove });
    }
    if !put.is_empty() {
        calls.push(OrganizationalUnitCall::TagResource { tags: put });
    }
    Ok(on(&before.id.or_token(at), &before.name, calls))
}

fn info(op: &OrganizationalUnitOp) -> OpInfo {
    let OrganizationalUnitOp { unit, name, call } = op;
    let resource = if unit.is_empty() { "*".to_owned() } else { unit.clone() };
    let of = |call, title: String| OpInfo { call, resource: resource.clone(), title, ..OpInfo::default() };
    match call {
        OrganizationalUnitCall::CreateOrganizationalUnit { parent: _, tags: _ } => OpInfo {
            needs: vec![THE_ORGANIZATION.to_owned()],
            yields: &["id", "arn"],
            ..of("organizations:CreateOrganizationalUnit", format!("create organizational unit {name}"))
        },
        OrganizationalUnitCall::UpdateOrganizationalUnit { new_name } => {
            of("organizations:UpdateOrganizationalUnit", format!("rename organizational unit {name} to {new_name}"))
        }
        OrganizationalUnitCall::TagResource { tags: _ } => {
            of("organizations:TagResource", format!("tag organizational unit {name}"))
        }
        OrganizationalUnitCall::UntagResource { keys: _ } => {
            of("organizations:UntagResource", format!("remove tags of organizational unit {name}"))
        }
        OrganizationalUnitCall::DeleteOrganizationalUnit { parent } => OpInfo {
            destroys: vec![unit.clone()],
            releases: vec![parent.clone(), THE_ORGANIZATION.to_owned()],
            ..of("organizations:DeleteOrganizationalUnit", format!("delete organizational unit {name}"))
        },
    }
}

fn simulate(model: &mut Option<OrganizationalUnitModel>, op: &OrganizationalUnitOp) {
    let OrganizationalUnitOp { unit: _, name, call } = op.clone();
    match call {
        OrganizationalUnitCall::CreateOrganizationalUnit { parent, tags } => {
            *model =
                Some(OrganizationalUnitModel { name, parent, tags, id: Made::default(), inside: Inside::default() });
        }
        OrganizationalUnitCall::UpdateOrganizationalUnit { new_name } => {
            model.iter_mut().for_each(|held| held.name.clone_from(&new_name));
        }
        OrganizationalUnitCall::TagResource { tags } => {
            model.iter_mut().for_each(|held| held.tags.extend(tags.clone()));
        }
        OrganizationalUnitCall::UntagResource { keys } => {
            model.iter_mut().for_each(|held| held.tags.retain(|key, _| !keys.contains(key)));
        }
        OrganizationalUnitCall::DeleteOrganizationalUnit { parent: _ } => *model = None,
    }
}
