//! `trueup export`

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use trueup_engine::check::Checked;
use trueup_engine::export::{self, Ask};
use trueup_kinds::source::readable;
use trueup_specs::{Loaded, load_from};
use trueup_state::ledger::Ledger;
use trueup_state::store::write_atomically;

use self::begin::Begun;
use self::tell::Told;
use crate::args::{ExportArgs, Format};
use crate::context::{Context, Specs, project_accounts, store_stop};
use crate::exit::{Exit, Stop};

mod begin;
mod tell;

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
    /// The files of an earlier export, which this one shall replace.
    former: BTreeSet<PathBuf>,
}

/// Writes the specs of what the accounts have.
pub(crate) async fn run(context: &Context, args: &ExportArgs) -> Result<Exit, Stop> {
    refuse(context, args)?;
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
        Some(_) => write(context, args, &home, &files)?,
        None => print(context, &files)?,
    }
    let told = Told {
        exported: &exported,
        files: &files,
        unread: &unread,
        denied: denied(context, &home, &files),
        home: &home,
    };
    told.tell(context)?;
    Ok(if unread.is_empty() { Exit::Done } else { Exit::Incomplete })
}

/// Refuses flags that make no sense together.
fn refuse(context: &Context, args: &ExportArgs) -> Result<(), Stop> {
    if !context.common.targets.is_empty() {
        let help = "choose with --account, --region and --kind";
        return Err(Stop::with_help("what has no spec has no address that --target could name", help));
    }
    let is_part = !(args.kinds.is_empty() && args.regions.is_empty() && context.common.accounts.is_empty());
    if args.overwrite && is_part {
        return Err(Stop::with_help(
            "--overwrite writes all files of an export anew, and a part of it would take the rest away",
            "leave out --account, --region and --kind, or choose another folder with --out",
        ));
    }
    Ok(())
}

/// How many findings of guardrails stop a plan with the new files.
fn denied(context: &Context, home: &Home, files: &BTreeMap<PathBuf, String>) -> u64 {
    if files.is_empty() {
        return 0;
    }
    let written = files.iter().map(|(path, text)| (path.clone(), text.clone().into_bytes()));
    let base = home.base.iter().filter(|(path, _)| !files.contains_key(path)).cloned();
    let Loaded { sources, project, problems } = load_from(base.chain(written).collect(), &trueup_kinds::schemas());
    let Some(project) = project else { return 0 };
    let specs = Specs { sources, project, problems };
    context.guarded(&specs).findings.iter().filter(|finding| finding.is_denied()).count() as u64
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
        return Ok(Home { specs, base, regions, folder: folder("")?, begun: Some(begun), former: BTreeSet::new() });
    }
    if !args.account_ids.is_empty() || !args.profiles.is_empty() || args.organization {
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
    let mut former = BTreeSet::new();
    if args.overwrite
        && let Some(folder) = folder.as_ref().filter(|folder| !folder.as_os_str().is_empty())
    {
        // What an export wrote before is written anew, so it does not count as being there.
        let (there, rest) = base.into_iter().partition(|(path, _)| path.starts_with(folder));
        base = rest;
        former = Vec::into_iter(there).map(|(path, _): (PathBuf, Vec<u8>)| path).collect();
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
    Ok(Home { specs, base, regions, folder, begun: None, former })
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
fn write(context: &Context, args: &ExportArgs, home: &Home, files: &BTreeMap<PathBuf, String>) -> Result<(), Stop> {
    let root = &context.common.directory;
    let stale: Vec<String> =
        home.former.iter().filter(|path| !files.contains_key(*path)).map(|path| path.display().to_string()).collect();
    if !stale.is_empty() {
        // What is in them is in the new files as well, and nothing may be asked for twice.
        return Err(Stop::with_help(
            format!("{} would stay from an earlier export; nothing was written", stale.join(", ")),
            "move what you wrote yourself elsewhere, remove the rest, and export again",
        ));
    }
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
