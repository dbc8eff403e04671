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
