use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use serde_json::{Value, json};
use trueup_engine::facts::{ReadCost, Wanted};
use trueup_engine::perform::{Effect, OpContext};
use trueup_sandbox::{Cut, Faults, Sandbox, Then, When};
use trueup_specs::pending;

use super::grants::Grant;
use super::*;
use crate::driver::Driver;
use crate::laws;
use crate::session::Session;

const ALIAS: &str = "alias/laws";
const ARN: &str = "arn:aws:kms:eu-west-1:111111111111:key/12345678-1234-1234-1234-123456789012";

fn at() -> At {
    laws::at::<Key>()
}

fn policy(principal: &str) -> PolicyDocument {
    let document = json!({
        "Version": "2012-10-17",
        "Statement": [
            { "Effect": "Allow", "Principal": { "AWS": "111111111111" }, "Action": "kms:*", "Resource": "*" },
            { "Sid": "Use", "Effect": "Allow", "Principal": { "AWS": principal }, "Action": "kms:Decrypt", "Resource": "*" },
        ],
    });
    PolicyDocument::from_live(&document.to_string())
}

fn policies() -> impl Strategy<Value = PolicyDocument> {
    prop_oneof![
        Just(default_policy(&at())),
        Just(policy("222222222222")),
        Just(policy("arn:aws:iam::222222222222:root")),
    ]
}

/// A grant to someone else's account, which needs nothing to exist.
fn grant(name: &str, operation: &str) -> Grant {
    Grant {
        name: name.to_owned(),
        grantee_principal: Some("arn:aws:iam::222222222222:root".to_owned()),
        operations: [operation.to_owned(), "DescribeKey".to_owned()].into(),
        ..Grant::default()
    }
}

fn grants() -> impl Strategy<Value = BTreeSet<Grant>> {
    let all = vec![
        grant("a", "RetireGrant"),
        grant("a", "CreateGrant"),
        Grant { retiring_principal: Some("arn:aws:iam::111111111111:root".to_owned()), ..grant("b", "CreateGrant") },
    ];
    prop::sample::subsequence(all, 0..=3).prop_map(|grants| grants.into_iter().collect())
}

/// What a spec can ask for.
fn models() -> impl Strategy<Value = KeyModel> {
    let aliases = prop::sample::subsequence(vec!["alias/a", "alias/b"], 0..=2);
    let days = prop::option::of(ROTATION_DAYS_MIN..=ROTATION_DAYS_MAX);
    let window = DELETION_WINDOW_DAYS_MIN..=DELETION_WINDOW_DAYS_MAX;
    let sort = prop::sample::select(vec![KeySort::SymmetricDefault, KeySort::SymmetricDefault, KeySort::Hmac256]);
    let state = prop::sample::select(vec![ENABLED, ENABLED, DISABLED]);
    let own = (state, aliases, "[a-z]{0,3}", policies(), window, grants(), laws::tags()).prop_map(
        |(state, more, description, policy, deletion_window_days, grants, tags)| OwnProperties {
            state: state.to_owned(),
            aliases: more.into_iter().chain([ALIAS]).map(str::to_owned).collect(),
            description,
            policy,
            deletion_window_days,
            grants,
            tags,
        },
    );
    (own, days, any::<bool>(), sort).prop_map(|(own, days, multi_region, sort)| KeyModel {
        handles: Handles::default(),
        own,
        rotation_days: days.filter(|_| sort == KeySort::SymmetricDefault),
        multi_region,
        key_spec: sort.to_string(),
        key_usage: sort.usages()[0].to_string(),
        origin: AWS_KMS.to_owned(),
        primary: None,
    })
}

fn plain() -> KeyModel {
    let made = fresh(&NewKey {
        description: String::new(),
        policy: default_policy(&at()),
        multi_region: false,
        key_spec: "SYMMETRIC_DEFAULT".to_owned(),
        key_usage: "ENCRYPT_DECRYPT".to_owned(),
        tags: [
            ("trueup:project".to_owned(), "laws".to_owned()),
            ("trueup:address".to_owned(), laws::ADDRESS.to_owned()),
        ]
        .into(),
    });
    with(&made, |own| own.aliases = [ALIAS.to_owned()].into())
}

