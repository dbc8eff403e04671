//! A thing that can't be tagged, so that the ledger alone says whose it is.

use serde::{Deserialize, Serialize};
use trueup_engine::facts::{Facts, Scope, Unread};
use trueup_engine::kind::{At, Export, Identity, Kind, Live, OpInfo, Refusal, Steps};
use trueup_specs::kind::{KindSchema, KindScope, decode_any, shape_of};
use trueup_specs::resolve::Resolver;
use trueup_specs::{Text, spec};

use super::Tags;

pub(crate) const SOURCE: &str = "badges";

spec! {
    /// A badge.
    pub(crate) struct BadgeSpec {
        /// What stands on it.
        pub motto: Option<Text>,
        /// What it is pinned on with. Default: the world chooses.
        pub pin: Option<Text>,
    }
}

/// A badge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BadgeModel {
    pub(crate) name: String,
    pub(crate) motto: String,
    pub(crate) pin: Pin,
}

/// `None` where a spec leaves it to the world: whatever is there is then as wanted.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Pin(pub(crate) Option<String>);

impl PartialEq for Pin {
    fn eq(&self, other: &Self) -> bool {
        self.0.is_none() || other.0.is_none() || self.0 == other.0
    }
}

impl Eq for Pin {}

/// One call on one badge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum BadgeOp {
    Make(BadgeModel),
    PutMotto(BadgeModel),
    Drop { name: String },
}

/// What a source finds: all badges of an account.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct BadgeFacts(pub(crate) Vec<BadgeModel>);

/// The kind `badge`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Badge;

static SCHEMA: KindSchema = KindSchema {
    name: "badge",
    summary: "A badge.",
    scope: KindScope::Account,
    stateful: false,
    taggable: false,
    attributes: &[("name", "Its name.")],
    shape: shape_of::<BadgeSpec>,
    decode: decode_any::<BadgeSpec>,
};

impl Kind for Badge {
    type Spec = BadgeSpec;
    type Model = BadgeModel;
    type Op = BadgeOp;

    fn schema() -> &'static KindSchema {
        &SCHEMA
    }

    fn sources() -> &'static [&'static str] {
        &[SOURCE]
    }

    fn identity(_: &BadgeSpec, at: &At, cx: &mut Resolver<'_>) -> Identity {
        let name = cx.address().name.to_string();
        let outputs = [("name".to_owned(), name.clone())].into();
        Identity { claim: Some(format!("toy {} badge/{name}", at.account_id)), name, outputs }
    }

    fn desired(spec: &BadgeSpec, _: &At, cx: &mut Resolver<'_>) -> Option<BadgeModel> {
        let motto = spec.motto.as_ref().map(|motto| cx.text(motto)).unwrap_or_default();
        let pin = Pin(spec.pin.as_ref().map(|pin| cx.text(pin)));
        Some(BadgeModel { name: cx.address().name.to_string(), motto, pin })
    }

    fn observe(facts: &Facts, scope: &Scope) -> Result<Vec<Live<BadgeModel>>, Unread> {
        let BadgeFacts(badges) = facts.get(SOURCE, scope)?;
        let live = |model: &BadgeModel| {
            let outputs = [("name".to_owned(), model.name.clone())].into();
            Live { name: model.name.clone(), model: model.clone(), outputs }
        };
        Ok(badges.iter().map(live).collect())
    }

    fn tags(_: &BadgeModel) -> Option<&Tags> {
        None
    }

    fn tags_mut(_: &mut BadgeModel) -> Option<&mut Tags> {
        None
    }

    fn ops(_: &At, before: Option<&BadgeModel>, after: Option<&BadgeModel>) -> Result<Steps<BadgeOp>, Refusal> {
        let ops = match (before, after) {
            (None, None) => Vec::new(),
            (None, Some(after)) => vec![BadgeOp::Make(after.clone())],
            (Some(before), None) => vec![BadgeOp::Drop { name: before.name.clone() }],
            (Some(before), Some(after)) if before == after => Vec::new(),
            (Some(_), Some(after)) => vec![BadgeOp::PutMotto(after.clone())],
        };
        Ok(Steps { ops, replaces: Vec::new() })
    }

    fn split(_: &At, _: &BadgeOp) -> Option<Vec<BadgeOp>> {
        None
    }

    fn follow(_: &At, _: &BadgeModel, _: &str) -> Vec<BadgeOp> {
        Vec::new()
    }

    fn info(at: &At, op: &BadgeOp) -> OpInfo {
        let of = |call, title: &str, name: &str| OpInfo {
            call,
            resource: at.arn("toy", &format!("badge/{name}")),
            title: format!("{title} badge {name}"),
            ..OpInfo::default()
        };
        match op {
            BadgeOp::Make(BadgeModel { name, motto: _, pin: _ }) => of("toy:MakeBadge", "make", name),
            BadgeOp::PutMotto(BadgeModel { name, motto: _, pin: _ }) => of("toy:PutMotto", "put the motto of", name),
            BadgeOp::Drop { name } => of("toy:DropBadge", "drop", name),
        }
    }

    fn export(_: &At, live: &Live<BadgeModel>) -> Export {
        Export::same(&live.model)
    }

    fn simulate(model: &mut Option<BadgeModel>, op: &BadgeOp) {
        *model = match op {
            BadgeOp::Make(after) | BadgeOp::PutMotto(after) => Some(after.clone()),
            BadgeOp::Drop { name: _ } => None,
        };
    }
}
