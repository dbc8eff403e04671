use serde_json::json;
use trueup_state::plan::{AccessChange, FORMAT, PlanAccount, Purpose};

use super::*;

const OPEN: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
const READ: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:Get*","tag:Get*"],"Resource":"*"}]}"#;
const ADMINISTRATOR_ARN: &str = "arn:aws:iam::aws:policy/AdministratorAccess";
const OWN: &str = "arn:aws:iam::111111111111:role/ci";
const ACCESS: &str = "arn:aws:iam::222222222222:role/Access";
const CUSTOM: &str = "arn:aws:iam::222222222222:policy/everything";

fn trust(principal: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{{"AWS":"{principal}"}}}}]}}"#
    )
}

fn role(name: &str, trust: &str, inline: &[&str], managed: &[&str]) -> RoleModel {
    RoleModel {
        name: name.to_owned(),
        path: "/".to_owned(),
        description: String::new(),
        max_session_duration: 3600,
        trust: PolicyDocument::from_live(trust),
        inline: inline.iter().map(|text| ((*text).to_owned(), PolicyDocument::from_live(text))).collect(),
        managed_policies: managed.iter().map(|arn| (*arn).to_owned()).collect(),
        permissions_boundary: None,
        tags: ByName::new(),
    }
}

fn way(account: &str, arn: &str, is_caller: bool, model: &RoleModel) -> Way {
    Way {
        account: Arc::from(account),
        kind: "role",
        name: model.name.clone(),
        arn: arn.to_owned(),
        is_caller,
        trust: document(&model.trust),
        holdings: Holdings::of_role(model),
    }
}

fn own() -> RoleModel {
    role("ci", &trust("111111111111"), &[], &[ADMINISTRATOR_ARN])
}

fn access() -> RoleModel {
    role("Access", &trust("arn:aws:iam::111111111111:root"), &[], &[CUSTOM])
}

fn ways() -> WaysIn {
    let caller = CallerIdentity {
        account: "111111111111".to_owned(),
        arn: "arn:aws:sts::111111111111:assumed-role/ci/session".to_owned(),
    };
    WaysIn {
        caller,
        ways: vec![way("home", OWN, true, &own()), way("away", ACCESS, false, &access())],
        policies: BTreeMap::from([(CUSTOM.to_owned(), live(OPEN).unwrap())]),
        groups: BTreeMap::new(),
        keys: Vec::new(),
    }
}

fn change(account: &str, kind: &str, name: &str, arn: &str, before: Option<Value>, after: Option<Value>) -> Change {
    let region = (kind == "key").then(|| Arc::from("eu-west-1"));
    let place = region.as_deref().map(|region: &str| format!("@{region}")).unwrap_or_default();
    let action = match (&before, &after) {
        (None, _) => Action::Create,
        (Some(_), None) => Action::Remove { tombstone: false },
        (Some(_), Some(_)) => Action::Update,
    };
    Change {
        address: format!("{account}{place}/{kind}.{name}").parse().unwrap(),
        scope: Scope { account: Arc::from(account), region },
        name: name.to_owned(),
        action,
        place: String::new(),
        causes: BTreeMap::new(),
        before,
        after,
        outputs: [("arn".to_owned(), arn.to_owned())].into(),
        applied: None,
        dangers: Vec::new(),
    }
}

fn marked(ways: &WaysIn, changes: Vec<Change>) -> Vec<String> {
    let account =
        |id: &str| PlanAccount { id: Arc::from(id), profile: None, access_role: "Access".to_owned(), through: None };
    let mut plan = Plan {
        format: FORMAT,
        world: String::new(),
        purpose: Purpose::Specs,
        specs: std::collections::BTreeMap::new(),
        declared: 1,
        project: Arc::from("test"),
        accounts: [(Arc::from("home"), account("111111111111")), (Arc::from("away"), account("222222222222"))].into(),
        changes,
        ops: Vec::new(),
        blocked: Vec::new(),
        retained: Vec::new(),
        confirmed: Vec::new(),
        forgotten: Vec::new(),
        notes: Vec::new(),
        unchanged: 0,
        deletions_max: None,
        reads: Vec::new(),
        outputs: BTreeMap::new(),
        access: AccessChange::default(),
    };
    ways.mark(&mut plan);
    let once = plan.clone();
    ways.mark(&mut plan);
    assert_eq!(plan, once, "marked once");
    let dangers = plan.changes.into_iter().flat_map(|change| change.dangers);
    let why = dangers.filter_map(|danger| match danger {
        Danger::SelfLockout { why } => Some(why),
        Danger::Removal
        | Danger::Replacement
        | Danger::Contents { .. }
        | Danger::Dependents { .. }
        | Danger::WiderTrust { .. } => None,
    });
    why.collect()
}

fn of_role(account: &str, arn: &str, before: &RoleModel, after: Option<&RoleModel>) -> Vec<String> {
    let value = |role: &RoleModel| serde_json::to_value(role).unwrap();
    marked(&ways(), vec![change(account, "role", &before.name, arn, Some(value(before)), after.map(value))])
}