/// The model with other properties of its own.
fn with(model: &KeyModel, change: impl FnOnce(&mut OwnProperties)) -> KeyModel {
    let mut model = model.clone();
    change(&mut model.own);
    model
}

/// [`plain`] with one field changed: every field that can be, each to another value.
fn one_changed() -> Vec<KeyModel> {
    let plain = plain();
    let OwnProperties { state: _, aliases: _, description: _, policy: _, deletion_window_days: _, grants: _, tags: _ } =
        &plain.own;
    vec![
        with(&plain, |own| own.state = DISABLED.to_owned()),
        with(&plain, |own| own.aliases.extend(["alias/other".to_owned()])),
        with(&plain, |own| own.description = "artifacts".to_owned()),
        with(&plain, |own| own.policy = policy("222222222222")),
        with(&plain, |own| own.deletion_window_days = 7),
        with(&plain, |own| own.grants = [grant("one", "RetireGrant")].into()),
        with(&plain, |own| own.tags.extend([("team".to_owned(), "platform".to_owned())])),
        KeyModel { rotation_days: Some(90), ..plain.clone() },
    ]
}

proptest! {
    #[test]
    fn laws_hold(one in models(), two in models()) {
        laws::hold_all::<Key>(&one, &two);
    }

    #[test]
    fn a_key_on_its_way_out_is_brought_back(before in models(), mut after in models(), going in any::<bool>()) {
        after.key_spec.clone_from(&before.key_spec);
        after.key_usage.clone_from(&before.key_usage);
        after.multi_region = before.multi_region;
        let state = if going { kms::PENDING_DELETION } else { DISABLED };
        let before = with(&at_arn(&before), |own| own.state = state.to_owned());
        laws::hold::<Key>(Some(&before), Some(&after));
    }
}

#[test]
fn each_field_can_be_changed_and_changed_back() {
    let plain = plain();
    for other in one_changed() {
        for (before, after) in [(&plain, &other), (&other, &plain)] {
            assert_eq!(Key::ops(&at(), Some(before), Some(after)).unwrap().ops.len(), 1, "{other:?}");
            laws::hold::<Key>(Some(before), Some(after));
        }
    }
}

/// KMS gives a disabled key neither grants nor another rotation, and it is not enabled for that behind anyone's back.
#[test]
fn a_disabled_key_is_not_enabled_on_the_way() {
    let asleep = with(&plain(), |own| own.state = DISABLED.to_owned());
    let granted = with(&asleep, |own| own.grants = [grant("one", "RetireGrant")].into());
    assert_eq!(Key::ops(&at(), Some(&asleep), Some(&granted)).unwrap_err().field, "grants");
    let rotating = KeyModel { rotation_days: Some(90), ..asleep.clone() };
    assert_eq!(Key::ops(&at(), Some(&asleep), Some(&rotating)).unwrap_err().field, "rotation_days");
    let calls = |before: &KeyModel, after: &KeyModel| {
        let ops = Key::ops(&at(), Some(before), Some(after)).unwrap().ops;
        ops.iter().map(|op| Key::info(&at(), op).call).collect::<Vec<_>>()
    };
    assert_eq!(calls(&granted, &asleep), ["kms:RevokeGrant"]);
    assert_eq!(calls(&plain(), &granted), ["kms:CreateGrant", "kms:DisableKey"]);
    assert_eq!(
        calls(&asleep, &KeyModel { rotation_days: Some(90), ..plain() }),
        ["kms:EnableKey", "kms:EnableKeyRotation"]
    );
}

/// A changed grant is made anew before the old one is revoked: whoever has it is never without.
#[test]
fn a_grant_is_changed_without_a_gap() {
    let one = at_arn(&with(&plain(), |own| own.grants = [grant("one", "RetireGrant")].into()));
    let two = with(&plain(), |own| own.grants = [grant("one", "CreateGrant")].into());
    let ops = Key::ops(&at(), Some(&one), Some(&two)).unwrap().ops;
    let titles: Vec<_> = ops.iter().map(|op| Key::info(&at(), op).title).collect();
    assert_eq!(titles, ["make grant one of key one", "revoke grant one of key one"]);
}

