//! What is exported asks for just what is there, and in as few words as it can.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use trueup_engine::check::{Kinds, check};
use trueup_engine::export::{Ask, Exported, Found, export};
use trueup_engine::kind::{AnyModel, Export, Kind, Live};
use trueup_specs::{KindScope, Problems};
use trueup_state::ledger::Ledger;

use super::{REGION, at, desired_of, project_files};

/// The laws of [`Kind::export`] for one model: it is written, what is written asks for it, and each line of it counts.
pub(super) fn holds<K: Kind>(model: &K::Model) {
    let live = || Live { name: name::<K>(model), model: model.clone(), outputs: [].into() };
    match K::export(&at::<K>(), &live()) {
        Export::Spec(_) if !live().name.is_empty() => {}
        Export::Spec(_) | Export::Aws | Export::Not(_) => return,
    }
    let Live { name, model: boxed, outputs } = live();
    let exported = exported::<K>(Live { name, model: Box::new(boxed), outputs });
    assert!(exported.left_out.is_empty(), "{:?}\n{model:#?}", exported.left_out);
    let (specs, others): (Vec<_>, Vec<_>) =
        exported.files.iter().partition(|(path, _)| path.extension().is_some_and(|extension| extension == "toml"));
    let [(path, text)] = specs.as_slice() else { panic!("{:?}", exported.files) };
    let with = |text: &str| -> Vec<(String, String)> {
        let others = others.iter().map(|(path, text)| (path.display().to_string(), (*text).clone()));
        others.chain([(path.display().to_string(), text.to_owned())]).collect()
    };
    assert!(asks_for::<K>(&with(text), model), "{text}\n{model:#?}");
    for shorter in shorter(text, K::schema().name) {
        assert!(!asks_for::<K>(&with(&shorter), model), "less is enough:\n{shorter}\nfor\n{text}");
    }
}

/// The models' names are fields of them, but for those that are made of several.
fn name<K: Kind>(model: &K::Model) -> String {
    let model = serde_json::to_value(model).unwrap();
    let text = |field: &str| model[field].as_str().unwrap_or_default().to_owned();
    match K::schema().name {
        "account_public_access_block" => "public_access_block".to_owned(),
        "account_settings" => "settings".to_owned(),
        "deployment_group" => format!("{}/{}", text("application"), text("name")),
        "ecr_registry" => "registry".to_owned(),
        "event_rule" => format!("{}/{}", text("event_bus"), text("name")),
        "key" | "replica_key" => model["aliases"][0].as_str().unwrap_or_default().to_owned(),
        "oidc_provider" => text("url"),
        "organization" => "organization".to_owned(),
        "organization_policy" => format!("{}/{}", text("type").to_lowercase(), text("name")),
        // A unit is found by its way from the root; of one that is named by its id the way there is not known.
        "organizational_unit" => match text("parent").as_str() {
            "root" => format!("/{}", text("name")),
            id => format!("{id}/{}", text("name")),
        },
        "account" => text("email"),
        "subscription" => {
            let topic = text("topic");
            format!("{} {} {}", topic.rsplit(':').next().unwrap(), text("protocol"), text("endpoint"))
        }
        _ => text("name"),
    }
}

fn exported<K: Kind>(live: Live<AnyModel>) -> Exported {
    let base = project_files();
    let loaded = trueup_specs::load_from(base.clone(), &crate::schemas());
    let project = loaded.project.unwrap();
    let source_scope = |source: &str| crate::source::scope_of(source).unwrap_or(KindScope::Account);
    let kinds = Kinds { rows: crate::kinds(), source_scope };
    let kind = kinds.get(K::schema().name).unwrap();
    let checked = check(&project, kinds, &mut Problems::new()).unwrap();
    let regions: BTreeSet<Arc<str>> = [Arc::from(REGION)].into();
    let ledger = Ledger::default();
    let ask = Ask {
        checked: &checked,
        base: &base,
        accounts: None,
        regions: &regions,
        kinds: None,
        ledger: &ledger,
        folder: Path::new(""),
        share_tags: false,
    };
    export(ask, &[Found { kind, scope: at::<K>().scope, live: vec![live], unchecked: BTreeMap::new() }])
}

/// Whether the specs ask for the model and for nothing else; trueup's own tags are each project's.
fn asks_for<K: Kind>(files: &[(String, String)], model: &K::Model) -> bool {
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let Ok(asked) = desired_of::<K>(&files) else { return false };
    let [(_, identity, asked)] = asked.as_slice() else { return false };
    let mut model = model.clone();
    if let (Some(tags), Some(asked)) = (K::tags_mut(&mut model), K::tags(asked)) {
        let own = asked.iter().filter(|(key, _)| key.starts_with("trueup:") && *key != "trueup:protect");
        tags.extend(own.map(|(key, value)| (key.clone(), value.clone())));
    }
    identity.name == name::<K>(&model) && *asked == model
}

/// The text without each one of the table's keys.
fn shorter(text: &str, kind: &str) -> Vec<String> {
    let document: toml_edit::DocumentMut = text.parse().unwrap();
    let (name, table) = document[kind].as_table().unwrap().iter().next().unwrap();
    let keys: Vec<String> = table.as_table().unwrap().iter().map(|(key, _)| key.to_owned()).collect();
    let without = |key: String| {
        let mut document = document.clone();
        document[kind][name].as_table_mut().unwrap().remove(&key);
        document.to_string()
    };
    keys.into_iter().map(without).collect()
}
