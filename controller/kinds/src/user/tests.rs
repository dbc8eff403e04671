use proptest::prelude::*;
use trueup_engine::kind::Kind;
use trueup_engine::perform::OpContext;
use trueup_sandbox::{Faults, Sandbox};

use super::{Credentials, User, UserCall, UserModel, UserOp};
use crate::driver::Driver;
use crate::fields::Named;
use crate::laws;
use crate::source::iam::users::{AccessKeyFact, UserFact};

const BOUNDARY: &str = "arn:aws:iam::aws:policy/PowerUserAccess";

fn models() -> impl Strategy<Value = UserModel> {
    let managed = "arn:aws:iam::aws:policy/(ReadOnlyAccess|PowerUserAccess|AdministratorAccess)";
    (
        "/|/ci/",
        proptest::collection::btree_set("arn:aws:iam::111111111111:group/(one|path/two)", 0..3),
        proptest::collection::btree_map("[a-c]", laws::identity_documents(), 0..3),
        proptest::collection::btree_set(managed, 0..3),
        proptest::option::of(Just(BOUNDARY.to_owned())),
        laws::tags(),
    )
        .prop_map(|(path, groups, inline, managed_policies, permissions_boundary, tags)| UserModel {
            name: "ci".to_owned(),
            path,
            groups,
            inline: inline.into(),
            managed_policies,
            permissions_boundary,
            tags,
            credentials: Credentials::default(),
        })
}

proptest! {
    #[test]
    fn laws_hold(one in models(), two in models()) {
        laws::hold_all::<User>(&one, &two);
    }

    #[test]
    fn laws_hold_for_each_field_alone(one in models(), two in models()) {
        let UserModel {
            name: _, path, groups, inline, managed_policies, permissions_boundary, tags, credentials: _,
        } = two;
        let base = || one.clone();
        for other in [
            UserModel { name: "renamed".to_owned(), ..base() },
            UserModel { path, ..base() },
            UserModel { groups, ..base() },
            UserModel { inline, ..base() },
            UserModel { managed_policies, ..base() },
            UserModel { permissions_boundary, ..base() },
            UserModel { tags, ..base() },
        ] {
            laws::hold_all::<User>(&one, &other);
        }
    }
}

async fn with_groups(sandbox: &Sandbox, models: Vec<UserModel>, faults: Faults) {
    let session = laws::aws(sandbox).await.session("tooling", None).await.unwrap();
    for (path, name) in [("/", "one"), ("/path/", "two")] {
        session.iam().create_group().path(path).group_name(name).send().await.unwrap();
    }
    laws::rough_trip::<User>(sandbox, "ci", models, faults).await;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn aws_holds_what_the_models_say(models in proptest::collection::vec(models(), 1..5)) {
        let sandbox = Sandbox::in_memory(&[laws::ACCOUNT]);
        laws::paused(with_groups(&sandbox, models, Faults::default()));
    }

    #[test]
    fn so_it_does_when_answers_are_lost(models in proptest::collection::vec(models(), 1..5), faults in laws::faults()) {
        let sandbox = Sandbox::in_memory(&[laws::ACCOUNT]);
        laws::paused(with_groups(&sandbox, models, faults));
    }
}

#[test]
fn defaults_are_the_documented_ones() {
    let models = laws::desired::<User>(
        r#"
        [scope]
        account = "tooling"
        [group.builders]
        [user.travis]
        groups = ["group.builders", "arn:aws:iam::111111111111:group/path/others"]
        "#,
    )
    .unwrap();
    let (address, identity, model) = models.first().unwrap();
    insta::assert_snapshot!(address, @"tooling/user.travis");
    insta::assert_debug_snapshot!(identity);
    insta::assert_json_snapshot!(model);
}

#[test]
fn what_aws_would_refuse_is_told_at_once() {
    let resource = "x".repeat(2_100);
    let groups: Vec<String> = (0..11).map(|n| format!("\"arn:aws:iam::111111111111:group/g{n}\"")).collect();
    let toml = format!(
        r#"
        [scope]
        account = "tooling"
        [user.odd]
        name = "{}"
        path = "ci"
        groups = [{}]
        inline = {{ c = [{{ allow = "s3:GetObject", resource = "arn:aws:s3:::{resource}" }}] }}
        [user.stranger]
        groups = ["arn:aws:iam::222222222222:group/theirs"]
        "#,
        "x".repeat(65),
        groups.join(", "),
    );
    insta::assert_snapshot!(laws::desired::<User>(&toml).unwrap_err().replace(&resource, "xx…"));
}

