//! How versions of an object come and go, by the bucket's versioning.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/versioning-workflows.html>.

use super::failure::Failure;
use super::state::{Bucket, Version, Versioning};

/// The id of what is written while versioning is not enabled.
pub(super) const NULL: &str = "null";

/// What a delete came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Deleted {
    /// The version that is gone, or the marker that was made.
    pub(super) version_id: Option<String>,
    /// Whether that is a delete marker.
    pub(super) marker: bool,
}

impl Bucket {
    /// The current version, if it is not a delete marker.
    pub(super) fn current(&self, key: &str) -> Option<&Version> {
        self.objects.get(key)?.last().filter(|version| !version.delete_marker)
    }

    /// Writes a version. The id counts only while versioning is enabled; the answer is the id to report, if any.
    pub(super) fn write(&mut self, key: &str, mut version: Version, id: String) -> Option<String> {
        let versions = self.objects.entry(key.to_owned()).or_default();
        if self.versioning == Versioning::Enabled {
            version.id = id.clone();
            versions.push(version);
            return Some(id);
        }
        version.id = NULL.to_owned();
        versions.retain(|old| old.id != NULL);
        versions.push(version);
        (self.versioning == Versioning::Suspended).then(|| NULL.to_owned())
    }

    /// Deletes one version for good.
    pub(super) fn delete_version(&mut self, key: &str, id: &str) -> Deleted {
        let mut marker = false;
        if let Some(versions) = self.objects.get_mut(key) {
            marker = versions.iter().any(|version| version.id == id && version.delete_marker);
            versions.retain(|version| version.id != id);
            if versions.is_empty() {
                self.objects.remove(key);
            }
        }
        Deleted { version_id: Some(id.to_owned()), marker }
    }

    /// Deletes the object: for good without versioning, behind a delete marker with it.
    pub(super) fn delete_current(&mut self, key: &str, marker: Version, id: String) -> Deleted {
        if self.versioning == Versioning::NeverEnabled {
            self.objects.remove(key);
            return Deleted::default();
        }
        Deleted { version_id: self.write(key, marker, id), marker: true }
    }

    /// The version asked for, or the current one.
    pub(super) fn find(&self, key: &str, version_id: Option<&str>) -> Result<&Version, Failure> {
        let no_such_key = || Failure::new(404, "NoSuchKey", "The specified key does not exist.").detail("Key", key);
        let versions = self.objects.get(key).map(Vec::as_slice).unwrap_or_default();
        let Some(id) = version_id else {
            return match versions.last() {
                None => Err(no_such_key()),
                Some(marker) if marker.delete_marker => {
                    Err(no_such_key().header("x-amz-delete-marker", "true").header("x-amz-version-id", &marker.id))
                }
                Some(version) => Ok(version),
            };
        };
        match versions.iter().find(|version| version.id == id) {
            None => {
                let message = "The specified version does not exist.";
                Err(Failure::new(404, "NoSuchVersion", message).detail("Key", key).detail("VersionId", id))
            }
            Some(marker) if marker.delete_marker => {
                let message = "The specified method is not allowed against this resource.";
                let failure = Failure::new(405, "MethodNotAllowed", message).detail("ResourceType", "DeleteMarker");
                Err(failure.header("x-amz-delete-marker", "true").header("allow", "DELETE"))
            }
            Some(version) => Ok(version),
        }
    }
}
