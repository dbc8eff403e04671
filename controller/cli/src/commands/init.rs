//! `trueup init`

use std::fs;
use std::path::{Component, Path};

use crate::context::Context;
use crate::exit::{Exit, Stop};

/// The files of a new project, which works in the sandbox as it is.
const FILES: [(&str, &str); 4] = [
    ("trueup.toml", include_str!("init/trueup.toml")),
    ("accounts.toml", include_str!("init/accounts.toml")),
    ("delivery.toml", include_str!("init/delivery.toml")),
    (".gitignore", ".trueup/\n"),
];

/// Makes a small working project. A file that is there already is never touched.
pub(crate) fn run(context: &Context, path: &Path) -> Result<Exit, Stop> {
    let dir = context.common.directory.join(path);
    let taken: Vec<&str> = FILES.iter().map(|(name, _)| *name).filter(|name| dir.join(name).exists()).collect();
    if !taken.is_empty() {
        return Err(Stop::with_help(
            format!("{} already has {}", dir.display(), taken.join(", ")),
            "choose an empty directory: trueup init DIR",
        ));
    }
    let failed = |what: &Path, error: &std::io::Error| {
        Stop::with_help(format!("can't write {}: {error}", what.display()), "choose a directory you may write to")
    };
    fs::create_dir_all(&dir).map_err(|error| failed(&dir, &error))?;
    for (name, text) in FILES {
        let file = dir.join(name);
        fs::write(&file, text).map_err(|error| failed(&file, &error))?;
    }
    let here = dir.components().all(|part| part == Component::CurDir);
    let (place, flag) = if here {
        ("this directory".to_owned(), String::new())
    } else {
        (dir.display().to_string(), format!(" -C {}", dir.display()))
    };
    context.output.result(&format!(
        "Made a project in {place}. Try it without an AWS account:\n  trueup{flag} --sandbox plan\n  trueup{flag} --sandbox apply\n"
    ))?;
    Ok(Exit::Done)
}
