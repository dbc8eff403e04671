//! The body of a call, and lists in pages.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::failure::Failure;

/// Names on a page; CodeDeploy does not say how many it gives at once.
const PAGE: usize = 100;

/// The longest name of an application, group, configuration or instance.
/// Source: <https://docs.aws.amazon.com/codedeploy/latest/userguide/limits.html>.
const NAME_CHARACTERS_MAX: usize = 100;

/// The most names of a batch.
const BATCH_MAX: usize = 100;

/// The members of a request.
#[derive(Debug)]
pub(super) struct Input(Map<String, Value>);

/// The exceptions for a name that is missing and one that is none.
pub(super) struct NameErrors {
    pub(super) required: &'static str,
    pub(super) invalid: &'static str,
}

pub(super) const APPLICATION: NameErrors =
    NameErrors { required: "ApplicationNameRequiredException", invalid: "InvalidApplicationNameException" };
pub(super) const GROUP: NameErrors =
    NameErrors { required: "DeploymentGroupNameRequiredException", invalid: "InvalidDeploymentGroupNameException" };
pub(super) const CONFIG: NameErrors =
    NameErrors { required: "DeploymentConfigNameRequiredException", invalid: "InvalidDeploymentConfigNameException" };
pub(super) const INSTANCE: NameErrors =
    NameErrors { required: "InstanceNameRequiredException", invalid: "InvalidInstanceNameException" };

impl Input {
    pub(super) fn parse(body: &[u8]) -> Result<Self, Failure> {
        match serde_json::from_slice(body) {
            Ok(Value::Object(members)) => Ok(Self(members)),
            Ok(_) | Err(_) => Err(Failure::new("SerializationException", "The body is not a JSON object.")),
        }
    }

    /// The member, if it is there and not null.
    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, Failure> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(wrong_type(name, "a string")),
        }
    }

    pub(super) fn list(&self, name: &str) -> Result<Option<&[Value]>, Failure> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Array(items)) => Ok(Some(items)),
            Some(_) => Err(wrong_type(name, "a list")),
        }
    }

    /// A name, held to what CodeDeploy lets stand in one.
    pub(super) fn name(&self, member: &str, errors: &NameErrors) -> Result<&str, Failure> {
        let name = self.text(member)?.unwrap_or_default();
        if name.is_empty() {
            return Err(Failure::new(errors.required, format!("The {member} is required")));
        }
        check_name(name, errors)?;
        Ok(name)
    }

    /// Up to a hundred names.
    pub(super) fn batch(&self, member: &str, errors: &NameErrors) -> Result<Vec<&str>, Failure> {
        let names = self.list(member)?.unwrap_or_default();
        if names.is_empty() {
            return Err(Failure::new(errors.required, format!("The {member} are required")));
        }
        if names.len() > BATCH_MAX {
            return Err(Failure::batch_limit());
        }
        let texts = names.iter().map(|name| {
            let name = name.as_str().ok_or_else(|| wrong_type(member, "a list of strings"))?;
            check_name(name, errors).map(|()| name)
        });
        texts.collect()
    }

    /// A page of names in their order, from where `nextToken` says.
    pub(super) fn page(&self, member: &str, names: Vec<String>) -> Result<Value, Failure> {
        let after = match self.text("nextToken")? {
            None => String::new(),
            Some(token) => {
                STANDARD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(|| {
                    Failure::new("InvalidNextTokenException", "The next token was specified in an invalid format")
                })?
            }
        };
        let mut rest = names.into_iter().filter(|name| *name > after);
        let page: Vec<String> = rest.by_ref().take(PAGE).collect();
        let next = page.last().filter(|_| rest.next().is_some()).map(|last| STANDARD.encode(last));
        let mut reply = json!({ member: page });
        if let Some(next) = next {
            reply["nextToken"] = Value::String(next);
        }
        Ok(reply)
    }
}

pub(super) fn check_name(name: &str, errors: &NameErrors) -> Result<(), Failure> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._+=,@-".contains(c);
    if name.is_empty() || name.chars().count() > NAME_CHARACTERS_MAX || !name.chars().all(plain) {
        return Err(Failure::new(errors.invalid, format!("The name {name:?} has an invalid format")));
    }
    Ok(())
}

pub(super) fn wrong_type(name: &str, wanted: &str) -> Failure {
    Failure::new("SerializationException", format!("{name} is not {wanted}."))
}
