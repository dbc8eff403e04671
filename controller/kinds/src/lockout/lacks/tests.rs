use aws_sdk_iam::types::{OrganizationsDecisionDetail, ResourceSpecificResult};
use trueup_engine::facts::{ReadRequest, Scope};
use trueup_sandbox::Sandbox;

use super::*;
use crate::laws;

fn pairs<const N: usize>(all: [(&str, &str); N]) -> Pairs {
    all.into_iter().map(|(action, resource)| (action.to_owned(), resource.to_owned())).collect()
}

#[test]
fn only_what_aws_asks_for_just_so_is_judged() {
    let role = "arn:aws:iam::222222222222:role/x";
    assert!(is_exact("iam:CreateRole", role) && is_exact("kms:CreateKey", "*"));
    assert!(!is_exact("kms:PutKeyPolicy", "arn:aws:kms:eu-west-1:222222222222:key/*"), "the key's id is not known yet");
    assert!(!is_exact("organizations:AttachPolicy", "*"), "AWS asks for a policy and a target");
    assert!(!is_exact("new:Action", "*"), "the catalogue doesn't have it");
    assert!(is_by_identity("iam:CreateRole") && is_by_identity("s3:CreateBucket"));
    assert!(!is_by_identity("s3:PutBucketTagging") && !is_by_identity("kms:PutKeyPolicy"));
}

fn result(
    action: &str,
    decision: PolicyEvaluationDecisionType,
) -> aws_sdk_iam::types::builders::EvaluationResultBuilder {
    EvaluationResult::builder().eval_action_name(action).eval_decision(decision)
}

#[test]
fn only_a_sure_denial_is_taken_from_an_answer() {
    use PolicyEvaluationDecisionType::{Allowed, ExplicitDeny, ImplicitDeny};
    let on = |resource: &str, decision| {
        ResourceSpecificResult::builder().eval_resource_name(resource).eval_resource_decision(decision)
    };
    let (one, two, three) = ("arn:aws:iam::1:role/one", "arn:aws:iam::1:role/two", "arn:aws:iam::1:role/three");
    let answer = result("iam:CreateRole", ImplicitDeny)
        .eval_resource_name("*")
        .resource_specific_results(on(one, ImplicitDeny).build().unwrap())
        .resource_specific_results(on(two, Allowed).build().unwrap())
        .resource_specific_results(on(three, ImplicitDeny).missing_context_values("aws:x").build().unwrap());
    assert_eq!(told(&answer.build().unwrap()), pairs([("iam:CreateRole", one)]));
    let older = result("iam:CreateRole", ExplicitDeny).eval_resource_name(two).build().unwrap();
    assert_eq!(told(&older), pairs([("iam:CreateRole", two)]));
    let bucket = "arn:aws:s3:::b";
    let may_be_in_its_policy = result("s3:PutBucketTagging", ImplicitDeny).eval_resource_name(bucket);
    assert_eq!(told(&may_be_in_its_policy.clone().build().unwrap()), Pairs::new());
    let detail = OrganizationsDecisionDetail::builder().allowed_by_organizations(false).build();
    let by_organization = may_be_in_its_policy.organizations_decision_detail(detail).build().unwrap();
    assert_eq!(told(&by_organization), pairs([("s3:PutBucketTagging", bucket)]));
    assert_eq!(told(&result("iam:CreateRole", Allowed).build().unwrap()), Pairs::new());
}

/// The way into the account `unicorn`, by the role there with these policies.
async fn way(sandbox: &Sandbox, inline: &str, managed: &[&str]) -> (Aws, WaysIn) {
    let aws = laws::aws(sandbox).await;
    let iam = aws.session("unicorn", None).await.unwrap();
    let (iam, role) = (iam.iam(), "OrganizationAccountAccessRole");
    let trust = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"111111111111"}}}"#;
    iam.create_role().role_name(role).assume_role_policy_document(trust).send().await.unwrap();
    iam.put_role_policy().role_name(role).policy_name("p").policy_document(inline).send().await.unwrap();
    for arn in managed {
        iam.attach_role_policy().role_name(role).policy_arn(*arn).send().await.unwrap();
    }
    let scope = Scope { account: Arc::from("unicorn"), region: None };
    let facts = aws.read(&[ReadRequest { source: Arc::from("iam"), scope, wanted: [].into() }], &|_, _| {}).await;
    let ways = WaysIn::of(&aws, &facts);
    assert_eq!(ways.ways.len(), 1, "{ways:?}");
    (aws, ways)
}

#[tokio::test]
async fn aws_is_asked_only_for_what_is_not_known() {
    let narrow = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:Tag*","Resource":"*"}]}"#;
    let role = "arn:aws:iam::222222222222:role/x";
    let needed = pairs([("iam:CreateRole", role), ("iam:TagRole", role)]);
    for (managed, expected) in [
        ("arn:aws:iam::aws:policy/IAMFullAccess", Pairs::new()),
        ("arn:aws:iam::aws:policy/AWSLambda_FullAccess", pairs([("iam:CreateRole", role)])),
    ] {
        let sandbox = Sandbox::in_memory(&[laws::ACCOUNT, "222222222222", "333333333333"]);
        let (aws, ways) = way(&sandbox, narrow, &[managed]).await;
        let before = sandbox.calls().values().sum::<u64>();
        assert_eq!(denied(&aws, &ways.ways[0], Pairs::new()).await, Pairs::new());
        assert_eq!(sandbox.calls().values().sum::<u64>(), before, "there is nothing to ask");
        assert_eq!(denied(&aws, &ways.ways[0], needed.clone()).await, expected, "{managed}");
        assert_eq!(sandbox.calls().values().sum::<u64>(), before + 1, "one call an account");
    }
}
