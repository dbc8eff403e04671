//! What is read: one bulk read of one service in one scope, shared by the kinds that need it.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};
use serde::de::DeserializeOwned;
use serde_json::Value;
use trueup_engine::facts::{Fact, Facts, ReadCost, ReadRequest, Unread, Wanted};
use trueup_specs::kind::KindScope;

use crate::count::{Counter, counted};
use crate::session::{Aws, Session};

pub mod codedeploy;
pub mod ecr;
pub mod events;
pub mod iam;
pub mod kms;
pub mod organizations;
mod readable;
pub mod s3;
pub mod sns;
pub mod tagging;

pub use readable::readable;

/// Scopes read at once. Each is another account or region, so their rate limits add up; the bound is for open connections.
const SCOPES_AT_ONCE: usize = 16;

type Read = for<'a> fn(&'a Session, &'a [Wanted], &'a Counter) -> BoxFuture<'a, Result<Arc<dyn Fact>, Unread>>;

/// One source.
struct Source {
    name: &'static str,
    /// Whether it is read once an account or once a region.
    scope: KindScope,
    read: Read,
    /// What is in an account that is not there yet.
    empty: fn() -> Arc<dyn Fact>,
    /// From what [`Fact::to_json`] gave.
    load: fn(Value) -> Result<Arc<dyn Fact>, serde_json::Error>,
}

static SOURCES: &[Source] = &[
    Source {
        name: codedeploy::NAME,
        scope: KindScope::Region,
        read: |session, wanted, counter| codedeploy::read(session, wanted, counter).map(shared).boxed(),
        empty: empty::<codedeploy::CodeDeployFacts>,
        load: load::<codedeploy::CodeDeployFacts>,
    },
    Source {
        name: ecr::NAME,
        scope: KindScope::Region,
        read: |session, wanted, counter| ecr::read(session, wanted, counter).map(shared).boxed(),
        empty: empty::<ecr::EcrFacts>,
        load: load::<ecr::EcrFacts>,
    },
    Source {
        name: events::NAME,
        scope: KindScope::Region,
        read: |session, wanted, counter| events::read(session, wanted, counter).map(shared).boxed(),
        empty: empty::<events::EventsFacts>,
        load: load::<events::EventsFacts>,
    },
    Source {
        name: iam::NAME,
        scope: KindScope::Account,
        read: |session, wanted, counter| iam::read(session, wanted, counter).map(shared).boxed(),
        empty: || Arc::new(iam::IamFacts::of_new_account()),
        load: load::<iam::IamFacts>,
    },
    Source {
        name: kms::NAME,
        scope: KindScope::Region,
        read: |session, wanted, counter| kms::read(session, wanted, counter).map(shared).boxed(),
        empty: empty::<kms::KmsFacts>,
        load: load::<kms::KmsFacts>,
    },
    Source {
        name: organizations::NAME,
        scope: KindScope::Organization,
        read: |session, wanted, counter| organizations::read(session, wanted, counter).map(shared).boxed(),
        empty: empty::<organizations::OrganizationFacts>,
        load: load::<organizations::OrganizationFacts>,
    },
    Source {
        name: s3::NAME,
        scope: KindScope::Account,
        read: |session, wanted, counter| s3::read(session, wanted, counter).map(shared).boxed(),
        empty: empty::<s3::S3Facts>,
        load: load::<s3::S3Facts>,
    },
    Source {
        name: sns::NAME,
        scope: KindScope::Region,
        read: |session, wanted, counter| sns::read(session, wanted, counter).map(shared).boxed(),
        empty: empty::<sns::SnsFacts>,
        load: load::<sns::SnsFacts>,
    },
];

fn shared<T: Fact>(facts: Result<T, Unread>) -> Result<Arc<dyn Fact>, Unread> {
    facts.map(|facts| Arc::new(facts) as Arc<dyn Fact>)
}

fn empty<T: Fact + Default>() -> Arc<dyn Fact> {
    Arc::new(T::default())
}

fn load<T: DeserializeOwned + Fact>(value: Value) -> Result<Arc<dyn Fact>, serde_json::Error> {
    serde_json::from_value::<T>(value).map(|facts| Arc::new(facts) as Arc<dyn Fact>)
}

fn find(source: &str) -> Option<&'static Source> {
    SOURCES.iter().find(|row| row.name == source)
}

/// Whether a source is read once an account or once a region; `None` for a name that is no source.
#[must_use]
pub fn scope_of(source: &str) -> Option<KindScope> {
    find(source).map(|row| row.scope)
}

/// What a source found, from what was saved of it.
///
/// # Errors
/// When there is no such source, or the JSON is not what that source saves.
pub fn load_fact(source: &str, json: Value) -> Result<Arc<dyn Fact>, LoadError> {
    let row = find(source).ok_or_else(|| LoadError::NoSource(source.to_owned()))?;
    (row.load)(json).map_err(|error| LoadError::Malformed { source_name: source.to_owned(), error })
}

/// Why saved facts could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The name is no source's.
    #[error("there is no source `{0}`")]
    NoSource(String),
    /// The JSON is not what the source saves.
    #[error("these are no facts of the source `{source_name}`")]
    Malformed {
        /// The source.
        source_name: String,
        /// Where and why.
        #[source]
        error: serde_json::Error,
    },
}

impl Aws {
    /// Reads all that is asked for, side by side. What can't be read is in the facts as unread.
    ///
    /// `progress` hears of each read as it ends.
    pub async fn read(&self, requests: &[ReadRequest], progress: &(dyn Fn(&ReadRequest, ReadCost) + Sync)) -> Facts {
        self.read_all(requests, false, progress).await
    }

    /// Reads what is wanted and no more: where a source has no bulk read, it does not look at everything that is ours.
    pub(crate) async fn read_wanted(&self, requests: &[ReadRequest]) -> Facts {
        self.read_all(requests, true, &|_, _| {}).await
    }

    async fn read_all(
        &self,
        requests: &[ReadRequest],
        only_wanted: bool,
        progress: &(dyn Fn(&ReadRequest, ReadCost) + Sync),
    ) -> Facts {
        let indexes = &Arc::<tagging::Indexes>::default();
        let read = |request| async move {
            let counter = Arc::new(Counter::default());
            let fact = counted(counter.clone(), self.read_one(request, only_wanted, indexes, &counter)).await;
            (request, fact, counter.cost())
        };
        let reads: Vec<_> = requests.iter().map(read).collect();
        let mut reads = futures_util::stream::iter(reads).buffer_unordered(SCOPES_AT_ONCE);
        let mut facts = Facts::default();
        while let Some((request, fact, cost)) = reads.next().await {
            progress(request, cost);
            facts.insert(request.source.clone(), request.scope.clone(), fact, cost);
        }
        facts
    }

    async fn read_one(
        &self,
        request: &ReadRequest,
        only_wanted: bool,
        indexes: &Arc<tagging::Indexes>,
        counter: &Counter,
    ) -> Result<Arc<dyn Fact>, Unread> {
        let source = find(&request.source).ok_or_else(|| Unread {
            call: request.source.to_string(),
            why: format!("there is no source `{}`", request.source),
            help: None,
        })?;
        if self.is_absent(&request.scope.account) {
            return Ok((source.empty)());
        }
        let mut session = self.session(&request.scope.account, request.scope.region.as_deref()).await?;
        session.indexes = indexes.clone();
        session.only_wanted = only_wanted;
        (source.read)(&session, &request.wanted, counter).await
    }
}
