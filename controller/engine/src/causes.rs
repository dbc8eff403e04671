//! In which fields two models differ, and who made them differ.

use std::collections::BTreeMap;

use serde_json::Value;
use trueup_state::plan::Cause;

use crate::kind::AnyKind;
use crate::observe::with_fields;
use crate::order::tokens;

/// The top-level fields in which two models differ, in the order of the second.
#[must_use]
pub(crate) fn differing(before: &Value, after: &Value) -> Vec<String> {
    let (Some(before), Some(after)) = (before.as_object(), after.as_object()) else { return Vec::new() };
    let mut fields: Vec<String> =
        after.iter().filter(|(key, value)| before.get(*key) != Some(value)).map(|(key, _)| key.clone()).collect();
    fields.extend(before.keys().filter(|key| !after.contains_key(*key)).cloned());
    fields
}

/// Whether a model says of a field what another says. Equality is the kind's own: a spec may leave a field to AWS, and then whatever is
/// there is as wanted.
fn says(kind: &dyn AnyKind, model: &Value, field: &String, other: &Value) -> bool {
    let Ok(model) = kind.read_value(model.clone()) else { return false };
    with_fields(kind, &model, [field], other).is_some_and(|with_other| kind.equal(&model, &with_other))
}

/// The fields in which a model asks for something else than there is.
pub(crate) fn asked(kind: &dyn AnyKind, before: &Value, after: &Value) -> Vec<String> {
    let mut fields = differing(before, after);
    fields.retain(|field| !says(kind, after, field, before));
    fields
}

/// The fields in which two models differ, each with who made them differ, by what was last applied.
pub(crate) fn causes(
    kind: &dyn AnyKind,
    before: &Value,
    after: &Value,
    applied: Option<&Value>,
) -> BTreeMap<String, Cause> {
    let cause = |field: &String| {
        let (old, new) = (before.get(field), after.get(field));
        if new.is_some_and(|value| !tokens(value).is_empty()) {
            return Cause::Follows;
        }
        let Some(applied) = applied else { return Cause::Unrecorded };
        match applied.get(field) {
            last if last == old || says(kind, applied, field, before) => Cause::Spec,
            last if last == new => Cause::Drift,
            _ => Cause::Both,
        }
    };
    asked(kind, before, after).into_iter().map(|field| (field.clone(), cause(&field))).collect()
}
