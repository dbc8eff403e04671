//! Bad input: each a clear message with its place, no panic, nothing written, no call made.

use std::fs;

use crate::support::{Project, Run};

const ROLE: &str = "[role.deployer]\n[[role.deployer.trust]]\nallow = \"sts:AssumeRole\"\nprincipal = { service = \"ec2.amazonaws.com\" }\n";

/// Plans, and holds that nothing was touched.
fn refused(project: &Project) -> Run {
    let run = project.trueup(&["plan"]).expect(1);
    assert!(run.stdout.is_empty(), "{}", run.stdout);
    assert!(!project.path().join(".trueup").exists(), "something was written");
    let json = project.trueup(&["check", "--format", "json"]).expect(1);
    let diagnostics: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert!(!diagnostics["diagnostics"].as_array().unwrap().is_empty());
    run
}

fn specs(specs: &str) -> String {
    refused(&Project::with(specs)).stderr
}

#[test]
fn every_problem_at_once_with_its_place() {
    let stderr = specs(
        "[role.deployer]\ndescripton = \"x\"\n[[role.deployer.trust]]\nallow = \"sts:AssumeRole\"\nprincipal = { service = \"ec2.amazonaws.com\" }\n\n\
         [rol.other]\n\n[bucket.b]\nname = \"My_Bucket\"\n\n[key.k]\nalias = \"artifacts\"\n\n\
         [policy.p]\npolicy = { file = \"missing.json\" }\n\n\
         [output]\nx = \"${role.deploier.arn}\"\ny = \"${bucket.b.colour}\"\n",
    );
    insta::assert_snapshot!("every_problem_at_once", stderr);
}

#[test]
fn syntax_errors() {
    insta::assert_snapshot!("syntax", specs("[role.deployer\nname = \n"));
}

#[test]
fn wrong_kind_and_group_where_one_is_wanted() {
    let project = Project::with(&format!(
        "{ROLE}\n[bucket.b]\nname = \"some-bucket-name\"\nencryption = {{ key = \"role.deployer\" }}\n\n\
         [instance_profile.p]\nrole = \"both/role.deployer\"\n"
    ));
    project.edit("accounts.toml", "id = \"111111111111\"", "id = \"111111111111\"\ngroups = [\"both\"]");
    insta::assert_snapshot!("wrong_kind", refused(&project).stderr);
}

#[test]
fn two_specs_claim_one_name() {
    let other = ROLE.replace("role.deployer", "role.other").replacen("]\n", "]\nname = \"Deployer\"\n", 1);
    insta::assert_snapshot!("one_name", specs(&format!("{ROLE}\n{other}")));
}

/// Every alias counts, not only the first.
#[test]
fn two_keys_claim_one_alias() {
    let stderr = specs(
        "[key.one]\nalias = [\"alias/one\", \"alias/shared\"]\n\n[key.two]\nalias = \"alias/shared\"\n\n\
         [key.three]\nalias = [\"alias/three\", \"alias/aws/s3\"]\n",
    );
    insta::assert_snapshot!("one_alias", stderr);
}

/// CodeDeploy finds its own role wanting only when it deploys.
#[test]
fn a_deployment_group_that_could_never_deploy() {
    let project = Project::with(&format!(
        "{ROLE}\n[application.here]\n\n\
         [deployment_group.role]\napplication = \"application.here\"\nservice_role = \"role.deployer\"\n\n\
         [deployment_group.tags]\napplication = \"application.here\"\nservice_role = \"arn:aws:iam::111111111111:role/x\"\n\
         ec2_tags = [{{ key = \"a\" }}]\nec2_tag_sets = [[{{ key = \"b\" }}]]\n\n\
         [deployment_group.region]\napplication = \"main@eu-west-2/application.there\"\nservice_role = \"arn:aws:iam::111111111111:role/x\"\n"
    ));
    project.write("there.toml", "[scope]\naccount = \"main\"\nregion = \"eu-west-2\"\n\n[application.there]\n");
    insta::assert_snapshot!("never_deploys", refused(&project).stderr);
}

#[test]
fn a_duplicate_address() {
    let project = Project::with(ROLE);
    project.write("more.toml", format!("[scope]\naccount = \"main\"\n\n{ROLE}"));
    insta::assert_snapshot!("duplicate_address", refused(&project).stderr);
}

#[test]
fn a_policy_over_its_size_limit() {
    let actions: Vec<String> = (0..400).map(|n| format!("\"s3:GetObjectNumber{n}\"")).collect();
    let stderr = specs(&format!("[[policy.big.policy]]\nallow = [{}]\nresource = \"*\"\n", actions.join(", ")));
    assert!(stderr.contains("6,144") || stderr.contains("6144"), "{stderr}");
    assert!(stderr.contains("specs.toml"), "{stderr}");
}