#[tokio::test(start_paused = true)]
async fn who_can_sign_in_is_not_removed() {
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT]);
    let aws = laws::aws(&sandbox).await;
    let session = aws.session("tooling", None).await.unwrap();
    let iam = session.iam();
    iam.create_user().user_name("ci").send().await.unwrap();
    let key = iam.create_access_key().user_name("ci").send().await.unwrap().access_key.unwrap();
    let password = "correct-horse-battery-Staple-1";
    iam.create_login_profile().user_name("ci").password(password).send().await.unwrap();
    let (live, _) = laws::read::<User>(&aws, "ci").await;
    let model = live.unwrap().remove(0).model;
    let refusal = User::ops(&laws::at::<User>(), Some(&model), None).unwrap_err();
    let hidden = |text: &str| {
        let since = &key.create_date().unwrap().to_string();
        text.replace(&key.access_key_id, "AKIA…").replace(since, "…")
    };
    insta::assert_snapshot!(hidden(&format!("{}: {}\nhelp: {}", refusal.field, refusal.why, refusal.help)));
    assert!(!serde_json::to_string(&model).unwrap().contains(&key.access_key_id), "no key is kept");
    let user = Named { path: "/".to_owned(), name: "ci".to_owned() };
    let op = UserOp { user, call: UserCall::DeleteUser { unnames: Vec::new() } };
    let error = User::perform(op.clone(), &session, OpContext::default()).await.unwrap_err();
    insta::assert_snapshot!(hidden(&format!("{error}\nhelp: {}", error.help.as_deref().unwrap())));
    iam.delete_access_key().user_name("ci").access_key_id(&key.access_key_id).send().await.unwrap();
    iam.delete_login_profile().user_name("ci").send().await.unwrap();
    User::perform(op.clone(), &session, OpContext::default()).await.unwrap();
    User::perform(op, &session, OpContext::default()).await.expect("what is gone is gone");
}

#[test]
fn the_age_of_its_access_keys_is_told() {
    let key = |id: &str, active, age_days| {
        let since = "2026-02-03T04:05:06Z".to_owned();
        AccessKeyFact { since, id: id.to_owned(), active, age_days }
    };
    let access_keys = vec![key("AKIAOLD", true, 91), key("AKIAOFF", false, 91), key("AKIANEW", true, 1)];
    let fact = UserFact { name: "ci".to_owned(), access_keys, ..UserFact::default() };
    insta::assert_snapshot!(User::notes(&super::live(&fact).model).join("\n"));
}

#[tokio::test(start_paused = true)]
async fn a_user_keeps_its_id_and_its_groups_when_it_is_renamed() {
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT]);
    let session = laws::aws(&sandbox).await.session("tooling", None).await.unwrap();
    let iam = session.iam();
    let user = Named { path: "/".to_owned(), name: "old".to_owned() };
    let op = |call| UserOp { user: user.clone(), call };
    let create = UserCall::CreateUser { permissions_boundary: None, tags: [].into() };
    let made = User::perform(op(create), &session, OpContext::default()).await.unwrap();
    iam.create_group().group_name("team").send().await.unwrap();
    iam.add_user_to_group().group_name("team").user_name("old").send().await.unwrap();
    let rename = op(UserCall::UpdateUser { new: Named { path: "/ci/".to_owned(), name: "new".to_owned() } });
    for _ in 0..2 {
        User::perform(rename.clone(), &session, OpContext::default()).await.expect("a lost answer is no failure");
    }
    let renamed = iam.get_user().user_name("new").send().await.unwrap().user.unwrap();
    assert_eq!(made.get("id"), Some(&renamed.user_id));
    assert_eq!(renamed.arn, "arn:aws:iam::111111111111:user/ci/new");
    let groups = iam.list_groups_for_user().user_name("new").send().await.unwrap().groups;
    assert_eq!(groups.len(), 1);
}
