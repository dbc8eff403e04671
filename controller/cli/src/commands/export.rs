//! `trueup export`

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use serde_json::json;
use trueup_engine::check::Checked;
use trueup_engine::export::{self, Ask, Exported, LeftOut, NotFound};
use trueup_engine::render::counted;
use trueup_kinds::source::readable;
use trueup_specs::{Loaded, load_from};
use trueup_state::ledger::Ledger;
use trueup_state::store::write_atomically;

use self::begin::Begun;
use crate::args::{ExportArgs, Format};
use crate::context::{Context, Specs, project_accounts, store_stop};
use crate::exit::{Exit, Stop};

mod begin;

/// The file that makes a directory a project.
const SETTINGS: &str = "trueup.toml";

/// Where the files go in a project that is there already, so that they stand apart from what people wrote.
const FOLDER: &str = "exported";

/// In place of a folder: print the files.
const STDOUT: &str = "-";

/// The project the specs are for, and its files as far as they count.
struct Home {
    specs: Specs,
    base: Vec<(PathBuf, Vec<u8>)>,
    /// The regions to look at.
    regions: BTreeSet<Arc<str>>,
    /// Where the files go, relative to the project; `None`: printed.
    folder: Option<PathBuf>,
    /// The settings, where the project is a new one.
    begun: Option<Begun>,
}

/// Writes the specs of what the accounts have.
pub(crate) async fn run(context: &Context, args: &ExportArgs) -> Result<Exit, Stop> {
    if !context.common.targets.is_empty() {
        let help = "choose with --account, --region and --kind";
        return Err(Stop::with_help("what has no spec has no address that --target could name", help));
    }
    let mut home = home(context, args).await?;
    let kinds = {
        // What is wrong is told before a call.
        let checked = context.check(&home.specs)?;
        context.selection(&checked)?;
        kinds(args, &checked)?
    };
    let ledger = match &home.begun {
        // What is not there yet has no record.
        Some(_) => Ledger::default(),
        None => context.store(&home.specs.project).await?.ledger().map_err(|error| store_stop(&error))?,
    };
    let mut aws = context.connect(&home.specs.project, project_accounts(&home.specs.project)).await?;
    if home.specs.project.accounts.values().any(|account| account.email.is_some()) {
        context.find_accounts(&mut home.specs, &mut aws, &ledger).await?;
    }
    let checked = context.check_again(&home.specs)?;
    let selection = context.selection(&checked)?;
    let folder = home.folder.clone().unwrap_or_default();
    let ask = Ask {
        checked: &checked,
        base: &home.base,
        accounts: selection.accounts.as_ref(),
        regions: &home.regions,
        kinds: kinds.as_ref(),
        ledger: &ledger,
        folder: &folder,
        share_tags: home.begun.is_some(),
    };
    let facts = context.read(&aws, &export::requests(ask)).await;
    let (facts, mut unread) = readable(&facts);
    let (found, more) = export::observe(ask, &facts);
    unread.extend(more);
    let exported = export::export(ask, &found);
    let mut files: BTreeMap<PathBuf, String> =
        exported.files.iter().map(|(path, text)| (folder.join(path), text.clone())).collect();
    if let Some(begun) = &home.begun {
        files.extend(begun.files(&exported.tags));
    }
    match &home.folder {
        Some(_) => write(context, args, &files)?,
        None => print(context, &files)?,
    }
    tell(context, &home, &files, &exported, &unread)?;
    Ok(if unread.is_empty() { Exit::Done } else { Exit::Incomplete })
}

/// The project that is there, or a new one.
async fn home(context: &Context, args: &ExportArgs) -> Result<Home, Stop> {
    let is_project = context.common.directory.join(SETTINGS).exists();
    let given = args.out.as_deref();
    let folder = |default: &str| match given {
        Some(STDOUT) => Ok(None),
        Some(out) => inside(Path::new(out)).map(Some),
        None => Ok(Some(PathBuf::from(default))),
    };
    if !is_project {
        let (begun, loaded) = begin::begin(context, args).await?;
        let base = begun.files(&BTreeMap::new()).into_iter().map(|(path, text)| (path, text.into_bytes())).collect();
        let regions = begun.regions();
        let specs = specs_of(context, loaded)?;
        return Ok(Home { specs, base, regions, folder: folder("")?, begun: Some(begun) });
    }
    if !args.account_ids.is_empty() || !args.profiles.is_empty() {
        return Err(Stop::with_help(
            format!("there is a project in {} already", context.common.directory.display()),
            "choose among its accounts with --account, or begin a new project in another directory with -C",
        ));
    }
    let folder = folder(FOLDER)?;
    let mut specs = context.specs()?;
    let sources = &specs.sources;
    let mut base: Vec<(PathBuf, Vec<u8>)> =
        sources.iter().map(|(file, path)| (path.to_owned(), sources.text(file).as_bytes().to_vec())).collect();
    if args.overwrite
        && let Some(folder) = folder.as_ref().filter(|folder| !folder.as_os_str().is_empty())
    {
        // What an export wrote before is written anew, so it does not count as being there.
        base.retain(|(path, _)| !path.starts_with(folder));
        specs = specs_of(context, load_from(base.clone(), &trueup_kinds::schemas()))?;
    }
    let of_project = specs.project.settings.region.clone();
    let regions: BTreeSet<Arc<str>> = if args.regions.is_empty() {
        of_project.into_iter().collect()
    } else {
        args.regions.iter().map(|region| Arc::from(region.as_str())).collect()
    };
    if regions.is_empty() {
        return Err(Stop::with_help("no region says where to look", "give --region, or [project] a `region`"));
    }
    Ok(Home { specs, base, regions, folder, begun: None })
}