#[test]
fn a_json_policy_with_an_unknown_key() {
    let project = Project::with("[policy.p]\npolicy = { file = \"p.json\" }\n");
    project.write("p.json", "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [{\"Effect\": \"Allow\", \"Acton\": \"s3:*\", \"Resource\": \"*\"}]\n}\n");
    let stderr = refused(&project).stderr;
    assert!(stderr.contains("p.json") && stderr.contains("Acton"), "{stderr}");
}

#[test]
fn files_that_are_no_text() {
    let project = Project::with(ROLE);
    project.write("binary.toml", [0xff, 0xfe, 0x00, 0x41]);
    let stderr = refused(&project).stderr;
    assert!(stderr.contains("binary.toml") && stderr.contains("UTF-8"), "{stderr}");
}

#[cfg(unix)]
#[test]
fn a_directory_that_is_not_there() {
    let project = Project::with(ROLE);
    let run = project.trueup(&["-C", "nowhere", "plan"]).expect(1);
    assert!(run.stderr.contains("nowhere"), "{}", run.stderr);
    assert!(!project.path().join("nowhere").exists());
}

#[test]
fn deep_nesting_and_large_files_end_in_a_diagnostic() {
    let deep = format!("x = {}{}", "[".repeat(10_000), "]".repeat(10_000));
    let stderr = specs(&deep);
    assert!(stderr.contains("specs.toml"), "{stderr}");
    let project = Project::with(ROLE);
    project.write("large.toml", "# comment\n".repeat(3_000_000));
    let stderr = refused(&project).stderr;
    assert!(stderr.contains("large.toml"), "{stderr}");
}

/// A hundred megabytes, which take no room on the disk.
/// 100 MB of nothing.
fn large(path: &std::path::Path) {
    sized(path, 100_000_000);
}

/// Larger than any document of trueup's.
const TOO_LARGE: u64 = 2_000_000_000;

fn sized(path: &std::path::Path, bytes: u64) {
    fs::File::create(path).unwrap().set_len(bytes).unwrap();
}

fn deep() -> String {
    format!("{{\"format\": 1, \"x\": {}{}}}", "[".repeat(10_000), "]".repeat(10_000))
}

#[test]
fn deep_and_large_documents_end_in_a_diagnostic() {
    let project = Project::with(ROLE);
    project.apply();
    let ledger = project.path().join(".trueup/sandbox/state/ledger/main.json");
    project.write("deep.json", deep());
    large(&project.path().join("large.json"));
    sized(&project.path().join("larger.json"), TOO_LARGE);
    let larger = format!("it has {TOO_LARGE} bytes");
    for (file, told) in [("deep.json", "recursion limit"), ("large.json", "expected value"), ("larger.json", &larger)] {
        let run = project.trueup(&["apply", file]).expect(1);
        assert!(run.complains("is no saved plan") && run.complains(told), "{file}: {}", run.stderr);
    }
    let nested = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let entries = format!("{{\"main/role.deployer\": {{\"name\": \"x\", \"outputs\": {{}}, \"model\": {nested}}}}}");
    fs::write(&ledger, format!("{{\"format\": 1, \"serial\": 1, \"entries\": {entries}}}")).unwrap();
    let run = project.trueup(&["plan"]).expect(1);
    assert!(run.complains("recursion limit") && run.complains("move it aside"), "{}", run.stderr);
    for (bytes, told) in [(100_000_000, "expected value".to_owned()), (TOO_LARGE, format!("has {TOO_LARGE} bytes"))] {
        sized(&ledger, bytes);
        let run = project.trueup(&["plan"]).expect(1);
        assert!(run.complains(&told) && run.complains("move it aside"), "{}", run.stderr);
    }
}

#[test]
fn deep_and_large_policy_files_end_in_a_diagnostic() {
    let project = Project::with("[policy.p]\npolicy = { file = \"p.json\" }\n");
    project.write("p.json", deep());
    let stderr = refused(&project).stderr;
    assert!(stderr.contains("p.json"), "{stderr}");
    large(&project.path().join("p.json"));
    let stderr = refused(&project).stderr;
    assert!(stderr.contains("p.json") && stderr.contains("MiB"), "{stderr}");
}

#[test]
fn an_unknown_account_or_target_on_the_command_line() {
    let project = Project::with(ROLE);
    let run = project.trueup(&["plan", "--account", "mian"]).expect(1);
    assert!(run.stderr.contains("the accounts are: main, other"), "{}", run.stderr);
    let run = project.trueup(&["plan", "--target", "main/role.deployr"]).expect(1);
    assert!(run.stderr.contains("did you mean `main/role.deployer`?"), "{}", run.stderr);
}

