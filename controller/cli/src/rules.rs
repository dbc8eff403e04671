//! Rules of the organization's own: Rego over the plan's JSON, as conftest users know it.
//!
//! Every `*.rego` file of the folder is loaded but tests (`*_test.rego`). In the package `main` the sets `deny` and `warn` hold
//! strings, or objects with a `msg`.

use std::path::{Component, Path, PathBuf};

use regorus::{Engine, Value as Rego};
use serde_json::Value;

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
        for entry in std::fs::read_dir(&dir).map_err(|error| failed(&dir, &error))? {
            paths.push(entry.map_err(|error| failed(&dir, &error))?.path());
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

    /// What the rules say of a plan, denials first.
    pub(crate) fn judge(&self, plan: &Value) -> Result<Vec<Verdict>, Stop> {
        if self.files.is_empty() {
            return Ok(Vec::new());
        }
        let mut engine = Engine::new();
        for (path, text) in &self.files {
            engine.add_policy(path.clone(), text.clone()).map_err(|error| broken(&error.to_string()))?;
        }
        engine.set_input_json(&plan.to_string()).map_err(|error| broken(&error.to_string()))?;
        let mut verdicts = Vec::new();
        for (rule, denies) in [("deny", true), ("warn", false)] {
            let results =
                engine.eval_query(format!("data.main.{rule}"), false).map_err(|error| broken(&error.to_string()))?;
            let values =
                results.result.iter().flat_map(|result| &result.expressions).map(|expression| &expression.value);
            for value in values.filter(|value| **value != Rego::Undefined) {
                verdicts.extend(said(value, rule, denies)?);
            }
        }
        Ok(verdicts)
    }
}

/// The members of a rule's set.
fn said(value: &Rego, rule: &str, denies: bool) -> Result<Vec<Verdict>, Stop> {
    let json = value.to_json_str().map_err(|error| broken(&error.to_string()))?;
    let json: Value = serde_json::from_str(&json).map_err(|error| broken(&error.to_string()))?;
    let Value::Array(members) = json else { return Err(misshapen(rule)) };
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
fn broken(message: &str) -> Stop {
    Stop::Error { what: format!("the rules can't be asked: {}", message.trim()), help: None, exit: Exit::Error }
}

fn misshapen(rule: &str) -> Stop {
    Stop::with_help(
        format!("`{rule}` in the package `main` is no set of messages"),
        format!("write `{rule} contains msg if {{ … msg := \"…\" }}`, where msg is a string or an object with a `msg`"),
    )
}
