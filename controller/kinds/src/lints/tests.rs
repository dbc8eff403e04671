//! Each guardrail fires, stays silent, is suppressed, and comes back when its suppression expires.

use std::path::PathBuf;

use trueup_engine::check::Kinds;
use trueup_specs::kind::KindScope;
use trueup_specs::load_from;

use super::*;

mod cases;

use cases::{CASES, Case};

const TODAY: &str = "2026-11-21";

fn day(text: &str) -> Date {
    Date::parse(text).unwrap()
}

/// What is found in specs in the scope of `main`, and what is wrong with settings and suppressions.
fn found(settings: &str, specs: &str) -> (Vec<Finding>, String) {
    let (findings, problems, _) = found_and_told(settings, specs);
    (findings, problems)
}

/// The same, and the findings as people see them.
fn found_and_told(settings: &str, specs: &str) -> (Vec<Finding>, String, String) {
    let specs = &specs.replace("FILL_1700", &"a".repeat(1_700));
    let accounts = "[account.main]\nid = \"111111111111\"\ngroups = [\"all\"]\n[account.other]\nid = \"222222222222\"\ngroups = [\"all\"]\n";
    let files = [
        ("trueup.toml", format!("[project]\nname = \"lints\"\nregion = \"eu-west-1\"\n{settings}")),
        ("accounts.toml", accounts.to_owned()),
        (
            "old.json",
            r#"{"Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::x/${aws:username}/*"}}"#
                .to_owned(),
        ),
        (
            "specs.toml",
            if specs.contains("[scope]") { specs.to_owned() } else { format!("[scope]\naccount = \"main\"\n{specs}") },
        ),
    ];
    let files = files.into_iter().map(|(name, text)| (PathBuf::from(name), text.into_bytes())).collect();
    let loaded = load_from(files, &crate::schemas());
    let project = loaded.project.unwrap();
    let mut problems = loaded.problems;
    let source_scope = |source: &str| crate::source::scope_of(source).unwrap_or(KindScope::Account);
    let checked = trueup_engine::check::check(&project, Kinds { rows: crate::kinds(), source_scope }, &mut problems);
    let told = |problems: Problems| trueup_specs::render(&problems.into_vec(), &loaded.sources, false, 100);
    assert!(!problems.has_errors(), "{specs}\n{}", told(problems));
    let mut problems = Problems::new();
    let findings = super::check(&checked.unwrap(), day(TODAY), &mut problems);
    let pictures: Vec<_> = findings.iter().filter(|finding| finding.is_told()).map(Finding::diagnostic).collect();
    (findings, told(problems), trueup_specs::render(&pictures, &loaded.sources, false, 100))
}

fn of<'f>(findings: &'f [Finding], id: &str) -> Vec<&'f Finding> {
    findings.iter().filter(|finding| finding.lint.id == id).collect()
}

#[test]
fn each_fires_and_stays_silent() {
    for Case { id, on: _, fires, silent } in CASES {
        let (findings, problems) = found("", fires);
        let ids: Vec<&str> = findings.iter().map(|finding| finding.lint.id).collect();
        assert_eq!(of(&findings, id).len(), 1, "{id} does not fire once, but {ids:?}:\n{fires}{problems}");
        let finding = of(&findings, id)[0];
        assert_eq!((&finding.state, finding.span.is_none()), (&State::Active, false), "{id}");
        for silent in *silent {
            let (findings, _) = found("", silent);
            assert!(of(&findings, id).is_empty(), "{id} fires:\n{silent}\n{findings:#?}");
        }
    }
}

#[test]
fn each_is_suppressed_and_expires() {
    for Case { id, on, fires, silent: _ } in CASES {
        let suppressed = |expires: &str| {
            let suppression =
                format!("\n[[{on}.suppress]]\nlint = \"{id}\"\nreason = \"it must be so\"\nexpires = {expires}\n");
            found("", &format!("{fires}{suppression}"))
        };
        for last in ["\"2026-11-21\"", "2027-01-01"] {
            let (findings, problems) = suppressed(last);
            assert!(of(&findings, id)[0].is_suppressed(), "{id}");
            assert!(!of(&findings, id)[0].is_told() && problems.is_empty(), "{id}: {problems}");
        }
        let (findings, problems) = suppressed("\"2026-11-20\"");
        let State::Expired { expires, .. } = of(&findings, id)[0].state else { panic!("{id} is not back") };
        assert_eq!((expires, problems.as_str()), (day("2026-11-20"), ""), "{id}");
    }
}

