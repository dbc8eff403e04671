//! What limits who can do what beside the policies of identities and resources, and what AWS puts there by itself.

use crate::access::organization;
use crate::hand::Hand;
use crate::support::Project;

#[test]
fn controls_that_are_in_no_spec_have_a_say_live() {
    let project = organization();
    project.write("outputs.toml", "[output]\nshop = \"${account.shop.id}\"\n");
    project.apply();
    let question = ["access", "can", "shop/role.keeper", "iam:CreateRole", "*"];
    let live = |code| project.trueup(&[&question[..], &["--live"]].concat()).expect(code);
    live(0);
    // Someone attaches a control by hand, with no word of it in the specs.
    let hand = Hand::on(&project, "999999999999");
    let policy = r#"{"Version":"2012-10-17","Statement":{"Sid":"ByHand","Effect":"Deny","Action":"iam:CreateRole","Resource":"*"}}"#;
    let control = serde_json::json!({ "Name": "by-hand", "Description": "", "Type": "SERVICE_CONTROL_POLICY", "Content": policy });
    let made = hand.organizations("CreatePolicy", &control);
    let shop = project.trueup(&["output", "shop"]).expect(0).stdout.trim().to_owned();
    let id = made["Policy"]["PolicySummary"]["Id"].as_str().unwrap();
    hand.organizations("AttachPolicy", &serde_json::json!({ "PolicyId": id, "TargetId": shop }));
    insta::assert_snapshot!(live(2).stdout);
    project.trueup(&question).expect(0);
    // A plan changes no such control, and does not read it.
    project.trueup(&["plan", "--detailed-exitcode"]).expect(0);
    // Where the organization can't be read, what it attaches may deny anything.
    let accounts = format!(
        "[account.shop]\nid = \"{shop}\"\nmanagement = true\n[account.boss]\nid = \"999999999999\"\n[account.other]\nid = \"222222222222\"\n"
    );
    project.write("accounts.toml", &accounts);
    project.write("organization.toml", "");
    project.write("outputs.toml", "");
    let specs = "[scope]\naccount = \"other\"\n[role.keeper]\n[[role.keeper.trust]]\nallow = \"sts:AssumeRole\"\nprincipal = { account = \"other\" }\n";
    project.write("specs.toml", specs);
    let unread = project
        .trueup(&["access", "can", &format!("arn:aws:iam::{shop}:role/keeper"), "iam:CreateRole", "*", "--live"])
        .expect(4);
    insta::assert_snapshot!(unread.stdout);
    project.write("accounts.toml", accounts.replace("management = true", ""));
    let unknown = project.trueup(&["access", "what", "other", "--live"]).expect(0);
    assert!(unknown.stderr.contains("no account of the project says `management = true`"), "{}", unknown.stderr);
}

#[test]
fn a_topic_without_policy_lets_in_services_for_its_account() {
    let project = Project::with(
        r#"
[topic.plain]

[role.worker]
[[role.worker.trust]]
allow     = "sts:AssumeRole"
principal = { service = "ec2.amazonaws.com" }

[role.publisher]
[[role.publisher.trust]]
allow     = "sts:AssumeRole"
principal = { service = "ec2.amazonaws.com" }
[[role.publisher.inline.news]]
allow    = "sns:Publish"
resource = "${topic.plain.arn}"
"#,
    );
    let ask = |who: &str, more: &[&str], code| {
        let question = [&["access", "can", who, "sns:Publish", "topic.plain"], more].concat();
        project.trueup_on_aws(&question).expect(code).stdout
    };
    insta::assert_snapshot!(ask("cloudwatch.amazonaws.com", &[], 4));
    ask("cloudwatch.amazonaws.com", &["--context", "aws:SourceOwner=111111111111"], 0);
    ask("cloudwatch.amazonaws.com", &["--context", "aws:SourceOwner=222222222222"], 2);
    // Nobody else comes in the name of the account: who has no policy of its own is kept out, and outsiders are.
    ask("role.publisher", &[], 0);
    ask("role.worker", &[], 2);
    ask("*", &[], 2);
    ask("222222222222", &[], 2);
    // A new topic opens nothing to the public.
    project.trueup(&["plan", "--fail-on", "public-access"]).expect(0);
}