#[test]
fn what_leaves_the_way_in_is_no_lockout() {
    let mut described = access();
    described.description = "the way in".to_owned();
    assert_eq!(of_role("away", ACCESS, &access(), Some(&described)), [""; 0]);
    let narrower = role("Access", &trust(OWN), &[], &[CUSTOM]);
    assert_eq!(of_role("away", ACCESS, &access(), Some(&narrower)), [""; 0], "the caller itself is still admitted");
    let otherwise = role("Access", &trust("arn:aws:iam::111111111111:root"), &[OPEN], &[]);
    assert_eq!(of_role("away", ACCESS, &access(), Some(&otherwise)), [""; 0], "by another policy");
    let elsewhere = role("Access", &trust("333333333333"), &[], &[]);
    assert_eq!(of_role("home", "arn:aws:iam::111111111111:role/Access", &access(), Some(&elsewhere)), [""; 0]);
}

#[test]
fn what_takes_the_way_in_is_marked() {
    let gone = of_role("away", ACCESS, &access(), None);
    assert_eq!(gone, [format!("{ACCESS} is how trueup gets into the account away")]);
    let closed = role("Access", &trust("arn:aws:iam::333333333333:root"), &[], &[CUSTOM]);
    let closed = of_role("away", ACCESS, &access(), Some(&closed));
    assert_eq!(closed, [format!("{ACCESS} no longer admits arn:aws:sts::111111111111:assumed-role/ci/session")]);
    let weak = role("Access", &trust("arn:aws:iam::111111111111:root"), &[READ], &[]);
    let weak = of_role("away", ACCESS, &access(), Some(&weak));
    assert_eq!(
        weak,
        [format!("{ACCESS} may no longer iam:UpdateAssumeRolePolicy, iam:PutRolePolicy, iam:AttachRolePolicy")]
    );
    let mut bounded = access();
    bounded.permissions_boundary = Some("arn:aws:iam::222222222222:policy/unknown".to_owned());
    assert_eq!(of_role("away", ACCESS, &access(), Some(&bounded)).len(), 1, "nobody can tell what the boundary leaves");
}

#[test]
fn the_callers_own_role_must_admit_whom_it_admitted_and_reach_the_others() {
    let closed = role("ci", &trust("arn:aws:iam::111111111111:role/other"), &[], &[ADMINISTRATOR_ARN]);
    let closed = of_role("home", OWN, &own(), Some(&closed));
    assert!(closed.len() == 1 && closed[0].contains("no longer admits"), "{closed:?}");
    let bare = role("ci", &trust("111111111111"), &[READ], &[]);
    let bare = of_role("home", OWN, &own(), Some(&bare));
    assert!(bare.len() == 1 && bare[0].contains("sts:AssumeRole"), "{bare:?}");
    let unknown = role("ci", &trust("111111111111"), &[], &["arn:aws:iam::aws:policy/PowerUserAccess"]);
    assert_eq!(of_role("home", OWN, &own(), Some(&unknown)).len(), 1);
}

#[test]
fn a_policy_that_the_way_in_holds_counts_as_its_own() {
    let policy = |text: &str| {
        json!({
            "name": "everything", "path": "/", "description": "", "policy": serde_json::from_str::<Value>(text).unwrap(),
            "tags": {},
        })
    };
    let change = |after| vec![change("away", "policy", "everything", CUSTOM, Some(policy(OPEN)), after)];
    assert_eq!(marked(&ways(), change(Some(policy(OPEN)))), [""; 0]);
    assert_eq!(marked(&ways(), change(Some(policy(READ)))).len(), 1);
    assert_eq!(marked(&ways(), change(None)).len(), 1);
}

#[test]
fn a_key_keeps_someone_who_can_administer_it() {
    let policy = |principal: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"kms:*","Resource":"*","Principal":{{"AWS":"{principal}"}}}}]}}"#
        )
    };
    let key = "arn:aws:kms:eu-west-1:222222222222:key/1";
    let model = |principal: &str| {
        let value = json!({
            "state": "Enabled", "aliases": [], "description": "", "rotation_days": null, "deletion_window_days": 30,
            "multi_region": false, "key_spec": "SYMMETRIC_DEFAULT", "key_usage": "ENCRYPT_DECRYPT", "origin": "AWS_KMS",
            "tags": {}, "policy": serde_json::from_str::<Value>(&policy(principal)).unwrap(),
        });
        Some(value)
    };
    let (root, admin) = ("arn:aws:iam::222222222222:root", "arn:aws:iam::222222222222:role/admin");
    let of_key = |before, after| change("away", "key", "k", key, before, after);
    assert_eq!(marked(&ways(), vec![of_key(model(root), model(admin))]), [""; 0]);
    assert_eq!(marked(&ways(), vec![of_key(model(root), model("AROAEXAMPLEEXAMPLE"))]).len(), 1);
    let admin_role = role("admin", &trust("222222222222"), &[], &[]);
    let removal = || change("away", "role", "admin", admin, Some(serde_json::to_value(&admin_role).unwrap()), None);
    assert_eq!(marked(&ways(), vec![of_key(model(root), model(admin)), removal()]).len(), 1);
    let mut ways = ways();
    let scope = Scope { account: Arc::from("away"), region: Some(Arc::from("eu-west-1")) };
    ways.keys = vec![keys::Key { scope, arn: key.to_owned(), policy: live(&policy(admin)).unwrap() }];
    assert_eq!(marked(&ways, vec![removal()]).len(), 1, "the key is not in the plan, and its only administrator goes");
    assert_eq!(marked(&ways, vec![of_key(model(admin), model(root)), removal()]), [""; 0], "another takes over first");
}