#[test]
fn each_has_a_case_and_says_what_to_do() {
    let cases: BTreeSet<&str> = CASES.iter().map(|case| case.id).collect();
    let lints: BTreeSet<&str> = all().iter().map(|lint| lint.id).filter(|id| !id.starts_with("plan-")).collect();
    assert_eq!(cases, lints, "of plans they are in plans.rs");
    assert_eq!(all().len(), all().iter().map(|lint| lint.id).collect::<BTreeSet<_>>().len(), "no id twice");
    for Lint { id, severity: _, level: _, summary, reason, help, page } in all() {
        assert!(id.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{id}");
        assert!(!summary.is_empty() && !reason.is_empty() && !help.is_empty(), "{id}");
        assert!(page.starts_with("https://docs.aws.amazon.com/"), "{id}: {page}");
    }
}

const HANDS_ON: &str = "[policy.hands]\n[[policy.hands.policy]]\nallow = \"iam:PassRole\"\nresource = \"*\"\ncondition = { StringEquals = { \"iam:PassedToService\" = \"lambda.amazonaws.com\" } }\n";
const RUNS: &str = "[policy.runs]\n[[policy.runs.policy]]\nallow = \"lambda:CreateFunction\"\nresource = \"*\"\n";
const TRUST: &str = "[[role.x.trust]]\nallow = \"sts:AssumeRole\"\nprincipal = { account = \"main\" }\n";

/// The labels of the escalations in specs that have the two halves as policies.
fn escalations(specs: &str) -> Vec<String> {
    let (findings, _) = found("", &format!("{HANDS_ON}{RUNS}{specs}"));
    of(&findings, "privilege-escalation").iter().map(|finding| finding.label.clone()).collect()
}

#[test]
fn what_several_documents_of_one_identity_allow_is_summed() {
    let both = "managed_policies = [\"policy.hands\", \"policy.runs\"]\n";
    let told = [
        "`main/policy.hands` lets it hand on any role, and by `main/policy.runs` `lambda:CreateFunction` runs code with it",
    ];
    assert_eq!(escalations(&format!("[role.x]\n{both}{TRUST}")), told);
    assert_eq!(escalations(&format!("[user.x]\n{both}")), told);
    assert_eq!(escalations(&format!("[group.x]\n{both}")), told);
    // One half is attached and the other its own.
    let inline = "[[role.x.inline.run]]\nallow = \"lambda:CreateFunction\"\nresource = \"*\"\n";
    let half = format!("[role.x]\nmanaged_policies = [\"policy.hands\"]\n{TRUST}{inline}");
    assert_eq!(escalations(&half), [told[0].replace("policy.runs", "role.x")]);
    // One half comes from a group.
    let member = "[group.g]\nmanaged_policies = [\"policy.runs\"]\n[user.x]\ngroups = [\"group.g\"]\nmanaged_policies = [\"policy.hands\"]\n";
    assert_eq!(escalations(member), told);
}

#[test]
fn what_is_said_of_any_document_is_said_of_controls() {
    let control = "[scope]\naccount = \"boss\"\n[account.boss]\nid = \"999999999999\"\nmanagement = true\n[service_control_policy.x]\n[[service_control_policy.x.policy]]\ndeny = [\"iam:Create*\", \"iam:CreateUser\"]\nresource = \"*\"\ncondition = { StringEquals = { \"aws:RequestedRegion\" = \"eu-*\" } }\n";
    let (findings, problems) = found("", control);
    let ids: Vec<&str> = findings.iter().map(|finding| finding.lint.id).collect();
    assert_eq!(ids, ["redundant-action", "exact-wildcard"], "{problems}");
}

/// What the label of each finding says of a control with these statements.
fn locked_out(statements: &str) -> Vec<String> {
    let specs = format!(
        "[scope]\naccount = \"boss\"\n[account.boss]\nid = \"999999999999\"\nmanagement = true\n[service_control_policy.x]\ntargets = [\"account.main\"]\n{statements}"
    );
    let (findings, _) = found("", &specs);
    of(&findings, "scp-locks-out").into_iter().map(|finding| finding.label.clone()).collect()
}

#[test]
fn each_statement_that_locks_out_is_named_with_what_it_denies() {
    let statement = |text: &str| format!("[[service_control_policy.x.policy]]\n{text}\nresource = \"*\"\n");
    insta::assert_debug_snapshot!(locked_out(&statement("deny = \"*\"")));
    let two = [statement("deny = [\"s3:List*\", \"s3:PutObject\"]"), statement("deny = \"iam:ListRoles\"")].concat();
    insta::assert_debug_snapshot!(locked_out(&two));
    insta::assert_debug_snapshot!(locked_out(&statement("deny = \"sts:AssumeRole\"")));
    insta::assert_debug_snapshot!(locked_out(&statement(
        "effect = \"Deny\"\nnot_action = [\"iam:*\", \"sts:*\", \"s3:*\", \"tag:*\", \"kms:*\"]"
    )));
}

#[test]
fn what_different_identities_have_is_not_summed() {
    assert_eq!(escalations(""), [""; 0]);
    let one_each = format!(
        "[role.x]\nmanaged_policies = [\"policy.hands\"]\n{TRUST}[user.x]\nmanaged_policies = [\"policy.runs\"]\n"
    );
    assert_eq!(escalations(&one_each), [""; 0]);
    // What one document does alone is told of that document, and once.
    let alone = "[policy.both]\n[[policy.both.policy]]\nallow = [\"iam:PassRole\", \"lambda:CreateFunction\"]\nresource = \"*\"\n[group.x]\nmanaged_policies = [\"policy.both\", \"policy.runs\"]\n";
    assert_eq!(escalations(alone).len(), 1);
}

#[test]
fn what_is_critical_needs_an_end() {
    let trust = "[role.x]\n[[role.x.trust]]\nallow = \"sts:AssumeRole\"\nprincipal = \"*\"\n";
    let (findings, problems) =
        found("", &format!("{trust}[[role.x.suppress]]\nlint = \"public-trust\"\nreason = \"a demo\"\n"));
    assert!(of(&findings, "public-trust")[0].is_suppressed());
    insta::assert_snapshot!(problems);
}

#[test]
fn what_is_wrong_with_settings_and_suppressions_is_told() {
    let key = "[key.x]\nrotation = {}\n[[key.x.suppress]]\nlint = \"key-without-rotation\"\nreason = \"none\"\n\
               [[key.x.suppress]]\nlint = \"publik-key\"\nreason = \"none\"\n";
    let (_, problems) = found("[lints]\nadmin-accesss = \"deny\"\n", key);
    insta::assert_snapshot!(problems);
}

#[test]
fn one_statement_can_be_meant() {
    let policy = "[policy.x]\n[[policy.x.policy]]\nsid = \"A\"\nallow = \"*\"\nresource = \"*\"\n\
                  [[policy.x.policy]]\nsid = \"B\"\nallow = [\"*\"]\nresource = \"*\"\n\
                  [[policy.x.suppress]]\nlint = \"admin-access\"\nreason = \"A is meant\"\nsid = \"A\"\nexpires = 2027-01-01\n";
    let (findings, problems) = found("", policy);
    let states: Vec<bool> = of(&findings, "admin-access").iter().map(|finding| finding.is_suppressed()).collect();
    assert_eq!((states, problems.as_str()), (vec![true, false], ""));
}

#[test]
fn a_text_that_two_resources_have_is_suppressed_for_the_one_that_says_so() {
    let suppressed = "[[policy.a.suppress]]\nlint = \"old-version-variables\"\nreason = \"as it came\"\n";
    let both = format!(
        "[policy.a]\npolicy = {{ file = \"old.json\" }}\n[policy.b]\npolicy = {{ file = \"old.json\" }}\n{suppressed}"
    );
    let (findings, problems) = found("", &both);
    let told: Vec<(bool, &[String])> = of(&findings, "old-version-variables")
        .iter()
        .map(|finding| (finding.is_suppressed(), &finding.addresses[..]))
        .collect();
    assert_eq!(told, [(true, &["main/policy.a".to_owned()][..]), (false, &["main/policy.b".to_owned()][..])]);
    assert_eq!(problems, "");
}

#[test]
fn what_only_bounds_may_be_broad() {
    let broad = "[policy.b]\n[[policy.b.policy]]\nallow = [\"s3:*\", \"kms:*\"]\nresource = \"*\"\n\
                 [[policy.b.policy]]\nallow = \"s4:Get\"\nresource = \"*\"\n";
    let ids = |specs: &str| -> Vec<&str> {
        let (findings, _) = found("", &format!("{broad}{specs}"));
        findings.iter().map(|finding| finding.lint.id).filter(|id| !id.starts_with("role-")).collect()
    };
    assert_eq!(ids(""), ["sensitive-wildcard", "decrypt-any", "unknown-action"]);
    let bounded = format!("[role.x]\npermissions_boundary = \"policy.b\"\n{TRUST}");
    assert_eq!(ids(&bounded), ["unknown-action"]);
    let attached = format!("{bounded}[group.g]\nmanaged_policies = [\"policy.b\"]\n");
    assert_eq!(ids(&attached), ["sensitive-wildcard", "decrypt-any", "unknown-action"]);
}

#[test]
fn the_size_of_a_control_is_told_too() {
    let control = |length: usize| {
        let long = "a".repeat(length);
        found(
            "",
            &format!(
                "[scope]\naccount = \"boss\"\n[account.boss]\nid = \"999999999999\"\nmanagement = true\n[service_control_policy.x]\n[[service_control_policy.x.policy]]\ndeny = \"s3:GetObject\"\nresource = \"arn:aws:s3:::x/{long}\"\n"
            ),
        )
    };
    assert!(of(&control(3_500).0, "policy-near-limit").is_empty());
    let (findings, _) = control(4_500);
    assert_eq!(of(&findings, "policy-near-limit")[0].label, "4609 of 5120, 90 %");
}

#[test]
fn a_group_finds_once_and_names_its_accounts() {
    let role = "[scope]\naccount = \"all\"\n[role.x]\nmanaged_policies = [\"arn:aws:iam::aws:policy/AdministratorAccess\"]\n\
                [[role.x.trust]]\nallow = \"sts:AssumeRole\"\nprincipal = { account = \"main\" }\n";
    let (findings, _) = found("[lints]\nadmin-policy-attached = \"deny\"\n", role);
    let [finding] = &of(&findings, "admin-policy-attached")[..] else { panic!("{findings:#?}") };
    assert_eq!(finding.addresses, ["main/role.x", "other/role.x"]);
    assert_eq!(finding.level, trueup_specs::lint::Level::Deny);
}

#[test]
fn findings_stand_at_the_element() {
    let specs = "\
[policy.x]
[[policy.x.policy]]
allow = [
  \"s3:GetObject\",
  \"s3:Get*\",
]
resource = \"*\"

[bucket.build]
name = \"build-111111111111\"

[role.x]
[[role.x.trust]]
allow = \"sts:AssumeRole\"
principal = { account = \"main\", aws = \"333333333333\" }

[[role.x.suppress]]
lint = \"outside-account-trust\"
reason = \"they leave at the end of the year\"
expires = 2025-12-31
";
    let (_, problems, pictures) = found_and_told("", specs);
    assert_eq!(problems, "");
    insta::assert_snapshot!(pictures);
}

#[test]
fn what_the_catalogue_has_not_is_told_with_what_was_meant() {
    let statements = [
        "allow = [\"s3:GetObjekt\", \"s4:GetObject\", \"iam:Gett*\", \"kms:Decript\"]\nresource = \"*\"",
        "allow = \"s3:GetObject\"\nresource = \"arn:aws:s3:::x\"",
        "allow = [\"s3:GetObject\", \"ecr:GetAuthorizationToken\", \"s3:ListBucket\"]\nresource = [\"arn:aws:s3:::x\", \"arn:aws:s3:::x/*\"]",
        "deny = [\"kms:Decrypt\", \"kms:Encrypt\"]\nresource = \"arn:aws:kms:*:111111111111:alias/x\"",
        "allow = \"s3:GetObject\"\nresource = \"*\"\ncondition = { StringLike = { \"s3:prefix\" = \"a\", \"aws:PrincipalTags/team\" = \"b\", \"s4:x\" = \"c\" } }",
        "deny = \"ec2:DescribeInstances\"\nresource = \"*\"\ncondition = { StringEquals = { \"aws:RequestTag/team\" = \"a\" } }",
        "deny = \"*\"\nresource = \"*\"\ncondition = { StringEquals = { \"s3:prefixx\" = \"a\" } }",
    ];
    let statements: String = statements.map(|one| format!("[[policy.x.policy]]\n{one}\n")).concat();
    let (findings, problems) = found("", &format!("[policy.x]\n{statements}"));
    let known = ["action-resource-mismatch", "unknown-action", "unknown-condition-key"];
    let told = findings.iter().filter(|finding| known.contains(&finding.lint.id));
    let told: Vec<String> = told.map(|finding| format!("{}: {}", finding.lint.id, finding.label)).collect();
    insta::assert_snapshot!(format!("{}{problems}", told.join("\n")));
}
