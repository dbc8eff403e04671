use proptest::prelude::*;
use trueup_engine::perform::OpContext;
use trueup_sandbox::{Faults, Sandbox};

use super::{Group, GroupCall, GroupModel, GroupOp};
use crate::driver::Driver;
use crate::fields::Named;
use crate::laws;

fn models() -> impl Strategy<Value = GroupModel> {
    let managed = "arn:aws:iam::aws:policy/(ReadOnlyAccess|PowerUserAccess|AdministratorAccess)";
    (
        "/|/delivery/",
        proptest::collection::btree_map("[a-c]", laws::identity_documents(), 0..3),
        proptest::collection::btree_set(managed, 0..3),
    )
        .prop_map(|(path, inline, managed_policies)| GroupModel {
            name: "developers".to_owned(),
            path,
            inline: inline.into(),
            managed_policies,
        })
}

proptest! {
    #[test]
    fn laws_hold(one in models(), two in models()) {
        laws::hold_all::<Group>(&one, &two);
    }

    #[test]
    fn laws_hold_for_each_field_alone(one in models(), two in models()) {
        let GroupModel { name: _, path, inline, managed_policies } = two;
        let base = || one.clone();
        for other in [
            GroupModel { name: "renamed".to_owned(), ..base() },
            GroupModel { path, ..base() },
            GroupModel { inline, ..base() },
            GroupModel { managed_policies, ..base() },
        ] {
            laws::hold_all::<Group>(&one, &other);
        }
    }
}

fn trip(models: Vec<GroupModel>, faults: Faults) {
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT]);
    laws::paused(laws::rough_trip::<Group>(&sandbox, "developers", models, faults));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn aws_holds_what_the_models_say(models in proptest::collection::vec(models(), 1..6)) {
        trip(models, Faults::default());
    }

    #[test]
    fn so_it_does_when_answers_are_lost(models in proptest::collection::vec(models(), 1..6), faults in laws::faults()) {
        trip(models, faults);
    }
}

#[test]
fn defaults_are_the_documented_ones() {
    let models = laws::desired::<Group>("[scope]\naccount = \"tooling\"\n[group.builders]\n").unwrap();
    let (address, identity, model) = models.first().unwrap();
    insta::assert_snapshot!(address, @"tooling/group.builders");
    insta::assert_debug_snapshot!(identity);
    insta::assert_json_snapshot!(model);
}

#[test]
fn what_aws_would_refuse_is_told_at_once() {
    let resource = "x".repeat(2_600);
    let statement = format!(r#"{{ allow = "s3:GetObject", resource = "arn:aws:s3:::{resource}" }}"#);
    let policies: Vec<String> = (0..11).map(|n| format!("\"arn:aws:iam::aws:policy/P{n}\"")).collect();
    let toml = format!(
        r#"
        [scope]
        account = "tooling"
        [group.odd]
        name = "not a name"
        path = "delivery"
        managed_policies = [{}]
        inline = {{ "a b" = [{statement}], c = [{statement}] }}
        "#,
        policies.join(", "),
    );
    insta::assert_snapshot!(laws::desired::<Group>(&toml).unwrap_err().replace(&resource, "xx…"));
}

#[tokio::test(start_paused = true)]
async fn a_group_keeps_its_users_and_its_id_when_it_is_renamed() {
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT]);
    let session = laws::aws(&sandbox).await.session("tooling", None).await.unwrap();
    let iam = session.iam();
    let group = Named { path: "/".to_owned(), name: "old".to_owned() };
    let op = |call| GroupOp { group: group.clone(), call };
    let made = Group::perform(op(GroupCall::CreateGroup), &session, OpContext::default()).await.unwrap();
    iam.create_user().user_name("ann").send().await.unwrap();
    iam.add_user_to_group().group_name("old").user_name("ann").send().await.unwrap();
    let error = Group::perform(op(GroupCall::DeleteGroup), &session, OpContext::default()).await.unwrap_err();
    insta::assert_snapshot!(format!("{error}\nhelp: {}", error.help.as_deref().unwrap()));
    let rename = op(GroupCall::UpdateGroup { new: Named { path: "/team/".to_owned(), name: "new".to_owned() } });
    for _ in 0..2 {
        Group::perform(rename.clone(), &session, OpContext::default()).await.expect("a lost answer is no failure");
    }
    let found = iam.get_group().group_name("new").send().await.unwrap();
    let renamed = found.group.unwrap();
    assert_eq!(made.get("id"), Some(&renamed.group_id));
    assert_eq!(renamed.arn, "arn:aws:iam::111111111111:group/team/new");
    assert_eq!(found.users.len(), 1);
}
