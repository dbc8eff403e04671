//! The shapes of the documents, as S3's published schema has them: which elements, how often, and what is in them.
//!
//! Source: the request syntax of each page, for example
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html>.

use super::super::body::Node;
use super::super::failure::Failure;

/// An element and how often it may stand.
pub(super) struct Element {
    name: &'static str,
    least: usize,
    most: usize,
    content: Content,
}

/// What is in an element.
pub(super) enum Content {
    /// Any text.
    Text,
    /// One of these words.
    Words(&'static [&'static str]),
    /// A whole number.
    Number,
    /// `true` or `false`.
    Flag,
    /// A day or a moment in ISO 8601.
    Date,
    /// Elements.
    Elements(&'static [Element]),
}

use Content::{Date, Elements, Flag, Number, Text, Words};

const fn one(name: &'static str, content: Content) -> Element {
    Element { name, least: 1, most: 1, content }
}

const fn maybe(name: &'static str, content: Content) -> Element {
    Element { name, least: 0, most: 1, content }
}

const fn some(name: &'static str, content: Content) -> Element {
    Element { name, least: 1, most: usize::MAX, content }
}

const fn any(name: &'static str, content: Content) -> Element {
    Element { name, least: 0, most: usize::MAX, content }
}

/// Refuses a document of another shape.
pub(super) fn check(node: &Node, elements: &[Element]) -> Result<(), Failure> {
    for child in &node.children {
        let known = elements.iter().find(|element| element.name == child.name);
        fits(child, &known.ok_or_else(Failure::malformed_xml)?.content)?;
    }
    for element in elements {
        let count = node.all(element.name).count();
        if count < element.least || count > element.most {
            return Err(Failure::malformed_xml());
        }
    }
    Ok(())
}

fn fits(node: &Node, content: &Content) -> Result<(), Failure> {
    let text = node.text.trim();
    let good = match content {
        Text => node.children.is_empty(),
        Words(words) => node.children.is_empty() && words.contains(&text),
        Number => node.children.is_empty() && text.parse::<i64>().is_ok(),
        Flag => node.children.is_empty() && ["true", "false"].contains(&text.to_ascii_lowercase().as_str()),
        Date => node.children.is_empty() && super::lifecycle::moment(text).is_some(),
        Elements(elements) => return check(node, elements),
    };
    if good { Ok(()) } else { Err(Failure::malformed_xml()) }
}

const ON_OFF: Content = Words(&["Enabled", "Disabled"]);

const TAG: &[Element] = &[one("Key", Text), one("Value", Text)];

const LIFECYCLE_CLASSES: Content =
    Words(&["GLACIER", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "DEEP_ARCHIVE", "GLACIER_IR"]);

pub(super) const LIFECYCLE: &[Element] = &[some(
    "Rule",
    Elements(&[
        maybe("ID", Text),
        maybe("Prefix", Text),
        maybe(
            "Filter",
            Elements(&[
                maybe("Prefix", Text),
                maybe("Tag", Elements(TAG)),
                maybe("ObjectSizeGreaterThan", Number),
                maybe("ObjectSizeLessThan", Number),
                maybe(
                    "And",
                    Elements(&[
                        maybe("Prefix", Text),
                        any("Tag", Elements(TAG)),
                        maybe("ObjectSizeGreaterThan", Number),
                        maybe("ObjectSizeLessThan", Number),
                    ]),
                ),
            ]),
        ),
        one("Status", ON_OFF),
        any(
            "Transition",
            Elements(&[maybe("Date", Date), maybe("Days", Number), one("StorageClass", LIFECYCLE_CLASSES)]),
        ),
        maybe(
            "Expiration",
            Elements(&[maybe("Date", Date), maybe("Days", Number), maybe("ExpiredObjectDeleteMarker", Flag)]),
        ),
        any(
            "NoncurrentVersionTransition",
            Elements(&[
                one("NoncurrentDays", Number),
                maybe("NewerNoncurrentVersions", Number),
                one("StorageClass", LIFECYCLE_CLASSES),
            ]),
        ),
        maybe(
            "NoncurrentVersionExpiration",
            Elements(&[one("NoncurrentDays", Number), maybe("NewerNoncurrentVersions", Number)]),
        ),
        maybe("AbortIncompleteMultipartUpload", Elements(&[one("DaysAfterInitiation", Number)])),
    ]),
)];

