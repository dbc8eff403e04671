use proptest::prelude::*;
use trueup_sandbox::Sandbox;

use super::ResourceControlPolicy;
use crate::fields::PolicyDocument;
use crate::laws;
use crate::made::Made;
use crate::organization_policy::{Content, OrganizationPolicyModel};

fn models() -> impl Strategy<Value = OrganizationPolicyModel> {
    ("[a-c]", any::<bool>(), laws::tags()).prop_map(|(bucket, attached, tags)| OrganizationPolicyModel {
        sort: "RESOURCE_CONTROL_POLICY".to_owned(),
        name: "perimeter".to_owned(),
        description: String::new(),
        content: Content::Policy(PolicyDocument::from_live(&format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::{bucket}/*"}}]}}"#
        ))),
        targets: attached.then(|| "root".to_owned()).into_iter().collect(),
        tags,
        id: Made::default(),
    })
}

proptest! {
    #[test]
    fn laws_hold(one in models(), two in models()) {
        laws::hold_all::<ResourceControlPolicy>(&one, &two);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]
    #[test]
    fn aws_holds_what_the_models_say(models in proptest::collection::vec(models(), 1..5)) {
        let sandbox = Sandbox::in_memory(&[laws::ACCOUNT]);
        laws::paused(async {
            laws::organize(&sandbox).await;
            laws::round_trip::<ResourceControlPolicy>(&sandbox, "perimeter", models).await;
        });
    }
}

#[test]
fn what_organizations_would_refuse_is_told_with_its_place() {
    let toml = r#"
        [resource_control_policy.open]
        [[resource_control_policy.open.policy]]
        allow = "s3:GetObject"
        principal = { account = "unicorn" }
        resource = "*"
    "#;
    insta::assert_snapshot!(laws::desired::<ResourceControlPolicy>(toml).unwrap_err());
}
