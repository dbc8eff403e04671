//! Guardrails as a person meets them: in `check`, in its reports, in a plan, in settings and suppressions.

use std::fs;

use serde_json::Value;

use crate::support::{Project, STAYS, root};

/// A denied finding, a warning and a suppressed finding, each at a place one can count.
const SPECS: &str = "\
[role.open]
[[role.open.trust]]
allow     = \"sts:AssumeRole\"
principal = \"*\"

[key.old]

[key.meant]
[[key.meant.suppress]]
lint   = \"key-without-rotation\"
reason = \"it signs, and old signatures must be checked\"
";

/// The lines of `SPECS` begin behind the `[scope]` of the test's project.
const LINES_BEFORE: u64 = 3;

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn the_examples_and_a_new_project_have_no_findings() {
    let fresh = Project::of(&[]);
    fresh.trueup_on_aws(&["init"]).expect(0);
    let mut projects = vec![("init".to_owned(), fresh)];
    for entry in fs::read_dir(root().join("examples")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        projects.push((name.clone(), Project::example(&name)));
    }
    let mut sound = 0;
    for (name, project) in projects {
        let run = project.trueup_on_aws(&["check"]);
        // An example can be of kinds that are still to come; its own test says so.
        if run.stderr.contains("there is no kind") || run.stderr.contains("there is no policy `images`") {
            continue;
        }
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{name}");
        sound += 1;
    }
    assert!(sound >= 4, "{sound}");
}

#[test]
fn a_finding_that_is_denied_ends_every_command_that_plans() {
    let project = Project::with(SPECS);
    let check = project.trueup_on_aws(&["check"]).expect(1);
    insta::assert_snapshot!("check", check.stderr);
    for command in [&["plan"][..], &["apply", "--yes"]] {
        let run = project.trueup(command).expect(1);
        assert_eq!((run.stderr, run.stdout.as_str()), (check.stderr.clone(), ""), "{command:?}");
    }
    // What only shows specs is not in their way.
    project.trueup_on_aws(&["graph"]).expect(0);
    project.edit(
        "trueup.toml",
        "[project]",
        "[lints]\npublic-trust = \"warn\"\nkey-without-rotation = \"deny\"\n\n[project]",
    );
    let check = project.trueup_on_aws(&["check"]).expect(1);
    assert!(check.stderr.contains("warning: anyone in the world may take the role [public-trust]"), "{}", check.stderr);
    assert!(check.stderr.contains("error: the key is never rotated [key-without-rotation]"), "{}", check.stderr);
    project.edit("trueup.toml", "key-without-rotation = \"deny\"", "key-without-rotation = \"allow\"");
    let check = project.trueup_on_aws(&["check"]).expect(0);
    assert!(check.stdout.contains("1 finding suppressed."), "{}", check.stdout);
}

#[test]
fn json_lists_what_is_suppressed_too() {
    let project = Project::with(SPECS);
    let run = project.trueup_on_aws(&["check", "--format", "json"]).expect(1);
    let json = parsed(&run.stdout);
    let findings = json["findings"].as_array().unwrap();
    let of = |lint: &str, suppressed: bool| {
        findings.iter().find(|one| one["lint"] == lint && one["suppressed"].is_object() == suppressed).unwrap()
    };
    assert_eq!(findings.len(), 3, "{findings:#?}");
    let open = of("public-trust", false);
    assert_eq!(open["line"], 4 + LINES_BEFORE);
    assert_eq!((&open["level"], &open["lint_severity"]), (&"deny".into(), &"critical".into()));
    assert_eq!(open["resources"], serde_json::json!(["main/role.open"]));
    let meant = of("key-without-rotation", true);
    assert_eq!(meant["suppressed"]["reason"], "it signs, and old signatures must be checked");
    assert_eq!(of("key-without-rotation", false)["line"], 6 + LINES_BEFORE);
}

