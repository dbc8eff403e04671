//! A field whose value is the text of a file: `{ file = "metadata.xml" }`.

use std::sync::Arc;

use crate::decode::{Decode, Decoder};
use crate::shape::{FieldShape, Shape, TableShape};
use crate::span::Span;
use crate::value::{Data, Value};

/// The text of a file in the project's folder, as it is: `${…}` means nothing in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextFile {
    span: Span,
    text: Arc<str>,
}

impl TextFile {
    /// The place that names the file.
    #[must_use]
    pub fn span(&self) -> Span {
        self.span
    }

    /// What stands in it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl Decode for TextFile {
    fn shape() -> Shape {
        Shape::Table(TableShape {
            doc: "A file.",
            fields: vec![FieldShape {
                name: "file",
                doc: "Its path, relative to the file that names it. It lies inside of the project's folder and is UTF-8.",
                required: true,
                shape: Shape::String,
            }],
        })
    }

    fn decode(value: &Value, cx: &mut Decoder<'_>) -> Option<Self> {
        let Data::Table(_) = &value.data else {
            cx.mismatch(value, "{ file = \"…\" }");
            return None;
        };
        let fields = cx.fields(value, &["file"])?;
        let path: String = fields.get("file", cx)?;
        let span = fields.entry("file").map_or(value.span, |entry| entry.value.span);
        match cx.files().beside(&path, span, "file") {
            Ok(file) => Some(Self { span, text: Arc::from(cx.files().sources().text(file)) }),
            Err(problem) => {
                cx.problem(*problem);
                None
            }
        }
    }
}
