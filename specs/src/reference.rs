//! The reference of a kind, from its types.

use crate::decode::Decode;
use crate::kind::{KindSchema, KindScope};
use crate::lint::Suppression;
use crate::policy_spec::statement_shape;
use crate::shape::{FieldShape, Shape, TableShape};

/// The keys every resource has, with what `explain` says of them.
pub(crate) const META: [(&str, &str); 3] = [
    ("enabled", "Whether the resource is there at all; a template may say \"${param.x}\". Default: true."),
    ("adopt", "Whether a live resource of this name that differs may be taken over. Default: false."),
    ("protect", "Whether it is never removed or replaced. Default: false."),
];

/// The key for findings of guardrails that are right here.
pub(crate) const META_SUPPRESS: (&str, &str) = (
    "suppress",
    "Findings of guardrails that are right here, each with a reason; `trueup explain lints` lists the guardrails.",
);

/// The key of what can be tagged.
pub(crate) const META_TAGS: (&str, &str) =
    ("tags", "Tags besides the project's; of one key, these win. Keys that start with `aws:` or `trueup:` are taken.");

/// The keys every resource of a kind has.
pub(crate) fn meta_fields(kind: &KindSchema) -> Vec<FieldShape> {
    if is_access(kind) {
        return Vec::new();
    }
    let field = |(name, doc), shape| FieldShape { name, doc, required: false, shape };
    // An account is not switched off: what stands in it would stand nowhere.
    let switches = META.into_iter().filter(|(name, _)| !(is_account(kind) && *name == "enabled"));
    let mut fields: Vec<FieldShape> = switches.map(|meta| field(meta, Shape::Boolean)).collect();
    // The guardrails say nothing of accounts.
    if !is_account(kind) {
        fields.push(field(META_SUPPRESS, Shape::List(Box::new(Suppression::shape()))));
    }
    if kind.taggable {
        fields.push(field(META_TAGS, Shape::Map(Box::new(Shape::Text))));
    }
    fields
}

/// An account is no resource in a scope: scopes are made of accounts.
fn is_account(kind: &KindSchema) -> bool {
    kind.name == crate::ACCOUNT.name
}

/// An assertion is no resource either: nothing is made of it.
fn is_access(kind: &KindSchema) -> bool {
    kind.name == crate::ACCESS.name
}

/// How a table of the kind begins.
fn header(kind: &KindSchema) -> String {
    if is_access(kind) { "[[access]]".to_owned() } else { format!("[{}.NAME]", kind.name) }
}

fn scope_line(kind: &KindSchema) -> &'static str {
    match kind.scope {
        KindScope::Organization if is_access(kind) => {
            "in a file with [scope], addresses may leave out what that says; a group's holds in each of its accounts"
        }
        KindScope::Organization if is_account(kind) => "the whole project; it needs no [scope]",
        KindScope::Organization => {
            "the organization; its file needs no [scope], and its address begins with the management account"
        }
        KindScope::Account => "in an account, in no region; its address is account/kind.name",
        KindScope::Region => "in a region of an account; its address is account@region/kind.name",
    }
}

/// What the types say of a kind beyond its summary.
fn more(kind: &KindSchema, shape: &TableShape) -> Option<&'static str> {
    let doc = shape.doc.trim();
    let doc = doc.strip_prefix(kind.summary).map_or(doc, str::trim_start);
    (!doc.is_empty()).then_some(doc)
}

/// All kinds for a terminal, a line each where the terminal is wide enough.
#[must_use]
pub fn list(kinds: &[&KindSchema], width: usize) -> String {
    let column = kinds.iter().map(|kind| kind.name.len()).max().unwrap_or(0) + 2;
    let mut out = String::new();
    for kind in kinds {
        let mut summary = String::new();
        paragraph(&mut summary, kind.summary, column, width.max(column + 20));
        out.push_str(&format!("{:<column$}{}\n", kind.name, summary.trim()));
    }
    out
}

