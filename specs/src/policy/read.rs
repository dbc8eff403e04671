//! From text to a document: strict for what people write, lenient for what AWS returned.

mod elements;
pub(crate) mod placed;
mod reader;

use std::ops::Range;

use jsonc_parser::ast::Value;

use self::reader::{Reader, key, kind, span};
use super::check::{self, quoted};
use super::condition::Conditions;
use super::error::{ParseError, Step};
use super::json;
use super::model::{Document, Effect, Statement, Use, Version};

/// The longest text that is read, in bytes: thirty times what AWS takes, so that the limit only meets mistakes.
pub const TEXT_BYTES_MAX: usize = 1024 * 1024;

/// The statements of a document that was read without errors, each with its place in the text.
pub(super) fn placed(text: &str, use_: Use) -> Vec<(Statement, Range<usize>)> {
    let Ok(tree) = json::tree(text) else { return Vec::new() };
    let mut reader = Reader::new(Some(use_), 0);
    let Value::Object(object) = &tree else { return Vec::new() };
    let statements = object.properties.iter().find(|property| property.name.as_str() == "Statement");
    let elements: Vec<&Value<'_>> = match statements.map(|property| &property.value) {
        Some(Value::Array(list)) => list.elements.iter().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    };
    let read = |element: &Value<'_>| Some((reader.statement(element)?.canonical(), span(element)));
    elements.into_iter().filter_map(read).collect()
}

/// Reads a document; strictly if it is told what the document is for.
pub(super) fn read(text: &str, strict: Option<Use>) -> Result<Document, Vec<ParseError>> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(vec![ParseError {
            message: format!("the document is longer than {TEXT_BYTES_MAX} bytes"),
            at: 0..0,
            path: Vec::new(),
            help: strict.map(|use_| format!("AWS takes {} in {} at most", use_.size_max(), use_.a_name())),
        }]);
    }
    let bare = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let mut reader = Reader::new(strict, text.len() - bare.len());
    let document = match json::tree(bare) {
        Ok(tree) => reader.document(&tree),
        Err(error) => {
            reader.report(error.at, format!("the document is not JSON: {}", error.message), None);
            None
        }
    };
    match document {
        Some(document) if reader.errors.is_empty() => Ok(document.canonical()),
        _ => Err(reader.into_errors()),
    }
}
impl Reader {
    fn document(&mut self, tree: &Value<'_>) -> Option<Document> {
        let Value::Object(object) = tree else {
            self.report(span(tree), format!("a policy document is an object, not {}", kind(tree)), None);
            return None;
        };
        let members = self.members(object, &["Version", "Id", "Statement"], "a policy document");
        let version = match members.get("Version") {
            Some((_, value)) => self.under(key("Version"), |reader| reader.version(value)),
            None => Version::V2008,
        };
        let id = members.get("Id").and_then(|(property, value)| {
            if self.strict.is_some_and(Use::is_identity_based) {
                self.report(span(&property.name), "an identity-based policy has no \"Id\"", None);
            }
            self.under(key("Id"), |reader| reader.string(value))
        });
        let statements = match members.get("Statement") {
            Some((_, value)) => self.under(key("Statement"), |reader| reader.statements(value)),
            None => {
                self.missing(object, "\"Statement\" is missing");
                Vec::new()
            }
        };
        Some(Document { version, id, statements })
    }

    fn version(&mut self, value: &Value<'_>) -> Version {
        let Some(text) = self.string(value) else {
            return Version::V2008;
        };
        match text.as_str() {
            "2012-10-17" => Version::V2012,
            "2008-10-17" => Version::V2008,
            _ => {
                let help = "write \"2012-10-17\", the version that knows policy variables".to_owned();
                let message = format!("{} is not a version of the policy language", quoted(&text));
                self.report(span(value), message, Some(help));
                Version::V2008
            }
        }
    }

    fn statements(&mut self, value: &Value<'_>) -> Vec<Statement> {
        let Value::Array(list) = value else {
            return self.statement(value).into_iter().collect();
        };
        if list.elements.is_empty() && self.strict.is_some() {
            self.report(span(value), "the document has no statement", None);
        }
        let elements = list.elements.iter().enumerate();
        let mut statements: Vec<Statement> = elements
            .filter_map(|(index, element)| self.under(Step::Index(index), |reader| reader.statement(element)))
            .collect();
        // Most documents have one statement, and there can be a hundred thousand documents.
        statements.shrink_to_fit();
        statements
    }

    pub(super) fn statement(&mut self, value: &Value<'_>) -> Option<Statement> {
        const KEYS: &[&str] = &[
            "Sid",
            "Effect",
            "Principal",
            "NotPrincipal",
            "Action",
            "NotAction",
            "Resource",
            "NotResource",
            "Condition",
        ];
        let Value::Object(object) = value else {
            self.report(span(value), format!("a statement is an object, not {}", kind(value)), None);
            return None;
        };
        let members = self.members(object, KEYS, "a statement");
        let sid = members.get("Sid").and_then(|(_, value)| self.under(key("Sid"), |reader| reader.sid(value)));
        let effect = match members.get("Effect") {
            Some((_, value)) => self.under(key("Effect"), |reader| reader.effect(value)),
            None => {
                // Without an effect nothing can be kept, not even of a live statement.
                let at = object.range.start..object.range.start + 1;
                self.report(at, "\"Effect\" is missing", Some("write \"Allow\" or \"Deny\"".to_owned()));
                None
            }
        };
        let principal = self.principal_element(object, &members, effect);
        let action = self.action_element(object, &members);
        let resource = self.resource_element(object, &members);
        let condition = match members.get("Condition") {
            Some((_, value)) => self.under(key("Condition"), |reader| reader.conditions(value)),
            None => Conditions::new(),
        };
        Some(Statement { sid, effect: effect?, principal, action, resource, condition })
    }

    fn sid(&mut self, value: &Value<'_>) -> Option<String> {
        let sid = self.string(value).filter(|sid| !sid.is_empty())?;
        if let Some(use_) = self.strict {
            self.fault(span(value), check::sid(&sid, use_));
            if !self.sids.insert(sid.clone()) {
                self.report(span(value), format!("the \"Sid\" {} occurs twice", quoted(&sid)), None);
            }
        }
        Some(sid)
    }

    fn effect(&mut self, value: &Value<'_>) -> Option<Effect> {
        let text = self.string(value)?;
        match text.as_str() {
            "Allow" => Some(Effect::Allow),
            "Deny" => Some(Effect::Deny),
            _ => {
                let help = check::did_you_mean(&text, &["Allow", "Deny"]);
                let message = format!("the effect is \"Allow\" or \"Deny\", not {}", quoted(&text));
                self.report(span(value), message, help);
                None
            }
        }
    }
}
