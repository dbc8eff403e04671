//! What a failed assertion says would mend it, pasted where it says: the assertion must hold then.

use std::collections::BTreeSet;

use crate::access::{EXAMPLES, Found, NOTHING, files, in_json, in_toml, owner};
use crate::support::Project;

/// What denies. A statement against just the request that an assertion names would satisfy the assertion and leave all requests like
/// it open: what allows it is shown instead, to be narrowed.
const DENIES: &str = "no statement is proposed for what must be impossible";

/// What a kind itself asks for, before assertions are looked at.
const OF_KIND: &str = "the kind says what to add, in its own words";

/// Statements without which nothing is proposed that could be pasted, each with the reason.
///
/// A statement is named as in `access::DELIBERATE`.
const NOT_MENDED: [(&str, &str); 15] = [
    ("cross-account-saas organization.toml service_control_policy.tenants.policy Stay", DENIES),
    ("cross-account-saas organization.toml service_control_policy.tenants.policy Watched", DENIES),
    ("cross-account-saas tooling.toml bucket.artifacts.policy OnlyEncryptedConnections", DENIES),
    ("cross-account-saas tooling.toml key.artifacts.policy AdministeredByAccount", OF_KIND),
    ("dev-prod-codedeploy codedeploy.toml role.codedeploy.trust #1", OF_KIND),
    ("dev-prod-codedeploy codedeploy.toml role.instance.trust #1", OF_KIND),
    ("dev-prod-codedeploy dev.toml bucket.artifacts.policy OnlyEncryptedConnections", DENIES),
    ("dev-prod-codedeploy dev.toml key.artifacts.policy AdministeredByAccount", OF_KIND),
    ("dev-prod-codedeploy dev.toml role.trigger.trust #1", OF_KIND),
    (
        "ecr-stages templates/stage.toml role.github.trust #1",
        "each stage lets in runners of other branches, which is a parameter: one statement for all would let in too many",
    ),
    ("on-premises delivery.toml bucket.revisions.policy OnlyEncryptedConnections", DENIES),
    ("on-premises delivery.toml role.codedeploy.trust #1", OF_KIND),
    ("travis-codedeploy web.toml bucket.revisions.policy OnlyEncryptedConnections", DENIES),
    ("travis-codedeploy web.toml role.codedeploy.trust #1", OF_KIND),
    ("travis-codedeploy web.toml role.instance.trust #1", OF_KIND),
];

/// A text to paste, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Paste {
    /// At the end of a file.
    Tables { file: String, text: String },
    /// Among the members of a list of a table.
    List { file: String, table: String, field: String, text: String },
    /// Among the statements of a JSON file.
    Json { file: String, text: String },
}

/// All that a help text says to add.
fn pastes(help: &str) -> Vec<Paste> {
    let mut found = Vec::new();
    let lines: Vec<&str> = help.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        let Some((_, target)) = line.strip_suffix(':').and_then(|line| line.rsplit_once("add to ")) else { continue };
        let target = target.trim_end_matches(", for every use of this template");
        let behind = lines[at + 1..].iter().take_while(|line| line.starts_with("  "));
        let text: String = behind.map(|line| format!("{}\n", &line[2..])).collect();
        assert!(!text.is_empty(), "nothing to paste:\n{help}");
        found.push(if let Some(file) = target.strip_prefix("the statements in ") {
            Paste::Json { file: file.to_owned(), text }
        } else if let Some(list) = target.strip_prefix("the list `") {
            let (field, rest) = list.split_once("` of ").unwrap();
            let (table, file) = rest.split_once(" in ").unwrap();
            Paste::List { file: file.to_owned(), table: table.to_owned(), field: field.to_owned(), text }
        } else {
            Paste::Tables { file: target.to_owned(), text }
        });
    }
    found
}

/// What `check` says.
struct Check {
    is_sound: bool,
    helps: Vec<String>,
    /// How many warnings and findings there are, but for those about what a statement was replaced by.
    told: usize,
}

fn check(project: &Project) -> Check {
    let run = project.trueup_on_aws(&["check", "--format", "json"]);
    let answer: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let list = |key: &str| answer[key].as_array().cloned().unwrap_or_default();
    let all = [list("diagnostics"), list("findings")].concat();
    let is_replaced = |one: &&serde_json::Value| NOTHING.iter().any(|nothing| one.to_string().contains(nothing));
    let told = all.iter().filter(|one| !is_replaced(one)).count();
    let helps = all.iter().map(|one| one["help"].as_str().unwrap_or_default().to_owned()).collect();
    Check { is_sound: run.code == 0, helps, told }
}