#[test]
fn what_a_key_is_stays() {
    let plain = plain();
    let others = [
        ("multi_region", KeyModel { multi_region: true, ..plain.clone() }),
        ("key_spec", KeyModel { key_spec: "RSA_2048".to_owned(), ..plain.clone() }),
        ("key_usage", KeyModel { key_usage: "SIGN_VERIFY".to_owned(), ..plain.clone() }),
        ("origin", KeyModel { origin: "EXTERNAL".to_owned(), ..plain.clone() }),
    ];
    let replica = KeyModel { primary: Some(ARN.to_owned()), ..plain.clone() };
    assert_eq!(Key::ops(&at(), Some(&replica), Some(&plain)).unwrap_err().field, "primary");
    for (field, other) in others {
        assert_eq!(Key::ops(&at(), Some(&plain), Some(&other)).unwrap_err().field, field);
    }
}

#[test]
fn operations_name_the_key_as_far_as_it_is_known() {
    let made = Key::ops(&at(), None, Some(&plain())).unwrap().ops;
    assert_eq!(made.len(), 2);
    assert!(Key::info(&at(), &made[0]).once);
    let token = format!("{}{}#arn{}", pending::OPEN, laws::ADDRESS, pending::CLOSE);
    assert_eq!(Key::info(&at(), &made[1]).resource, token);
    let live = at_arn(&plain());
    assert_eq!(live, plain());
    let gone = Key::ops(&at(), Some(&live), None).unwrap().ops;
    let infos: Vec<_> = gone.iter().map(|op| Key::info(&at(), op)).collect();
    assert_eq!(infos[0].destroys, ["arn:aws:kms:eu-west-1:111111111111:alias/laws"]);
    assert_eq!(infos[1].destroys, [ARN]);
}

#[test]
fn a_role_made_again_is_named_again() {
    let role = "arn:aws:iam::222222222222:role/reader";
    let to_role = Grant { grantee_principal: Some(role.to_owned()), ..grant("one", "RetireGrant") };
    let model = with(&plain(), |own| {
        own.policy = policy(role);
        own.grants = [to_role.clone(), grant("two", "RetireGrant")].into();
    });
    let ops = Key::follow(&at(), &at_arn(&model), role);
    let infos: Vec<_> = ops.iter().map(|op| Key::info(&at(), op)).collect();
    let calls: Vec<_> = infos.iter().map(|info| info.call).collect();
    assert_eq!(calls, ["kms:PutKeyPolicy", "kms:RevokeGrant", "kms:CreateGrant"]);
    assert_eq!((&infos[0].needs, &*infos[0].resource), (&vec![role.to_owned()], ARN));
    assert_eq!((&infos[1].unnames, &infos[2].needs), (&vec![role.to_owned()], &vec![role.to_owned()]));
    assert!(matches!(&ops[1], KeyOp::Change(KeyChange::RevokeGrant { ids, .. }) if *ids == ["g0"]), "{ops:?}");
    assert_eq!(Key::follow(&at(), &model, "arn:aws:iam::222222222222:role/other"), []);
}

/// The model of a key that is there.
fn at_arn(model: &KeyModel) -> KeyModel {
    let grants = model.own.grants.iter().enumerate();
    let grants = grants.map(|(index, grant)| (format!("g{index}"), grant.clone())).collect();
    KeyModel { handles: Handles { arn: Some(ARN.to_owned()), grants }, ..model.clone() }
}

fn observed(keys: Value) -> Result<Vec<Live<KeyModel>>, Unread> {
    let fact = crate::source::load_fact(kms::NAME, json!({ "keys": keys })).unwrap();
    let mut facts = Facts::default();
    facts.insert(Arc::from(kms::NAME), at().scope, Ok(fact), ReadCost::default());
    Key::observe(&facts, &at().scope)
}

