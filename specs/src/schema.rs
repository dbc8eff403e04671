//! The JSON Schema of a project's files, for editors.

use serde_json::{Map, Value, json};

use crate::access_spec::{access_shape, step_shape};
use crate::kind::KindSchema;
use crate::policy_spec::statement_shape;
use crate::reference::meta_fields;
use crate::shape::{FieldShape, Shape, TableShape};

/// The JSON Schema of every file of a project, `trueup.toml` too.
#[must_use]
pub fn json_schema(kinds: &[&'static KindSchema]) -> Value {
    let mut properties = language();
    let account = kinds.iter().all(|kind| kind.name != crate::ACCOUNT.name).then_some(&crate::ACCOUNT);
    for kind in kinds.iter().copied().chain(account) {
        let mut shape = (kind.shape)();
        shape.fields.extend(meta_fields(kind));
        let resources = json!({
            "description": kind.summary, "type": "object",
            "propertyNames": { "pattern": "^[A-Za-z0-9_-]{1,128}$" },
            "additionalProperties": table(&shape),
        });
        properties.insert(kind.name.to_owned(), resources);
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "trueup project file",
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
        "$defs": { "statement": table(&statement_shape()), "policy": policy() },
    })
}

fn policy() -> Value {
    let file = json!({ "type": "string", "description": "A JSON file, relative to this one; `${…}` works inside." });
    json!({ "oneOf": [
        { "type": "array", "items": { "$ref": "#/$defs/statement" } },
        { "type": "object", "properties": { "file": file }, "required": ["file"], "additionalProperties": false },
    ] })
}

fn table(table: &TableShape) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for FieldShape { name, doc, required: needed, shape } in &table.fields {
        let mut schema = self::shape(shape);
        if let Some(schema) = schema.as_object_mut()
            && !doc.is_empty()
        {
            let doc = doc.lines().map(str::trim).collect::<Vec<_>>().join("\n");
            schema.insert("description".to_owned(), Value::from(doc));
        }
        properties.insert((*name).to_owned(), schema);
        if *needed {
            required.push(*name);
        }
    }
    let mut out = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    if let Some(out) = out.as_object_mut() {
        if !required.is_empty() {
            out.insert("required".to_owned(), json!(required));
        }
        if !table.doc.is_empty() {
            out.insert("description".to_owned(), Value::from(table.doc));
        }
    }
    out
}

/// What a template may write instead of a value that is no string.
fn or_parameter(schema: Value) -> Value {
    json!({ "anyOf": [schema, { "type": "string", "pattern": "^\\$\\{param\\.[A-Za-z0-9_-]+\\}$" }] })
}

fn shape(shape: &Shape) -> Value {
    match shape {
        Shape::Text | Shape::String | Shape::Reference { .. } => {
            json!({ "type": "string", "description": shape.describe() })
        }
        Shape::Boolean => or_parameter(json!({ "type": "boolean" })),
        Shape::Integer { min, max } => or_parameter(json!({ "type": "integer", "minimum": min, "maximum": max })),
        Shape::Words(words) => {
            let words: Vec<Value> =
                words.iter().map(|(word, doc)| json!({ "const": word, "description": doc.trim() })).collect();
            or_parameter(json!({ "oneOf": words }))
        }
        Shape::Policy => json!({ "$ref": "#/$defs/policy" }),
        Shape::Json => json!({ "type": "object", "description": shape.describe() }),
        Shape::OneOrMany(item) => {
            let item = self::shape(item);
            json!({ "anyOf": [item, { "type": "array", "items": item }] })
        }
        Shape::List(item) => or_parameter(json!({ "type": "array", "items": self::shape(item) })),
        Shape::Map(item) => json!({ "type": "object", "additionalProperties": self::shape(item) }),
        Shape::Table(inner) => table(inner),
    }
}

fn object(description: &str, properties: &Value, required: &[&str]) -> Value {
    json!({
        "description": description, "type": "object", "properties": properties, "required": required,
        "additionalProperties": false,
    })
}

fn text(description: &str) -> Value {
    json!({ "type": "string", "description": description })
}