/// What the schema of SARIF 2.1.0 requires of the objects that are used, and what code scanning needs beside it.
#[test]
fn sarif_is_whole_and_points_at_the_lines() {
    let project = Project::with(&format!("{SPECS}\n[policy.x]\npolicy = []\nnonsense = 1\n"));
    let broken = parsed(&project.trueup_on_aws(&["check", "--format", "sarif"]).expect(1).stdout);
    assert_eq!(broken["runs"][0]["results"][0]["ruleId"], "spec", "{broken:#}");
    let project = Project::with(SPECS);
    let run = project.trueup_on_aws(&["check", "--format", "sarif"]).expect(1);
    for log in [&broken, &parsed(&run.stdout)] {
        assert_eq!(log["version"], "2.1.0");
        let [run] = log["runs"].as_array().unwrap().as_slice() else { panic!("one run: {log:#}") };
        let driver = &run["tool"]["driver"];
        assert!(driver["name"].is_string(), "{driver}");
        let rules: Vec<&str> =
            driver["rules"].as_array().unwrap().iter().map(|rule| rule["id"].as_str().unwrap()).collect();
        for result in run["results"].as_array().unwrap() {
            assert!(!result["message"]["text"].as_str().unwrap().is_empty(), "{result}");
            assert!(rules.contains(&result["ruleId"].as_str().unwrap()), "{result}");
            assert!(["none", "note", "warning", "error"].contains(&result["level"].as_str().unwrap()), "{result}");
            for location in result["locations"].as_array().unwrap() {
                let physical = &location["physicalLocation"];
                assert_eq!(physical["artifactLocation"]["uri"], "specs.toml");
                for member in ["startLine", "startColumn", "endLine", "endColumn"] {
                    assert!(physical["region"][member].as_u64().unwrap() >= 1, "{result}");
                }
            }
            for suppression in result["suppressions"].as_array().into_iter().flatten() {
                assert!(["inSource", "external"].contains(&suppression["kind"].as_str().unwrap()), "{suppression}");
                assert!(!suppression["justification"].as_str().unwrap().is_empty());
            }
        }
    }
    let log = parsed(&run.stdout);
    let results = log["runs"][0]["results"].as_array().unwrap();
    let region = |rule: &str, at: usize| {
        let result = results.iter().filter(|result| result["ruleId"] == rule).nth(at).unwrap();
        let region = &result["locations"][0]["physicalLocation"]["region"];
        ["startLine", "startColumn", "endLine", "endColumn"].map(|member| region[member].as_u64().unwrap())
    };
    let line = |line: u64| LINES_BEFORE + line;
    assert_eq!(region("public-trust", 0), [line(4), 13, line(4), 16]);
    assert_eq!(region("key-without-rotation", 0), [line(6), 2, line(6), 9]);
    assert_eq!(region("key-without-rotation", 1), [line(8), 2, line(8), 11]);
    let suppressed = results.iter().filter(|result| result["suppressions"].is_array()).count();
    assert_eq!(suppressed, 1);
}

/// A guardrail that was not asked has not passed.
#[test]
fn where_specs_are_wrong_no_guardrail_passes() {
    let project = Project::with("[role.one]\nnothing = 1\n");
    let junit = |project: &Project| project.trueup_on_aws(&["check", "--format", "junit"]).expect(1).stdout;
    let told = junit(&project);
    assert_eq!(
        told.matches("<skipped message=\"the specs are not sound\"/>").count(),
        trueup_kinds::lints::all().len(),
        "{told}"
    );
    // What can't be read at all is told in the form that was asked for.
    project.write("trueup.toml", "");
    std::fs::remove_file(project.path().join("trueup.toml")).unwrap();
    assert!(junit(&project).contains("<failure"));
    let sarif = project.trueup_on_aws(&["check", "--format", "sarif"]).expect(1).stdout;
    assert!(sarif.contains("\"level\": \"error\""), "{sarif}");
}