#[test]
fn a_damaged_ledger_is_refused_and_kept() {
    let project = Project::with(ROLE);
    project.apply();
    let ledger = project.path().join(".trueup/sandbox/state/ledger/main.json");
    fs::write(&ledger, "{\"format\": 1, ").unwrap();
    let run = project.trueup(&["plan"]).expect(1);
    assert!(run.stderr.contains("damaged") && run.stderr.contains("move it aside"), "{}", run.stderr);
    assert_eq!(fs::read_to_string(&ledger).unwrap(), "{\"format\": 1, ");
}

#[test]
fn no_credentials() {
    let project = Project::with(ROLE);
    let run = project.trueup_on_aws(&["--endpoint-url", "http://127.0.0.1:9", "plan"]).expect(1);
    assert!(run.stderr.contains("credentials") && run.stderr.contains("help:"), "{}", run.stderr);
    assert!(!project.path().join(".trueup").exists(), "something was written");
}

#[test]
fn an_organization_that_can_not_be_is_told_before_any_call() {
    let project = Project::with("");
    project.write(
        "organization.toml",
        "[organizational_unit.a]\n[organizational_unit.b]\nparent = \"organizational_unit.a\"\n[organizational_unit.c]\nparent = \"organizational_unit.b\"\n\
         [organizational_unit.d]\nparent = \"organizational_unit.c\"\n[organizational_unit.e]\nparent = \"organizational_unit.d\"\n\
         [organizational_unit.f]\nparent = \"organizational_unit.e\"\n",
    );
    let policies: String = (0..10)
        .map(|number| {
            format!(
                "[service_control_policy.p{number}]\ntargets = [\"organizational_unit.a\"]\n\
                 [[service_control_policy.p{number}.policy]]\ndeny = \"s3:*\"\nresource = \"*\"\n"
            )
        })
        .collect();
    project.write("policies.toml", policies);
    project.write(
        "accounts.toml",
        "[account.main]\nid = \"111111111111\"\nmanagement = true\n[account.one]\nemail = \"same@example.com\"\n\
         [account.two]\nemail = \"same@example.com\"\n[account.three]\nemail = \"three at example.com\"\n",
    );
    insta::assert_snapshot!("organization", refused(&project).stderr);
}

/// Only together do the two buckets ask for what S3 refuses.
#[test]
fn grants_of_logs_in_a_bucket_without_acls() {
    insta::assert_snapshot!(
        "log_grants",
        specs(
            "[bucket.logs]\nname = \"the-logs\"\n\n[bucket.shop]\nname = \"the-shop\"\n\n[bucket.shop.logging]\ntarget_bucket = \"bucket.logs\"\n\
             target_grants = [{ uri = \"http://acs.amazonaws.com/groups/s3/LogDelivery\", permission = \"READ\" }]\n"
        )
    );
}

#[test]
fn assertions_that_say_nothing_or_too_much() {
    let role = ROLE.trim_end();
    let with = |access: &str| specs(&format!("{role}\n\n[[access]]\n{access}\n"));
    for (access, told) in [
        ("can = \"s3:GetObject\"", "`principal` is missing"),
        ("principal = \"role.deployer\"", "needs `can` or `cannot`"),
        ("principal = \"role.deployer\"\ncan = []", "nothing is claimed here"),
        ("principal = \"role.deployer\"\ncan = \"s3:Get*\"", "more than one action"),
        ("principal = \"role.deployer\"\ncan = \"GetObject\"", "no action"),
        ("principal = \"role.deployr\"\ncan = \"s3:GetObject\"", "did you mean `role.deployer`?"),
        ("principal = \"role.deployer\"\ncan = \"s3:GetObject\"\nfor = \"x\"", "unknown key `for`"),
        ("principal = { role = \"x\" }\ncan = \"s3:GetObject\"", "unknown key `role`"),
        ("principal = \"role.deployer\"\ncan = [{ pass = \"role.deployer\" }]", "`to` is missing"),
        (
            "principal = \"role.deployer\"\ncan = [{ assume = \"role.deployer\", do = \"s3:GetObject\" }]",
            "one of `assume`, `pass` and `do`",
        ),
        ("principal = \"role.deployer\"\ncan = \"s3:GetObject\"\ncannot = \"s3:PutObject\"", "not both"),
        (
            "principal = \"role.deployer\"\ncan = \"s3:GetObject\"\non = \"bucket artifacts\"",
            "expected an address or an ARN",
        ),
    ] {
        let stderr = with(access);
        assert!(stderr.contains(told), "{access}\n{stderr}");
        assert!(stderr.contains("specs.toml"), "{stderr}");
    }
}
