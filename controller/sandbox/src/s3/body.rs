//! Reading the XML bodies clients send.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;
use serde::{Deserialize, Serialize};

use super::failure::Failure;

/// How deep a body may nest; S3's own documents stay under ten.
const DEPTH_MAX: usize = 32;

/// One element. Namespaces and attributes carry nothing the sandbox needs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Node {
    pub(super) name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) text: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) children: Vec<Node>,
}

impl Node {
    /// The one child of this name; two of it are malformed.
    pub(super) fn child(&self, name: &str) -> Result<Option<&Node>, Failure> {
        let mut found = self.all(name);
        match (found.next(), found.next()) {
            (first, None) => Ok(first),
            (_, Some(_)) => Err(Failure::malformed_xml()),
        }
    }

    /// The text of the one child of this name.
    pub(super) fn text_of(&self, name: &str) -> Result<Option<&str>, Failure> {
        Ok(self.child(name)?.map(|node| node.text.trim()))
    }

    /// The text of the one child of this name, exactly as it stands.
    pub(super) fn exact_text_of(&self, name: &str) -> Result<Option<&str>, Failure> {
        Ok(self.child(name)?.map(|node| node.text.as_str()))
    }

    /// A boolean child; anything but true and false is malformed.
    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, Failure> {
        match self.text_of(name)? {
            None => Ok(None),
            Some(text) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(text) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(_) => Err(Failure::malformed_xml()),
        }
    }

    /// All children of this name.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &Node> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// Refuses children of other names.
    pub(super) fn only(&self, names: &[&str]) -> Result<(), Failure> {
        if self.children.iter().all(|child| names.contains(&child.name.as_str())) {
            Ok(())
        } else {
            Err(Failure::malformed_xml())
        }
    }
}

/// The document, whose root must have this name.
pub(super) fn parse(body: &[u8], root: &str) -> Result<Node, Failure> {
    let node = tree(body).ok_or_else(Failure::malformed_xml)?;
    if node.name == root { Ok(node) } else { Err(Failure::malformed_xml()) }
}

fn tree(body: &[u8]) -> Option<Node> {
    let mut reader = Reader::from_str(std::str::from_utf8(body).ok()?);
    // The first is not an element but holds the root.
    let mut open = vec![Node::default()];
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => {
                if open.len() > DEPTH_MAX {
                    return None;
                }
                open.push(Node { name: start.local_name().as_ref().to_owned(), ..Node::default() });
            }
            Event::Empty(start) => {
                let node = Node { name: start.local_name().as_ref().to_owned(), ..Node::default() };
                open.last_mut()?.children.push(node);
            }
            Event::End(_) => {
                let node = open.pop()?;
                open.last_mut()?.children.push(node);
            }
            Event::Text(text) => open.last_mut()?.text.push_str(&text),
            Event::CData(text) => open.last_mut()?.text.push_str(&text),
            Event::GeneralRef(reference) => {
                let character = reference.resolve_char_ref().ok()?;
                let resolved = match character {
                    Some(c) => c.to_string(),
                    None => resolve_predefined_entity(&reference)?.to_owned(),
                };
                open.last_mut()?.text.push_str(&resolved);
            }
            Event::Decl(_) | Event::Comment(_) | Event::PI(_) => {}
            // Entities of one's own are never needed and have done much harm.
            Event::DocType(_) => return None,
            Event::Eof => break,
        }
    }
    let mut top = open.pop().filter(|_| open.is_empty())?;
    let root = top.children.pop()?;
    (top.children.is_empty() && top.text.trim().is_empty()).then_some(root)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn reads_what_clients_send() {
        let text = "<?xml version=\"1.0\"?><A xmlns=\"x\"><B>1 &lt; 2 &#x41;</B>\n<B/><c:C>x</c:C></A>";
        let node = parse(text.as_bytes(), "A").unwrap();
        assert_eq!(node.all("B").map(|b| b.text.as_str()).collect::<Vec<_>>(), ["1 < 2 A", ""]);
        assert_eq!(node.text_of("C").unwrap(), Some("x"));
        assert!(node.child("B").is_err() && node.flag("C").is_err());
    }

    #[test]
    fn refuses_what_is_malformed() {
        let deep = "<A>".repeat(100);
        for text in ["", "x", "<A>", "<A></B>", "<A/><A/>", "<B/>", "<!DOCTYPE A><A/>", "<A>&no;</A>", deep.as_str()] {
            assert!(parse(text.as_bytes(), "A").is_err(), "{text}");
        }
    }
}