/// Whoever mends an assertion sees the guardrails too.
#[test]
fn an_assertion_that_fails_hides_no_finding() {
    let specs = format!(
        "{SPECS}\n[[access]]\nprincipal = \"role.open\"\ncan = \"s3:GetObject\"\non = \"arn:aws:s3:::elsewhere/x\"\n"
    );
    let project = Project::with(&specs);
    let run = project.trueup_on_aws(&["check"]).expect(1);
    assert!(run.stderr.contains("[public-trust]") && run.stderr.contains("can = \"s3:GetObject\""), "{}", run.stderr);
}

/// Code scanning looks for files from the folder of the repository, and shows nothing that has no place.
#[test]
fn sarif_names_files_from_the_folder_it_runs_in() {
    let project = Project::with(SPECS);
    project.edit("trueup.toml", "[project]", "[rules]\npath = \"policies\"\n\n[project]");
    project.write("policies/main.rego", "package main\n\nwarn contains \"think\"\n");
    let (parent, name) = (project.path().parent().unwrap(), project.path().file_name().unwrap().to_str().unwrap());
    let uris = |args: &[&str]| -> Vec<String> {
        let run = project.command(&[&["--format", "sarif"], args].concat()).current_dir(parent).output().unwrap();
        let log = parsed(std::str::from_utf8(&run.stdout).unwrap());
        let uri = |result: &Value| {
            let place = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
            place.as_str().unwrap().to_owned()
        };
        log["runs"][0]["results"].as_array().unwrap().iter().map(uri).collect()
    };
    let specs = format!("{name}/specs.toml");
    assert_eq!(uris(&["check", "-C", name]), [&*specs; 3]);
    assert_eq!(uris(&["check", "-C", project.path().to_str().unwrap()]), [&*specs; 3]);
    project.edit("trueup.toml", "[rules]", "[lints]\npublic-trust = \"warn\"\n\n[rules]");
    assert!(uris(&["plan", "--sandbox", "-C", name]).contains(&format!("{name}/trueup.toml")));
    let lints = parsed(&project.trueup_on_aws(&["explain", "lints", "--format", "json"]).expect(0).stdout);
    assert!(lints.as_array().unwrap().iter().any(|lint| lint["id"] == "public-trust" && lint["level"] == "deny"));
}

#[test]
fn junit_fails_what_is_denied_and_nothing_else() {
    let run = Project::with(SPECS).trueup_on_aws(&["check", "--format", "junit"]).expect(1);
    let case = |name: &str| {
        let from = run.stdout.find(&format!("<testcase name=\"{name}\"")).unwrap();
        let rest = &run.stdout[from..];
        let end = rest[1..].find("<testcase").map_or(rest.len(), |end| end + 1);
        rest[..end].to_owned()
    };
    assert!(case("public-trust").contains("<failure message=\"anyone in the world may take the role [public-trust]\""));
    assert!(case("public-trust").contains("specs.toml:7:13"), "{}", case("public-trust"));
    let rotation = case("key-without-rotation");
    assert!(rotation.contains("<system-out>") && !rotation.contains("<failure"), "{rotation}");
    assert!(!case("sound").contains("<failure") && !case("public-bucket").contains("<failure"));
    assert!(run.stdout.contains("failures=\"1\""), "{}", run.stdout);
}

#[test]
fn reports_are_of_check_and_plan() {
    let project = Project::with("[key.x]\nrotation = {}\n");
    let run = project.trueup_on_aws(&["graph", "--format", "sarif"]).expect(1);
    assert!(run.stderr.contains("--format sarif and --format junit are for"), "{}", run.stderr);
    let log = parsed(&project.trueup(&["plan", "--format", "sarif"]).expect(0).stdout);
    assert_eq!(log["runs"][0]["results"], serde_json::json!([]));
    let json = parsed(&project.trueup(&["plan", "--format", "json"]).expect(0).stdout);
    assert_eq!((&json["findings"], &json["rules"]), (&serde_json::json!([]), &serde_json::json!([])));
}

