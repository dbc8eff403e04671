//! A writer of small XML documents, and the one escape they need.

use std::fmt::Display;

/// An XML document under construction; elements that are still open are closed by [`Xml::finish`].
#[derive(Debug, Default)]
pub(crate) struct Xml {
    text: String,
    open: Vec<String>,
}

impl Xml {
    /// A document that starts with the XML declaration.
    pub(crate) fn document() -> Self {
        Self { text: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned(), open: Vec::new() }
    }

    /// A document without the declaration, as the query services send it.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Opens an element.
    pub(crate) fn open(&mut self, tag: &str) -> &mut Self {
        self.open_with(tag, &[])
    }

    /// Opens an element with attributes, for example a namespace.
    pub(crate) fn open_with(&mut self, tag: &str, attributes: &[(&str, &str)]) -> &mut Self {
        self.text.push('<');
        self.text.push_str(tag);
        for (name, value) in attributes {
            self.text.push(' ');
            self.text.push_str(name);
            self.text.push_str("=\"");
            escape_into(&mut self.text, value);
            self.text.push('"');
        }
        self.text.push('>');
        self.open.push(tag.to_owned());
        self
    }

    /// Closes the element opened last; without one it does nothing.
    pub(crate) fn close(&mut self) -> &mut Self {
        if let Some(tag) = self.open.pop() {
            self.text.push_str("</");
            self.text.push_str(&tag);
            self.text.push('>');
        }
        self
    }

    /// An element that holds text only; the text is escaped.
    pub(crate) fn leaf(&mut self, tag: &str, text: impl Display) -> &mut Self {
        self.open(tag);
        escape_into(&mut self.text, &text.to_string());
        self.close()
    }

    /// Text inside the element opened last.
    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        escape_into(&mut self.text, text);
        self
    }

    /// A leaf, if there is a text; nothing otherwise.
    pub(crate) fn leaf_if(&mut self, tag: &str, text: Option<impl Display>) -> &mut Self {
        match text {
            Some(text) => self.leaf(tag, text),
            None => self,
        }
    }

    /// The document, with every open element closed.
    pub(crate) fn finish(mut self) -> String {
        while !self.open.is_empty() {
            self.close();
        }
        self.text
    }
}

/// Escapes for element text and attribute values alike. A carriage return is escaped too, since a parser would make a
/// line feed of it.
fn escape_into(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#xD;"),
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Xml;

    #[test]
    fn escapes_and_closes() {
        let mut xml = Xml::new();
        xml.open_with("A", &[("xmlns", "x&y")]).leaf("B", "<1> & \"2\"").leaf_if("C", None::<&str>).open("D");
        assert_eq!(xml.finish(), "<A xmlns=\"x&amp;y\"><B>&lt;1&gt; &amp; &quot;2&quot;</B><D></D></A>");
    }
}
