//! The table says what the code calls; what a run needs follows from specs and plans.

use std::path::Path;

use trueup_specs::policy::catalogue;

use super::table::{BESIDES, KINDS, READ_BY_EVERY_PLAN, SOURCES};
use super::*;

/// Actions that code speaks of without calling them, and condition keys.
const NOT_CALLED: &[&str] = &[
    "aws:PrincipalAccount",
    "aws:PrincipalIsAWSService",
    "aws:SourceArn",
    "kms:Decrypt",
    "kms:EncryptionContextKeys",
    "kms:RetireGrant",
    "s3:IntelligentTiering",
    "s3:LifecycleTransition",
    "s3:ReducedRedundancyLostObject",
    "sts:AssumeRole",
];

/// The actions in the strings of a file or of all files of a folder, tests left out.
fn actions(path: &Path, found: &mut BTreeSet<String>) {
    if path.is_dir() && !path.ends_with("tests") {
        for entry in std::fs::read_dir(path).unwrap() {
            actions(&entry.unwrap().path(), found);
        }
        return;
    }
    let is_code = path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs");
    if !is_code {
        return;
    }
    let text = std::fs::read_to_string(path).unwrap();
    let code = text.split("\nmod tests {").next().unwrap_or_default();
    for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
        for quoted in line.split('"').skip(1).step_by(2) {
            let is_action = quoted.split_once(':').is_some_and(|(service, name)| {
                !service.is_empty()
                    && service.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
                    && name.starts_with(|first: char| first.is_ascii_uppercase())
                    && name.bytes().all(|byte| byte.is_ascii_alphabetic())
            });
            if is_action && !NOT_CALLED.contains(&quoted) {
                found.insert(quoted.to_owned());
            }
        }
    }
}

/// What a plan calls in an account in which there is nothing, and of which the specs say nothing.
#[tokio::test(start_paused = true)]
async fn every_plan_reads_the_same_of_an_empty_account() {
    let files = [
        ("trueup.toml", "[project]\nname = \"empty\"\nregion = \"eu-west-1\"\n"),
        ("accounts.toml", "[account.tooling]\nid = \"111111111111\"\n"),
    ];
    let files = files.map(|(name, text)| (name.into(), text.as_bytes().to_vec())).into();
    let project = trueup_specs::load_from(files, &crate::schemas()).project.unwrap();
    let source_scope = |source: &str| crate::source::scope_of(source).unwrap();
    let kinds = trueup_engine::check::Kinds { rows: crate::kinds(), source_scope };
    let checked = trueup_engine::check::check(&project, kinds, &mut Problems::new()).unwrap();
    let (selection, ledger) = (trueup_engine::observe::Selection::default(), trueup_state::ledger::Ledger::default());
    let reach = trueup_engine::observe::reach(&checked, &selection);
    let requests = trueup_engine::observe::requests(&checked, &selection, &reach, &ledger);
    let sandbox = trueup_sandbox::Sandbox::in_memory(&[crate::laws::ACCOUNT]);
    let aws = crate::laws::aws(&sandbox).await;
    aws.read(&requests, &|_, _| {}).await;
    let called = sandbox.calls().into_keys().filter(|(service, _)| service != "sts");
    let action = |(service, operation): (String, String)| match (service.as_str(), operation.as_str()) {
        ("s3", "ListBuckets") => "s3:ListAllMyBuckets".to_owned(),
        ("tagging", operation) => format!("tag:{operation}"),
        (service, operation) => format!("{service}:{operation}"),
    };
    let called: BTreeSet<String> = called.map(action).collect();
    assert_eq!(called.iter().map(String::as_str).collect::<Vec<_>>(), READ_BY_EVERY_PLAN);
}

fn in_files(paths: &[&str]) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = BTreeSet::new();
    for path in paths.iter().filter(|path| !path.is_empty()) {
        let path = folder.join(path);
        if path.exists() {
            actions(&path, &mut found);
        }
    }
    found
}

