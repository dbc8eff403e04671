//! Who is meant by `Principal` and `NotPrincipal`.

use trueup_specs::policy::evaluate::{Caller, Request};

use crate::support::{OBJECT, ROLE, USER, World, on_all, to};

fn get(caller: Caller) -> Request {
    Request::new(caller, "s3:GetObject", OBJECT).in_account("111111111111")
}

fn callers() -> Vec<(&'static str, Caller)> {
    vec![
        ("root", Caller::Root("111111111111".to_owned())),
        ("user", Caller::User(USER.to_owned())),
        ("role", Caller::Role { arn: ROLE.to_owned(), session: Some("build".to_owned()) }),
        ("federated user", Caller::FederatedUser { user: USER.to_owned(), name: "bob".to_owned() }),
        ("provider", Caller::Federated("accounts.google.com".to_owned())),
        ("service", Caller::Service("s.amazonaws.com".to_owned())),
        ("anonymous", Caller::Anonymous),
    ]
}

/// Those whom a denial for these principals hits.
fn hit(element: &str, bounded: bool) -> Vec<&'static str> {
    let deny = format!(r#"{{"Effect":"Deny",{element},"Action":"*","Resource":"*"}}"#);
    let all = on_all("Allow", "*");
    let world = World::default().identity(&all).resource(&format!("{deny},{}", to("Allow", "*", "*")));
    let world = if bounded { world.boundary(&all) } else { world };
    let is_hit = |caller: &Caller| world.decides(&get(caller.clone())).starts_with("denied");
    callers().into_iter().filter(|(_, caller)| is_hit(caller)).map(|(name, _)| name).collect()
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>
#[test]
fn principals_are_who_they_name() {
    let everyone = ["root", "user", "role", "federated user", "provider", "service", "anonymous"];
    assert_eq!(hit(r#""Principal":"*""#, false), everyone);
    assert_eq!(hit(r#""Principal":{"AWS":"*"}"#, false), everyone);
    let of_account = ["root", "user", "role", "federated user"];
    for account in ["111111111111", "arn:aws:iam::111111111111:root", "arn:aws-cn:iam::111111111111:root"] {
        assert_eq!(hit(&format!(r#""Principal":{{"AWS":"{account}"}}"#), false), of_account);
    }
    let aws = |name: &str| hit(&format!(r#""Principal":{{"AWS":"{name}"}}"#), false);
    assert_eq!(aws(USER), ["user", "federated user"]);
    assert_eq!(aws(ROLE), ["role"]);
    assert_eq!(aws("arn:aws:sts::111111111111:assumed-role/deploy/build"), ["role"]);
    assert_eq!(aws("arn:aws:sts::111111111111:federated-user/bob"), ["federated user"]);
    for nobody in [
        "222222222222",
        "arn:aws:iam::111111111111:role/deploy",
        "arn:aws:iam::111111111111:role/*",
        "arn:aws:sts::111111111111:assumed-role/deploy/other",
        "AROAAAAAAAAAAAAAAAAAA",
    ] {
        assert!(aws(nobody).is_empty(), "{nobody}");
    }
    assert_eq!(hit(r#""Principal":{"Service":"s.amazonaws.com"}"#, false), ["service"]);
    assert_eq!(hit(r#""Principal":{"Federated":"accounts.google.com"}"#, false), ["provider"]);
    assert_eq!(hit(r#""Principal":{"AWS":["222222222222"],"Service":["x","s.amazonaws.com"]}"#, false), ["service"]);
}

/// "you must also specify the account ARN of the not-denied principal":
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html>
#[test]
fn a_denial_spares_who_is_listed_with_the_account() {
    let spared = |names: &[&str]| -> Vec<&str> {
        let names = names.join("\",\"");
        let hit = hit(&format!(r#""NotPrincipal":{{"AWS":["{names}"]}}"#), false);
        callers().into_iter().map(|(name, _)| name).filter(|name| !hit.contains(name)).collect()
    };
    assert_eq!(spared(&["111111111111", USER]), ["root", "user", "federated user"]);
    assert_eq!(spared(&["111111111111", ROLE]), ["root", "role"]);
    assert_eq!(spared(&["111111111111"]), ["root"]);
    assert!(spared(&[USER, ROLE]).is_empty());
    assert_eq!(spared(&["111111111111", "arn:aws:sts::111111111111:assumed-role/deploy/build"]), ["root"]);
    let hit = hit(r#""NotPrincipal":{"Service":"s.amazonaws.com"}"#, false);
    assert!(!hit.contains(&"service") && hit.len() == 6);
}

/// "will always deny any IAM principal that has a permissions boundary":
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html>
#[test]
fn a_denial_spares_nobody_with_a_boundary() {
    let element = format!(r#""NotPrincipal":{{"AWS":["111111111111","{ROLE}"]}}"#);
    assert!(!hit(&element, false).contains(&"role"));
    assert!(hit(&element, true).contains(&"role"));
}

/// "Doing so allows all principals except the one named":
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html>
#[test]
fn an_allowance_for_all_others_leaves_out_who_is_named_in_any_way() {
    let allow =
        |names: &str| format!(r#"{{"Effect":"Allow","NotPrincipal":{{"AWS":{names}}},"Action":"*","Resource":"*"}}"#);
    let role = || get(Caller::role(ROLE));
    World::default().resource(&allow(&format!(r#""{ROLE}""#))).check(&role(), "missing: identity");
    World::default().resource(&allow(r#""111111111111""#)).check(&role(), "missing: identity");
    World::default().resource(&allow(&format!(r#""{USER}""#))).check(&role(), "allowed: resource");
    World::default().resource(&allow(&format!(r#""{USER}""#))).check(&get(Caller::Anonymous), "allowed: resource");
}

#[test]
fn a_canonical_user_is_some_account() {
    let allow = r#"{"Effect":"Allow","Principal":{"CanonicalUser":"79a59d"},"Action":"*","Resource":"*"}"#;
    World::default().resource(allow).check(&get(Caller::role(ROLE)), "depends: s3:CanonicalUser");
    World::default().resource(allow).check(&get(Caller::Anonymous), "missing: resource");
}

/// A policy for identities names nobody, and one for resources names someone.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>
#[test]
fn statements_in_the_wrong_place_have_no_effect() {
    World::default().identity(&to("Allow", "*", "*")).check(&get(Caller::role(ROLE)), "missing: identity");
    World::default().resource(&on_all("Allow", "*")).check(&get(Caller::role(ROLE)), "missing: identity");
}