/// The reference of a kind for a terminal.
#[must_use]
pub fn explain(kind: &KindSchema, width: usize) -> String {
    let width = width.max(40);
    let mut out = format!("{}: {}\n\n", kind.name, kind.summary);
    paragraph(&mut out, &format!("Scope: {}.", scope_line(kind)), 0, width);
    if is_account(kind) {
        let stateful = "Stateful: it is closed only once a [[removed]] says so, with `close = true`.";
        paragraph(&mut out, stateful, 0, width);
    } else if kind.stateful {
        let stateful = "Stateful: it is removed only once a [[removed]] says so.";
        paragraph(&mut out, stateful, 0, width);
    }
    let shape = (kind.shape)();
    out.push('\n');
    if let Some(doc) = more(kind, &shape) {
        paragraph(&mut out, doc, 0, width);
        out.push('\n');
    }
    out.push_str(&format!("{}\n", header(kind)));
    explain_fields(&mut out, &shape.fields, 1, width);
    if has_policy(&shape.fields) {
        out.push_str("\nKeys of a policy's statement\n");
        explain_fields(&mut out, &statement_shape().fields, 1, width);
    }
    let meta = meta_fields(kind);
    if !meta.is_empty() {
        out.push_str("\nKeys of every resource\n");
        explain_fields(&mut out, &meta, 1, width);
    }
    if !kind.attributes.is_empty() {
        out.push_str("\nAttributes\n");
        for (name, doc) in kind.attributes {
            let named = if is_account(kind) { "" } else { ".NAME" };
            out.push_str(&format!("  ${{{}{named}.{name}}}\n", kind.name));
            paragraph(&mut out, doc, 6, width);
        }
    }
    out
}

fn explain_fields(out: &mut String, fields: &[FieldShape], depth: usize, width: usize) {
    let indent = "  ".repeat(depth);
    for field in fields {
        let required = if field.required { ", required" } else { "" };
        out.push_str(&format!("{indent}{}{required}\n", field.name));
        paragraph(out, &sentence(&field.shape.describe()), depth * 2 + 4, width);
        paragraph(out, field.doc, depth * 2 + 4, width);
        if let Shape::Words(words) = &field.shape {
            for (word, doc) in *words {
                paragraph(out, &format!("\"{word}\": {doc}"), depth * 2 + 6, width);
            }
        }
        if let Some(table) = inner_table(&field.shape) {
            explain_fields(out, &table.fields, depth + 2, width);
        }
    }
}

/// Whether a policy can be written somewhere in a table.
fn has_policy(fields: &[FieldShape]) -> bool {
    fn within(shape: &Shape) -> bool {
        match shape {
            Shape::Policy => true,
            Shape::Table(table) => has_policy(&table.fields),
            Shape::OneOrMany(item) | Shape::List(item) | Shape::Map(item) => within(item),
            Shape::Text
            | Shape::String
            | Shape::Boolean
            | Shape::Integer { .. }
            | Shape::Words(_)
            | Shape::Reference { .. }
            | Shape::Json => false,
        }
    }
    fields.iter().any(|field| within(&field.shape))
}

/// The table inside of lists and maps, whose keys are explained below the field.
fn inner_table(shape: &Shape) -> Option<&TableShape> {
    match shape {
        Shape::Table(table) => Some(table),
        Shape::OneOrMany(item) | Shape::List(item) | Shape::Map(item) => inner_table(item),
        Shape::Text
        | Shape::String
        | Shape::Boolean
        | Shape::Integer { .. }
        | Shape::Words(_)
        | Shape::Reference { .. }
        | Shape::Policy
        | Shape::Json => None,
    }
}

fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or(String::new(), |first| format!("{}{}.", first.to_uppercase(), characters.as_str()))
}