#[test]
fn warnings_are_in_no_json_s_way() {
    let project = Project::with("[key.x]\n");
    let run = project.trueup(&["plan", "--format", "json"]).expect(0);
    assert_eq!(parsed(&run.stdout)["findings"][0]["lint"], "key-without-rotation");
    assert!(run.stderr.contains("[key-without-rotation]"), "{}", run.stderr);
    let run = project.trueup(&["apply", "--yes", "--format", "json"]).expect(0);
    assert_eq!(parsed(&run.stdout)["report"]["complete"], true);
}

#[test]
fn a_pipeline_can_refuse_plans_that_remove() {
    let project = Project::with("[user.x]\n");
    project.edit("trueup.toml", "[project]", "[lints]\nplan-removes = \"deny\"\n\n[project]");
    project.apply();
    project.write("specs.toml", format!("[scope]\naccount = \"main\"\n{STAYS}"));
    for command in [&["plan"][..], &["apply", "--yes"]] {
        let run = project.trueup(command).expect(3);
        assert!(run.complains("the plan removes a resource [plan-removes]: main/user.x"), "{}", run.stderr);
    }
    project.edit("trueup.toml", "plan-removes = \"deny\"", "plan-removes = \"warn\"");
    project.apply();
}

#[test]
fn a_plan_that_replaces_can_be_refused() {
    let project =
        Project::with("[role.x]\n[[role.x.trust]]\nallow = \"sts:AssumeRole\"\nprincipal = { account = \"main\" }\n");
    project.edit("trueup.toml", "[project]", "[lints]\nplan-replaces = \"deny\"\n\n[project]");
    project.apply();
    project.edit("specs.toml", "[role.x]\n", "[role.x]\npath = \"/ci/\"\n");
    let run = project.trueup(&["plan"]).expect(3);
    assert!(run.complains("[plan-replaces]: main/role.x"), "{}", run.stderr);
    let suppression = "\n[[role.x.suppress]]\nlint = \"plan-replaces\"\nreason = \"nobody names it\"\nexpires = ";
    let specs = project.read("specs.toml");
    project.write("specs.toml", format!("{specs}{suppression}2020-01-01\n"));
    assert!(project.trueup(&["plan"]).expect(3).stderr.contains("this counted up to 2020-01-01"));
    project.write("specs.toml", format!("{specs}{suppression}9999-01-01\n"));
    project.apply();
}

#[test]
fn a_plan_that_lets_in_everyone_is_told() {
    let bucket = "[bucket.x]\nname = \"x-111111111111\"\n[[bucket.x.policy]]\ndeny = \"s3:*\"\nprincipal = \"*\"\n\
                  resource = [\"${bucket.x.arn}\", \"${bucket.x.arn}/*\"]\ncondition = { Bool = { \"aws:SecureTransport\" = false } }\n";
    let project = Project::with(bucket);
    project.apply();
    // Held back by a condition, it is no public bucket; that everyone is named is news all the same.
    let more = "[[bucket.x.policy]]\nallow = \"s3:GetObject\"\nprincipal = \"*\"\nresource = \"${bucket.x.arn}/*\"\n\
                condition = { StringEquals = { \"aws:PrincipalOrgID\" = \"o-abcdefghij\" } }\n";
    project.write("specs.toml", format!("[scope]\naccount = \"main\"\n\n{bucket}{more}"));
    let run = project.trueup(&["plan"]).expect(0);
    assert!(run.stderr.contains("warning: the plan lets in everyone [plan-opens-to-everyone]"), "{}", run.stderr);
    project.edit("trueup.toml", "[project]", "[lints]\nplan-opens-to-everyone = \"deny\"\n\n[project]");
    project.trueup(&["apply", "--yes"]).expect(3);
}

/// `INSTA_UPDATE=always` writes the list, as it writes snapshots.
#[test]
fn the_guide_lists_all_guardrails() {
    const BEGIN: &str = "<!-- written by `trueup explain lints --markdown` -->\n\n";
    let list = Project::of(&[]).trueup_on_aws(&["explain", "lints", "--markdown"]).expect(0).stdout;
    let path = root().join("docs/guides/guardrails.md");
    let guide = fs::read_to_string(&path).unwrap();
    let (before, _) = guide.split_once(BEGIN).unwrap();
    let wanted = format!("{before}{BEGIN}{list}");
    #[expect(clippy::disallowed_methods, reason = "insta takes its word from the environment too")]
    let update = std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always");
    if update {
        fs::write(&path, &wanted).unwrap();
    }
    assert!(
        fs::read_to_string(&path).unwrap() == wanted,
        "docs/guides/guardrails.md is not what `trueup explain lints --markdown` says now"
    );
}

