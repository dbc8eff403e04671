//! `docs/reference` says what the types say.

use std::collections::BTreeSet;
use std::fs;

use crate::support::{Project, root};

/// Each kind has its page, each page is what `explain` writes today, and none is left of a kind that is gone.
/// `INSTA_UPDATE=always` writes the pages, as it writes snapshots.
#[test]
fn the_reference_is_what_the_types_say() {
    let project = Project::of(&[]);
    let written = |args: &[&str]| project.trueup_on_aws(args).expect(0).stdout;
    let list = written(&["explain"]);
    let kinds: BTreeSet<&str> =
        list.lines().filter(|line| !line.starts_with(' ')).filter_map(|line| line.split_whitespace().next()).collect();
    assert!(kinds.len() > 10, "{list}");
    let folder = root().join("docs/reference");
    #[expect(clippy::disallowed_methods, reason = "insta takes its word from the environment too")]
    let update = std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always");
    let mut pages = vec![("README.md".to_owned(), written(&["explain", "--markdown"]))];
    pages.extend(kinds.iter().map(|kind| (format!("{kind}.md"), written(&["explain", "--markdown", kind]))));
    for (file, text) in &pages {
        let path = folder.join(file);
        if update {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&path, text).unwrap();
        }
        let found = fs::read_to_string(&path).unwrap_or_default();
        assert!(found == *text, "docs/reference/{file} is not what `trueup explain --markdown` says now");
    }
    let expected: BTreeSet<String> = pages.into_iter().map(|(file, _)| file).collect();
    let found: BTreeSet<String> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(found, expected);
}
