//! Rules of the organization's own: Rego over the plan's JSON, as conftest users know it.
//!
//! Every `*.rego` file of the folder and of those in it is loaded but tests (`*_test.rego`). In the package `main` the sets `deny`, `violation`
//! and `warn`, and those whose names go on with `_` (`deny_people`), hold strings, or objects with a `msg`.
//! <https://www.conftest.dev/#evaluating-policies>

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use regorus::{Engine, Value as Rego};
use serde_json::{Map, Value};

use crate::exit::{Exit, Stop};

/// The files of the rules.
pub(crate) struct Rules {
    /// Each with its path as it is shown.
    files: Vec<(String, String)>,
}

/// What a rule says of a plan.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Verdict {
    /// Whether the plan is refused.
    pub(crate) denies: bool,
    /// What it says.
    pub(crate) message: String,
    /// The rest of the object, where the rule gave one.
    pub(crate) details: Value,
}

impl Verdict {
    /// `deny` or `warn`.
    pub(crate) fn level(&self) -> &'static str {
        if self.denies { "deny" } else { "warn" }
    }
}

impl Rules {
    /// The rules in a folder of the project; none where the project names no folder.
    pub(crate) fn load(project: &Path, folder: Option<&str>) -> Result<Self, Stop> {
        let Some(folder) = folder else { return Ok(Self { files: Vec::new() }) };
        let is_inside =
            Path::new(folder).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if !is_inside {
            let what = format!("the folder of the rules, `{folder}`, is not in the project");
            return Err(Stop::with_help(what, "give `path` under [rules] in trueup.toml a path without `..`"));
        }
        let failed = |path: &Path, error: &std::io::Error| {
            let what = format!("can't read the rules in {}: {error}", path.display());
            Stop::with_help(what, "look at `path` under [rules] in trueup.toml")
        };
        let dir = project.join(folder);
        let mut paths: Vec<PathBuf> = Vec::new();
        let mut folders = vec![dir.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).map_err(|error| failed(&folder, &error))? {
                let entry = entry.map_err(|error| failed(&folder, &error))?;
                // A link to a folder is not followed, so that there is no way round in a circle.
                let is_folder = entry.file_type().is_ok_and(|file| file.is_dir());
                if is_folder { &mut folders } else { &mut paths }.push(entry.path());
            }
        }
        let is_rule = |path: &PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            name.ends_with(".rego") && !name.ends_with("_test.rego")
        };
        paths.retain(is_rule);
        paths.sort();
        let mut files = Vec::with_capacity(paths.len());
        for path in paths {
            let text = std::fs::read_to_string(&path).map_err(|error| failed(&path, &error))?;
            let shown = path.strip_prefix(project).unwrap_or(&path).display().to_string();
            files.push((shown, text));
        }
        if files.is_empty() {
            let what = format!("there is no rule in {}", dir.display());
            return Err(Stop::with_help(what, "rules are in files that end with .rego"));
        }
        Ok(Self { files })
    }

    /// Finds what is wrong with the rules themselves.
    pub(crate) fn check(&self) -> Result<(), Stop> {
        self.asked(&Value::Object(Map::new())).map(drop)
    }

    /// What the rules say of a plan, denials first.
    pub(crate) fn judge(&self, plan: &Value) -> Result<Vec<Verdict>, Stop> {
        let mut verdicts = Vec::new();
        for (rule, denies, value) in self.asked(plan)? {
            verdicts.extend(said(value, &rule, denies)?);
        }
        verdicts.sort_by_key(|verdict| !verdict.denies);
        Ok(verdicts)
    }

    /// What each rule that is asked evaluates to, with its name and whether it denies.
    fn asked(&self, input: &Value) -> Result<Vec<(String, bool, Value)>, Stop> {
        if self.files.is_empty() {
            return Ok(Vec::new());
        }
        let mut engine = Engine::new();
        for (path, text) in &self.files {
            engine.add_policy(path.clone(), text.clone()).map_err(|error| broken(&error))?;
        }
        engine.set_input_json(&input.to_string()).map_err(|error| broken(&error))?;
        let packages: BTreeSet<String> = engine.get_packages().map_err(|error| broken(&error))?.into_iter().collect();
        for package in packages.iter().filter(|package| *package != MAIN) {
            if let Some((rule, ..)) = evaluated(&mut engine, package)?.first() {
                let name = package.strip_prefix("data.").unwrap_or(package);
                return Err(Stop::with_help(
                    format!("`{rule}` of the package `{name}` would never be asked"),
                    "rules that judge a plan are in the package `main`; others may hold what those use",
                ));
            }
        }
        let rules = if packages.contains(MAIN) { evaluated(&mut engine, MAIN)? } else { Vec::new() };
        if rules.is_empty() {
            return Err(Stop::with_help(
                "no rule of the package `main` is asked",
                "call a rule deny, violation or warn, or let its name begin so: `deny_people contains msg if { … }`",
            ));
        }
        Ok(rules)
    }
}

/// The package whose rules are asked.
const MAIN: &str = "data.main";

/// The rules of a package that are asked, as they evaluate.
fn evaluated(engine: &mut Engine, package: &str) -> Result<Vec<(String, bool, Value)>, Stop> {
    let results = engine.eval_query(package.to_owned(), false).map_err(|error| broken(&error))?;
    let values = results.result.iter().flat_map(|result| &result.expressions).map(|expression| &expression.value);
    let mut rules = Vec::new();
    for value in values.filter(|value| **value != Rego::Undefined) {
        let json = value.to_json_str().map_err(|error| broken(&error))?;
        let json: Value = serde_json::from_str(&json).map_err(|error| broken(&error))?;
        let Value::Object(members) = json else { continue };
        let asked = members.into_iter().filter_map(|(name, value)| Some((denies(&name)?, name, value)));
        rules.extend(asked.map(|(denies, name, value)| (name, denies, value)));
    }
    Ok(rules)
}

/// Whether a rule of this name denies; nothing if it is not asked.
fn denies(name: &str) -> Option<bool> {
    let is = |word: &str| name.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'));
    if is("deny") || is("violation") { Some(true) } else { is("warn").then_some(false) }
}

/// The members of a rule's set.
fn said(value: Value, rule: &str, denies: bool) -> Result<Vec<Verdict>, Stop> {
    let Value::Array(members) = value else { return Err(misshapen(rule)) };
    let verdict = |member: Value| match member {
        Value::String(message) => Ok(Verdict { denies, message, details: Value::Null }),
        Value::Object(mut details) => match details.remove("msg") {
            Some(Value::String(message)) => Ok(Verdict { denies, message, details: Value::Object(details) }),
            _ => Err(misshapen(rule)),
        },
        _ => Err(misshapen(rule)),
    };
    members.into_iter().map(verdict).collect()
}

/// The message of the engine has the file, the line and a picture of it.
fn broken(error: &impl ToString) -> Stop {
    let what = format!("the rules can't be asked: {}", error.to_string().trim());
    Stop::Error { what, help: None, exit: Exit::Error }
}

fn misshapen(rule: &str) -> Stop {
    Stop::with_help(
        format!("`{rule}` in the package `main` is no set of messages"),
        format!("write `{rule} contains msg if {{ … msg := \"…\" }}`, where msg is a string or an object with a `msg`"),
    )
}