/// Breaks a text into indented lines; its blank lines part paragraphs.
fn paragraph(out: &mut String, text: &str, indent: usize, width: usize) {
    for part in text.split("\n\n") {
        let mut column = 0;
        for word in part.split_whitespace() {
            let length = word.chars().count();
            if column > 0 && indent + column + 1 + length > width {
                out.push('\n');
                column = 0;
            }
            if column == 0 {
                out.push_str(&" ".repeat(indent));
            } else {
                out.push(' ');
                column += 1;
            }
            out.push_str(word);
            column += length;
        }
        if column > 0 {
            out.push('\n');
        }
    }
}

/// All kinds, as the first page of `docs/reference`.
#[must_use]
pub fn markdown_list(kinds: &[&KindSchema]) -> String {
    let mut out = String::from(
        "# Reference\n\nWhat can stand in a spec. The pages are written by `trueup explain --markdown`, from the types the \
         program itself reads specs with.\n\n| Kind | What it is |\n|---|---|\n",
    );
    for kind in kinds {
        out.push_str(&format!("| [`{0}`]({0}.md) | {1} |\n", kind.name, cell(kind.summary)));
    }
    out
}

/// The reference of a kind for `docs/reference`.
#[must_use]
pub fn markdown(kind: &KindSchema) -> String {
    let shape = (kind.shape)();
    let mut out = format!("# {}\n\n{}\n\n", kind.name, kind.summary);
    out.push_str(&format!("Scope: {}.\n", scope_line(kind)));
    if is_account(kind) {
        out.push_str("It is stateful: it is closed only once a `[[removed]]` says so, with `close = true`.\n");
    } else if kind.stateful {
        out.push_str("It is stateful: it is removed only once a `[[removed]]` says so.\n");
    }
    if let Some(doc) = more(kind, &shape) {
        out.push_str(&format!("\n{}\n", plain(doc)));
    }
    out.push_str(&format!("\n## `{}`\n\n", header(kind)));
    markdown_fields(&mut out, &shape.fields, "");
    if has_policy(&shape.fields) {
        out.push_str("\n## Keys of a policy's statement\n\n");
        markdown_fields(&mut out, &statement_shape().fields, "statement");
    }
    let meta = meta_fields(kind);
    if !meta.is_empty() {
        out.push_str("\n## Keys of every resource\n\n");
        markdown_fields(&mut out, &meta, "");
    }
    if !kind.attributes.is_empty() {
        out.push_str("\n## Attributes\n\n| Written | Is |\n|---|---|\n");
        let named = if is_account(kind) { "" } else { ".NAME" };
        for (name, doc) in kind.attributes {
            out.push_str(&format!("| `${{{}{named}.{name}}}` | {} |\n", kind.name, cell(doc)));
        }
    }
    out
}

fn markdown_fields(out: &mut String, fields: &[FieldShape], under: &str) {
    out.push_str("| Key | Value | What it is |\n|---|---|---|\n");
    for field in fields {
        let required = if field.required { " **(required)**" } else { "" };
        let shape = cell(&field.shape.describe());
        out.push_str(&format!("| `{}`{required} | {shape} | {} |\n", field.name, cell(field.doc)));
    }
    for field in fields {
        let path = if under.is_empty() { field.name.to_owned() } else { format!("{under}.{}", field.name) };
        if let Shape::Words(words) = &field.shape {
            out.push_str(&format!("\nThe words of `{path}`:\n\n"));
            for (word, doc) in *words {
                out.push_str(&format!("- `{word}`: {}\n", plain(doc)));
            }
        }
        if let Some(table) = inner_table(&field.shape) {
            out.push_str(&format!("\n### `{path}`\n\n"));
            if !table.doc.is_empty() {
                out.push_str(&format!("{}\n\n", plain(table.doc)));
            }
            markdown_fields(out, &table.fields, &path);
        }
    }
}

/// Documentation comments keep the space behind their slashes.
fn plain(doc: &str) -> String {
    doc.lines().map(str::trim).collect::<Vec<_>>().join("\n")
}

fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}