pub(super) const CORS: &[Element] = &[some(
    "CORSRule",
    Elements(&[
        maybe("ID", Text),
        any("AllowedHeader", Text),
        some("AllowedMethod", Text),
        some("AllowedOrigin", Text),
        any("ExposeHeader", Text),
        maybe("MaxAgeSeconds", Number),
    ]),
)];

pub(super) const LOGGING: &[Element] = &[maybe(
    "LoggingEnabled",
    Elements(&[
        one("TargetBucket", Text),
        one("TargetPrefix", Text),
        maybe(
            "TargetGrants",
            Elements(&[any(
                "Grant",
                Elements(&[
                    one(
                        "Grantee",
                        Elements(&[
                            maybe("DisplayName", Text),
                            maybe("EmailAddress", Text),
                            maybe("ID", Text),
                            maybe("URI", Text),
                        ]),
                    ),
                    one("Permission", Words(&["FULL_CONTROL", "READ", "WRITE"])),
                ]),
            )]),
        ),
        maybe(
            "TargetObjectKeyFormat",
            Elements(&[
                maybe("SimplePrefix", Elements(&[])),
                maybe(
                    "PartitionedPrefix",
                    Elements(&[maybe("PartitionDateSource", Words(&["EventTime", "DeliveryTime"]))]),
                ),
            ]),
        ),
    ]),
)];

const KEY_FILTER: Content =
    Elements(&[maybe("S3Key", Elements(&[any("FilterRule", Elements(&[one("Name", Text), one("Value", Text)]))]))]);

pub(super) const NOTIFICATION: &[Element] = &[
    any(
        "TopicConfiguration",
        Elements(&[maybe("Id", Text), one("Topic", Text), some("Event", Text), maybe("Filter", KEY_FILTER)]),
    ),
    any(
        "QueueConfiguration",
        Elements(&[maybe("Id", Text), one("Queue", Text), some("Event", Text), maybe("Filter", KEY_FILTER)]),
    ),
    any(
        "CloudFunctionConfiguration",
        Elements(&[maybe("Id", Text), one("CloudFunction", Text), some("Event", Text), maybe("Filter", KEY_FILTER)]),
    ),
    maybe("EventBridgeConfiguration", Elements(&[])),
];

const MINUTES: &[Element] = &[one("Minutes", Number)];

pub(super) const REPLICATION: &[Element] = &[
    one("Role", Text),
    some(
        "Rule",
        Elements(&[
            maybe("ID", Text),
            maybe("Priority", Number),
            maybe("Prefix", Text),
            maybe(
                "Filter",
                Elements(&[
                    maybe("Prefix", Text),
                    maybe("Tag", Elements(TAG)),
                    maybe("And", Elements(&[maybe("Prefix", Text), any("Tag", Elements(TAG))])),
                ]),
            ),
            one("Status", ON_OFF),
            maybe(
                "SourceSelectionCriteria",
                Elements(&[
                    maybe("SseKmsEncryptedObjects", Elements(&[one("Status", ON_OFF)])),
                    maybe("ReplicaModifications", Elements(&[one("Status", ON_OFF)])),
                ]),
            ),
            maybe("ExistingObjectReplication", Elements(&[one("Status", ON_OFF)])),
            maybe("DeleteMarkerReplication", Elements(&[maybe("Status", ON_OFF)])),
            one(
                "Destination",
                Elements(&[
                    one("Bucket", Text),
                    maybe("Account", Text),
                    maybe(
                        "StorageClass",
                        Words(&[
                            "STANDARD",
                            "REDUCED_REDUNDANCY",
                            "STANDARD_IA",
                            "ONEZONE_IA",
                            "INTELLIGENT_TIERING",
                            "GLACIER",
                            "DEEP_ARCHIVE",
                            "GLACIER_IR",
                        ]),
                    ),
                    maybe("AccessControlTranslation", Elements(&[one("Owner", Words(&["Destination"]))])),
                    maybe("EncryptionConfiguration", Elements(&[maybe("ReplicaKmsKeyID", Text)])),
                    maybe("ReplicationTime", Elements(&[one("Status", ON_OFF), one("Time", Elements(MINUTES))])),
                    maybe("Metrics", Elements(&[one("Status", ON_OFF), maybe("EventThreshold", Elements(MINUTES))])),
                ]),
            ),
        ]),
    ),
];