fn paste(project: &Project, paste: &Paste) {
    match paste {
        Paste::Tables { file, text } => project.write(file, format!("{}\n{text}", project.read(file))),
        Paste::List { file, table, field, text } => {
            let old = project.read(file);
            let start = old.find(table.as_str()).unwrap();
            let bracket = old[start..].find(&format!("{field} = [")).unwrap() + start + field.len() + 4;
            project.write(file, format!("{}{text}{}", &old[..bracket], &old[bracket..]));
        }
        Paste::Json { file, text } => {
            let mut document: serde_json::Value = serde_json::from_str(&project.read(file)).unwrap();
            let more: Vec<serde_json::Value> = serde_json::from_str(&format!("[{text}]")).unwrap();
            document["Statement"].as_array_mut().unwrap().extend(more);
            project.write(file, document.to_string());
        }
    }
}

/// How often a path may be mended: it tells its first broken step only.
const ROUNDS: usize = 8;

/// Pastes what `check` says until it says nothing more; tells what was pasted, or why it did not help.
fn mended(project: &Project) -> Result<Vec<Paste>, String> {
    let mut done: BTreeSet<Paste> = BTreeSet::new();
    for _ in 0..ROUNDS {
        let Check { is_sound, helps, .. } = check(project);
        if is_sound {
            return Ok(done.into_iter().collect());
        }
        let said: BTreeSet<Paste> = helps.iter().flat_map(|help| pastes(help)).collect();
        if said.is_empty() {
            return Err(format!("nothing is proposed:\n{}", helps.join("\n")));
        }
        if let Some(again) = said.iter().find(|paste| done.contains(paste)) {
            return Err(format!("was pasted, and is proposed again: {again:?}\n{}", helps.join("\n")));
        }
        said.iter().for_each(|one| paste(project, one));
        done.extend(said);
    }
    Err(format!("is not mended after {ROUNDS} rounds: {done:?}"))
}

#[test]
fn whatever_single_statement_is_missing_what_check_says_mends_it() {
    let (mut tried, mut wrong) = (0, Vec::new());
    for example in EXAMPLES {
        let project = Project::example(example);
        let before = check(&project).told;
        for file in files(&project) {
            let text = project.read(&file);
            let found = match file.rsplit_once('.') {
                Some((_, "json")) => in_json(&text, &owner(&project, &file)),
                Some((_, "toml")) => in_toml(&text),
                _ => Vec::new(),
            };
            let others: Vec<(String, String)> =
                files(&project).into_iter().map(|name| (name.clone(), project.read(&name))).collect();
            for Found { name, without, .. } in found {
                let name = format!("{example} {file} {name}");
                project.write(&file, without);
                let is_listed = NOT_MENDED.iter().any(|(known, _)| *known == name);
                match mended(&project) {
                    Ok(pasted) if is_listed && !pasted.is_empty() => {
                        wrong.push(format!("{name} is mended, and listed"))
                    }
                    Ok(_) if check(&project).told > before => wrong.push(format!("{name}: there are new warnings")),
                    Ok(_) => tried += 1,
                    Err(_) if is_listed => {}
                    Err(why) => wrong.push(format!("{name}: {why}")),
                }
                for (name, text) in &others {
                    project.write(name, text);
                }
            }
        }
    }
    assert_eq!(wrong, [""; 0], "{}", wrong.join("\n\n"));
    assert!(tried > 40, "{tried} statements were tried");
}

const TRUST: &str = "allow = \"sts:AssumeRole\"\nprincipal = { account = \"main\" }\n";

/// The accounts `main` and `other` with these specs, in the groups `both` and `lone`.
fn project(main: &str, other: &str, access: &str) -> Project {
    let accounts = "[account.main]\nid = \"111111111111\"\ngroups = [\"both\"]\n\n[account.other]\nid = \"222222222222\"\ngroups = [\"both\"]\n";
    let project = Project::with(main);
    project.write("accounts.toml", accounts);
    project.write("other.toml", format!("[scope]\naccount = \"other\"\n\n{other}"));
    project.write("access.toml", format!("[scope]\naccount = \"main\"\n\n{access}"));
    project
}

