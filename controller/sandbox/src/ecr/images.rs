//! Images: manifests by digest, with their tags.
//!
//! Source: <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutImage.html>.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::INVALID;
use super::state::{Image, Repository, named};
use crate::call::Call;
use crate::json_call::{Answer, Failure, Input, page, seconds};
use crate::sts::trust::like;
use crate::world::World;

/// What a manifest is that does not say so itself.
const MEDIA_TYPE: &str = "application/vnd.docker.distribution.manifest.v2+json";

/// The bound of the API's model.
const MANIFEST_CHARACTERS_MAX: usize = 4_194_304;

pub(super) fn put(world: &mut World, call: &Call, input: Input<'_>) -> Answer {
    let manifest = input.required("imageManifest", 1, MANIFEST_CHARACTERS_MAX)?;
    let tag = tag(input, "imageTag")?;
    let read: Value = serde_json::from_str(manifest).map_err(|_| {
        Failure::new(
            INVALID,
            "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax'",
        )
    })?;
    let digest = digest(manifest);
    if input.text("imageDigest", 1, 128)?.is_some_and(|given| given != digest) {
        let message = "The specified image digest does not match the digest that was calculated for the image manifest";
        return Err(Failure::new("ImageDigestDoesNotMatchException", message));
    }
    let media_type = input.text("imageManifestMediaType", 1, 255)?.or(read["mediaType"].as_str()).unwrap_or(MEDIA_TYPE);
    let (name, found) = named(world, call, input)?;
    if let Some(tag) = tag {
        check_tag(found, name, tag, &digest)?;
    } else if found.images.contains_key(&digest) {
        let message = format!("Image with digest '{digest}' already exists in the repository with name '{name}'");
        return Err(Failure::new("ImageAlreadyExistsException", message));
    }
    // A tag moves to the image that came last.
    found.images.values_mut().for_each(|image| image.tags.retain(|held| Some(held.as_str()) != tag));
    let image = found.images.entry(digest.clone()).or_insert_with(|| Image {
        manifest: manifest.to_owned(),
        media_type: media_type.to_owned(),
        tags: BTreeSet::new(),
        pushed_seconds: seconds(call),
    });
    image.tags.extend(tag.map(str::to_owned));
    Ok(json!({ "image": shown(call, name, &digest, tag, image) }))
}

/// Whether a tag may be put on an image.
/// Source: <https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html>.
fn check_tag(found: &Repository, name: &str, tag: &str, digest: &str) -> Result<(), Failure> {
    let Some((held, _)) = found.images.iter().find(|(_, image)| image.tags.contains(tag)) else { return Ok(()) };
    if held == digest {
        let message =
            format!("Image with digest '{digest}' and tag '{tag}' already exists in the repository with name '{name}'");
        return Err(Failure::new("ImageAlreadyExistsException", message));
    }
    let excluded = found.exclusions.iter().any(|pattern| like(pattern, tag));
    if found.mutability.starts_with("IMMUTABLE") == excluded {
        return Ok(());
    }
    let message = format!(
        "The image tag '{tag}' already exists in the '{name}' repository and cannot be overwritten because the tag is immutable."
    );
    Err(Failure::new("ImageTagAlreadyExistsException", message))
}

pub(super) fn list(world: &mut World, call: &Call, input: Input<'_>) -> Answer {
    let size = input.number("maxResults", 1, 1_000)?.and_then(|size| usize::try_from(size).ok()).unwrap_or(100);
    let token = input.text("nextToken", 0, usize::MAX)?;
    let status = match input.object("filter")? {
        None => None,
        Some(filter) => filter.word("tagStatus", &["TAGGED", "UNTAGGED", "ANY"])?,
    };
    let (_, found) = named(world, call, input)?;
    let mut ids = BTreeMap::new();
    for (digest, image) in &found.images {
        if image.tags.is_empty() && status != Some("TAGGED") {
            ids.insert(digest.clone(), json!({ "imageDigest": digest }));
        }
        if status != Some("UNTAGGED") {
            let tagged = image.tags.iter();
            ids.extend(
                tagged.map(|tag| (format!("{digest} {tag}"), json!({ "imageDigest": digest, "imageTag": tag }))),
            );
        }
    }
    let (ids, next) = page(ids, token, size, INVALID)?;
    let mut answer = json!({ "imageIds": ids });
    if let Some(next) = next {
        answer["nextToken"] = next.into();
    }
    Ok(answer)
}

pub(super) fn describe(world: &mut World, call: &Call, input: Input<'_>) -> Answer {
    let wanted = wanted(input, 100)?;
    let (name, found) = named(world, call, input)?;
    let all: Vec<&String> = found.images.keys().collect();
    let digests = match wanted {
        None => all,
        Some(wanted) => {
            let found: Result<Vec<&String>, Failure> = wanted
                .iter()
                .map(|id| {
                    id.find(found).ok_or_else(|| {
                        let message = format!(
                            "The image with imageId {id:?} does not exist within the repository with name '{name}'"
                        );
                        Failure::new("ImageNotFoundException", message)
                    })
                })
                .collect();
            found?
        }
    };
    let details =
        digests.into_iter().filter_map(|digest| Some((digest, found.images.get(digest)?))).map(|(digest, image)| {
            let mut shown = json!({
                "registryId": call.caller.account,
                "repositoryName": name,
                "imageDigest": digest,
                "imageSizeInBytes": image.manifest.len(),
                "imagePushedAt": image.pushed_seconds,
                "imageManifestMediaType": image.media_type,
            });
            if !image.tags.is_empty() {
                shown["imageTags"] = image.tags.iter().map(String::as_str).collect();
            }
            shown
        });
    Ok(json!({ "imageDetails": details.collect::<Vec<_>>() }))
}