/// A bucket that anyone may read who meets these conditions.
fn open_bucket(block: &str, condition: &str) -> String {
    format!(
        "[scope]\naccount = \"main\"\n\n[bucket.data]\nname = \"data-111111111111\"\npublic_access_block = {{ {block} }}\n\
         [[bucket.data.policy]]\nallow = \"s3:GetObject\"\nprincipal = \"*\"\nresource = \"${{bucket.data.arn}}/*\"\ncondition = {{ {condition} }}\n"
    )
}

const UNBLOCKED: &str = "block_public_policy = false, restrict_public_buckets = false";
const HALVES: &str = "IpAddress = { \"aws:SourceIp\" = [\"0.0.0.0/1\", \"128.0.0.0/1\"] }";
const ANY_ACCOUNT: &str = "StringLike = { \"aws:PrincipalAccount\" = \"????????????\" }";

#[test]
fn what_holds_nobody_back_is_public_everywhere() {
    let project = Project::with("");
    let set = |block: &str, condition: &str| project.write("specs.toml", open_bucket(block, condition));
    // The guardrail refuses it,
    for condition in [HALVES, ANY_ACCOUNT, "ArnLike = { \"aws:PrincipalArn\" = \"arn:aws:iam::222222222222:role/*\" }"]
    {
        set(UNBLOCKED, condition);
        let check = project.trueup(&["check"]).expect(1);
        assert!(check.stderr.contains("[public-bucket]"), "{}", check.stderr);
    }
    project.edit("trueup.toml", "[project]", "[lints]\npublic-bucket = \"allow\"\n\n[project]");
    // a pipeline can,
    let plans = |condition: &str, code| {
        set(UNBLOCKED, condition);
        project.trueup(&["plan", "--fail-on", "public-access"]).expect(code);
    };
    plans(HALVES, 3);
    plans("StringLike = { \"aws:PrincipalOrgID\" = \"o-*\" }", 3);
    plans("IpAddress = { \"aws:SourceIp\" = \"203.0.113.0/24\" }", 0);
    plans("StringEquals = { \"aws:PrincipalOrgID\" = \"o-a1b2c3d4e5\" }", 0);
    // and S3 shuts other accounts out of the bucket.
    let ask =
        |code| project.trueup_on_aws(&["access", "can", "222222222222", "s3:GetObject", "bucket.data/*"]).expect(code);
    set("block_public_policy = false", ANY_ACCOUNT);
    ask(2);
    set(UNBLOCKED, ANY_ACCOUNT);
    ask(0);
}

#[test]
fn a_denial_of_all_others_keeps_a_plan_from_being_public() {
    let project = Project::with("");
    project.edit("trueup.toml", "[project]", "[lints]\npublic-bucket = \"allow\"\n\n[project]");
    let perimeter = |org: &str| {
        let open = open_bucket(UNBLOCKED, "Bool = { \"aws:SecureTransport\" = true }");
        format!(
            "{open}[[bucket.data.policy]]\ndeny = \"s3:*\"\nprincipal = \"*\"\nresource = \"${{bucket.data.arn}}/*\"\n\
             condition = {{ StringNotLikeIfExists = {{ \"aws:PrincipalOrgID\" = \"{org}\" }}, BoolIfExists = {{ \"aws:PrincipalIsAWSService\" = false }} }}\n"
        )
    };
    for (org, code) in [("o-a1b2c3d4e5", 0), ("o-*", 3)] {
        project.write("specs.toml", perimeter(org));
        project.trueup(&["plan", "--fail-on", "public-access"]).expect(code);
    }
}