/// What is pasted until all is sound, with its place.
fn pasted(project: &Project) -> String {
    project.trueup_on_aws(&["check"]).expect(1);
    let pastes = mended(project).unwrap_or_else(|why| panic!("{why}"));
    let told = pastes.into_iter().map(|paste| match paste {
        Paste::Tables { file, text } | Paste::Json { file, text } => format!("{file}:\n{text}"),
        Paste::List { file, table, field, text } => format!("{file}, {table}, {field}:\n{text}"),
    });
    told.collect::<Vec<_>>().join("\n")
}

/// What is said where there is nothing to paste.
fn refused(project: &Project) -> String {
    let helps = check(project).helps.join("\n");
    assert_eq!(pastes(&helps), [], "{helps}");
    helps
}

const PROVIDER: &str = "[oidc_provider.github]\nurl = \"https://token.actions.githubusercontent.com\"\nclient_ids = [\"sts.amazonaws.com\"]\n";

fn runner(context: &str) -> Project {
    project(
        &format!("{PROVIDER}\n[role.runner]\n[[role.runner.trust]]\n{TRUST}"),
        "",
        &format!(
            "[[access]]\nprincipal = {{ federated = \"oidc_provider.github\" }}\ncan = [{{ assume = \"role.runner\" }}]\n{context}"
        ),
    )
}

#[test]
fn a_trust_for_tokens_has_their_claims() {
    let context = "context = { \"token.actions.githubusercontent.com:aud\" = \"sts.amazonaws.com\", \"token.actions.githubusercontent.com:sub\" = \"repo:acme/app:ref:refs/heads/main\" }\n";
    insta::assert_snapshot!(pasted(&runner(context)));
    // Without them it would be a trust for everyone whom GitHub knows.
    insta::assert_snapshot!(refused(&runner("")));
}

#[test]
fn a_trust_for_a_service_has_the_account_it_comes_for() {
    let project = project(
        &format!("[role.trigger]\n[[role.trigger.trust]]\n{TRUST}"),
        "",
        "[[access]]\nprincipal = { service = \"events.amazonaws.com\" }\ncontext = { \"aws:SourceAccount\" = \"${account.id}\" }\ncan = [\n  { assume = \"role.trigger\" },\n  { do = \"codepipeline:StartPipelineExecution\", on = \"arn:aws:codepipeline:${region}:${account.id}:web\" },\n]\n",
    );
    // What the role then does, it does itself: no request of its own says for which account.
    insta::assert_snapshot!(pasted(&project));
}

#[test]
fn what_is_asked_with_a_condition_is_allowed_with_it() {
    let project = project(
        &format!(
            "[role.ci]\n[[role.ci.trust]]\n{TRUST}\n[role.app]\n[[role.app.trust]]\nallow = \"sts:AssumeRole\"\nprincipal = {{ service = \"ec2.amazonaws.com\" }}\n\n[key.data]\n"
        ),
        "",
        "[[access]]\nprincipal = \"role.ci\"\ncan = [{ do = \"kms:Decrypt\", on = \"key.data\", context = { \"kms:ViaService\" = \"s3.eu-west-1.amazonaws.com\", \"aws:MultiFactorAuthPresent\" = true, \"aws:TagKeys\" = [\"team\", \"stage\"], \"aws:SourceIp\" = \"203.0.113.7\" } }]\n\n[[access]]\nprincipal = \"role.ci\"\ncan = \"codepipeline:TagResource\"\non = \"arn:aws:codepipeline:${region}:${account.id}:web\"\ncontext = { \"aws:TagKeys\" = [\"team\", \"stage\"] }\n\n[[access]]\nprincipal = \"role.ci\"\ncan = [{ pass = \"role.app\", to = \"ec2.amazonaws.com\" }]\n\n[[access]]\nprincipal = \"role.ci\"\ncannot = \"iam:PassRole\"\non = \"role.app\"\ncontext = { \"iam:PassedToService\" = \"lambda.amazonaws.com\" }\n",
    );
    insta::assert_snapshot!(pasted(&project));
}

