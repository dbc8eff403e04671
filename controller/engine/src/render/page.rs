//! Lines with meaning, painted at the end: what a line says never depends on colour.

use unicode_width::UnicodeWidthStr;

/// Items up to this width stand side by side: an action does, an ARN has a line of its own.
const SHORT: usize = 40;

/// What a piece of text means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Ordinary.
    Plain,
    /// A heading.
    Bold,
    /// Comes.
    Add,
    /// Goes.
    Remove,
    /// Changes.
    Change,
    /// No one may miss it.
    Danger,
    /// Beside the point.
    Faint,
}

impl Tone {
    fn style(self) -> anstyle::Style {
        let color = |color: anstyle::AnsiColor| anstyle::Style::new().fg_color(Some(color.into()));
        match self {
            Self::Plain => anstyle::Style::new(),
            Self::Bold => anstyle::Style::new().bold(),
            Self::Add => color(anstyle::AnsiColor::Green),
            Self::Remove => color(anstyle::AnsiColor::Red),
            Self::Change => color(anstyle::AnsiColor::Yellow),
            Self::Danger => color(anstyle::AnsiColor::Red).bold(),
            Self::Faint => anstyle::Style::new().dimmed(),
        }
    }
}

/// How wide and how colourful a page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Columns; text is wrapped where it has spaces, never cut.
    pub width: usize,
    /// Whether escape codes are written.
    pub color: bool,
}

/// A page that grows line by line.
#[derive(Debug)]
pub struct Page {
    look: Look,
    text: String,
}

impl Page {
    /// An empty page.
    #[must_use]
    pub fn new(look: Look) -> Self {
        Self { look, text: String::new() }
    }

    /// The page's width.
    #[must_use]
    pub fn width(&self) -> usize {
        self.look.width
    }

    /// An empty line, unless the page ends with one.
    pub fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// One line of pieces, as it is.
    pub fn line(&mut self, indent: usize, pieces: &[(Tone, &str)]) {
        let mut line = " ".repeat(indent);
        for (tone, piece) in pieces {
            line.push_str(&self.paint(*tone, piece));
        }
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// Running text after a label; further lines stand under its beginning.
    pub fn text(&mut self, indent: usize, label: (Tone, &str), text: (Tone, &str)) {
        let hang = indent + label.1.width();
        let room = self.look.width.saturating_sub(hang).max(20);
        let options =
            textwrap::Options::new(room).break_words(false).word_splitter(textwrap::WordSplitter::NoHyphenation);
        let lines = textwrap::wrap(text.1, options);
        if lines.is_empty() {
            return self.line(indent, &[label]);
        }
        for (index, line) in lines.iter().enumerate() {
            if index == 0 {
                self.line(indent, &[label, (text.0, line)]);
            } else {
                self.line(hang, &[(text.0, line)]);
            }
        }
    }

    /// A list after a label: on one line if it fits; else short items side by side, and long ones one a line.
    pub fn list(&mut self, indent: usize, label: (Tone, &str), tone: Tone, items: &[String]) {
        let hang = indent + label.1.width();
        let joined = items.join(", ");
        if hang + joined.width() <= self.look.width {
            return self.line(indent, &[label, (tone, &joined)]);
        }
        let mut lines: Vec<String> = Vec::new();
        for item in items {
            let room = self.look.width.saturating_sub(hang);
            match lines.last_mut() {
                Some(line) if item.width() <= SHORT && line.width() + item.width() + 3 <= room => {
                    line.push_str(", ");
                    line.push_str(item);
                }
                Some(_) | None => lines.push(item.clone()),
            }
        }
        for (index, line) in lines.iter().enumerate() {
            if index == 0 {
                self.line(indent, &[label, (tone, line)]);
            } else {
                self.line(hang, &[(tone, line)]);
            }
        }
    }

    /// The text, with or without escape codes.
    #[must_use]
    pub fn finish(self) -> String {
        self.text
    }

    fn paint(&self, tone: Tone, text: &str) -> String {
        if !self.look.color || tone == Tone::Plain || text.is_empty() {
            return text.to_owned();
        }
        let style = tone.style();
        format!("{style}{text}{style:#}")
    }
}