pub(super) const OBJECT_LOCK: &[Element] = &[
    one("ObjectLockEnabled", Words(&["Enabled"])),
    maybe(
        "Rule",
        Elements(&[one(
            "DefaultRetention",
            Elements(&[
                one("Mode", Words(&["GOVERNANCE", "COMPLIANCE"])),
                maybe("Days", Number),
                maybe("Years", Number),
                maybe("DefaultEventHold", Elements(&[maybe("Days", Number), maybe("Years", Number)])),
            ]),
        )]),
    ),
];

const PROTOCOL: Content = Words(&["http", "https"]);

pub(super) const WEBSITE: &[Element] = &[
    maybe("RedirectAllRequestsTo", Elements(&[one("HostName", Text), maybe("Protocol", PROTOCOL)])),
    maybe("IndexDocument", Elements(&[one("Suffix", Text)])),
    maybe("ErrorDocument", Elements(&[one("Key", Text)])),
    maybe(
        "RoutingRules",
        Elements(&[any(
            "RoutingRule",
            Elements(&[
                maybe(
                    "Condition",
                    Elements(&[maybe("HttpErrorCodeReturnedEquals", Text), maybe("KeyPrefixEquals", Text)]),
                ),
                one(
                    "Redirect",
                    Elements(&[
                        maybe("HostName", Text),
                        maybe("HttpRedirectCode", Text),
                        maybe("Protocol", PROTOCOL),
                        maybe("ReplaceKeyPrefixWith", Text),
                        maybe("ReplaceKeyWith", Text),
                    ]),
                ),
            ]),
        )]),
    ),
];

pub(super) const ACCELERATE: &[Element] = &[one("Status", Words(&["Enabled", "Suspended"]))];

pub(super) const PAYMENT: &[Element] = &[one("Payer", Words(&["BucketOwner", "Requester"]))];

pub(super) const INTELLIGENT_TIERING: &[Element] = &[
    one("Id", Text),
    maybe(
        "Filter",
        Elements(&[
            maybe("Prefix", Text),
            maybe("Tag", Elements(TAG)),
            maybe("And", Elements(&[maybe("Prefix", Text), any("Tag", Elements(TAG))])),
        ]),
    ),
    one("Status", ON_OFF),
    some(
        "Tiering",
        Elements(&[one("AccessTier", Words(&["ARCHIVE_ACCESS", "DEEP_ARCHIVE_ACCESS"])), one("Days", Number)]),
    ),
];

pub(super) const INVENTORY: &[Element] = &[
    one(
        "Destination",
        Elements(&[one(
            "S3BucketDestination",
            Elements(&[
                maybe("AccountId", Text),
                one("Bucket", Text),
                one("Format", Words(&["CSV", "ORC", "Parquet"])),
                maybe("Prefix", Text),
                maybe(
                    "Encryption",
                    Elements(&[maybe("SSE-S3", Elements(&[])), maybe("SSE-KMS", Elements(&[one("KeyId", Text)]))]),
                ),
            ]),
        )]),
    ),
    one("IsEnabled", Flag),
    maybe("Filter", Elements(&[one("Prefix", Text)])),
    one("Id", Text),
    one("IncludedObjectVersions", Words(&["All", "Current"])),
    maybe("OptionalFields", Elements(&[any("Field", Words(FIELDS))])),
    one("Schedule", Elements(&[one("Frequency", Words(&["Daily", "Weekly"]))])),
];

const FIELDS: &[&str] = &[
    "Size",
    "LastModifiedDate",
    "StorageClass",
    "ETag",
    "IsMultipartUploaded",
    "ReplicationStatus",
    "EncryptionStatus",
    "ObjectLockRetainUntilDate",
    "ObjectLockMode",
    "ObjectLockLegalHoldStatus",
    "IntelligentTieringAccessTier",
    "BucketKeyStatus",
    "ChecksumAlgorithm",
    "ObjectAccessControlList",
    "ObjectOwner",
    "LifecycleExpirationDate",
];