#[test]
fn a_bucket_that_blocks_the_public_lets_no_outsider_in() {
    let bucket = |block: &str| {
        format!(
            "[bucket.data]\nname = \"data-111111111111\"\npublic_access_block = {{ block_public_policy = false{block} }}\n[[bucket.data.policy]]\nallow = \"s3:GetObject\"\nprincipal = \"*\"\nresource = \"${{bucket.data.arn}}/*\"\n"
        )
    };
    let project = Project::with(&bucket(""));
    project.edit("trueup.toml", "[project]", "[lints]\npublic-bucket = \"allow\"\n\n[project]");
    let ask = |who: &str, code| {
        project.trueup_on_aws(&["access", "can", who, "s3:GetObject", "bucket.data/*"]).expect(code).stdout
    };
    insta::assert_snapshot!(ask("*", 2));
    ask("222222222222", 2);
    ask("111111111111", 0);
    ask("logging.s3.amazonaws.com", 0);
    let open = bucket(", restrict_public_buckets = false");
    project.write("specs.toml", format!("[scope]\naccount = \"main\"\n\n{open}"));
    ask("*", 0);
    ask("222222222222", 0);
    // The account's own block is over all its buckets: the stricter of both counts.
    let account = |block: &str| format!("[account_public_access_block.main]\n{block}\n{open}");
    project.write("specs.toml", format!("[scope]\naccount = \"main\"\n\n{}", account("")));
    insta::assert_snapshot!(ask("*", 2));
    ask("222222222222", 2);
    ask("111111111111", 0);
    let lenient = account("restrict_public_buckets = false\n");
    project.write("specs.toml", format!("[scope]\naccount = \"main\"\n\n{lenient}"));
    ask("*", 0);
}

#[test]
fn an_account_that_blocks_the_public_shuts_its_buckets() {
    let open = r#"
[bucket.data]
name                = "data-111111111111"
public_access_block = { block_public_policy = false, restrict_public_buckets = false }
[[bucket.data.policy]]
allow     = "s3:GetObject"
principal = "*"
resource  = "${bucket.data.arn}/*"
"#;
    let project = Project::with(open);
    project.edit("trueup.toml", "[project]", "[lints]\npublic-bucket = \"allow\"\n\n[project]");
    project.apply();
    let live = |code| project.trueup(&["access", "can", "*", "s3:GetObject", "bucket.data/*", "--live"]).expect(code);
    live(0);
    // Someone blocks it by hand: that is in no spec, and counts.
    let hand = Hand::on(&project, "111111111111");
    hand.s3_control("PUT", "<PublicAccessBlockConfiguration><RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>");
    insta::assert_snapshot!(live(2).stdout);
    project.trueup(&["plan", "--detailed-exitcode"]).expect(0);
    hand.s3_control("DELETE", "");
    live(0);
    let specs = "[scope]\naccount = \"main\"\n\n[account_public_access_block.main]\nblock_public_policy = false\n";
    project.write("specs.toml", format!("{specs}{open}"));
    let plan = project.trueup(&["plan"]).expect(0).stdout;
    insta::assert_snapshot!(plan);
    project.apply();
    live(2);
    // With a policy that it refuses it can't go in one run, and the way out is told.
    project.edit("specs.toml", "block_public_policy = false\n\n", "\n");
    project.edit("specs.toml", "s3:GetObject\"", "s3:GetObject*\"");
    let run = project.trueup(&["apply", "--yes"]).expect(4);
    assert!(run.stderr.contains("account_public_access_block") || run.stdout.contains("account_public_access_block"));
}