#[test]
fn a_key_is_observed_as_it_is() {
    let live = observed(json!({
        "12345678-1234-1234-1234-123456789012": {
            "name": "alias/b",
            "aliases": ["alias/a", "alias/b"],
            "settings": { "Ok": {
                "arn": ARN, "state": "Updating", "description": "artifacts", "key_spec": "SYMMETRIC_DEFAULT",
                "key_usage": "ENCRYPT_DECRYPT", "origin": "AWS_KMS", "multi_region": true, "rotation_days": 365,
                "policy": default_policy(&at()).to_json(),
                "tags": { "trueup:deletion-window": "9", "team": "platform" },
            } },
        },
        "87654321-1234-1234-1234-123456789012": {
            "name": "",
            "aliases": [],
            "settings": { "Ok": {
                "arn": ARN.replace("/1234", "/8765"), "state": "PendingDeletion", "description": "", "key_spec": "FUTURE_1024",
                "key_usage": "", "origin": "EXTERNAL", "multi_region": false, "rotation_days": null,
                "policy": "not JSON", "tags": { "trueup:deletion-window": "soon" },
            } },
        },
    }))
    .unwrap();
    let shown: Vec<_> =
        live.iter().map(|live| json!({ "name": live.name, "model": live.model, "outputs": live.outputs })).collect();
    insta::assert_json_snapshot!(shown);
}

#[test]
fn a_key_that_could_not_be_read_blocks_its_region() {
    let settings = json!({ "Err": { "call": "kms:GetKeyPolicy", "why": "key k: denied", "help": null } });
    let unread = json!({ "k": { "name": "", "aliases": [], "settings": settings } });
    assert_eq!(observed(unread).unwrap_err().call, "kms:GetKeyPolicy");
}

#[test]
fn a_spec_becomes_a_model() {
    let toml = r#"
        [scope]
        account = "tooling"
        region = "eu-west-1"

        [key.plain]

        [key.full]
        alias = ["alias/z", "alias/a"]
        description = "artifacts of ${account.name}"
        rotation = { days = 180 }
        deletion_window_days = 7
        multi_region = true
        tags = { team = "platform" }
        [[key.full.policy]]
        allow = "kms:*"
        principal = { account = "tooling" }
        resource = "*"

        [key.mac]
        key_spec = "HMAC_256"
        state = "disabled"

        [key.granted.grant.deployments]
        grantee_principal = "arn:aws:iam::222222222222:role/deployer"
        operations = ["Encrypt", "Decrypt"]
        constraints = { encryption_context_subset = { application = "${account.name}" } }
        [key.granted.grant.database]
        grantee_service_principal = "rds.amazonaws.com"
        retiring_principal = "arn:aws:iam::111111111111:root"
        operations = ["GenerateDataKey"]
        constraints = { source_arn = "arn:aws:rds:${region}:${account.id}:db:one" }
    "#;
    let models = laws::desired::<Key>(toml).unwrap_or_else(|problems| panic!("{problems}"));
    let shown: Vec<_> = models
        .iter()
        .map(|(address, identity, model)| {
            json!({ "address": address, "name": identity.name, "claim": identity.claim, "outputs": identity.outputs, "model": model })
        })
        .collect();
    insta::assert_json_snapshot!(shown);
}

#[test]
fn what_kms_would_refuse_is_told_with_its_place() {
    let toml = r#"
        [scope]
        account = "tooling"
        region = "eu-west-1"

        [key.a]
        alias = ["artifacts", "alias/aws/s3", "alias/x", "alias/x"]
        [key.b]
        key_spec = "RSA_2048"
        rotation = {}
        [key.c]
        rotation = { days = 30 }
        deletion_window_days = 31
        [key.e]
        alias = ["alias/e", "alias/taken"]
        [key.f]
        alias = "alias/taken"
        key_spec = "SM2"
        key_usage = "SIGN_VERIFY"
        [key.g.grant.nobody]
        operations = ["Decrypt"]
        [key.g.grant.two]
        grantee_principal = "arn:aws:iam::111111111111:root"
        grantee_service_principal = "rds"
        [key.g.grant."a b"]
        grantee_principal = "arn:aws:iam::111111111111:root"
        operations = ["Sign"]
        [key.i.grant.group]
        grantee_principal = "arn:aws:iam::111111111111:group/x"
        operations = ["Sign"]
        [key.g.grant.service]
        grantee_service_principal = "rds.amazonaws.com"
        operations = ["Decrypt"]
        [key.h]
        key_spec = "HMAC_256"
        [key.h.grant.x]
        grantee_principal = "arn:aws:iam::111111111111:root"
        retiring_principal = "arn:aws:iam::111111111111:root"
        retiring_service_principal = "rds.amazonaws.com"
        operations = ["Decrypt"]
        constraints = { encryption_context_equals = { a = "b" } }
        [[key.d.policy]]
        allow = "kms:Decrypt"
        principal = { account = "tooling" }
        resource = "*"
    "#;
    insta::assert_snapshot!(laws::desired::<Key>(toml).unwrap_err());
}

