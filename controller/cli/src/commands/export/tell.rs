//! What an export says it did.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::json;
use trueup_engine::export::{Exported, LeftOut, NotFound};
use trueup_engine::render::{Look, Page, Tone, counted};
use trueup_specs::ACCOUNT;

use super::Home;
use crate::args::Format;
use crate::context::Context;
use crate::exit::Stop;

/// The most things left out that are told one by one; of more than that nobody reads the list.
const TOLD: usize = 20;

/// What became of what was found.
pub(super) struct Told<'a> {
    pub(super) home: &'a Home,
    pub(super) exported: &'a Exported,
    pub(super) files: &'a BTreeMap<PathBuf, String>,
    pub(super) unread: &'a [NotFound],
    /// How many findings of guardrails stop a plan.
    pub(super) denied: u64,
}

impl Told<'_> {
    pub(super) fn tell(&self, context: &Context) -> Result<(), Stop> {
        for (scope, why) in self.unread {
            context.output.note(&format!("could not read {scope}: {}: {}", why.call, why.why));
            if let Some(help) = &why.help {
                context.output.note(&format!("help: {help}"));
            }
        }
        if context.output.format == Format::Json {
            return self.json(context);
        }
        match &self.home.folder {
            Some(_) => context.output.result(&self.text(context.output.look())),
            None => {
                context.output.note(self.text(context.output.look_stderr()).trim_end());
                Ok(())
            }
        }
    }

    fn json(&self, context: &Context) -> Result<(), Stop> {
        let Exported { files: _, tags: _, written, untagged, left_out, known, aws } = self.exported;
        let left_out = left_out.iter().map(|LeftOut { scope, kind, name, why }| {
            json!({ "scope": scope.to_string(), "kind": kind, "name": name, "why": why })
        });
        let unread = self.unread.iter().map(|(scope, why)| json!({ "scope": scope.to_string(), "why": why }));
        context.output.json(&json!({
            "files": self.files,
            "written": written,
            "untagged": untagged,
            "left_out": left_out.collect::<Vec<_>>(),
            "known": known,
            "aws": aws,
            "denied": self.denied,
            "unread": unread.collect::<Vec<_>>(),
        }))
    }

    fn text(&self, look: Look) -> String {
        let Exported { files: _, tags: _, written, untagged, left_out, known, aws } = self.exported;
        let mut page = Page::new(look);
        let mut say = |text: &str| page.text(0, (Tone::Plain, ""), (Tone::Plain, text));
        let resources = counted(written.len() as u64, "resource");
        if written.is_empty() {
            say("Nothing here is without a spec that could have one.");
        } else if self.home.folder.is_some() {
            say(&format!("Wrote the specs of {resources}:"));
            self.files.keys().for_each(|path| say(&format!("  {}", path.display())));
        } else {
            say(&format!("The specs of {resources}."));
        }
        if !left_out.is_empty() {
            say(&format!("{} left out:", counted(left_out.len() as u64, "resource")));
            self.left_out(&mut page);
        }
        let mut say = |text: &str| page.text(0, (Tone::Plain, ""), (Tone::Plain, text));
        if *known > 0 {
            say(&format!("{} in the specs already.", counted(*known, "resource")));
        }
        if *aws > 0 {
            say(&format!("{} AWS's own, left to AWS.", counted(*aws, "resource")));
        }
        if !untagged.is_empty() {
            let count = counted(untagged.len() as u64, "resource");
            say(&format!("{count} without the project's tags: `trueup apply --adopt` puts them on."));
        }
        if self.denied > 0 {
            let count = counted(self.denied, "finding");
            say(&format!("{count} of the guardrails would stop a plan: `trueup check` shows them."));
        }
        if self.has_new_accounts() {
            say("There are new accounts: put them into groups, and export again for what is in them.");
        }
        if !written.is_empty() {
            say("`trueup plan` shows what remains: to put trueup's own tags on them.");
        }
        page.finish()
    }

    fn left_out(&self, page: &mut Page) {
        // What is the same in several accounts is told once.
        let mut alike: BTreeMap<(&str, &str, &str), Vec<String>> = BTreeMap::new();
        for LeftOut { scope, kind, name, why } in &self.exported.left_out {
            alike.entry((kind, name, why)).or_default().push(scope.to_string());
        }
        for ((kind, name, why), scopes) in alike.iter().take(TOLD) {
            let what = match scopes.as_slice() {
                [one] => format!("{one} {kind} {name}"),
                several => format!("{kind} {name}, in {}", counted(several.len() as u64, "place")),
            };
            // What AWS's names hold must not reach the terminal as it is.
            let line = format!("{what}: {why}").replace(|c: char| c.is_control(), " ");
            page.text(2, (Tone::Plain, "- "), (Tone::Plain, &line));
        }
        if let Some(more) = alike.len().checked_sub(TOLD).filter(|more| *more > 0) {
            page.text(2, (Tone::Plain, "- "), (Tone::Plain, &format!("and {more} more: --format json names all")));
        }
    }

    fn has_new_accounts(&self) -> bool {
        let kind = format!("/{}.", ACCOUNT.name);
        self.exported.written.iter().any(|address| address.contains(&kind))
    }
}