fn specs_of(context: &Context, loaded: Loaded) -> Result<Specs, Stop> {
    let Loaded { sources, project, problems } = loaded;
    match project {
        Some(project) => Ok(Specs { sources, project, problems }),
        None => {
            context.report(problems, &sources)?;
            Err(Stop::Reported)
        }
    }
}

/// A folder within the project: elsewhere nobody would read the files.
fn inside(out: &Path) -> Result<PathBuf, Stop> {
    let is_inside = out.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if !is_inside {
        return Err(Stop::with_help(
            format!("{} is not inside of the project", out.display()),
            "name a folder relative to the project's directory; --out - prints the files",
        ));
    }
    Ok(out.components().filter(|part| matches!(part, Component::Normal(_))).collect())
}

fn kinds(args: &ExportArgs, checked: &Checked<'_>) -> Result<Option<BTreeSet<String>>, Stop> {
    let known: Vec<&str> = checked.kinds.rows.iter().map(|kind| kind.schema().name).collect();
    for kind in &args.kinds {
        if !known.contains(&kind.as_str()) {
            let help = match trueup_specs::suggest::nearest(kind, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the kinds are: {}", known.join(", ")),
            };
            return Err(Stop::with_help(format!("there is no kind `{kind}`"), help));
        }
    }
    Ok((!args.kinds.is_empty()).then(|| args.kinds.iter().cloned().collect()))
}

/// Writes the files. Before the first, every one is looked at: a file that is there stays, unless the flag says otherwise.
fn write(context: &Context, args: &ExportArgs, files: &BTreeMap<PathBuf, String>) -> Result<(), Stop> {
    let root = &context.common.directory;
    let there: Vec<String> =
        files.keys().filter(|path| root.join(path).exists()).map(|path| path.display().to_string()).collect();
    if !there.is_empty() && !args.overwrite {
        return Err(Stop::with_help(
            format!("{} would be overwritten; nothing was written", there.join(", ")),
            "choose another folder with --out, or give --overwrite",
        ));
    }
    for (path, text) in files {
        let path = root.join(path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|error| {
                let what = format!("can't make {}: {error}", folder.display());
                Stop::with_help(what, "choose a directory you may write to")
            })?;
        }
        write_atomically(&path, text.as_bytes()).map_err(|error| store_stop(&error))?;
    }
    Ok(())
}

fn print(context: &Context, files: &BTreeMap<PathBuf, String>) -> Result<(), Stop> {
    for (path, text) in files.iter().filter(|_| context.output.format == Format::Text) {
        context.output.result(&format!("# {}\n\n{text}\n", path.display()))?;
    }
    Ok(())
}

/// Says what became of what was found.
fn tell(
    context: &Context,
    home: &Home,
    files: &BTreeMap<PathBuf, String>,
    exported: &Exported,
    unread: &[NotFound],
) -> Result<(), Stop> {
    for (scope, why) in unread {
        context.output.note(&format!("could not read {scope}: {}: {}", why.call, why.why));
        if let Some(help) = &why.help {
            context.output.note(&format!("help: {help}"));
        }
    }
    if context.output.format == Format::Json {
        let left_out = exported.left_out.iter().map(|LeftOut { scope, kind, name, why }| {
            json!({ "scope": scope.to_string(), "kind": kind, "name": name, "why": why })
        });
        return context.output.json(&json!({
            "files": files,
            "written": exported.written,
            "untagged": exported.untagged,
            "left_out": left_out.collect::<Vec<_>>(),
            "known": exported.known,
            "aws": exported.aws,
            "unread": unread.iter().map(|(scope, why)| json!({ "scope": scope.to_string(), "why": why })).collect::<Vec<_>>(),
        }));
    }
    let text = summary(home, files, exported);
    match &home.folder {
        Some(_) => context.output.result(&text),
        None => {
            context.output.note(text.trim_end());
            Ok(())
        }
    }
}

fn summary(home: &Home, files: &BTreeMap<PathBuf, String>, exported: &Exported) -> String {
    let resources = counted(exported.written.len() as u64, "resource");
    let mut text = if exported.written.is_empty() {
        "Nothing here is without a spec.\n".to_owned()
    } else if home.folder.is_some() {
        let names: String = files.keys().map(|path| format!("  {}\n", path.display())).collect();
        format!("Wrote the specs of {resources}:\n{names}")
    } else {
        format!("The specs of {resources}.\n")
    };
    if !exported.left_out.is_empty() {
        let count = counted(exported.left_out.len() as u64, "resource");
        text.push_str(&format!("{count} left out; each file ends with its own, and why.\n"));
    }
    if exported.known > 0 {
        text.push_str(&format!("{} in the specs already.\n", counted(exported.known, "resource")));
    }
    if exported.aws > 0 {
        text.push_str(&format!("{} AWS's own, left to AWS.\n", counted(exported.aws, "resource")));
    }
    if !exported.untagged.is_empty() {
        let count = counted(exported.untagged.len() as u64, "resource");
        text.push_str(&format!("{count} without the project's tags: apply --adopt puts them on.\n"));
    }
    if !exported.written.is_empty() {
        text.push_str("`trueup plan` shows what remains: to put trueup's own tags on them.\n");
    }
    text
}