#[test]
fn every_kind_has_its_row_with_all_its_calls() {
    let names: Vec<&str> = crate::kinds().iter().map(|kind| kind.schema().name).collect();
    assert_eq!(KINDS.iter().map(|row| row.kind).collect::<Vec<_>>(), names);
    for KindNeeds { kind, calls, with, anywhere, on_fields, linked: _ } in KINDS {
        let told =
            calls.iter().chain(*with).chain(*anywhere).copied().chain(on_fields.iter().map(|(action, _)| *action));
        let mut told: BTreeSet<String> = told.map(str::to_owned).collect();
        // What keys and their replicas share stands with the keys; so it is with the policies of an organization.
        let shared: &[&str] = match *kind {
            "replica_key" => &["key/own.rs"],
            "resource_control_policy" | "service_control_policy" => &["organization_policy.rs", "organization_policy"],
            _ => &[],
        };
        let mut called = in_files(&[&format!("{kind}.rs"), kind]);
        called.extend(in_files(shared));
        // What an operation calls that few plans have is asked for with that plan alone.
        for (of, same, holder) in BESIDES.iter().filter(|(of, ..)| called.contains(*of)) {
            told.extend([*of].iter().chain(*same).chain(*holder).map(|action| (*action).to_owned()));
        }
        let sources = crate::kinds().into_iter().filter(|row| row.schema().name == *kind).flat_map(|row| row.sources());
        let read: Vec<&str> = sources.flat_map(|source| reads_of(source)).copied().collect();
        let missing = called.difference(&told).filter(|action| !read.contains(&action.as_str()));
        let missing: Vec<&String> = missing.collect();
        assert!(missing.is_empty(), "{kind} calls {missing:?}: add them to its row in needs/table.rs");
        let stale: Vec<&&str> = calls.iter().filter(|call| !called.contains(**call)).collect();
        assert!(stale.is_empty(), "{kind} does not call {stale:?}");
    }
}

#[test]
fn every_source_has_its_row_with_all_it_reads() {
    for kind in crate::kinds() {
        for source in kind.sources() {
            assert!(SOURCES.iter().any(|(name, _)| name == source), "{source} needs a row in needs/table.rs");
        }
    }
    for (source, told) in SOURCES {
        let mut called = in_files(&[&format!("source/{source}.rs"), &format!("source/{source}")]);
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/source");
        if std::fs::read_to_string(folder.join(format!("{source}.rs"))).unwrap().contains("tagging::") {
            called.extend(in_files(&["source/tagging.rs"]));
        }
        // What changes tags stands there for several kinds.
        let changes = |action: &&String| action.ends_with("TagResource") || action.ends_with("UntagResource");
        let missing = called.iter().filter(|action| !told.contains(&action.as_str()) && !changes(action));
        let missing: Vec<&String> = missing.collect();
        assert!(missing.is_empty(), "{source} reads {missing:?}: add them to its row in needs/table.rs");
    }
}

#[test]
fn what_is_not_known_yet_is_a_wildcard_in_its_place() {
    let at = At {
        scope: Scope { account: Arc::from("main"), region: Some(Arc::from("eu-west-1")) },
        account_id: Arc::from("111111111111"),
        partition: "aws",
        address: Arc::from("main@eu-west-1/key.x"),
    };
    let token = format!("{}key.x#arn{}", pending::OPEN, pending::CLOSE);
    assert_eq!(known(&token, "kms:PutKeyPolicy", &at), "arn:aws:kms:eu-west-1:111111111111:key/*");
    assert_eq!(known(&format!("arn:aws:s3:::{token}/x"), "s3:PutObject", &at), "arn:aws:s3:::*/x");
    assert_eq!(known("arn:aws:s3:::x", "s3:PutObject", &at), "arn:aws:s3:::x");
    let new = format!("arn:aws:iam::{}main/account.new#id{}:role/x", pending::OPEN, pending::CLOSE);
    assert_eq!(known(&new, "iam:CreateRole", &at), "arn:aws:iam::*:role/x");
}

