//! Files as they lie on a disk: bytes, links, folders.

use std::fs;
use std::path::Path;

use trueup_specs::{load, render};

use crate::support::{ACCOUNTS, KINDS, SETTINGS};

fn check(prepare: impl FnOnce(&Path)) -> String {
    let dir = tempfile::tempdir().expect("a temporary folder");
    fs::write(dir.path().join("trueup.toml"), SETTINGS).expect("a temporary folder is writable");
    fs::write(dir.path().join("accounts.toml"), ACCOUNTS).expect("a temporary folder is writable");
    prepare(dir.path());
    let loaded = load(dir.path(), KINDS);
    let instances = loaded.project.map_or(0, |project| project.instances.len());
    let told = render(&loaded.problems.into_vec(), &loaded.sources, false, 80);
    format!("{instances} resources\n{told}")
}

const ROLE: &str = "[scope]\naccount = \"tooling\"\n[role.a]\n";

#[test]
fn folders_are_read_recursively_but_for_hidden_ones_and_target() {
    insta::assert_snapshot!(check(|dir| {
        for folder in ["a/b/c", ".hidden", "target"] {
            fs::create_dir_all(dir.join(folder)).unwrap();
            let name = folder.replace(['/', '.'], "");
            fs::write(dir.join(folder).join("x.toml"), ROLE.replace("role.a", &format!("role.{name}"))).unwrap();
        }
        fs::write(dir.join("a/notes.txt"), "not TOML").unwrap();
    }));
}

#[test]
fn not_utf8() {
    insta::assert_snapshot!(check(|dir| {
        fs::write(dir.join("a.toml"), b"[scope]\naccount = \"tooling\"\n[role.a]\ndescription = \"caf\xe9\"\n")
            .unwrap();
        fs::write(dir.join("b.toml"), format!("{ROLE}trust = {{ file = \"p.json\" }}\n")).unwrap();
        fs::write(dir.join("p.json"), b"{\"Id\": \"\xff\"}").unwrap();
    }));
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_are_fine() {
    insta::assert_snapshot!(check(|dir| {
        fs::write(dir.join("a.toml"), format!("\u{feff}{ROLE}").replace('\n', "\r\n")).unwrap();
        fs::write(dir.join("b.toml"), ROLE.replace("role.a", "rol.a").replace('\n', "\r\n")).unwrap();
    }));
}

#[test]
fn too_big() {
    insta::assert_snapshot!(check(|dir| {
        let file = fs::File::create(dir.join("big.toml")).unwrap();
        file.set_len(16 * 1024 * 1024 + 1).unwrap();
    }));
}

#[cfg(unix)]
#[test]
fn links_in_a_circle() {
    insta::assert_snapshot!(check(|dir| {
        fs::create_dir(dir.join("a")).unwrap();
        fs::write(dir.join("a/x.toml"), ROLE).unwrap();
        std::os::unix::fs::symlink("..", dir.join("a/up")).unwrap();
        std::os::unix::fs::symlink("self.toml", dir.join("self.toml")).unwrap();
        std::os::unix::fs::symlink("nowhere.toml", dir.join("dangling.toml")).unwrap();
    }));
}

#[test]
fn no_settings() {
    insta::assert_snapshot!(check(|dir| fs::remove_file(dir.join("trueup.toml")).unwrap()));
}

#[test]
fn no_folder() {
    let loaded = load(Path::new("no-such-folder"), KINDS);
    assert!(loaded.project.is_none());
    insta::assert_snapshot!(render(&loaded.problems.into_vec(), &loaded.sources, false, 80));
}
