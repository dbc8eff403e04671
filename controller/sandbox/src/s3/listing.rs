//! Listing what is in a bucket, page by page.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::failure::Failure;
use super::state::{Bucket, Version};
use super::{Answer, Request, bucket, canonical_id, document, iso_date, ok_xml};
use crate::world::World;
use crate::xml::Xml;

/// Keys of one page. Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>.
const PAGE_MAX: usize = 1_000;

/// What `encoding-type=url` leaves alone.
pub(super) const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'*').remove(b'/');

/// What every listing takes.
struct Wanted<'a> {
    prefix: &'a str,
    delimiter: &'a str,
    page: usize,
    encoded: bool,
}

impl<'a> Wanted<'a> {
    fn read(request: &'a Request<'_>) -> Result<Self, Failure> {
        let encoded = match request.query("encoding-type") {
            None => false,
            Some("url") => true,
            Some(other) => {
                return Err(Failure::invalid_argument(
                    "Invalid Encoding Method specified in Request",
                    "encoding-type",
                    other,
                ));
            }
        };
        let page = match request.query("max-keys") {
            None => PAGE_MAX,
            Some(text) => text.parse::<usize>().map(|n| n.min(PAGE_MAX)).map_err(|_| {
                Failure::invalid_argument("Provided max-keys not an integer or within integer range", "max-keys", text)
            })?,
        };
        let text = |name: &str| request.query(name).unwrap_or_default();
        Ok(Self { prefix: text("prefix"), delimiter: text("delimiter"), page, encoded })
    }

    fn write(&self, text: &str) -> String {
        if self.encoded { utf8_percent_encode(text, PLAIN).to_string() } else { text.to_owned() }
    }

    /// The common prefix a key disappears in, if there is one.
    fn folded<'k>(&self, key: &'k str) -> Option<&'k str> {
        if self.delimiter.is_empty() {
            return None;
        }
        let rest = key.strip_prefix(self.prefix)?;
        let end = rest.find(self.delimiter)? + self.prefix.len() + self.delimiter.len();
        key.get(..end)
    }

    fn head(&self, xml: &mut Xml, bucket: &str) {
        xml.leaf("Name", bucket).leaf("Prefix", self.write(self.prefix)).leaf("MaxKeys", self.page);
        xml.leaf_if("Delimiter", (!self.delimiter.is_empty()).then(|| self.write(self.delimiter)));
        xml.leaf_if("EncodingType", self.encoded.then_some("url"));
    }

    fn common_prefixes(&self, xml: &mut Xml, prefixes: &[&str]) {
        for prefix in prefixes {
            xml.open("CommonPrefixes").leaf("Prefix", self.write(prefix)).close();
        }
    }
}

/// One line of a listing.
enum Line<'a, T> {
    Item(T),
    Folded(&'a str),
}

/// Folds keys that share a prefix up to the delimiter into one line, and takes a page; `true` if there is more.
fn page<'a, T>(wanted: &Wanted<'_>, items: impl Iterator<Item = (&'a str, T)>) -> (Vec<Line<'a, T>>, bool) {
    let mut lines: Vec<Line<'a, T>> = Vec::new();
    let mut folded_last = None;
    for (key, item) in items {
        let line = match wanted.folded(key) {
            Some(prefix) if folded_last == Some(prefix) => continue,
            Some(prefix) => Line::Folded(prefix),
            None => Line::Item(item),
        };
        if lines.len() == wanted.page {
            return (lines, wanted.page > 0);
        }
        folded_last = match line {
            Line::Folded(prefix) => Some(prefix),
            Line::Item(_) => None,
        };
        lines.push(line);
    }
    (lines, false)
}

/// Whether a key comes behind a page's end, which was a key or a common prefix.
fn is_behind(wanted: &Wanted<'_>, key: &str, after: &str) -> bool {
    let in_folded_end = !wanted.delimiter.is_empty() && after.ends_with(wanted.delimiter) && key.starts_with(after);
    key > after && !in_folded_end
}

