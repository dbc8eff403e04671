//! The project's documents in an S3 bucket, for people and machines that share them.
//!
//! S3 reads what was written last (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html#ConsistencyModel>) and writes on
//! condition (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html>); nothing else is asked of it. Needed are
//! `s3:ListBucket` on the bucket and `s3:GetObject`, `s3:PutObject`, `s3:DeleteObject` on what is under the prefix.

use std::future::Future;
use std::sync::Arc;
use std::sync::mpsc;

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{BucketVersioningStatus, ServerSideEncryption};
use futures_util::stream::{self, StreamExt};
use tokio::runtime::{Builder, Runtime};
use tokio::time::Duration;
use trueup_state::store::{Backend, DOCUMENT_BYTES_MAX, Expect, Holder, Life, Put, StoreError, Stored, Tag};

use crate::error::Failure;
use crate::session::Aws;

mod life;
#[cfg(test)]
mod tests;

pub use life::Terms;

/// Documents read or written at once. S3 takes thousands of requests a second; the bound is for open connections.
const AT_ONCE: usize = 16;

/// How often a write that met another one is sent again, and how long one waits before.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>: "On a 409 failure, retry the upload."
const CONFLICTS_MAX: u32 = 8;
const CONFLICT_PAUSE: Duration = Duration::from_millis(250);

/// Where in S3 the documents are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The bucket.
    pub bucket: String,
    /// What all keys begin with; empty, or without a slash at its end.
    pub prefix: String,
    /// The bucket's region.
    pub region: String,
    /// The KMS key that new documents are encrypted with; `None`: as the bucket says, which is with S3's own keys unless changed.
    pub kms_key: Option<String>,
}

/// A store in an S3 bucket. It has a thread of its own, so that those who use it need not be asynchronous.
#[derive(Debug)]
pub struct S3Store {
    bucket: Arc<Bucket>,
    worker: Worker,
}

#[derive(Debug)]
struct Bucket {
    client: Client,
    place: Place,
    terms: Terms,
    wall: life::Wall,
}

#[derive(Debug, Clone)]
struct Worker(Arc<Thread>);

#[derive(Debug)]
struct Thread(Option<Runtime>);

impl Drop for Thread {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl Worker {
    fn new() -> Result<Self, StoreError> {
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("state").enable_all().build();
        let runtime =
            runtime.map_err(|source| StoreError::Io { action: "start", path: "a thread".to_owned(), source })?;
        Ok(Self(Arc::new(Thread(Some(runtime)))))
    }

    fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<tokio::task::JoinHandle<T>> {
        self.0.0.as_ref().map(|runtime| runtime.spawn(work))
    }

    /// Waits for work that the thread does.
    fn wait<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> Result<T, StoreError> {
        let (answer, answered) = mpsc::sync_channel(1);
        self.spawn(async move {
            // Nobody waits any more when the program ends.
            let _ = answer.send(work.await);
        });
        answered.recv().map_err(|_| StoreError::Remote {
            action: "use",
            path: "S3".to_owned(),
            why: "the store's thread ended".to_owned(),
            help: None,
        })
    }
}

impl S3Store {
    /// A store in this place, with the credentials of who runs trueup.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub fn new(aws: &Aws, place: Place, terms: Terms) -> Result<Self, StoreError> {
        Self::by_clock(aws, place, terms, life::wall)
    }

    /// The same on a machine with this clock.
    fn by_clock(aws: &Aws, place: Place, terms: Terms, wall: life::Wall) -> Result<Self, StoreError> {
        let client = aws.s3_of_caller(&place.region);
        Ok(Self { bucket: Arc::new(Bucket { client, place, terms, wall }), worker: Worker::new()? })
    }

    /// Whether the bucket keeps former versions; `None` where one may not ask.
    #[must_use]
    pub fn is_versioned(&self) -> Option<bool> {
        let bucket = self.bucket.clone();
        let asked = async move { bucket.client.get_bucket_versioning().bucket(&bucket.place.bucket).send().await.ok() };
        let answer = self.worker.wait(asked).ok()??;
        Some(answer.status == Some(BucketVersioningStatus::Enabled))
    }
}

impl Bucket {
    fn key(&self, name: &str) -> String {
        if self.place.prefix.is_empty() { name.to_owned() } else { format!("{}/{name}", self.place.prefix) }
    }

    fn path(&self, name: &str) -> String {
        format!("s3://{}/{}", self.place.bucket, self.key(name))
    }

    fn failed(&self, action: &'static str, name: &str, failure: &Failure) -> StoreError {
        let help = match failure.code.as_deref() {
            Some("NoSuchBucket") => Some(format!(
                "make the bucket `{}` first, versioned and private, or look at `bucket` under [state] in trueup.toml",
                self.place.bucket
            )),
            Some("PermanentRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException") => {
                Some(format!("the bucket is not in {}: say `region` under [state] in trueup.toml", self.place.region))
            }
            _ => failure.advice(),
        };
        StoreError::Remote { action, path: self.path(name), why: failure.text(), help }
    }

