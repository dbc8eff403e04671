//! The house holds its shape: dependencies point one way, and what decides stays pure.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Each crate, and the crates of ours it may use. The order is the direction: nothing points up.
const CRATES: [(&str, &[&str]); 6] = [
    ("specs", &[]),
    ("state", &["trueup-specs"]),
    ("controller/engine", &["trueup-specs", "trueup-state"]),
    ("controller/kinds", &["trueup-specs", "trueup-state", "trueup-engine"]),
    ("controller/sandbox", &[]),
    ("controller/cli", &["trueup-specs", "trueup-state", "trueup-engine", "trueup-kinds", "trueup-sandbox"]),
];

/// The crates that decide: no AWS, no runtime, no clock, no randomness, no environment.
const PURE: [&str; 3] = ["specs", "state", "controller/engine"];

const IMPURE_CRATES: [&str; 10] =
    ["aws-", "tokio", "async-std", "smol", "reqwest", "hyper", "time", "chrono", "rand", "getrandom"];

const IMPURE_WORDS: [&str; 9] = [
    "SystemTime",
    "Instant::now",
    "std::env",
    "thread_rng",
    "rand::",
    "TcpStream",
    "UdpSocket",
    "std::thread",
    "std::process::Command",
];

fn root() -> PathBuf {
    crate::support::root()
}

fn dependencies(path: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(root().join(path).join("Cargo.toml")).unwrap();
    let manifest: toml::Table = text.parse().unwrap();
    manifest["dependencies"].as_table().unwrap().keys().cloned().collect()
}

fn sources(dir: &Path, found: &mut BTreeMap<PathBuf, String>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.insert(path.clone(), fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn dependencies_point_one_way() {
    for (path, allowed) in CRATES {
        let ours: BTreeSet<String> = dependencies(path).into_iter().filter(|name| name.starts_with("trueup")).collect();
        let allowed: BTreeSet<String> = allowed.iter().map(ToString::to_string).collect();
        assert!(ours.is_subset(&allowed), "{path} may use {allowed:?}, and uses {ours:?}");
    }
}

#[test]
fn every_crate_is_in_the_picture() {
    let manifest: toml::Table = fs::read_to_string(root().join("Cargo.toml")).unwrap().parse().unwrap();
    let members: BTreeSet<&str> =
        manifest["workspace"]["members"].as_array().unwrap().iter().filter_map(toml::Value::as_str).collect();
    let known: BTreeSet<&str> = CRATES.iter().map(|(path, _)| *path).collect();
    assert_eq!(members, known);
}

#[test]
fn what_decides_depends_on_nothing_that_acts() {
    for path in PURE {
        for name in dependencies(path) {
            let impure = IMPURE_CRATES.iter().find(|impure| name.starts_with(**impure));
            assert!(impure.is_none(), "{path} depends on {name}");
        }
    }
}

/// A test beside the code may do what the code may not.
fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap_or_default()
}

#[test]
fn what_decides_says_no_impure_word() {
    let mut files = BTreeMap::new();
    for path in PURE {
        sources(&root().join(path).join("src"), &mut files);
    }
    assert!(files.len() > 20, "the sources were found");
    for (path, text) in files {
        for word in IMPURE_WORDS {
            assert!(!without_tests(&text).contains(word), "{} says {word}", path.display());
        }
    }
}

#[test]
fn only_the_walk_is_async() {
    let mut files = BTreeMap::new();
    for path in PURE {
        sources(&root().join(path).join("src"), &mut files);
    }
    for (path, text) in files {
        let walks =
            path.ends_with("controller/engine/src/execute.rs") || path.ends_with("controller/engine/src/perform.rs");
        assert!(walks || !without_tests(&text).contains("async "), "{} is async", path.display());
    }
}

#[test]
fn every_kind_stands_in_the_table() {
    let dir = root().join("controller/kinds/src");
    let table = fs::read_to_string(dir.join("lib.rs")).unwrap();
    let mut files = BTreeMap::new();
    sources(&dir, &mut files);
    let mut kinds = 0;
    for (path, text) in files {
        if !text.contains("Kind for ") || path.ends_with("driver.rs") {
            continue;
        }
        kinds += 1;
        let relative = path.strip_prefix(&dir).unwrap();
        let module =
            relative.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned();
        assert!(
            table.contains(&format!("{module}::")),
            "{} holds a kind that the table in lib.rs does not name",
            path.display()
        );
    }
    assert!(kinds >= 5, "{kinds} kinds were found");
}

#[test]
fn there_is_no_dry_run() {
    let mut files = BTreeMap::new();
    for (path, _) in CRATES {
        sources(&root().join(path).join("src"), &mut files);
    }
    for (path, text) in files {
        assert!(!text.contains("dry_run"), "{} has a dry-run flag: a plan is what shows without doing", path.display());
    }
}

/// The pages that promise something and name what holds it.
const PROMISING: [&str; 4] = ["README.md", "docs/ARCHITECTURE.md", "docs/threat-model.md", "docs/performance.md"];

/// A word that can only be a test's name: four words or more.
fn test_names(text: &str) -> impl Iterator<Item = &str> {
    let is_name = |word: &&str| {
        let signs = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        word.matches('_').count() >= 3 && word.chars().all(signs)
    };
    text.split('`').filter(is_name)
}

#[test]
fn every_test_that_a_page_names_is_there() {
    let mut code = BTreeMap::new();
    for path in ["specs", "state", "controller", "tests"] {
        sources(&root().join(path), &mut code);
    }
    let is_there = |name: &str| code.values().any(|text| text.contains(&format!("fn {name}(")));
    for page in PROMISING {
        let text = fs::read_to_string(root().join(page)).unwrap();
        let missing: BTreeSet<&str> = test_names(&text).filter(|name| !is_there(name)).collect();
        assert!(missing.is_empty(), "{page} names {missing:?}");
    }
}

/// The pages a link leads to, as far as they are files here.
#[test]
fn every_page_that_a_page_leads_to_is_there() {
    for page in PROMISING {
        let path = root().join(page);
        let text = fs::read_to_string(&path).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
            let is_file = !link.is_empty() && !link.starts_with("http");
            assert!(!is_file || path.parent().unwrap().join(link).exists(), "{page} leads to {link}");
        }
    }
}
