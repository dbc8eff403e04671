//! Lifecycle policies in their canonical form, and as the JSON that ECR takes.
//!
//! <https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html>

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::spec::{ActionType, CountType, StorageClass};

/// The one unit of time there is.
const DAYS: &str = "days";

/// A lifecycle policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum LifecyclePolicy {
    /// Its rules, in the order of their priorities.
    Rules(Vec<Rule>),
    /// One from AWS with something in it that this version does not know: equal to no other, so that it is shown as a difference.
    Unreadable(String),
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// When it is applied: 1 first.
    pub priority: i64,
    /// What it is for; an empty one is none.
    pub description: Option<String>,
    /// The images.
    pub selection: Selection,
    /// What is done with them.
    pub action: Action,
}

/// The images of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selection {
    /// `tagged`, `untagged` or `any`.
    pub tag_status: String,
    /// Patterns; images have a tag for each.
    pub tag_pattern_list: BTreeSet<String>,
    /// Prefixes; images have a tag for each.
    pub tag_prefix_list: BTreeSet<String>,
    /// `standard` or `archive`.
    pub storage_class: String,
    /// What is counted.
    pub count_type: String,
    /// Images or days.
    pub count_number: i64,
}

/// What a rule does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// `expire` or `transition`.
    #[serde(rename = "type")]
    pub sort: String,
    /// Where images are moved.
    pub target_storage_class: Option<String>,
}

/// The policy as ECR writes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    rules: Vec<WireRule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct WireRule {
    rule_priority: i64,
    description: Option<String>,
    selection: WireSelection,
    action: WireAction,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct WireSelection {
    tag_status: String,
    #[serde(default)]
    tag_pattern_list: BTreeSet<String>,
    #[serde(default)]
    tag_prefix_list: BTreeSet<String>,
    storage_class: Option<String>,
    count_type: String,
    count_unit: Option<String>,
    count_number: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct WireAction {
    #[serde(rename = "type")]
    sort: String,
    target_storage_class: Option<String>,
}

impl LifecyclePolicy {
    /// A policy that ECR returned.
    #[must_use]
    pub fn from_live(text: &str) -> Self {
        read(text).map_or_else(|| Self::Unreadable(text.to_owned()), Self::Rules)
    }

    /// What is sent.
    #[must_use]
    pub fn to_json(&self) -> String {
        match self {
            Self::Rules(rules) => {
                let rules: Vec<Value> = rules.iter().map(Rule::to_wire).collect();
                json!({ "rules": rules }).to_string()
            }
            Self::Unreadable(text) => text.clone(),
        }
    }
}

fn read(text: &str) -> Option<Vec<Rule>> {
    let Wire { rules } = serde_json::from_str(text).ok()?;
    let count = rules.len();
    let rules: Option<BTreeMap<i64, Rule>> = rules.into_iter().map(Rule::from_wire).collect();
    rules.filter(|rules| rules.len() == count).map(|rules| rules.into_values().collect())
}

impl Rule {
    fn from_wire(wire: WireRule) -> Option<(i64, Self)> {
        let WireRule { rule_priority, description, selection, action } = wire;
        let WireSelection {
            tag_status,
            tag_pattern_list,
            tag_prefix_list,
            storage_class,
            count_type,
            count_unit,
            count_number,
        } = selection;
        let WireAction { sort, target_storage_class } = action;
        if count_unit.is_some_and(|unit| unit != DAYS) {
            return None;
        }
        let rule = Self {
            priority: rule_priority,
            description: description.filter(|text| !text.is_empty()),
            selection: Selection {
                tag_status,
                tag_pattern_list,
                tag_prefix_list,
                storage_class: storage_class.unwrap_or_else(|| StorageClass::Standard.to_string()),
                count_type,
                count_number,
            },
            action: Action { sort, target_storage_class },
        };
        Some((rule_priority, rule))
    }

    fn to_wire(&self) -> Value {
        let Self { priority, description, selection, action } = self;
        let mut rule = Map::new();
        rule.insert("rulePriority".to_owned(), (*priority).into());
        if let Some(description) = description {
            rule.insert("description".to_owned(), description.as_str().into());
        }
        rule.insert("selection".to_owned(), selection.to_wire());
        let Action { sort, target_storage_class } = action;
        let mut action = Map::new();
        action.insert("type".to_owned(), sort.as_str().into());
        if let Some(class) = target_storage_class {
            action.insert("targetStorageClass".to_owned(), class.as_str().into());
        }
        rule.insert("action".to_owned(), action.into());
        rule.into()
    }
}

impl Selection {
    fn to_wire(&self) -> Value {
        let Self { tag_status, tag_pattern_list, tag_prefix_list, storage_class, count_type, count_number } = self;
        let mut selection = Map::new();
        selection.insert("tagStatus".to_owned(), tag_status.as_str().into());
        for (name, list) in [("tagPatternList", tag_pattern_list), ("tagPrefixList", tag_prefix_list)] {
            if !list.is_empty() {
                selection.insert(name.to_owned(), list.iter().map(String::as_str).collect());
            }
        }
        if storage_class != StorageClass::Standard.as_str() {
            selection.insert("storageClass".to_owned(), storage_class.as_str().into());
        }
        selection.insert("countType".to_owned(), count_type.as_str().into());
        if count_type != CountType::ImageCountMoreThan.as_str() {
            selection.insert("countUnit".to_owned(), DAYS.into());
        }
        selection.insert("countNumber".to_owned(), (*count_number).into());
        selection.into()
    }
}

impl Action {
    /// The action that removes images.
    #[must_use]
    pub fn expire() -> Self {
        Self { sort: ActionType::Expire.to_string(), target_storage_class: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_the_same_is_the_same() {
        let one = r#"{"rules":[{"rulePriority":2,"selection":{"tagStatus":"any","countType":"imageCountMoreThan","countNumber":5},"action":{"type":"expire"}},
            {"rulePriority":1,"description":"","selection":{"tagStatus":"tagged","tagPrefixList":["b","a"],"countType":"sinceImagePushed","countUnit":"days","countNumber":9},"action":{"type":"expire"}}]}"#;
        let other = r#"{"rules":[{"action":{"type":"expire"},"rulePriority":1,"selection":{"countNumber":9,"countType":"sinceImagePushed","countUnit":"days","tagPrefixList":["a","b"],"tagStatus":"tagged"}},
            {"rulePriority":2,"selection":{"tagStatus":"any","storageClass":"standard","countType":"imageCountMoreThan","countNumber":5},"action":{"type":"expire"}}]}"#;
        let policy = LifecyclePolicy::from_live(one);
        assert!(matches!(policy, LifecyclePolicy::Rules(_)));
        assert_eq!(policy, LifecyclePolicy::from_live(other));
        assert_eq!(policy, LifecyclePolicy::from_live(&policy.to_json()));
        let saved = serde_json::to_value(&policy).unwrap();
        assert_eq!(serde_json::from_value::<LifecyclePolicy>(saved).unwrap(), policy);
    }

    #[test]
    fn what_is_not_understood_is_kept_as_text() {
        for odd in ["x", r#"{"rules":[{"rulePriority":1}]}"#, r#"{"rules":[],"more":1}"#] {
            let policy = LifecyclePolicy::from_live(odd);
            assert_eq!(policy, LifecyclePolicy::Unreadable(odd.to_owned()));
            assert_eq!(policy.to_json(), odd);
        }
    }
}
