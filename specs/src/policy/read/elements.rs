//! The elements of a statement that have a structure of their own.

use std::collections::{BTreeMap, BTreeSet};

use jsonc_parser::ast::{Object, Value};

use super::super::caseless::Caseless;
use super::super::check::{self, quoted};
use super::super::condition::Conditions;
use super::super::model::{Actions, Effect, Principal, Principals, Resources, Use};
use super::reader::{Member, Reader, key, kind, span};
use crate::few::Few;

impl Reader {
    /// Who the statement is for.
    ///
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html> keeps
    /// `NotPrincipal` out of trust policies, and away from `Allow`.
    pub(super) fn principal_element(
        &mut self,
        object: &Object<'_>,
        members: &BTreeMap<&'static str, Member<'_, '_>>,
        effect: Option<Effect>,
    ) -> Option<Principals> {
        let Some((not, (property, value))) = self.either(members, "Principal", "NotPrincipal") else {
            let is_absent = !members.contains_key("Principal") && !members.contains_key("NotPrincipal");
            if let Some(use_) = self.strict
                && is_absent
                && !use_.is_identity_based()
            {
                self.missing(object, &format!("\"Principal\" is missing; {} must say who", use_.a_name()));
            }
            return None;
        };
        let name = if not { "NotPrincipal" } else { "Principal" };
        if let Some(use_) = self.strict {
            if use_.is_identity_based() {
                let message = format!("a statement of {} has no \"{name}\"", use_.a_name());
                let help = "it is for whoever the policy is attached to; leave it out".to_owned();
                self.report(span(&property.name), message, Some(help));
            } else if not && use_ == Use::Trust {
                let help = "name who is denied in \"Principal\", and test aws:PrincipalArn in a condition".to_owned();
                self.report(span(&property.name), "a statement of a trust policy has no \"NotPrincipal\"", Some(help));
            } else if not && effect == Some(Effect::Allow) {
                let help = "name who is allowed in \"Principal\", or deny in a statement of its own".to_owned();
                let message = "\"NotPrincipal\" with \"Allow\" would allow the whole world but these";
                self.report(span(&property.name), message, Some(help));
            }
        }
        let named = self.under(key(name), |reader| reader.principals(value));
        Some(if not { Principals::Not(named) } else { Principals::Is(named) })
    }

    fn principals(&mut self, value: &Value<'_>) -> Few<Principal> {
        match value {
            Value::StringLit(text) if text.value == "*" => Few::from([Principal::Everyone]),
            Value::Object(object) => self.principal_map(object),
            Value::StringLit(_)
            | Value::NumberLit(_)
            | Value::BooleanLit(_)
            | Value::Array(_)
            | Value::NullKeyword(_) => {
                let help = "write { \"AWS\": … }, { \"Service\": … } or { \"Federated\": … }".to_owned();
                self.report(span(value), "principals are \"*\" or an object of lists", Some(help));
                Few::new()
            }
        }
    }

    fn principal_map(&mut self, object: &Object<'_>) -> Few<Principal> {
        let members = self.members(object, &["AWS", "CanonicalUser", "Federated", "Service"], "a principal");
        if object.properties.is_empty() {
            self.missing(object, "no principal is named");
        }
        let mut named = Vec::new();
        for (name, (property, value)) in members {
            if name == "CanonicalUser" && self.strict.is_some_and(|use_| use_ != Use::Bucket) {
                let message = "only a bucket policy knows canonical users";
                self.report(span(&property.name), message, None);
            }
            let values = self.under(key(name), |reader| {
                reader.required_strings(value, |use_, text| check::principal(name, text, use_))
            });
            named.extend(values.into_iter().map(|text| match name {
                "CanonicalUser" => Principal::CanonicalUser(text),
                "Federated" => Principal::Federated(text),
                "Service" => Principal::Service(text),
                _ => Principal::Aws(text),
            }));
        }
        named.into_iter().collect()
    }

