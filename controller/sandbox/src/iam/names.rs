//! The rules for names, paths, ARNs, descriptions and documents.
//!
//! Source: the shapes of the API, <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html>.

use super::fault::Fault;
use super::query::{Params, member};

/// The longest name of a role or a new user, in characters.
pub(super) const ROLE_NAME_MAX: usize = 64;
/// The longest name of a policy, instance profile, group, or existing user, in characters.
pub(super) const NAME_MAX: usize = 128;
/// The longest document the API takes at all, before any quota, in characters.
const DOCUMENT_MAX: usize = 131_072;

/// A name that has to be there.
pub(super) fn name(params: &Params, parameter: &str, max: usize) -> Result<String, Fault> {
    let value = params.required(parameter)?;
    length(value, parameter, 1, max)?;
    if !value.bytes().all(is_name_byte) {
        return Err(Fault::validation(format!(
            "The specified value for {} is invalid. It must contain only alphanumeric characters and/or the following: \
             +=,.@_-",
            member(parameter)
        )));
    }
    Ok(value.to_owned())
}

/// The path of a new entity other than a policy; `/` if none is given.
pub(super) fn path(params: &Params) -> Result<String, Fault> {
    Ok(entity_path(params, "Path")?.unwrap_or_else(|| "/".to_owned()))
}

/// The path an entity is given instead of its old one, if any.
pub(super) fn new_path(params: &Params) -> Result<Option<String>, Fault> {
    entity_path(params, "NewPath")
}

fn entity_path(params: &Params, parameter: &str) -> Result<Option<String>, Fault> {
    let Some(value) = params.get(parameter) else { return Ok(None) };
    length(value, parameter, 1, 512)?;
    let inner = value.strip_prefix('/').and_then(|rest| rest.strip_suffix('/'));
    let sound =
        value == "/" || inner.is_some_and(|inner| !inner.is_empty() && inner.bytes().all(|b| b.is_ascii_graphic()));
    if sound { Ok(Some(value.to_owned())) } else { Err(bad_path(&member(parameter))) }
}

/// The path of a new managed policy, whose rule is narrower than that of other entities.
pub(super) fn policy_path(params: &Params, parameter: &str) -> Result<String, Fault> {
    let Some(value) = params.get(parameter) else { return Ok("/".to_owned()) };
    length(value, parameter, 1, 512)?;
    let segments =
        value.strip_prefix('/').and_then(|rest| if rest.is_empty() { Some("") } else { rest.strip_suffix('/') });
    let sound = segments.is_some_and(|segments| {
        segments.is_empty()
            || segments.split('/').all(|segment| !segment.is_empty() && segment.bytes().all(is_name_byte))
    });
    if sound { Ok(value.to_owned()) } else { Err(bad_path(&member(parameter))) }
}

/// What paths a list is narrowed to; everything if nothing is given.
pub(super) fn path_prefix(params: &Params) -> Result<String, Fault> {
    let Some(value) = params.get("PathPrefix") else { return Ok("/".to_owned()) };
    length(value, "PathPrefix", 1, 512)?;
    if value.starts_with('/') && value.bytes().all(|b| (0x21..=0x7f).contains(&b)) {
        return Ok(value.to_owned());
    }
    Err(Fault::validation(
        "The specified value for pathPrefix is invalid. It must begin with / and contain only alphanumeric characters \
         and/or / characters.",
    ))
}

/// The ARN of a managed policy, in form; whether it exists is another question.
pub(super) fn policy_arn(params: &Params, parameter: &str) -> Result<String, Fault> {
    let value = params.required(parameter)?;
    length(value, parameter, 20, 2048)?;
    let parts: Vec<&str> = value.splitn(6, ':').collect();
    let sound = match parts.as_slice() {
        ["arn", "aws", "iam", "", account, resource] => {
            let account_sound =
                *account == "aws" || (account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()));
            account_sound && resource.strip_prefix("policy/").is_some_and(|name| !name.is_empty())
        }
        _ => false,
    };
    if sound { Ok(value.to_owned()) } else { Err(Fault::invalid_input(format!("ARN {value} is not valid."))) }
}

