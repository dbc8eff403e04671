//! Rules of an organization's own, in Rego.

use crate::support::Project;

const RULES: &str = "\
package main

deny contains msg if {
    some change in input.plan.changes
    contains(change.address, \"/user.\")
    msg := sprintf(\"%s: people come through the identity center\", [change.name])
}

warn contains {\"msg\": msg, \"name\": change.name} if {
    some change in input.plan.changes
    change.action == \"create\"
    not change.after.tags.team
    msg := sprintf(\"%s has no team\", [change.name])
}
";

fn project(specs: &str, rules: &str) -> Project {
    let project = Project::with(specs);
    project.edit("trueup.toml", "[project]", "[rules]\npath = \"policies\"\n\n[project]");
    project.write("policies/main.rego", rules);
    project.write("policies/main_test.rego", "this is no rule");
    project
}

#[test]
fn deny_refuses_a_plan_and_warn_is_told() {
    let project = project("[user.ada]\n\n[group.all]\n", RULES);
    for command in [&["plan"][..], &["apply", "--yes"]] {
        let run = project.trueup(command).expect(3);
        assert!(run.stdout.contains("user.ada"), "the plan is shown: {}", run.stdout);
        assert!(run.stderr.contains("ada: people come through the identity center"), "{}", run.stderr);
        assert!(run.stderr.contains("warning: ada has no team"), "{}", run.stderr);
    }
    let json = project.trueup(&["plan", "--format", "json"]).expect(3).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let expected = serde_json::json!({ "level": "warn", "message": "ada has no team", "details": { "name": "ada" } });
    assert!(json["rules"].as_array().unwrap().contains(&expected), "{}", json["rules"]);
    assert_eq!(json["rules"][0]["level"], "deny");
    let junit = project.trueup(&["plan", "--format", "junit"]).expect(3).stdout;
    assert!(junit.contains("<failure message=\"ada: people come through the identity center\"/>"), "{junit}");
    project.write("specs.toml", "[scope]\naccount = \"main\"\n\n[group.all]\n");
    project.apply();
}

#[test]
fn an_error_in_a_rule_has_its_file_and_line() {
    let project = project("[group.all]\n", "package main\n\ndeny contains msg if {\n    msg := = 1\n}\n");
    let run = project.trueup(&["plan"]).expect(1);
    assert!(run.stderr.contains("policies/main.rego:4:"), "{}", run.stderr);
    project.write("policies/main.rego", "package main\n\ndeny := 5\n");
    let run = project.trueup(&["plan"]).expect(1);
    assert!(run.stderr.contains("`deny` in the package `main` is no set of messages"), "{}", run.stderr);
}

/// As conftest does: names that begin with a word it knows, in folders within the folder, with libraries beside.
#[test]
fn rules_have_the_names_that_conftest_knows() {
    let project = project(
        "[group.all]\n",
        "package main\n\nimport data.lib.people\n\ndeny_x contains \"one\" if people.any\n\nwarn_y contains \"three\"\n\ndenied := 5\n",
    );
    project.write("policies/lib/people.rego", "package lib.people\n\nany := true\n");
    project.write("policies/more/more.rego", "package main\n\nviolation contains {\"msg\": \"two\"}\n");
    let json = project.trueup(&["plan", "--format", "json"]).expect(3).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let told = json["rules"].as_array().unwrap().iter().map(|rule| (rule["level"].as_str(), rule["message"].as_str()));
    let told: Vec<_> = told.map(|(level, message)| format!("{} {}", level.unwrap(), message.unwrap())).collect();
    assert_eq!(told, ["deny one", "deny two", "warn three"]);
}

/// A rule that nobody asks would be believed to hold.
#[test]
fn a_rule_that_is_never_asked_is_told_by_check() {
    let project = project("[group.all]\n", "package other\n\ndeny contains \"never asked\"\n");
    for command in ["check", "plan"] {
        let run = project.trueup(&[command]).expect(1);
        assert!(run.stderr.contains("`deny` of the package `other` would never be asked"), "{}", run.stderr);
    }
    project.write("policies/main.rego", "package main\n\nmust contains \"never asked\"\n");
    let run = project.trueup(&["check"]).expect(1);
    assert!(run.stderr.contains("no rule of the package `main` is asked"), "{}", run.stderr);
}

#[test]
fn the_folder_must_be_there_and_inside() {
    let project = Project::with("[group.all]\n");
    project.edit("trueup.toml", "[project]", "[rules]\npath = \"policies\"\n\n[project]");
    assert!(project.trueup(&["plan"]).expect(1).stderr.contains("can't read the rules in"));
    project.write("policies/readme.txt", "nothing");
    assert!(project.trueup(&["plan"]).expect(1).stderr.contains("there is no rule in"));
    project.edit("trueup.toml", "\"policies\"", "\"../policies\"");
    assert!(project.trueup(&["plan"]).expect(1).stderr.contains("is not in the project"));
}
