//! A new project around what there is.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};
use trueup_specs::export::{block, value};
use trueup_specs::{ACCOUNT, Loaded, Project, load_from};

use super::SETTINGS;
use crate::args::ExportArgs;
use crate::context::Context;
use crate::exit::Stop;

/// The account's name where there is but one.
const ONLY: &str = "main";

/// Its name where it manages an organization.
const MANAGEMENT: &str = "management";

/// The sandbox's account where none is named.
const IN_THE_SANDBOX: &str = "111111111111";

/// A project that is not written yet.
pub(super) struct Begun {
    name: String,
    /// The first is the project's.
    regions: Vec<String>,
    accounts: Vec<NewAccount>,
    /// Whether the account, the only one, manages an organization.
    is_management: bool,
}

struct NewAccount {
    name: String,
    id: String,
    profile: Option<String>,
}

impl Begun {
    /// The regions to look at.
    pub(super) fn regions(&self) -> BTreeSet<Arc<str>> {
        self.regions.iter().map(|region| Arc::from(region.as_str())).collect()
    }

    /// Its own files, with tags for everything.
    pub(super) fn files(&self, tags: &BTreeMap<String, String>) -> BTreeMap<PathBuf, String> {
        let quoted = |text: &str| value(&Value::from(text));
        let region = self.regions.first().map(|region| format!("region = {}\n", quoted(region))).unwrap_or_default();
        let tags = if tags.is_empty() { String::new() } else { format!("tags   = {}\n", value(&json!(tags))) };
        let settings = format!("[project]\nname   = {}\n{region}{tags}\n[limits]\ndeletions = 5\n", quoted(&self.name));
        let tables: Vec<String> = self.accounts.iter().map(|account| self.table(account)).collect();
        [(SETTINGS, settings), ("accounts.toml", tables.join("\n")), (".gitignore", ".trueup/\n".to_owned())]
            .map(|(path, text)| (PathBuf::from(path), text))
            .into()
    }

    fn table(&self, NewAccount { name, id, profile }: &NewAccount) -> String {
        let fields = [
            ("id", Some(Value::from(id.as_str()))),
            ("profile", profile.as_deref().map(Value::from)),
            ("management", self.is_management.then_some(Value::Bool(true))),
        ];
        let fields = fields.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect();
        block(ACCOUNT.name, name, &fields, &(ACCOUNT.shape)())
    }
}

/// Finds out which accounts the new project has, and reads it as if it were there.
pub(super) async fn begin(context: &Context, args: &ExportArgs) -> Result<(Begun, Loaded), Stop> {
    if args.regions.is_empty() {
        return Err(Stop::with_help(
            format!("there is no project in {}, and no region says where to look", context.common.directory.display()),
            "to begin a new one: trueup export --region eu-west-1; in a project that is elsewhere: -C DIR",
        ));
    }
    let is_management = args.organization;
    let accounts = named(accounts(context, args).await?, if is_management { MANAGEMENT } else { ONLY });
    if is_management && accounts.len() > 1 {
        return Err(Stop::with_help(
            "one account manages an organization, and several are given",
            "give the management account alone; the others are found in the organization",
        ));
    }
    let name = args.name.clone().unwrap_or_else(|| folder_name(&context.common.directory));
    let begun = Begun { name, regions: args.regions.clone(), accounts, is_management };
    let files = begun.files(&BTreeMap::new()).into_iter().map(|(path, text)| (path, text.into_bytes())).collect();
    Ok((begun, load_from(files, &trueup_kinds::schemas())))
}

/// The ids that are given, those that the profiles lead into, or the caller's own; without names yet.
async fn accounts(context: &Context, args: &ExportArgs) -> Result<Vec<NewAccount>, Stop> {
    let mut accounts: Vec<NewAccount> = Vec::new();
    for id in &args.account_ids {
        if id.len() != 12 || !id.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Stop::with_help(format!("`{id}` is no account id"), "an account id has twelve digits"));
        }
        accounts.push(NewAccount { name: String::new(), id: id.clone(), profile: None });
    }
    if context.common.sandbox && accounts.is_empty() {
        accounts.push(NewAccount { name: String::new(), id: IN_THE_SANDBOX.to_owned(), profile: None });
    }
    if accounts.is_empty() || !args.profiles.is_empty() {
        let aws = context.connect(&Project::default(), Vec::new()).await?;
        for profile in &args.profiles {
            let found = aws.profile_identity(profile).await.map_err(|failure| Stop::of_failure(&failure))?;
            accounts.push(NewAccount { name: String::new(), id: found.account, profile: Some(profile.clone()) });
        }
        if accounts.is_empty() {
            accounts.push(NewAccount { name: String::new(), id: aws.caller().account.clone(), profile: None });
        }
    }
    let mut seen = BTreeSet::new();
    accounts.retain(|account| seen.insert(account.id.clone()));
    Ok(accounts)
}

/// Gives each account a name: its profile's, else one with its id; `only_name` to one that is alone.
fn named(mut accounts: Vec<NewAccount>, only_name: &str) -> Vec<NewAccount> {
    if let [only] = accounts.as_mut_slice() {
        only_name.clone_into(&mut only.name);
        return accounts;
    }
    let mut taken = BTreeSet::new();
    for account in &mut accounts {
        let by_id = format!("account-{}", account.id);
        let by_profile = account.profile.as_deref().map(plain).filter(|name| !name.is_empty());
        account.name = by_profile.filter(|name| taken.insert(name.clone())).unwrap_or(by_id);
    }
    accounts
}

/// A text as a name of the language's.
fn plain(text: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    text.chars().map(letter).take(64).collect::<String>().trim_matches('-').to_owned()
}

fn folder_name(directory: &Path) -> String {
    let full = std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned());
    let name = full.file_name().map(|name| plain(&name.to_string_lossy())).unwrap_or_default();
    if name.is_empty() { "exported".to_owned() } else { name }
}
