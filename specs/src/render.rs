//! Problems for people, with a picture of the place, and for programs.

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use serde_json::json;

use crate::diagnostic::{Diagnostic, Label, Severity};
use crate::span::{FileId, Sources};

/// A line longer than this is not pictured: a picture of it shows nothing.
const LINE_PICTURED_MAX: usize = 2_000;

/// Labels further apart than this many bytes get pictures of their own.
const PICTURE_BYTES_MAX: usize = 16 * 1024;

/// Renders problems as rustc does: the summary, the place, the line, what to do.
#[must_use]
pub fn render(diagnostics: &[Diagnostic], sources: &Sources, color: bool, width: usize) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.term_width(width);
    let mut out = String::new();
    for diagnostic in diagnostics {
        out.push_str(&one(diagnostic, sources, &renderer, width));
        out.push_str("\n\n");
    }
    out
}

fn one(diagnostic: &Diagnostic, sources: &Sources, renderer: &Renderer, width: usize) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(clean(&diagnostic.summary)));
    if let Some(path) = &diagnostic.path {
        group = group.element(Origin::path(clean(&path.display().to_string())));
    }
    for picture in pictures(&diagnostic.labels, sources) {
        group = match picture {
            Picture::Lines(snippet) => group.element(snippet),
            Picture::Place(origin, labels) => {
                let notes = labels.into_iter().map(|label| Level::NOTE.message(wrap(&label, width)));
                group.element(origin).elements(notes)
            }
        };
    }
    for note in &diagnostic.notes {
        group = group.element(Level::NOTE.message(wrap(&clean(note), width)));
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(wrap(&clean(help), width)));
    }
    renderer.render(&[group])
}

enum Picture<'a> {
    Lines(Snippet<'a, Annotation<'a>>),
    /// Of a line that is too long to be shown, with what the labels say.
    Place(Origin<'a>, Vec<String>),
}

/// One picture for the labels of a file that are near each other.
fn pictures<'a>(labels: &'a [Label], sources: &'a Sources) -> Vec<Picture<'a>> {
    let mut clusters: Vec<(FileId, usize, usize, Vec<&'a Label>)> = Vec::new();
    let (primary, other): (Vec<&Label>, Vec<&Label>) = labels.iter().partition(|label| label.primary);
    for label in primary.into_iter().chain(other) {
        let (file, start, end) = (label.span.file(), label.span.start(), label.span.end());
        let near = clusters.iter_mut().find(|(in_file, first, last, _)| {
            *in_file == file && end.max(*last) - start.min(*first) <= PICTURE_BYTES_MAX
        });
        match near {
            Some((_, first, last, of_cluster)) => {
                *first = start.min(*first);
                *last = end.max(*last);
                of_cluster.push(label);
            }
            None => clusters.push((file, start, end, vec![label])),
        }
    }
    clusters.into_iter().map(|(file, start, end, labels)| picture(file, start, end, &labels, sources)).collect()
}

fn picture<'a>(file: FileId, start: usize, end: usize, labels: &[&'a Label], sources: &'a Sources) -> Picture<'a> {
    let text = sources.text(file);
    let path = clean(&sources.path(file).display().to_string());
    let first = sources.position(file, start);
    let from = sources.line_start(file, first.line);
    let to = text.get(end..).and_then(|rest| rest.find('\n')).map_or(text.len(), |at| end + at);
    let shown = text.get(from..to).unwrap_or("");
    let labelled = labels.iter().filter(|label| !label.text.is_empty());
    if shown.lines().any(|line| line.len() > LINE_PICTURED_MAX) {
        let origin = Origin::path(path).line(first.line).char_column(first.column);
        return Picture::Place(origin, labelled.map(|label| clean(&label.text)).collect());
    }
    let annotations = labels.iter().map(|label| {
        let kind = if label.primary { AnnotationKind::Primary } else { AnnotationKind::Context };
        // An empty span, such as the end of the file, is shown as one column.
        let start = label.span.start().saturating_sub(from).min(shown.len());
        let end = label.span.end().saturating_sub(from).min(shown.len());
        // Of a value that goes over many lines only the first is marked.
        let line_end = shown.get(start..end).and_then(|marked| marked.find('\n')).map_or(end, |at| start + at);
        let annotation = kind.span(start..line_end.max(start));
        if label.text.is_empty() { annotation } else { annotation.label(clean(&label.text)) }
    });
    // A carriage return would be shown as a sign of its own; a space is as wide in bytes.
    Picture::Lines(Snippet::source(shown.replace('\r', " ")).path(path).line_start(first.line).annotations(annotations))
}

/// Control characters could write over the terminal.
fn clean(text: &str) -> String {
    let plain = |c: char| if c.is_control() && c != '\n' { char::REPLACEMENT_CHARACTER } else { c };
    text.chars().map(plain).collect()
}

/// Breaks a long message into lines; the renderer indents them. Lines that are indented already are TOML to paste, and stay.
fn wrap(text: &str, width: usize) -> String {
    // "   = help: " stands in front, and one would rather have narrow lines than none.
    let width = width.saturating_sub(12).max(30);
    let mut out = String::new();
    for (line, at) in text.split('\n').zip(0..) {
        if at > 0 {
            out.push('\n');
        }
        if line.starts_with("  ") {
            out.push_str(line);
        } else {
            wrap_line(line, width, &mut out);
        }
    }
    out
}

fn wrap_line(line: &str, width: usize, out: &mut String) {
    let mut column = 0;
    for word in line.split(' ') {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > width {
            out.push('\n');
            column = 0;
        } else if column > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
}

/// Renders problems for programs: file, lines and columns from one, message, help.
#[must_use]
pub fn to_json(diagnostics: &[Diagnostic], sources: &Sources) -> serde_json::Value {
    diagnostics.iter().map(|diagnostic| json_of(diagnostic, sources)).collect()
}

fn json_of(diagnostic: &Diagnostic, sources: &Sources) -> serde_json::Value {
    let Diagnostic { severity, summary, labels, path, notes, help } = diagnostic;
    let severity = match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let mut out = json!({ "severity": severity, "message": summary });
    let place = diagnostic.span().map(|span| {
        let (start, end) = (sources.position(span.file(), span.start()), sources.position(span.file(), span.end()));
        json!({
            "file": sources.path(span.file()).display().to_string(),
            "line": start.line, "column": start.column, "end_line": end.line, "end_column": end.column,
        })
    });
    let place = place.or_else(|| path.as_ref().map(|path| json!({ "file": path.display().to_string() })));
    if let (Some(out), Some(serde_json::Value::Object(place))) = (out.as_object_mut(), place) {
        out.extend(place);
    }
    let labels: Vec<serde_json::Value> = labels
        .iter()
        .map(|label| json!({ "at": sources.location(label.span), "text": label.text, "primary": label.primary }))
        .collect();
    if let Some(out) = out.as_object_mut() {
        out.insert("labels".to_owned(), labels.into());
        out.insert("notes".to_owned(), notes.clone().into());
        out.insert("help".to_owned(), help.clone().into());
    }
    out
}