pub(super) fn objects(world: &World, request: &Request<'_>) -> Answer {
    let second = request.operation == "ListObjectsV2";
    let wanted = Wanted::read(request)?;
    let found = bucket(world, request)?;
    let after = if second {
        match request.query("continuation-token") {
            Some(token) => decode_token(token)?,
            None => request.query("start-after").unwrap_or_default().to_owned(),
        }
    } else {
        request.query("marker").unwrap_or_default().to_owned()
    };
    let current = found.objects.iter().filter_map(|(key, versions)| {
        let version = versions.last().filter(|version| !version.delete_marker)?;
        let listed = key.starts_with(wanted.prefix) && is_behind(&wanted, key, &after);
        listed.then_some((key.as_str(), (key.as_str(), version)))
    });
    let (lines, truncated) = page(&wanted, current);
    let mut xml = document("ListBucketResult");
    wanted.head(&mut xml, &request.bucket);
    xml.leaf("IsTruncated", truncated);
    let next = lines.last().map(|line| match line {
        Line::Item((key, _)) => *key,
        Line::Folded(prefix) => *prefix,
    });
    let next = next.filter(|_| truncated);
    if second {
        xml.leaf("KeyCount", lines.len());
        xml.leaf_if("ContinuationToken", request.query("continuation-token"));
        xml.leaf_if("StartAfter", request.query("start-after").map(|text| wanted.write(text)));
        xml.leaf_if("NextContinuationToken", next.map(|key| BASE64_STANDARD.encode(key)));
    } else {
        xml.leaf("Marker", wanted.write(&after));
        xml.leaf_if("NextMarker", next.filter(|_| !wanted.delimiter.is_empty()).map(|key| wanted.write(key)));
    }
    let owner = (!second || request.query("fetch-owner") == Some("true")).then(|| canonical_id(&found.owner));
    let mut prefixes = Vec::new();
    for line in &lines {
        match line {
            Line::Folded(prefix) => prefixes.push(*prefix),
            Line::Item((key, version)) => {
                xml.open("Contents").leaf("Key", wanted.write(key)).leaf("LastModified", iso_date(version.modified));
                xml.leaf("ETag", &version.etag).leaf("Size", version.body.len());
                if let Some(owner) = &owner {
                    xml.open("Owner").leaf("ID", owner).close();
                }
                xml.leaf("StorageClass", "STANDARD").close();
            }
        }
    }
    wanted.common_prefixes(&mut xml, &prefixes);
    Ok(ok_xml(xml))
}

fn decode_token(token: &str) -> Result<String, Failure> {
    let text = BASE64_STANDARD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    text.ok_or_else(|| {
        Failure::invalid_argument("The continuation token provided is incorrect", "continuation-token", token)
    })
}

/// A version in its place: key, version, whether it is the newest.
type Placed<'a> = (&'a str, &'a Version, bool);

/// All versions by key, the newest of each key first.
fn placed(bucket: &Bucket) -> impl Iterator<Item = Placed<'_>> {
    bucket.objects.iter().flat_map(|(key, versions)| {
        versions.iter().rev().enumerate().map(move |(age, version)| (key.as_str(), version, age == 0))
    })
}

pub(super) fn versions(world: &World, request: &Request<'_>) -> Answer {
    let wanted = Wanted::read(request)?;
    let found = bucket(world, request)?;
    let key_marker = request.query("key-marker").unwrap_or_default();
    let version_marker = request.query("version-id-marker").filter(|marker| !marker.is_empty());
    if version_marker.is_some() && key_marker.is_empty() {
        let message = "A version-id marker cannot be specified without a key marker.";
        return Err(Failure::invalid_argument(message, "version-id-marker", version_marker.unwrap_or_default()));
    }
    let mut reached = version_marker.is_none();
    let all = placed(found).filter(|&(key, version, _)| {
        if !key.starts_with(wanted.prefix) {
            return false;
        }
        if key == key_marker && version_marker.is_some() {
            // Those behind the marker itself are still to come.
            let listed = reached;
            reached |= version_marker == Some(version.id.as_str());
            return listed;
        }
        key_marker.is_empty() || is_behind(&wanted, key, key_marker)
    });
    let (lines, truncated) = page(&wanted, all.map(|placed| (placed.0, placed)));
    let mut xml = document("ListVersionsResult");
    wanted.head(&mut xml, &request.bucket);
    xml.leaf("KeyMarker", wanted.write(key_marker)).leaf("VersionIdMarker", version_marker.unwrap_or_default());
    xml.leaf("IsTruncated", truncated);
    if truncated {
        match lines.last() {
            Some(Line::Item((key, version, _))) => {
                xml.leaf("NextKeyMarker", wanted.write(key)).leaf("NextVersionIdMarker", &version.id);
            }
            Some(Line::Folded(prefix)) => {
                xml.leaf("NextKeyMarker", wanted.write(prefix));
            }
            None => {}
        }
    }
    let owner = canonical_id(&found.owner);
    let mut prefixes = Vec::new();
    for line in &lines {
        match line {
            Line::Folded(prefix) => prefixes.push(*prefix),
            Line::Item((key, version, newest)) => {
                xml.open(if version.delete_marker { "DeleteMarker" } else { "Version" });
                xml.leaf("Key", wanted.write(key)).leaf("VersionId", &version.id).leaf("IsLatest", newest);
                xml.leaf("LastModified", iso_date(version.modified)).open("Owner").leaf("ID", &owner).close();
                if !version.delete_marker {
                    xml.leaf("ETag", &version.etag).leaf("Size", version.body.len()).leaf("StorageClass", "STANDARD");
                }
                xml.close();
            }
        }
    }
    wanted.common_prefixes(&mut xml, &prefixes);
    Ok(ok_xml(xml))
}