/// Any ARN, in length.
pub(super) fn arn(params: &Params, parameter: &str) -> Result<String, Fault> {
    let value = params.required(parameter)?;
    length(value, parameter, 20, 2048)?;
    if value.starts_with("arn:") && value.split(':').count() >= 6 {
        return Ok(value.to_owned());
    }
    Err(Fault::validation(format!("Invalid ARN: {value}")))
}

/// A description, if one is given.
pub(super) fn description(params: &Params) -> Result<Option<String>, Fault> {
    let Some(value) = params.get("Description") else { return Ok(None) };
    if value.chars().count() > 1000 {
        return Err(Fault::constraint(format!("'{value}'"), "description", "have length less than or equal to 1000"));
    }
    let sound = |c: char| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{7e}' | '\u{a1}'..='\u{ff}');
    if !value.chars().all(sound) {
        let rule = "satisfy regular expression pattern: [\\u0009\\u000A\\u000D\\u0020-\\u007E\\u00A1-\\u00FF]*";
        return Err(Fault::constraint(format!("'{value}'"), "description", rule));
    }
    Ok(Some(value.to_owned()))
}

/// The description of a managed policy: its characters are not restricted.
pub(super) fn policy_description(params: &Params) -> Result<Option<String>, Fault> {
    let Some(value) = params.get("Description") else { return Ok(None) };
    if value.chars().count() > 1000 {
        return Err(Fault::constraint(format!("'{value}'"), "description", "have length less than or equal to 1000"));
    }
    Ok(Some(value.to_owned()))
}

/// The text of a policy document, in length and characters.
pub(super) fn document<'a>(params: &'a Params, parameter: &str) -> Result<&'a str, Fault> {
    let value = params.required(parameter)?;
    let count = value.chars().count();
    if count == 0 {
        return Err(Fault::constraint("''", &member(parameter), "have length greater than or equal to 1"));
    }
    if count > DOCUMENT_MAX {
        let rule = format!("have length less than or equal to {DOCUMENT_MAX}");
        return Err(Fault::constraint("", &member(parameter), &rule));
    }
    if !value.chars().all(|c| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{ff}')) {
        return Err(Fault::validation(format!(
            "The specified value for {} is invalid. It must contain only printable ASCII characters.",
            member(parameter)
        )));
    }
    Ok(value)
}

/// `v1`, `v2`, …; as the number.
pub(super) fn version_id(params: &Params) -> Result<(String, Option<u32>), Fault> {
    let value = params.required("VersionId")?;
    let digits = value.strip_prefix('v').map(|rest| rest.split_once('.').map_or(rest, |(digits, _)| digits));
    let sound = digits.is_some_and(|digits| {
        !digits.starts_with('0') && !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
    });
    if !sound {
        let rule = "satisfy regular expression pattern: v[1-9][0-9]*(\\.[A-Za-z0-9-]*)?";
        return Err(Fault::constraint(format!("'{value}'"), "versionId", rule));
    }
    Ok((value.to_owned(), value.strip_prefix('v').and_then(|digits| digits.parse().ok())))
}

fn is_name_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b)
}

fn bad_path(parameter: &str) -> Fault {
    Fault::validation(format!(
        "The specified value for {parameter} is invalid. It must begin and end with / and contain only alphanumeric \
         characters and/or / characters."
    ))
}

fn length(value: &str, parameter: &str, min: usize, max: usize) -> Result<(), Fault> {
    let count = value.chars().count();
    if count < min {
        let rule = format!("have length greater than or equal to {min}");
        return Err(Fault::constraint(format!("'{value}'"), &member(parameter), &rule));
    }
    if count > max {
        let rule = format!("have length less than or equal to {max}");
        return Err(Fault::constraint(format!("'{value}'"), &member(parameter), &rule));
    }
    Ok(())
}