#[test]
fn what_organizations_changes_is_named_by_arn_where_its_action_takes_one() {
    let at = At {
        scope: Scope { account: Arc::from("main"), region: None },
        account_id: Arc::from("111111111111"),
        partition: "aws",
        address: Arc::from("main/account.x"),
    };
    let on = |id: &str, name: &str| known(id, &format!("organizations:{name}"), &at);
    let own = "arn:aws:organizations::111111111111:";
    assert_eq!(on("222222222222", "CloseAccount"), format!("{own}account/o-*/222222222222"));
    assert_eq!(on("222222222222", "MoveAccount"), "*");
    assert_eq!(on("ou-ab12-11111111", "TagResource"), format!("{own}ou/o-*/ou-ab12-11111111"));
    assert_eq!(on("p-12345678", "UpdatePolicy"), format!("{own}policy/o-*/*/p-12345678"));
    assert_eq!(on("p-12345678", "AttachPolicy"), "*");
    let token = format!("{}main/account.x#id{}", pending::OPEN, pending::CLOSE);
    assert_eq!(on(&token, "TagResource"), "*");
}

#[test]
fn a_role_that_another_account_takes_is_asked_for_there() {
    let reached = |id: &str, through: Option<&str>| PlanAccount {
        id: Arc::from(id),
        profile: None,
        access_role: "access".to_owned(),
        through: through.map(Arc::from),
    };
    let mut needs = Needs::default();
    let token = format!("{}main/account.new#id{}", pending::OPEN, pending::CLOSE);
    needs.add(&Arc::from("main"), "aws", || reached("111111111111", None), Pairs::new());
    needs.add(&Arc::from("new"), "aws", || reached(&token, Some("main")), Pairs::new());
    let needs = needs.with_roles();
    let role = ("sts:AssumeRole".to_owned(), "arn:aws:iam::*:role/access".to_owned());
    assert_eq!(needs.accounts["main"].pairs, Pairs::from([role]));
    let caller = serde_json::to_string(&needs.caller().unwrap()).unwrap();
    assert!(caller.contains("111111111111") && !caller.contains('*'), "{caller}");
}

#[test]
fn what_aws_makes_on_the_way_is_asked_for_where_it_is_made() {
    let at = At {
        scope: Scope { account: Arc::from("main"), region: Some(Arc::from("eu-west-1")) },
        account_id: Arc::from("111111111111"),
        partition: "aws",
        address: Arc::from("main@eu-west-1/key.x"),
    };
    let pairs = |multi_region: bool| {
        let model = serde_json::json!({ "multi_region": multi_region, "aliases": ["alias/x"] });
        let called = [("kms:CreateKey".to_owned(), "*".to_owned())];
        kind_pairs(needs_of("key"), &at, &called, None, &[&model], true)
    };
    let linked = |pairs: &Pairs| pairs.iter().any(|(action, _)| action == "iam:CreateServiceLinkedRole");
    assert!(linked(&pairs(true)) && !linked(&pairs(false)));
    let alias = "arn:aws:kms:eu-west-1:111111111111:alias/x".to_owned();
    assert!(pairs(false).contains(&("kms:CreateAlias".to_owned(), alias)));
}

/// A call that no service has would be asked for and could not be given.
#[test]
fn every_action_asked_for_is_in_the_catalogue() {
    let kinds = KINDS.iter().flat_map(|kind| {
        let of_fields = kind.on_fields.iter().map(|(action, _)| *action);
        kind.calls.iter().chain(kind.with).chain(kind.anywhere).copied().chain(of_fields)
    });
    let sources = SOURCES.iter().flat_map(|(_, calls)| calls.iter().copied());
    let is_unknown = |action: &&str| catalogue::actions(action).next().is_none();
    assert_eq!(kinds.chain(sources).filter(is_unknown).collect::<BTreeSet<_>>(), BTreeSet::new());
}
