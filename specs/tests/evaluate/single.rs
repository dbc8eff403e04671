//! Requests within one account.

use trueup_specs::policy::evaluate::{Caller, Decision, Layer, Request, decide};

use crate::support::{KEY, OBJECT, ROLE, USER, World, on_all, to};

const SESSION: &str = "arn:aws:sts::111111111111:assumed-role/deploy/build";

fn role() -> Caller {
    Caller::Role { arn: ROLE.to_owned(), session: Some("build".to_owned()) }
}

fn get(caller: Caller) -> Request {
    Request::new(caller, "s3:GetObject", OBJECT).in_account("111111111111")
}

fn user() -> Caller {
    Caller::User(USER.to_owned())
}

fn federated() -> Caller {
    Caller::FederatedUser { user: USER.to_owned(), name: "bob".to_owned() }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html>
#[test]
fn nothing_is_allowed_unless_something_allows_it_and_nothing_denies_it() {
    let allow = on_all("Allow", "s3:*");
    let deny = on_all("Deny", "s3:GetObject");
    World::default().check(&get(role()), "missing: identity");
    World::default().identity(&allow).check(&get(role()), "allowed: identity");
    World::default().identity(&allow).identity(&deny).check(&get(role()), "denied: identity");
    let everywhere = World::default().identity(&allow).boundary(&allow).session(&allow).scps(&[&allow]);
    everywhere.check(&get(role()), "allowed: identity boundary session scp0");
    let to_all = to("Deny", "*", "*");
    everywhere.clone().boundary(&format!("{allow},{deny}")).check(&get(role()), "denied: boundary");
    everywhere.clone().session(&deny).check(&get(role()), "denied: session");
    everywhere.clone().scps(&[&allow, &deny]).check(&get(role()), "denied: scp1");
    everywhere.clone().resource(&to_all).check(&get(role()), "denied: resource");
    everywhere.clone().rcp(&to_all).check(&get(role()), "denied: rcp0");
    everywhere.identity(&deny).resource(&to_all).check(&get(role()), "denied: identity resource");
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html>,
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session>
#[test]
fn boundary_and_session_limit_what_identity_policies_allow() {
    let s3 = on_all("Allow", "s3:*");
    let ec2 = on_all("Allow", "ec2:*");
    World::default().identity(&s3).boundary(&ec2).check(&get(role()), "missing: boundary");
    World::default().identity(&s3).session(&ec2).check(&get(role()), "missing: session");
    World::default().identity(&s3).session(&ec2).session(&s3).check(&get(role()), "allowed: identity session");
    World::default().identity(&s3).boundary(&ec2).session(&ec2).check(&get(role()), "missing: boundary session");
    World::default().boundary(&s3).check(&get(role()), "missing: identity");
}

/// Which grants of a resource's policy boundary and session policies limit.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html>,
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html#access_policies_boundaries-eval-logic>
#[test]
fn how_a_resource_policy_names_the_caller_says_what_limits_it() {
    let ec2 = on_all("Allow", "ec2:*");
    let with = |principal: &str| World::default().resource(&to("Allow", principal, "s3:*"));
    let cases = [
        // Principal, caller, alone, under a boundary, under a session policy.
        (ROLE, role(), "allowed: resource", "missing: boundary", "missing: session"),
        (SESSION, role(), "allowed: resource", "allowed: resource", "allowed: resource"),
        (USER, user(), "allowed: resource", "allowed: resource", "missing: session"),
        (USER, federated(), "allowed: resource", "allowed: resource", "missing: session"),
        (
            "arn:aws:sts::111111111111:federated-user/bob",
            federated(),
            "allowed: resource",
            "allowed: resource",
            "allowed: resource",
        ),
        // With a wildcard "permissions boundaries or session policies do not limit permissions", the page of the
        // element, "IAM role principals".
        ("*", role(), "allowed: resource", "allowed: resource", "allowed: resource"),
        // The account is only delegated to.
        ("111111111111", role(), "missing: identity", "missing: identity boundary", "missing: identity session"),
    ];
    for (principal, caller, alone, bounded, in_session) in cases {
        with(principal).check(&get(caller.clone()), alone);
        let sorted = |told: &str| {
            let mut words: Vec<&str> = told.split(' ').collect();
            words.sort_unstable();
            words.join(" ")
        };
        assert_eq!(
            sorted(&with(principal).boundary(&ec2).decides(&get(caller.clone()))),
            sorted(bounded),
            "{principal}"
        );
        assert_eq!(sorted(&with(principal).session(&ec2).decides(&get(caller))), sorted(in_session), "{principal}");
    }
}

#[test]
fn a_session_of_unknown_name_leaves_open_whether_it_is_meant() {
    let world = World::default().resource(&to("Allow", SESSION, "s3:*"));
    world.check(&get(Caller::role(ROLE)), "depends: sts:RoleSessionName");
    let other = SESSION.replace("deploy", "other");
    World::default().resource(&to("Allow", &other, "s3:*")).check(&get(Caller::role(ROLE)), "missing: identity");
}

/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html>
#[test]
fn every_level_of_scps_must_allow() {
    let all = on_all("Allow", "*");
    let ec2 = on_all("Allow", "ec2:*");
    let world = || World::default().identity(&all);
    world().scps(&[&all]).scps(&[&ec2, &all]).check(&get(role()), "allowed: identity scp0 scp1");
    world().scps(&[&all]).scps(&[&ec2]).scps(&[&all]).check(&get(role()), "missing: scp1");
    world().scps(&[&all]).scps(&[]).check(&get(role()), "missing: scp1");
    let open = World::default().resource(&to("Allow", "*", "s3:*"));
    open.scps(&[&ec2]).check(&get(role()), "missing: scp0");
}

/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>,
/// "Tasks and entities not restricted by SCPs"
#[test]
fn service_linked_roles_and_the_management_account_stand_outside_scps() {
    let all = on_all("Allow", "*");
    let deny = on_all("Deny", "*");
    let world = World::default().identity(&all).scps(&[&all, &deny]);
    let linked = Caller::role("arn:aws:iam::111111111111:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX");
    world.check(&get(linked.clone()), "allowed: identity");
    world.check(&get(role()), "denied: scp0");
    world.clone().managed_by("111111111111").check(&get(role()), "allowed: identity");
    world.clone().managed_by("222222222222").check(&get(role()), "denied: scp0");
    world.check(&get(Caller::Root("111111111111".to_owned())), "denied: scp0");
    // RCPs: https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html
    let world = World::default().identity(&all).rcp(&to("Deny", "*", "*"));
    world.check(&get(linked), "allowed: identity");
    world.check(&get(role()), "denied: rcp0");
    world.clone().managed_by("111111111111").check(&get(role()), "allowed: identity");
    let ec2 = Request::new(role(), "ec2:RunInstances", "*");
    world.check(&ec2, "allowed: identity");
    // "The kms:RetireGrant permission is not effective in an RCP":
    // https://docs.aws.amazon.com/kms/latest/developerguide/resource-control-policies.html
    let world = world.resource(&to("Allow", "111111111111", "kms:*"));
    world.check(&Request::new(role(), "kms:RetireGrant", KEY), "allowed: identity resource");
    world.check(&Request::new(role(), "kms:Decrypt", KEY), "denied: rcp0");
}

/// "with the exception of the AWS account root user, which has full access":
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html>
#[test]
fn the_root_user_may_do_anything_in_its_account() {
    let root = || Caller::Root("111111111111".to_owned());
    World::default().check(&get(root()), "allowed: ");
    World::default().scps(&[&on_all("Allow", "ec2:*")]).check(&get(root()), "missing: scp0");
    World::default().resource(&to("Deny", "*", "s3:*")).check(&get(root()), "denied: resource");
    let foreign = Request::new(root(), "s3:GetObject", OBJECT).in_account("222222222222");
    World::default().check(&foreign, "missing: resource");
    // "No AWS principal, including the account root user": key-policies.html
    World::default().check(&Request::new(root(), "kms:Decrypt", KEY), "missing: resource");
    let own = World::default().resource(&to("Allow", "111111111111", "kms:*"));
    own.check(&Request::new(root(), "kms:Decrypt", KEY), "allowed: resource");
}

/// <https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html#key-policy-default-allow-root-enable-iam>
#[test]
fn identity_policies_count_for_a_key_only_if_its_policy_delegates() {
    let allow = on_all("Allow", "kms:*");
    let decrypt = Request::new(role(), "kms:Decrypt", KEY);
    World::default().identity(&allow).check(&decrypt, "missing: resource");
    let other = to("Allow", "arn:aws:iam::111111111111:role/other", "kms:*");
    World::default().identity(&allow).resource(&other).check(&decrypt, "missing: resource");
    let delegates = to("Allow", "arn:aws:iam::111111111111:root", "kms:*");
    World::default().identity(&allow).resource(&delegates).check(&decrypt, "allowed: identity resource");
    World::default().resource(&delegates).check(&decrypt, "missing: identity");
    World::default().resource(&to("Allow", ROLE, "kms:Decrypt")).check(&decrypt, "allowed: resource");
    let narrow = to("Allow", "111111111111", "kms:Describe*");
    World::default().identity(&allow).resource(&narrow).check(&decrypt, "missing: resource");
    World::default()
        .identity(&allow)
        .resource(&delegates)
        .boundary(&on_all("Allow", "s3:*"))
        .check(&decrypt, "missing: boundary");
    // Identity policies can always deny.
    let denied = World::default().identity(&on_all("Deny", "kms:*")).resource(&to("Allow", ROLE, "kms:*"));
    denied.check(&decrypt, "denied: identity");
    // What is on no key has no key policy.
    World::default().identity(&allow).check(&Request::new(role(), "kms:CreateKey", "*"), "allowed: identity");
}

/// <https://docs.aws.amazon.com/kms/latest/developerguide/grants.html>
#[test]
fn a_grant_permits_beside_the_key_policy() {
    let decrypt = Request::new(role(), "kms:Decrypt", KEY);
    let granted = || World::default().grants(&to("Allow", ROLE, "kms:Decrypt"));
    granted().check(&decrypt, "allowed: grant");
    granted().check(&Request::new(role(), "kms:Encrypt", KEY), "missing: resource");
    World::default().grants(&to("Allow", USER, "kms:Decrypt")).check(&decrypt, "missing: resource");
    // It names the role, whose boundary then holds; and whatever denies outweighs it.
    // AWS doesn't say whether a boundary limits a grant.
    let doubt = "depends: whether boundary and session policies limit grants, which AWS does not say";
    granted().boundary(&on_all("Allow", "s3:*")).check(&decrypt, doubt);
    granted().boundary(&on_all("Allow", "kms:*")).check(&decrypt, "allowed: boundary grant");
    granted().boundary(&on_all("Deny", "kms:*")).check(&decrypt, "denied: boundary");
    let user = Request::new(user(), "kms:Decrypt", KEY);
    let to_user = World::default().grants(&to("Allow", USER, "kms:Decrypt"));
    to_user.boundary(&on_all("Allow", "s3:*")).check(&user, doubt);
    granted().identity(&on_all("Deny", "kms:*")).check(&decrypt, "denied: identity");
    granted().resource(&to("Deny", ROLE, "kms:*")).check(&decrypt, "denied: resource");
}

/// Beside the policy of a repository that of its registry has a say.
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions.html>
#[test]
fn several_policies_may_be_on_a_resource() {
    let two = || World::default().resource(&to("Allow", ROLE, "s3:Get*")).resource(&to("Allow", USER, "s3:Put*"));
    two().check(&Request::new(role(), "s3:GetObject", OBJECT), "allowed: resource");
    two().check(&Request::new(role(), "s3:PutObject", OBJECT), "missing: identity");
    let denied = two().resource(&to("Deny", ROLE, "s3:*"));
    denied.check(&Request::new(role(), "s3:GetObject", OBJECT), "denied: resource");
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_permissions-to-switch.html>
#[test]
fn a_role_is_taken_on_only_as_its_trust_policy_says() {
    let target = "arn:aws:iam::111111111111:role/target";
    let assume = |caller: Caller| Request::new(caller, "sts:AssumeRole", target);
    let trust = |principal: &str| {
        World::default().resource(&format!(r#"{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole"}}"#))
    };
    let all = on_all("Allow", "*");
    World::default().identity(&all).check(&assume(role()), "missing: resource");
    trust(&format!(r#"{{"AWS":"{ROLE}"}}"#)).check(&assume(role()), "allowed: resource");
    trust(r#"{"AWS":"111111111111"}"#).check(&assume(role()), "missing: identity");
    trust(r#"{"AWS":"111111111111"}"#).identity(&all).check(&assume(role()), "allowed: identity resource");
    let pipeline = trust(r#"{"Service":"codepipeline.amazonaws.com"}"#);
    pipeline.check(&assume(Caller::Service("codepipeline.amazonaws.com".to_owned())), "allowed: resource");
    pipeline.check(&assume(Caller::Service("codebuild.amazonaws.com".to_owned())), "missing: resource");
    pipeline.identity(&all).check(&assume(role()), "missing: resource");
    // Passing a role is no use of its trust.
    World::default().identity(&all).check(&Request::new(role(), "iam:PassRole", target), "allowed: identity");
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html>
#[test]
fn who_an_identity_provider_vouches_for_has_what_the_trust_policy_gives() {
    let provider = "arn:aws:iam::111111111111:oidc-provider/token.actions.githubusercontent.com";
    let trust = format!(
        r#"{{"Effect":"Allow","Principal":{{"Federated":"{provider}"}},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{{
            "StringLike":{{"token.actions.githubusercontent.com:sub":"repo:octo/app:*"}}}}}}"#
    );
    let world = World::default().resource(&trust).scps(&[]);
    let caller = Caller::Federated(provider.to_owned());
    let request = Request::new(caller, "sts:AssumeRoleWithWebIdentity", "arn:aws:iam::111111111111:role/ci");
    let sub = "token.actions.githubusercontent.com:sub";
    world.check(&request, "depends: token.actions.githubusercontent.com:sub");
    world.check(&request.clone().with(sub, ["repo:octo/app:ref:refs/heads/main"]), "allowed: resource");
    world.check(&request.clone().with(sub, ["repo:octo/evil:x"]), "missing: resource");
    world.check(&request.closed(), "missing: resource");
}

#[test]
fn a_decision_tells_its_statements_and_what_it_depends_on() {
    let world = World::default()
        .identity(r#"{"Sid":"Get","Effect":"Allow","Action":"s3:Get*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}},
            {"Sid":"Put","Effect":"Allow","Action":"s3:Put*","Resource":"*"}"#)
        .resource(r#"{"Sid":"Org","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalOrgID":"o-1"}}}"#);
    let policies = world.policies();
    let Decision::Conditional { when, unless, keys } = decide(&get(role()), &policies) else { panic!() };
    let sids = |deciding: &[trueup_specs::policy::evaluate::Deciding<'_>]| -> Vec<_> {
        deciding.iter().map(|one| (one.layer, one.policy.to_owned(), one.statement.sid.clone())).collect()
    };
    assert_eq!(sids(&when), [(Layer::Identity, "policy".to_owned(), Some("Get".to_owned()))]);
    assert_eq!(sids(&unless), [(Layer::Resource, "policy".to_owned(), Some("Org".to_owned()))]);
    let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
    assert_eq!(keys, ["aws:PrincipalOrgID", "aws:SecureTransport"]);
    let known = get(role()).with("aws:PrincipalOrgID", ["o-1"]);
    world.check(&known, "depends: aws:SecureTransport");
    world.check(&known.with("aws:SecureTransport", ["true"]), "allowed: identity");
    world.check(&get(role()).with("aws:SecureTransport", ["false"]), "missing: identity");
    world.check(&get(role()).with("aws:PrincipalOrgID", ["o-2"]), "denied: resource");
}

/// What AWS puts into every context:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principal-properties>
#[test]
fn the_context_has_what_follows_from_the_caller() {
    let under = |operator: &str, key: &str, value: &str| {
        World::default().resource(&format!(
            r#"{{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{{"{operator}":{{"{key}":"{value}"}}}}}}"#
        ))
    };
    under("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/path/*").check(&get(role()), "allowed: resource");
    under("StringEquals", "aws:PrincipalAccount", "111111111111").check(&get(role()), "allowed: resource");
    under("StringEquals", "kms:CallerAccount", "111111111111").check(&get(role()), "allowed: resource");
    under("StringEquals", "aws:PrincipalType", "AssumedRole").check(&get(role()), "allowed: resource");
    under("StringEquals", "aws:username", "alice").check(&get(user()), "allowed: resource");
    under("Null", "aws:username", "true").check(&get(role()), "allowed: resource");
    under("StringEquals", "aws:ResourceAccount", "111111111111").check(&get(role()), "allowed: resource");
    let service = || Caller::Service("s.amazonaws.com".to_owned());
    under("Bool", "aws:PrincipalIsAWSService", "true").check(&get(service()), "allowed: resource");
    under("Bool", "aws:PrincipalIsAWSService", "true").check(&get(role()), "missing: identity");
    under("StringEquals", "aws:PrincipalServiceName", "s.amazonaws.com").check(&get(service()), "allowed: resource");
    under("StringLike", "aws:PrincipalArn", "*").check(&get(service()), "depends: aws:PrincipalArn");
    // Whom a service acts for only a service's own requests say.
    under("StringEquals", "aws:SourceAccount", "222222222222").check(&get(service()), "depends: aws:SourceAccount");
    under("StringEquals", "aws:SourceAccount", "222222222222").check(&get(role()), "missing: identity");
    under("Null", "aws:SourceArn", "true").check(&get(user()), "allowed: resource");
    under("Bool", "aws:PrincipalIsAWSService", "false").check(&get(Caller::Anonymous), "missing: resource");
    under("BoolIfExists", "aws:PrincipalIsAWSService", "false").check(&get(Caller::Anonymous), "allowed: resource");
    under("Null", "aws:PrincipalOrgPaths", "true").check(&get(Caller::Anonymous), "allowed: resource");
    under("Null", "aws:PrincipalArn", "true").check(&get(Caller::Anonymous), "allowed: resource");
    under("StringEquals", "aws:PrincipalType", "Anonymous").check(&get(Caller::Anonymous), "allowed: resource");
    under("StringEquals", "aws:PrincipalAccount", "anonymous").check(&get(Caller::Anonymous), "allowed: resource");
    under("Null", "aws:PrincipalOrgID", "true").check(&get(Caller::Anonymous), "allowed: resource");
}
