//! The commands beside plan and apply.

use crate::support::Project;

#[test]
fn init_makes_a_project_that_applies() {
    let project = Project::of(&[]);
    project.trueup_on_aws(&["init"]).expect(0);
    project.apply();
    let again = project.trueup_on_aws(&["init"]).expect(1);
    assert!(again.stderr.contains("already has"), "{}", again.stderr);
}

#[test]
fn help_and_version() {
    let project = Project::of(&[]);
    for args in [["--help"], ["--version"], ["help"]] {
        let run = project.trueup_on_aws(&args).expect(0);
        assert!(run.stdout.contains("trueup"), "{}", run.stdout);
    }
    for args in [["--version", "--verbose"], ["-vV", "--color=never"]] {
        let run = project.trueup_on_aws(&args).expect(0);
        assert!(
            run.stdout.lines().nth(1).is_some_and(|line| line.starts_with("catalogue of actions 0.")),
            "{}",
            run.stdout
        );
    }
    let run = project.trueup_on_aws(&["plann"]).expect(1);
    assert!(run.stderr.contains("plan"), "{}", run.stderr);
}

#[test]
fn check_counts_what_it_found_sound() {
    let run = Project::example("cross-account-saas").trueup_on_aws(&["check"]).expect(0);
    assert_eq!(run.stdout, "The specs are sound: 21 resources in 5 accounts.\n");
}

#[test]
fn graph_draws_references() {
    let project = Project::example("cross-account-saas");
    let dot = project.trueup_on_aws(&["graph"]).expect(0).stdout;
    assert!(dot.starts_with("digraph specs {"), "{dot}");
    let edge = "\"tooling@eu-west-1/key.artifacts\" -> \"unicorn/role.CodePipelineCrossAccountRole\";";
    assert!(dot.contains(edge), "{dot}");
    let project = Project::of(&[]);
    project.trueup_on_aws(&["init"]).expect(0);
    let mermaid =
        project.trueup_on_aws(&["graph", "--drawing", "mermaid", "--target", "bucket.artifacts"]).expect(0).stdout;
    assert!(mermaid.starts_with("graph LR") && mermaid.contains("bucket") && !mermaid.contains("role"), "{mermaid}");
}

#[test]
fn explain_knows_every_kind() {
    let project = Project::of(&[]);
    let kinds = project.trueup_on_aws(&["explain"]).expect(0).stdout;
    let names: Vec<&str> =
        kinds.lines().filter(|line| !line.starts_with(' ')).filter_map(|line| line.split_whitespace().next()).collect();
    for kind in ["account", "application", "deployment_group", "role", "policy", "instance_profile", "bucket", "key"] {
        assert!(names.contains(&kind), "{kinds}");
    }
    for name in names {
        let text = project.trueup_on_aws(&["explain", name]).expect(0).stdout;
        assert!(text.lines().count() > 5, "{text}");
    }
    let run = project.trueup_on_aws(&["explain", "rolle"]).expect(1);
    assert!(run.stderr.contains("the kinds are:"), "{}", run.stderr);
}

#[test]
fn schema_is_json_schema() {
    let project = Project::of(&[]);
    let text = project.trueup_on_aws(&["schema"]).expect(0).stdout;
    let schema: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
}

#[test]
fn completions_for_every_shell() {
    let project = Project::of(&[]);
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(project.trueup_on_aws(&["completions", shell]).expect(0).stdout.contains("trueup"));
    }
}

#[test]
fn outputs_are_unknown_before_apply() {
    let project = Project::example("cross-account-saas");
    let run = project.trueup(&["output"]).expect(0);
    assert!(run.stdout.contains("known after apply"), "{}", run.stdout);
    let run = project.trueup(&["output", "artifact_key"]).expect(1);
    assert!(run.stderr.contains("apply first"), "{}", run.stderr);
    let run = project.trueup(&["output", "artefact_key"]).expect(1);
    assert!(run.stderr.contains("the outputs are:"), "{}", run.stderr);
}

#[test]
fn apply_without_a_terminal_wants_yes() {
    let project = Project::example("cross-account-saas");
    let run = project.trueup(&["apply"]).expect(1);
    assert!(run.stderr.contains("--yes"), "{}", run.stderr);
    project.trueup(&["plan", "--detailed-exitcode"]).expect(2);
}

#[test]
fn a_target_brings_what_it_needs_and_an_account_only_its_own() {
    let project = Project::example("cross-account-saas");
    let run = project.trueup(&["plan", "--target", "unicorn/role.CloudFormationDeploymentRole"]).expect(0);
    assert!(run.stdout.contains("policy.stacks") && run.stdout.contains("key.artifacts"), "{}", run.stdout);
    assert!(!run.stdout.contains("policy.deploy\n"), "{}", run.stdout);
    project.apply();
    project.edit("tenants.toml", "comes in by this role", "comes in by that role");
    let run = project.trueup(&["plan", "--account", "gnome", "--detailed-exitcode"]).expect(2);
    assert!(run.stdout.contains("gnome") && !run.stdout.contains("unicorn ("), "{}", run.stdout);
}

#[test]
fn sandbox_reset_forgets_everything() {
    let project = Project::example("cross-account-saas");
    project.apply();
    project.trueup(&["sandbox", "reset"]).expect(0);
    let run = project.trueup(&["plan", "--detailed-exitcode"]).expect(2);
    assert!(run.stdout.contains("21 to create"), "{}", run.stdout);
}