#[test]
fn a_group_is_mended_once_for_all() {
    let project = project("[key.data]\n\n[topic.news]\n", "", "");
    project.write(
        "group.toml",
        format!(
            "[scope]\naccount = \"both\"\n\n[role.app]\n[[role.app.trust]]\n{}\n[application.web]\n",
            TRUST.replace("account = \"main\"", "service = \"ec2.amazonaws.com\"")
        ),
    );
    project.write(
        "access.toml",
        "[scope]\naccount = \"both\"\n\n[[access]]\nprincipal = \"role.app\"\ncan = [\n  { do = [\"codedeploy:GetApplication\"], on = \"application.web\" },\n  { do = \"logs:PutLogEvents\", on = \"arn:aws:logs:${region}:${account.id}:log-group:/app:*\" },\n  { do = \"sns:Publish\", on = \"main/topic.news\" },\n]\n",
    );
    insta::assert_snapshot!(pasted(&project));
}

#[test]
fn a_key_that_is_in_two_regions_is_named_with_its_region() {
    let project = project("[key.art]\n", &format!("[role.reader]\n[[role.reader.trust]]\n{TRUST}"), "");
    project.write("east.toml", "[scope]\naccount = \"main\"\nregion = \"us-east-1\"\n\n[key.art]\n");
    project.write(
        "access.toml",
        "[[access]]\nprincipal = \"other/role.reader\"\ncan = \"kms:Decrypt\"\non = \"main@us-east-1/key.art\"\n",
    );
    // The key has AWS's own policy, which one of its own replaces: its account keeps what it had.
    insta::assert_snapshot!(pasted(&project));
}

#[test]
fn what_is_written_in_json_or_in_a_list_is_mended_there() {
    let policy = |sid: &str, more: &str| {
        format!(
            "{{\"Version\": \"2012-10-17\", \"Statement\": [{{\"Sid\": \"{sid}\", \"Effect\": \"Allow\", \"Action\": \"s3:ListBucket\", \"Resource\": \"arn:aws:s3:::shop-goods\"{more}}}]}}"
        )
    };
    let project = project(
        &format!(
            "[bucket.goods]\nname = \"shop-goods\"\npolicy = {{ file = \"goods.json\" }}\n\n[policy.read]\npolicy = {{ file = \"read.json\" }}\n\n[role.reader]\nmanaged_policies = [\"policy.read\"]\n[[role.reader.trust]]\n{TRUST}\n[topic.news]\npolicy = [\n  {{ allow = \"sns:Subscribe\", principal = {{ account = \"other\" }}, resource = \"${{topic.news.arn}}\" }},\n]\n"
        ),
        "",
        "[[access]]\nprincipal = \"role.reader\"\ncan = \"s3:GetObject\"\non = \"${bucket.goods.arn}/*\"\n\n[[access]]\nprincipal = { account = \"other\" }\ncan = \"s3:GetObject\"\non = \"${bucket.goods.arn}/*\"\n\n[[access]]\nprincipal = { account = \"other\" }\ncan = \"sns:Publish\"\non = \"topic.news\"\n",
    );
    project.write("goods.json", policy("List", ", \"Principal\": {\"AWS\": \"arn:aws:iam::222222222222:root\"}"));
    project.write("read.json", policy("List", ""));
    insta::assert_snapshot!(pasted(&project));
}

#[test]
fn nobody_else_gets_what_one_lacks() {
    let role =
        |name: &str| format!("[role.{name}]\nmanaged_policies = [\"policy.shared\"]\n[[role.{name}.trust]]\n{TRUST}\n");
    let project = project(
        &format!(
            "{}{}[policy.shared]\n[[policy.shared.policy]]\nallow = \"sqs:ReceiveMessage\"\nresource = \"*\"\n\n[group.devs]\n[[group.devs.inline.see]]\nallow = \"sqs:ListQueues\"\nresource = \"*\"\n\n[user.ann]\ngroups = [\"group.devs\"]\n",
            role("one"),
            role("two")
        ),
        "",
        "[[access]]\nprincipal = \"role.one\"\ncan = \"ec2:DescribeInstances\"\n\n[[access]]\nprincipal = \"user.ann\"\ncan = \"ec2:DescribeInstances\"\n",
    );
    insta::assert_snapshot!(pasted(&project));
}

#[test]
fn what_all_lack_who_have_a_policy_stands_in_it() {
    let role =
        |name: &str| format!("[role.{name}]\nmanaged_policies = [\"policy.shared\"]\n[[role.{name}.trust]]\n{TRUST}\n");
    let claim = |name: &str| format!("[[access]]\nprincipal = \"role.{name}\"\ncan = \"ec2:DescribeVpcs\"\n\n");
    let shared = "[policy.shared]\n[[policy.shared.policy]]\nallow = \"sqs:ReceiveMessage\"\nresource = \"*\"\n\n";
    let project = project(&format!("{}{}{shared}", role("one"), role("two")), "", &(claim("one") + &claim("two")));
    insta::assert_snapshot!(pasted(&project));
}