pub(super) fn batch_get(world: &mut World, call: &Call, input: Input<'_>) -> Answer {
    let wanted = wanted(input, 100)?.ok_or_else(|| input.broken("imageIds", "not be null"))?;
    let (name, found) = named(world, call, input)?;
    let (mut images, mut failures) = (Vec::new(), Vec::new());
    for id in wanted {
        match id.find(found).and_then(|digest| Some((digest, found.images.get(digest)?))) {
            Some((digest, image)) => images.push(shown(call, name, digest, id.tag, image)),
            None => failures.push(id.failure()),
        }
    }
    Ok(json!({ "images": images, "failures": failures }))
}

/// A tag alone is taken from its image; the image goes with its last one.
/// Source: <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchDeleteImage.html>.
pub(super) fn batch_delete(world: &mut World, call: &Call, input: Input<'_>) -> Answer {
    let wanted = wanted(input, 100)?.ok_or_else(|| input.broken("imageIds", "not be null"))?;
    let (_, found) = named(world, call, input)?;
    let (mut ids, mut failures) = (Vec::new(), Vec::new());
    for id in wanted {
        let Some(digest) = id.find(found).cloned() else {
            failures.push(id.failure());
            continue;
        };
        let Some(image) = found.images.get_mut(&digest) else { continue };
        match (id.digest, id.tag) {
            (None, Some(tag)) => {
                image.tags.remove(tag);
                ids.push(json!({ "imageDigest": digest, "imageTag": tag }));
            }
            (_, _) => {
                let tags = std::mem::take(&mut image.tags);
                ids.extend(tags.iter().map(|tag| json!({ "imageDigest": digest, "imageTag": tag })));
                if tags.is_empty() {
                    ids.push(json!({ "imageDigest": digest }));
                }
            }
        }
        if image.tags.is_empty() {
            found.images.remove(&digest);
        }
    }
    Ok(json!({ "imageIds": ids, "failures": failures }))
}

/// An image as a caller names it: by digest, by tag, or by both.
#[derive(Debug)]
struct Wanted<'a> {
    digest: Option<&'a str>,
    tag: Option<&'a str>,
}

impl Wanted<'_> {
    fn find<'f>(&self, found: &'f Repository) -> Option<&'f String> {
        let fits = |(digest, image): &(&String, &Image)| {
            (self.digest.is_some() || self.tag.is_some())
                && self.digest.is_none_or(|wanted| wanted == *digest)
                && self.tag.is_none_or(|wanted| image.tags.contains(wanted))
        };
        found.images.iter().find(fits).map(|(digest, _)| digest)
    }

    fn failure(&self) -> Value {
        let mut id = json!({});
        if let Some(digest) = self.digest {
            id["imageDigest"] = digest.into();
        }
        if let Some(tag) = self.tag {
            id["imageTag"] = tag.into();
        }
        json!({ "imageId": id, "failureCode": "ImageNotFound", "failureReason": "Requested image not found" })
    }
}

fn wanted(input: Input<'_>, most: usize) -> Result<Option<Vec<Wanted<'_>>>, Failure> {
    let Some(ids) = input.objects("imageIds", 1, most)? else { return Ok(None) };
    let wanted: Result<Vec<Wanted<'_>>, Failure> = ids
        .into_iter()
        .map(|id| {
            let (digest, tag) = (id.text("imageDigest", 1, 128)?, tag(id, "imageTag")?);
            if digest.is_none() && tag.is_none() {
                let message = "Invalid request parameters: both tag and digest cannot be null";
                return Err(Failure::new(INVALID, message));
            }
            Ok(Wanted { digest, tag })
        })
        .collect();
    wanted.map(Some)
}

fn tag<'a>(input: Input<'a>, name: &str) -> Result<Option<&'a str>, Failure> {
    let Some(tag) = input.text(name, 1, 300)? else { return Ok(None) };
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if tag.len() <= 128 && tag.starts_with(plain) && tag.chars().all(|c| plain(c) || c == '.' || c == '-') {
        return Ok(Some(tag));
    }
    Err(input.broken(name, "satisfy regular expression for an image's tag"))
}

fn digest(manifest: &str) -> String {
    let hash = Sha256::digest(manifest.as_bytes());
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

fn shown(call: &Call, name: &str, digest: &str, tag: Option<&str>, image: &Image) -> Value {
    let mut id = json!({ "imageDigest": digest });
    if let Some(tag) = tag {
        id["imageTag"] = tag.into();
    }
    json!({
        "registryId": call.caller.account,
        "repositoryName": name,
        "imageId": id,
        "imageManifest": image.manifest,
        "imageManifestMediaType": image.media_type,
    })
}
