//! Tags of applications and deployment groups.
//!
//! Source: <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_TagResource.html>.

use serde_json::{Value, json};

use super::failure::Failure;
use super::input::{Input, wrong_type};
use super::state::{State, Tags, own};
use crate::call::Call;
use crate::world::World;

const TAGS_MAX: usize = 50;

pub(super) fn list(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let tags = find(world, call, input)?;
    let list: Vec<Value> = tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
    Ok(json!({ "Tags": list }))
}

pub(super) fn tag(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let new = read(input, "Tags")?;
    if new.is_empty() {
        return Err(Failure::new("TagRequiredException", "A tag was not specified"));
    }
    let tags = find(world, call, input)?;
    let mut all = tags.clone();
    all.extend(new);
    if all.len() > TAGS_MAX {
        return Err(Failure::new("InvalidTagsToAddException", format!("At most {TAGS_MAX} tags are allowed")));
    }
    *tags = all;
    Ok(json!({}))
}

pub(super) fn untag(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let keys = input.list("TagKeys")?.unwrap_or_default();
    if keys.is_empty() {
        return Err(Failure::new("TagRequiredException", "A tag was not specified"));
    }
    let tags = find(world, call, input)?;
    for key in keys {
        tags.remove(key.as_str().ok_or_else(|| wrong_type("TagKeys", "a list of strings"))?);
    }
    Ok(json!({}))
}

/// The tags of what `ResourceArn` names.
fn find<'w>(world: &'w mut World, call: &Call, input: &Input) -> Result<&'w mut Tags, Failure> {
    let arn = input.text("ResourceArn")?.unwrap_or_default();
    if arn.is_empty() {
        return Err(Failure::new(
            "ResourceArnRequiredException",
            "The ARN of a resource is required, but was not found",
        ));
    }
    let invalid = || Failure::new("InvalidArnException", format!("The specified ARN is not in a valid format: {arn}"));
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let &["arn", "aws", "codedeploy", region, account, resource] = parts.as_slice() else { return Err(invalid()) };
    if region != call.region || account != call.caller.account {
        return Err(invalid());
    }
    let (sort, name) = resource.split_once(':').ok_or_else(invalid)?;
    let State { applications, configs: _, instances: _, deployments: _ } = own(world, call);
    match sort {
        "application" => {
            applications.get_mut(name).map(|found| &mut found.tags).ok_or_else(|| Failure::no_application(name))
        }
        "deploymentgroup" => {
            let (application, group) = name.split_once('/').ok_or_else(invalid)?;
            let found = applications.get_mut(application).ok_or_else(|| Failure::no_application(application))?;
            found.groups.get_mut(group).map(|found| &mut found.tags).ok_or_else(|| Failure::no_group(group))
        }
        _ => Err(Failure::new("ArnNotSupportedException", format!("The specified ARN is not supported: {arn}"))),
    }
}

/// A list of tags, checked.
pub(super) fn read(input: &Input, member: &str) -> Result<Tags, Failure> {
    let mut tags = Tags::new();
    for item in input.list(member)?.unwrap_or_default() {
        let text = |name: &str| item.get(name).and_then(Value::as_str);
        let (key, value) = (text("Key").unwrap_or_default(), text("Value").unwrap_or_default());
        let sound =
            |text: &str| text.chars().all(|c| c.is_alphanumeric() || c.is_whitespace() || "+-=._:/@".contains(c));
        let long = key.chars().count() > 128 || value.chars().count() > 256;
        if key.is_empty() || long || !sound(key) || !sound(value) || key.to_ascii_lowercase().starts_with("aws:") {
            return Err(Failure::new(
                "InvalidTagsToAddException",
                format!("The specified tags are not valid: {key:?}"),
            ));
        }
        if tags.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(Failure::new("InvalidTagsToAddException", format!("The tag key {key:?} is given twice")));
        }
    }
    if tags.len() > TAGS_MAX {
        return Err(Failure::new("InvalidTagsToAddException", format!("At most {TAGS_MAX} tags are allowed")));
    }
    Ok(tags)
}