/// An assertion; beside the table of its keys, some of them take more than one form.
fn access() -> Value {
    let mut access = table(&access_shape());
    let action = json!({ "type": "string", "pattern": "^[A-Za-z0-9-]+:[A-Za-z0-9-]+$|\\$\\{" });
    let step = json!({ "anyOf": [action, table(&step_shape())] });
    let one = |key: &str| object("", &json!({ key: text("") }), &[key]);
    let principal =
        json!({ "anyOf": [text("An address, an ARN, or \"*\"."), one("service"), one("federated"), one("account")] });
    for (key, shape) in [
        ("principal", principal),
        ("can", json!({ "anyOf": [step, { "type": "array", "items": step, "minItems": 1 }] })),
    ] {
        if let Some(property) = access.pointer_mut(&format!("/properties/{key}")) {
            let description = property.get("description").cloned().unwrap_or_default();
            *property = shape;
            property["description"] = description;
        }
    }
    access
}

/// The tables that are the language's own.
fn language() -> Map<String, Value> {
    let mut properties = Map::new();
    let mut add = |name: &str, schema: Value| properties.insert(name.to_owned(), schema);
    let list = |item: Value| json!({ "type": "array", "items": item });
    let tags = json!({ "type": "object", "additionalProperties": { "type": "string" } });
    let project = json!({
        "name": text("The project's name: the value of the tag trueup:project."),
        "region": text("The region of what names none."),
        "access_role": text("The role assumed in the other accounts. Default: OrganizationAccountAccessRole."),
        "tags": tags,
    });
    add("project", object("In trueup.toml: what holds for the whole project.", &project, &["name"]));
    let state = json!({
        "backend": { "enum": ["local", "s3"], "description": "The sort of store. Default: local." },
        "path": text("The folder of the state, relative to trueup.toml. Default: .trueup."),
        "bucket": text("With s3: the bucket."),
        "prefix": text("With s3: what its keys begin with."),
        "region": text("With s3: the bucket's region. Default: the project's."),
        "kms_key": text("With s3: the KMS key for the documents. Default: as the bucket encrypts."),
    });
    add("state", object("In trueup.toml: where the state is.", &state, &[]));
    let deletions = json!({
        "anyOf": [{ "type": "integer", "minimum": 0 }, { "type": "string", "pattern": "^([0-9]{1,2}|100)%$" }],
        "description": "A plan that removes more is refused: a count, or a percentage of the resources there are.",
    });
    let limits = json!({ "deletions": deletions });
    add("limits", object("In trueup.toml: what a plan may not exceed.", &limits, &[]));
    let level = json!({ "enum": ["deny", "warn", "allow"] });
    let lints = "In trueup.toml: what is done about findings of guardrails, by their id.";
    add("lints", json!({ "description": lints, "type": "object", "additionalProperties": level }));
    let rules = json!({ "path": text("The folder of the Rego files, relative to trueup.toml.") });
    add("rules", object("In trueup.toml: rules of one's own over a plan, in Rego.", &rules, &[]));
    let scope = json!({
        "account": text("An account, or a group: every resource of the file is in each of its accounts."),
        "region": text("The region of every resource of the file."),
    });
    add("scope", object("Where the resources of this file are.", &scope, &[]));
    let with = json!({ "type": "object", "description": "Its parameters." });
    let usage = json!({
        "template": text("The template's path, relative to the project's folder."),
        "name": text("The name its resources carry in front."),
        "with": with,
    });
    add("use", list(object("One use of a template.", &usage, &["template", "name"])));
    add("access", list(access()));
    let close = json!({ "type": "boolean", "description": "For an account: that it is to be closed." });
    let removed = json!({ "address": text("What may be removed."), "close": close });
    add("removed", list(object("Leave to remove a stateful resource.", &removed, &["address"])));
    let moved = json!({ "from": text("Its old address."), "to": text("Its address now.") });
    add("moved", list(object("A resource with another address.", &moved, &["from", "to"])));
    let value = json!({ "anyOf": [text("A string."), list(text("A member."))] });
    let output = object(
        "A value with its description.",
        &json!({ "value": value, "description": text("What it is.") }),
        &["value"],
    );
    let output = json!({ "anyOf": [value, output] });
    add(
        "output",
        json!({ "type": "object", "description": "What `trueup output` tells.", "additionalProperties": output }),
    );
    let parameter = json!({
        "type": { "enum": ["string", "integer", "boolean", "list"] }, "default": {}, "description": text("What it is for."),
    });
    let parameter = object("A parameter of this template.", &parameter, &["type"]);
    add("params", json!({ "type": "object", "additionalProperties": parameter }));
    properties
}