    async fn read(&self, name: &str) -> Result<Option<Stored>, StoreError> {
        let call = "s3:GetObject";
        let answer = self.client.get_object().bucket(&self.place.bucket).key(self.key(name)).send().await;
        let answer = match answer.map_err(|error| Failure::new(None, call, &error)) {
            Ok(answer) => answer,
            Err(failure) if failure.is("NoSuchKey") => return Ok(None),
            Err(failure) => return Err(self.failed("read", name, &failure)),
        };
        let size = answer.content_length().and_then(|length| u64::try_from(length).ok()).unwrap_or_default();
        if size > DOCUMENT_BYTES_MAX {
            return Err(StoreError::Large { path: self.path(name), bytes: size });
        }
        let tag = Tag(answer.e_tag.unwrap_or_default());
        let bytes = answer.body.collect().await.map_err(|error| {
            self.failed("read", name, &Failure::local(None, call, format!("the answer broke off: {error}"), None))
        })?;
        Ok(Some(Stored { bytes: bytes.to_vec(), tag }))
    }

    async fn write(&self, put: &Put) -> Result<Tag, StoreError> {
        let mut conflicts = 0;
        loop {
            let mut request = self.client.put_object().bucket(&self.place.bucket).key(self.key(&put.name));
            request = match &put.expect {
                Expect::Absent => request.if_none_match("*"),
                Expect::Is(tag) => request.if_match(&tag.0),
            };
            if let Some(key) = &self.place.kms_key {
                request = request.server_side_encryption(ServerSideEncryption::AwsKms).ssekms_key_id(key);
            }
            let request = request.content_type("application/json").body(ByteStream::from(put.bytes.clone()));
            let failure = match request.send().await {
                Ok(answer) => return Ok(Tag(answer.e_tag.unwrap_or_default())),
                Err(error) => Failure::new(None, "s3:PutObject", &error),
            };
            match failure.code.as_deref() {
                Some("ConditionalRequestConflict") if conflicts < CONFLICTS_MAX => {
                    conflicts += 1;
                    tokio::time::sleep(CONFLICT_PAUSE).await;
                }
                // A write whose answer was lost is sent again, and then meets itself.
                Some("PreconditionFailed" | "NoSuchKey") => match self.read(&put.name).await? {
                    Some(there) if there.bytes == put.bytes => return Ok(there.tag),
                    Some(_) | None => return Err(StoreError::Moved { path: self.path(&put.name) }),
                },
                _ => return Err(self.failed("write", &put.name, &failure)),
            }
        }
    }

    async fn remove(&self, name: &str) -> Result<(), StoreError> {
        let request = self.client.delete_object().bucket(&self.place.bucket).key(self.key(name));
        let answer = request.send().await.map_err(|error| Failure::new(None, "s3:DeleteObject", &error));
        answer.map(|_| ()).map_err(|failure| self.failed("remove", name, &failure))
    }

    async fn list(&self, folder: &str) -> Result<Vec<String>, StoreError> {
        let strip = self.key("").len();
        let request = self.client.list_objects_v2().bucket(&self.place.bucket).prefix(self.key(&format!("{folder}/")));
        let mut pages = request.into_paginator().send();
        let mut names = Vec::new();
        while let Some(page) = pages.next().await {
            let page =
                page.map_err(|error| self.failed("list", folder, &Failure::new(None, "s3:ListBucket", &error)))?;
            let keys = page.contents.unwrap_or_default().into_iter().filter_map(|object| object.key);
            names.extend(keys.filter_map(|key| key.get(strip..).map(str::to_owned)));
        }
        names.sort();
        Ok(names)
    }
}

impl Backend for S3Store {
    fn path(&self, name: &str) -> String {
        self.bucket.path(name)
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, StoreError> {
        let (bucket, folder) = (self.bucket.clone(), folder.to_owned());
        self.worker.wait(async move { bucket.list(&folder).await })?
    }

    fn read(&self, names: &[String]) -> Result<Vec<Option<Stored>>, StoreError> {
        let (bucket, names) = (self.bucket.clone(), names.to_vec());
        let work = async move {
            let reads = names.into_iter().map(|name| {
                let bucket = bucket.clone();
                async move { bucket.read(&name).await }
            });
            stream::iter(reads).buffered(AT_ONCE).collect::<Vec<_>>().await
        };
        self.worker.wait(work)?.into_iter().collect()
    }

    fn write(&self, puts: &[Put]) -> Vec<Result<Tag, StoreError>> {
        let (bucket, owned) = (self.bucket.clone(), puts.to_vec());
        let work = async move {
            let writes = owned.into_iter().map(|put| {
                let bucket = bucket.clone();
                async move { bucket.write(&put).await }
            });
            stream::iter(writes).buffered(AT_ONCE).collect::<Vec<_>>().await
        };
        match self.worker.wait(work) {
            Ok(results) => results,
            Err(error) => vec![Err(error)],
        }
    }

    fn live(&self, holder: &Holder) -> Result<Box<dyn Life>, StoreError> {
        life::begin(&self.bucket, &self.worker, holder)
    }

    fn ended(&self, run: &str) -> Result<bool, StoreError> {
        let (bucket, run) = (self.bucket.clone(), run.to_owned());
        self.worker.wait(async move { life::ended(&bucket, &run).await })?
    }
}