#[test]
fn a_boundary_is_widened_beside_what_it_bounds() {
    let project = project(
        &format!(
            "[policy.bound]\n[[policy.bound.policy]]\nallow = \"s3:ListBucket\"\nresource = \"*\"\n\n[role.ci]\npermissions_boundary = \"policy.bound\"\n[[role.ci.trust]]\n{TRUST}\n[[role.ci.inline.list]]\nallow = \"s3:ListBucket\"\nresource = \"*\"\n"
        ),
        "",
        "[[access]]\nprincipal = \"role.ci\"\ncan = \"ec2:DescribeVpcs\"\n",
    );
    insta::assert_snapshot!(pasted(&project));
}

/// Two uses of a template that makes a role and a topic each.
fn uses(access: &str) -> Project {
    let used =
        "[[use]]\ntemplate = \"app.toml\"\nname = \"blue\"\n\n[[use]]\ntemplate = \"app.toml\"\nname = \"green\"\n";
    let project = project(used, "", access);
    project.write("app.toml", format!("[params]\n\n[topic.news]\n\n[role.app]\n[[role.app.trust]]\n{TRUST}"));
    project
}

#[test]
fn a_template_is_mended_where_all_its_uses_lack_the_same() {
    let lacks = |name: &str| {
        format!("[[access]]\nprincipal = \"role.{name}.app\"\ncan = \"sns:Publish\"\non = \"topic.{name}.news\"\n\n")
    };
    insta::assert_snapshot!(pasted(&uses(&format!("{}{}", lacks("blue"), lacks("green")))));
    insta::assert_snapshot!(refused(&uses(&lacks("blue"))));
}

#[test]
fn what_no_statement_can_mend_is_said_and_nothing_proposed() {
    let project = project(
        &format!("[role.ci]\n[[role.ci.trust]]\n{TRUST}\n[bucket.open]\nname = \"shop-open\"\n"),
        "[role.app]\n[[role.app.trust]]\nallow = \"sts:AssumeRole\"\nprincipal = { service = \"ec2.amazonaws.com\" }\n\n[key.data]\n",
        "",
    );
    for claim in [
        "principal = \"role.ci\"\ncan = [{ pass = \"other/role.app\", to = \"ec2.amazonaws.com\" }]\n",
        "principal = \"role.ci\"\ncan = \"iam:GetRole\"\non = \"other/role.app\"\n",
        "principal = \"role.ci\"\ncan = \"kms:PutKeyPolicy\"\non = \"other/key.data\"\n",
        "principal = \"*\"\ncan = \"s3:GetObject\"\non = \"${bucket.open.arn}/*\"\ncontext = { \"aws:SecureTransport\" = true }\n",
    ] {
        project.write("access.toml", format!("[scope]\naccount = \"main\"\n\n[[access]]\n{claim}"));
        insta::assert_snapshot!(refused(&project));
    }
}

#[test]
fn an_account_that_is_still_to_be_made_is_named_and_not_shown() {
    let project = Project::example("cross-account-saas");
    project.edit(
        "tooling.toml",
        "sid       = \"TenantsList\"\nallow     = \"s3:ListBucket\"",
        "sid       = \"TenantsList\"\nallow     = \"s3:GetAccelerateConfiguration\"",
    );
    project.write(
        "access.toml",
        "[[access]]\nprincipal = { account = \"tenants\" }\ncan = \"s3:ListBucket\"\non = \"tooling/bucket.artifacts\"\n\n[[access]]\nprincipal = \"pegasus/role.CodePipelineCrossAccountRole\"\ncan = \"logs:PutLogEvents\"\non = \"arn:aws:logs:${region}:${pegasus/account.id}:log-group:/app:*\"\n",
    );
    insta::assert_snapshot!(pasted(&project));
}

#[test]
fn what_is_for_everyone_of_an_organization_is_mended_for_it_alone() {
    let project = project(
        "[bucket.shared]\nname = \"shop-shared\"\n",
        "",
        "[[access]]\nprincipal = \"*\"\ncan = \"s3:GetObject\"\non = \"${bucket.shared.arn}/*\"\ncontext = { \"aws:PrincipalOrgID\" = \"o-abcdefghij\" }\n",
    );
    insta::assert_snapshot!(pasted(&project));
}
