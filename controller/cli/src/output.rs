//! Where text goes: results to stdout, everything else to stderr.

use std::io::{self, IsTerminal, Write};

use trueup_engine::render::Look;
use trueup_specs::{Diagnostic, Sources, render, to_json};

use crate::args::{Color, Format};
use crate::exit::Stop;

/// Narrower pages than this can't be read, and wider ones neither.
const WIDTHS: std::ops::RangeInclusive<u16> = 60..=120;

/// The width where no terminal says one.
const WIDTH: u16 = 80;

/// How to print.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    /// Text or JSON.
    pub(crate) format: Format,
    color: Color,
}

impl Output {
    /// By the flags.
    pub(crate) fn new(format: Format, color: Color) -> Self {
        Self { format, color }
    }

    /// The look of what goes to stdout.
    pub(crate) fn look(self) -> Look {
        Look { width: width(), color: self.is_colored(&io::stdout()) }
    }

    /// The look of what goes to stderr.
    pub(crate) fn look_stderr(self) -> Look {
        Look { width: width(), color: self.is_colored(&io::stderr()) }
    }

    fn is_colored(self, stream: &impl anstream::stream::RawStream) -> bool {
        match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => anstream::AutoStream::choice(stream) != anstream::ColorChoice::Never,
        }
    }

    /// Prints a result.
    pub(crate) fn result(self, text: &str) -> Result<(), Stop> {
        write_all(&mut io::stdout().lock(), text)
    }

    /// Prints a result for programs.
    pub(crate) fn json(self, value: &serde_json::Value) -> Result<(), Stop> {
        let text = serde_json::to_string_pretty(value).map_err(|error| Stop::error(&error))?;
        self.result(&format!("{text}\n"))
    }

    /// Tells something beside the result.
    pub(crate) fn note(self, text: &str) {
        // A stderr that is closed must not change what the command does.
        let _ = write_all(&mut io::stderr().lock(), &format!("{text}\n"));
    }

    /// Prints diagnostics that end a command: as pictures on stderr, or as JSON on stdout.
    pub(crate) fn diagnostics(self, diagnostics: &[Diagnostic], sources: &Sources) -> Result<(), Stop> {
        match self.format {
            Format::Json => self.json(&serde_json::json!({ "diagnostics": to_json(diagnostics, sources) })),
            Format::Text => {
                self.pictures(diagnostics, sources);
                Ok(())
            }
        }
    }

    /// Prints diagnostics as pictures on stderr, where they are in no result's way.
    pub(crate) fn pictures(self, diagnostics: &[Diagnostic], sources: &Sources) {
        let look = self.look_stderr();
        let text = render(diagnostics, sources, look.color, look.width);
        let _ = write_all(&mut io::stderr().lock(), &text);
    }

    /// Prints the end of a command that stopped early.
    pub(crate) fn stop(self, stop: &Stop) {
        let Stop::Error { what, help, .. } = stop else { return };
        let mut page = trueup_engine::render::Page::new(self.look_stderr());
        use trueup_engine::render::Tone;
        page.text(0, (Tone::Danger, "error: "), (Tone::Plain, what));
        if let Some(help) = help {
            page.text(0, (Tone::Bold, "help: "), (Tone::Plain, help));
        }
        let _ = write_all(&mut io::stderr().lock(), &page.finish());
    }

    /// Asks on the terminal for one answer; `None` where there is no terminal.
    pub(crate) fn ask(self, question: &str, answer_wanted: &str) -> Option<bool> {
        if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            return None;
        }
        let _ = write_all(&mut io::stderr().lock(), question);
        let mut answer = String::new();
        io::stdin().read_line(&mut answer).ok()?;
        Some(answer.trim() == answer_wanted)
    }
}

fn width() -> usize {
    let width = terminal_size::terminal_size().map_or(WIDTH, |(width, _)| width.0);
    usize::from(width.clamp(*WIDTHS.start(), *WIDTHS.end()))
}

/// A reader that went away (`trueup plan | head`) has seen enough: that is no error.
fn write_all(to: &mut impl Write, text: &str) -> Result<(), Stop> {
    match to.write_all(text.as_bytes()).and_then(|()| to.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Stop::error(&error)),
        Ok(()) | Err(_) => Ok(()),
    }
}