    pub(super) fn action_element(
        &mut self,
        object: &Object<'_>,
        members: &BTreeMap<&'static str, Member<'_, '_>>,
    ) -> Actions {
        let Some((not, (_, value))) = self.either(members, "Action", "NotAction") else {
            if !members.contains_key("Action") && !members.contains_key("NotAction") {
                self.missing(object, "\"Action\" is missing");
            }
            return Actions::Is(Few::new());
        };
        let name = if not { "NotAction" } else { "Action" };
        let texts =
            self.under(key(name), |reader| reader.required_strings(value, |use_, text| check::action(text, use_)));
        let actions = texts.into_iter().map(Caseless::from).collect();
        if not { Actions::Not(actions) } else { Actions::Is(actions) }
    }

    pub(super) fn resource_element(
        &mut self,
        object: &Object<'_>,
        members: &BTreeMap<&'static str, Member<'_, '_>>,
    ) -> Option<Resources> {
        let Some((not, (property, value))) = self.either(members, "Resource", "NotResource") else {
            let is_absent = !members.contains_key("Resource") && !members.contains_key("NotResource");
            if is_absent && self.strict.is_some_and(|use_| use_.about().is_none()) {
                self.missing(object, "\"Resource\" is missing");
            }
            return None;
        };
        let name = if not { "NotResource" } else { "Resource" };
        if let Some((use_, about)) = self.strict.and_then(|use_| use_.about().map(|about| (use_, about))) {
            let help = format!("it is about the {about} it belongs to; leave it out");
            let message = format!("a statement of {} has no \"{name}\"", use_.a_name());
            self.report(span(&property.name), message, Some(help));
        }
        let texts = self.under(key(name), |reader| reader.required_strings(value, |_, text| check::resource(text)));
        let resources = texts.into_iter().collect();
        Some(if not { Resources::Not(resources) } else { Resources::Is(resources) })
    }

    pub(super) fn conditions(&mut self, value: &Value<'_>) -> Conditions {
        let mut conditions = Conditions::new();
        let Value::Object(object) = value else {
            self.report(span(value), format!("a condition is an object, not {}", kind(value)), None);
            return conditions;
        };
        for property in &object.properties {
            let name = property.name.as_str();
            let operator = Caseless::from(name);
            if self.strict.is_some() {
                self.fault(span(&property.name), check::operator(name));
            }
            if conditions.contains_key(&operator) {
                let message = format!("the operator {} occurs twice", quoted(name));
                self.report(span(&property.name), message, None);
                continue;
            }
            let keys = self.under(key(name), |reader| reader.condition_keys(&property.value));
            conditions.insert(operator, keys);
        }
        conditions
    }

    fn condition_keys(&mut self, value: &Value<'_>) -> BTreeMap<Caseless, BTreeSet<String>> {
        let mut keys = BTreeMap::new();
        let Value::Object(object) = value else {
            let message = format!("an operator holds an object of condition keys, not {}", kind(value));
            self.report(span(value), message, None);
            return keys;
        };
        for property in &object.properties {
            let name = property.name.as_str();
            if self.strict.is_some() {
                self.fault(span(&property.name), check::condition_key(name));
            }
            if keys.contains_key(&Caseless::from(name)) {
                let message = format!("the condition key {} occurs twice", quoted(name));
                self.report(span(&property.name), message, None);
                continue;
            }
            let values = self
                .under(key(name), |reader| reader.list(&property.value, |reader, value| reader.condition_value(value)));
            keys.insert(Caseless::from(name), values.into_iter().collect());
        }
        keys
    }

    /// A string, or a number or boolean as its text.
    fn condition_value(&mut self, value: &Value<'_>) -> Option<String> {
        match value {
            Value::NumberLit(number) => Some(number.value.to_owned()),
            Value::BooleanLit(boolean) => Some(boolean.value.to_string()),
            Value::StringLit(_) | Value::Object(_) | Value::Array(_) | Value::NullKeyword(_) => self.string(value),
        }
    }
}