/// Performs what leads from one model to the other, with the ARN put in where it stands for itself, as the engine does.
async fn perform(session: &Session, before: Option<&KeyModel>, after: Option<&KeyModel>) -> bool {
    let Ok(steps) = Key::ops(&at(), before, after) else { return false };
    let mut outputs = Outputs::new();
    for op in steps.ops {
        let json = serde_json::to_string(&op).unwrap();
        let known = pending::replace(&json, |_, attribute| outputs.get(attribute).cloned());
        let done = Key::perform(serde_json::from_str(&known).unwrap(), session, OpContext::default()).await;
        outputs.extend(done.unwrap_or_else(|error| panic!("{error:?}\n{op:#?}")));
    }
    true
}

async fn round_trip(sandbox: &Sandbox, models: Vec<KeyModel>) {
    let aws = laws::aws(sandbox).await;
    let session = aws.session("tooling", Some(laws::REGION)).await.unwrap();
    let mut before: Option<KeyModel> = None;
    for after in models.into_iter().map(Some).chain([None]) {
        if perform(&session, before.as_ref(), after.as_ref()).await {
            let (live, _) = laws::read::<Key>(&aws, if after.is_some() { ALIAS } else { "" }).await;
            let live = live.unwrap().into_iter().find(|live| live.name == ALIAS).map(|live| live.model);
            assert_eq!(live, after, "what AWS has is the model");
            before = live;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn aws_has_what_the_operations_say() {
    let plain = plain();
    let models = one_changed().into_iter().flat_map(|other| [other, plain.clone()]).collect();
    round_trip(&Sandbox::in_memory(&[laws::ACCOUNT, "222222222222"]), models).await;
}

#[tokio::test(start_paused = true)]
async fn any_key_can_be_made_in_aws() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for _ in 0..24 {
        let model = models().new_tree(&mut runner).unwrap().current();
        round_trip(&Sandbox::in_memory(&[laws::ACCOUNT, "222222222222"]), vec![model]).await;
    }
}

/// A key that is removed is seen again only by who wants it, and comes back as it was.
#[tokio::test(start_paused = true)]
async fn a_removed_key_comes_back() {
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT, "222222222222"]);
    let aws = laws::aws(&sandbox).await;
    let session = aws.session("tooling", Some(laws::REGION)).await.unwrap();
    let wanted = KeyModel { rotation_days: Some(90), ..plain() };
    perform(&session, None, Some(&wanted)).await;
    let live = laws::read::<Key>(&aws, ALIAS).await.0.unwrap();
    let arn = live[0].outputs["arn"].clone();
    perform(&session, Some(&live[0].model), None).await;

    // Its tags name the address that is wanted here.
    let going = laws::read::<Key>(&aws, "").await.0.unwrap();
    assert_eq!((&*going[0].model.own.state, &going[0].outputs["arn"]), (kms::PENDING_DELETION, &arn));
    let nobody = kms::read(&session, &[], &crate::count::Counter::default()).await.unwrap();
    assert_eq!(nobody.keys.len(), 0);

    perform(&session, Some(&going[0].model), Some(&wanted)).await;
    let back = laws::read::<Key>(&aws, ALIAS).await.0.unwrap();
    assert_eq!((&back[0].model, &back[0].outputs["arn"]), (&wanted, &arn));
}

/// When the answer to CreateKey is lost, the key has no alias yet; its tags show that it is there.
#[tokio::test(start_paused = true)]
async fn a_key_cut_short_of_its_alias_is_found() {
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT]);
    let aws = laws::aws(&sandbox).await;
    let session = aws.session("tooling", Some(laws::REGION)).await.unwrap();
    let cut = with(&plain(), |own| own.aliases.clear());
    perform(&session, None, Some(&cut)).await;
    let live = laws::read::<Key>(&aws, ALIAS).await.0.unwrap();
    assert_eq!(live.len(), 1);
    perform(&session, Some(&live[0].model), Some(&plain())).await;
    assert_eq!(laws::read::<Key>(&aws, ALIAS).await.0.unwrap()[0].name, ALIAS);
}

/// The calls of a read: what is paid when all is there, and what more when something wanted is missing.
#[tokio::test(start_paused = true)]
async fn a_read_costs_what_is_written() {
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT]);
    let aws = laws::aws(&sandbox).await;
    let session = aws.session("tooling", Some(laws::REGION)).await.unwrap();
    perform(&session, None, Some(&plain())).await;
    session.kms().create_key().send().await.unwrap();

    let (live, cost) = laws::read::<Key>(&aws, ALIAS).await;
    assert_eq!((live.unwrap().len(), cost), (1, ReadCost { calls: 2 + 5, objects: 1 }));
    let missing = Wanted {
        kind: Arc::from("key"),
        name: "alias/missing".to_owned(),
        address: "tooling@eu-west-1/key.two".to_owned(),
        recorded: std::collections::BTreeMap::new(),
    };
    let before = aws.calls();
    kms::read(&session, &[missing], &crate::count::Counter::default()).await.unwrap();
    // ListKeys, and ListResourceTags of the one key that has no alias.
    assert_eq!(aws.calls() - before, 2 + 5 + 2);
}

/// A key elsewhere is another key.
#[tokio::test(start_paused = true)]
async fn regions_are_apart() {
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT]);
    let aws = laws::aws(&sandbox).await;
    let elsewhere = aws.session("tooling", Some("eu-west-2")).await.unwrap();
    perform(&elsewhere, None, Some(&plain())).await;
    assert_eq!(laws::read::<Key>(&aws, ALIAS).await.0.unwrap(), []);
}

/// CreateKey goes out once, whatever becomes of its answer; what it made is found.
#[tokio::test(start_paused = true)]
async fn a_lost_answer_makes_no_second_key() {
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT]);
    let aws = laws::aws(&sandbox).await;
    let session = aws.session("tooling", Some(laws::REGION)).await.unwrap();
    let cut = Cut { nth: 1, when: When::AfterEffect, then: Then::Recover };
    sandbox.set_faults(Faults { cut: Some(cut), ..Faults::default() });
    let create = Key::ops(&at(), None, Some(&plain())).unwrap().ops.remove(0);
    let error = Key::perform(create, &session, OpContext::default()).await.unwrap_err();
    assert_eq!(error.effect, Effect::Unknown);
    assert_eq!(sandbox.calls()[&("kms".to_owned(), "CreateKey".to_owned())], 1);
    assert_eq!(laws::read::<Key>(&aws, ALIAS).await.0.unwrap().len(), 1);
}

/// Being refused for haste is no reason to give up, not even for CreateKey.
#[tokio::test(start_paused = true)]
async fn throttling_is_waited_out() {
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT, "222222222222"]);
    let aws = laws::aws(&sandbox).await;
    let session = aws.session("tooling", Some(laws::REGION)).await.unwrap();
    sandbox.set_faults(Faults { seed: 1, throttle: 0.3, ..Faults::default() });
    assert!(perform(&session, None, Some(&one_changed()[3])).await);
    assert!(sandbox.calls()[&("kms".to_owned(), "CreateKey".to_owned())] > 1, "choose a seed that throttles CreateKey");
}

#[test]
fn grants_are_statements_of_who_has_them() {
    let grant = Grant {
        name: "deployments".to_owned(),
        grantee_principal: Some("arn:aws:iam::222222222222:role/deploy".to_owned()),
        retiring_service_principal: Some("ec2.amazonaws.com".to_owned()),
        operations: ["Decrypt", "DescribeKey", "RetireGrant"].map(str::to_owned).into(),
        encryption_context_equals: [("team".to_owned(), "web".to_owned())].into(),
        source_arn: Some("arn:aws:s3:::artifacts".to_owned()),
        ..Grant::default()
    };
    let document = super::grants::document(&[grant].into()).unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&document).unwrap());
    assert_eq!(super::grants::document(&[].into()), None);
}
