"""S3: the configurations of a bucket that are documents of their own."""

from harness import ACCOUNT, REGION, Error, Has, Scenario, c

from .s3 import API, ERRORS, GUIDE, B, made


TRANSITIONS = f"{GUIDE}/lifecycle-transition-general-considerations.html"
RULES = f"{GUIDE}/intro-lifecycle-rules.html"
FILTERING = f"{GUIDE}/notification-how-to-filtering.html"
REPLICATING = f"{GUIDE}/replication-add-config.html"


def versioned(name="artifacts"):
    return c("s3", "put_bucket_versioning", {"Bucket": name, "VersioningConfiguration": {"Status": "Enabled"}})


def lifecycle(*rules, **more):
    rules = [{"ID": f"r{n}", "Status": "Enabled", "Filter": {"Prefix": ""}, **rule} for n, rule in enumerate(rules)]
    return {**B, "LifecycleConfiguration": {"Rules": rules}, **more}


def refused(rule, code, page=TRANSITIONS):
    return c("s3", "put_bucket_lifecycle_configuration", lifecycle(rule), aws=Error(code), page=page)


def cors(**rule):
    return {**B, "CORSConfiguration": {"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"], **rule}]}}


def logging(target="logs", **more):
    return {**B, "BucketLoggingStatus": {"LoggingEnabled": {"TargetBucket": target, "TargetPrefix": "log/", **more}}}


# Who gets logs by ACL.
LOG_GRANTS = [
    {"Grantee": {"Type": "CanonicalUser", "ID": "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"}, "Permission": "READ"},
    {"Grantee": {"Type": "Group", "URI": "http://acs.amazonaws.com/groups/s3/LogDelivery"}, "Permission": "WRITE"},
]


def queue(arn=f"arn:aws:sqs:{REGION}:{ACCOUNT}:q", id="q", events=("s3:ObjectCreated:*",), **rules):
    filters = [{"Name": name, "Value": value} for name, value in rules.items()]
    return {"Id": id, "QueueArn": arn, "Events": list(events), "Filter": {"Key": {"FilterRules": filters}}}


def notification(*queues):
    return {**B, "NotificationConfiguration": {"QueueConfigurations": list(queues)}}


ROLE = f"arn:aws:iam::{ACCOUNT}:role/copy"


def replication(*rules, role=ROLE):
    rules = [
        {
            "ID": f"r{n}",
            "Status": "Enabled",
            "Priority": n,
            "Filter": {"Prefix": ""},
            "DeleteMarkerReplication": {"Status": "Disabled"},
            "Destination": {"Bucket": "arn:aws:s3:::logs"},
            **rule,
        }
        for n, rule in enumerate(rules)
    ]
    rules = [{name: value for name, value in rule.items() if value is not None} for rule in rules]
    return {**B, "ReplicationConfiguration": {"Role": role, "Rules": rules}}


def lock(**retention):
    return {**B, "ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": retention}}}


def website(**configuration):
    return {**B, "WebsiteConfiguration": configuration}


INDEX = {"IndexDocument": {"Suffix": "index.html"}}


def tiering(id="cold", *tiers):
    tiers = [{"AccessTier": tier, "Days": days} for tier, days in tiers or [("ARCHIVE_ACCESS", 90)]]
    return {**B, "Id": id, "IntelligentTieringConfiguration": {"Id": id, "Status": "Enabled", "Tierings": tiers}}


def inventory(id="all", target="arn:aws:s3:::logs", **more):
    destination = {"S3BucketDestination": {"Bucket": target, "Format": "CSV"}}
    configuration = {
        "Id": id,
        "IsEnabled": True,
        "IncludedObjectVersions": "Current",
        "Schedule": {"Frequency": "Daily"},
        "Destination": destination,
        **more,
    }
    return {**B, "Id": id, "InventoryConfiguration": configuration}


SCENARIOS = [
    Scenario(
        "s3 configurations: lifecycle",
        [
            made(),
            c("s3", "put_bucket_lifecycle_configuration", lifecycle({"Expiration": {"Days": 60}, "Transitions": [{"Days": 30, "StorageClass": "STANDARD_IA"}]}), aws=Has({}), page=f"{API}/API_PutBucketLifecycleConfiguration.html"),
            c("s3", "get_bucket_lifecycle_configuration", B, aws=Has({"Rules": [{"ID": "r0", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 60}, "Transitions": [{"Days": 30, "StorageClass": "STANDARD_IA"}]}], "TransitionDefaultMinimumObjectSize": "all_storage_classes_128K"}), page=f"{API}/API_GetBucketLifecycleConfiguration.html"),
            c("s3", "put_bucket_lifecycle_configuration", lifecycle({"Filter": {"And": {"Prefix": "a/", "Tags": [{"Key": "k", "Value": "v"}]}}, "NoncurrentVersionExpiration": {"NoncurrentDays": 3, "NewerNoncurrentVersions": 2}}, TransitionDefaultMinimumObjectSize="varies_by_storage_class"), aws=Has({"TransitionDefaultMinimumObjectSize": "varies_by_storage_class"}), page=f"{API}/API_PutBucketLifecycleConfiguration.html"),
            c("s3", "get_bucket_lifecycle_configuration", B, aws=Has({"Rules": [{"Filter": {"And": {"Prefix": "a/", "Tags": [{"Key": "k", "Value": "v"}]}}, "NoncurrentVersionExpiration": {"NoncurrentDays": 3, "NewerNoncurrentVersions": 2}}], "TransitionDefaultMinimumObjectSize": "varies_by_storage_class"}), page=f"{API}/API_GetBucketLifecycleConfiguration.html"),
            refused({"Transitions": [{"Days": 29, "StorageClass": "STANDARD_IA"}]}, "InvalidArgument"),
            refused({"Transitions": [{"Days": 30, "StorageClass": "GLACIER"}], "Expiration": {"Days": 30}}, "InvalidArgument"),
            refused({"Transitions": [{"Days": 60, "StorageClass": "GLACIER"}, {"Days": 90, "StorageClass": "STANDARD_IA"}]}, "InvalidArgument"),
            refused({"Expiration": {"Date": "2030-01-01T12:00:00Z"}}, "InvalidArgument", f"{API}/API_LifecycleExpiration.html"),
            refused({"Transitions": [{"Days": 60, "StorageClass": "GLACIER"}], "Expiration": {"Date": "2030-01-01"}}, "InvalidRequest", RULES),
            refused({}, "InvalidRequest", RULES),
            refused({"ID": "x" * 256, "Expiration": {"Days": 1}}, "InvalidArgument", f"{API}/API_LifecycleRule.html"),
            refused({"Prefix": "a", "Expiration": {"Days": 1}}, "MalformedXML", f"{API}/API_LifecycleRule.html"),
            refused({"Expiration": {"Days": 1, "ExpiredObjectDeleteMarker": True}}, "MalformedXML", f"{API}/API_LifecycleExpiration.html"),
            refused({"Filter": {"Tag": {"Key": "k", "Value": "v"}}, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}}, "InvalidRequest", f"{GUIDE}/intro-lifecycle-filters.html"),
            refused({"Status": "On", "Expiration": {"Days": 1}}, "MalformedXML", ERRORS),
            c("s3", "put_bucket_lifecycle_configuration", lifecycle({"ID": "a", "Expiration": {"Days": 1}}, {"ID": "a", "Expiration": {"Days": 2}}), aws=Error("InvalidArgument"), page=f"{API}/API_LifecycleRule.html"),
            c("s3", "delete_bucket_lifecycle", B),
            c("s3", "get_bucket_lifecycle_configuration", B),
        ],
    ),
    Scenario(
        "s3 configurations: cors and website",
        [
            made(),
            c("s3", "put_bucket_cors", cors(AllowedHeaders=["*"], MaxAgeSeconds=60, ExposeHeaders=["ETag"])),
            c("s3", "get_bucket_cors", B),
            c("s3", "put_bucket_cors", cors(AllowedMethods=["PATCH"])),
            c("s3", "put_bucket_cors", cors(AllowedOrigins=["https://*.*.com"]), aws=Error("InvalidRequest"), page=f"{GUIDE}/ManageCorsUsing.html"),
            c("s3", "delete_bucket_cors", B),
            c("s3", "get_bucket_cors", B),
            c("s3", "put_bucket_website", website(**INDEX, ErrorDocument={"Key": "e.html"})),
            c("s3", "get_bucket_website", B),
            c("s3", "put_bucket_website", website(RedirectAllRequestsTo={"HostName": "example.com", "Protocol": "https"})),
            c("s3", "get_bucket_website", B),
            c("s3", "put_bucket_website", website(**INDEX, RedirectAllRequestsTo={"HostName": "example.com"}), aws=Error("InvalidRequest"), page=f"{API}/API_PutBucketWebsite.html"),
            c("s3", "put_bucket_website", website(ErrorDocument={"Key": "e.html"}), aws=Error("InvalidArgument"), page=f"{API}/API_WebsiteConfiguration.html"),
            c("s3", "put_bucket_website", website(IndexDocument={"Suffix": "a/b"}), aws=Error("InvalidArgument"), page=f"{API}/API_IndexDocument.html"),
            c("s3", "put_bucket_website", website(**INDEX, RoutingRules=[{"Redirect": {"ReplaceKeyWith": "a", "ReplaceKeyPrefixWith": "b"}}]), aws=Error("InvalidRequest"), page=f"{API}/API_Redirect.html"),
            c("s3", "delete_bucket_website", B),
            c("s3", "get_bucket_website", B),
        ],
    ),
    Scenario(
        "s3 configurations: logging and notifications",
        [
            made(),
            made("logs"),
            c("s3", "put_bucket_logging", logging(), aws=Has({}), page=f"{API}/API_PutBucketLogging.html"),
            c("s3", "get_bucket_logging", B, aws=Has({"LoggingEnabled": {"TargetBucket": "logs", "TargetPrefix": "log/"}}), page=f"{API}/API_GetBucketLogging.html"),
            c("s3", "put_bucket_logging", logging(TargetObjectKeyFormat={"PartitionedPrefix": {"PartitionDateSource": "EventTime"}}), aws=Has({}), page=f"{API}/API_TargetObjectKeyFormat.html"),
            c("s3", "get_bucket_logging", B, aws=Has({"LoggingEnabled": {"TargetObjectKeyFormat": {"PartitionedPrefix": {"PartitionDateSource": "EventTime"}}}}), page=f"{API}/API_TargetObjectKeyFormat.html"),
            c("s3", "put_bucket_logging", logging(TargetGrants=[LOG_GRANTS[0]]), aws=Error("InvalidArgument"), page=f"{API}/API_TargetGrant.html"),
            c("s3", "put_bucket_ownership_controls", {"Bucket": "logs", "OwnershipControls": {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}}),
            c("s3", "put_bucket_logging", logging(TargetGrants=LOG_GRANTS), aws=Has({}), page=f"{API}/API_PutBucketLogging.html"),
            c("s3", "get_bucket_logging", B, aws=Has({"LoggingEnabled": {"TargetGrants": [{"Grantee": {"Type": "CanonicalUser", "ID": "<hex64>"}, "Permission": "READ"}, LOG_GRANTS[1]]}}), page=f"{API}/API_GetBucketLogging.html"),
            c("s3", "put_bucket_logging", logging(TargetGrants=[{"Grantee": {"Type": "AmazonCustomerByEmail", "EmailAddress": "someone@example.com"}, "Permission": "READ"}]), aws=Error("MethodNotAllowed"), page=f"{API}/API_PutBucketLogging.html"),
            c("s3", "put_bucket_logging", logging(TargetGrants=[{"Grantee": {"Type": "Group", "URI": "http://acs.amazonaws.com/groups/none"}, "Permission": "READ"}]), aws=Error("InvalidArgument"), page=f"{GUIDE}/acl-overview.html"),
            c("s3", "put_bucket_logging", logging("none")),
            c("s3", "put_bucket_logging", {**B, "BucketLoggingStatus": {}}),
            c("s3", "get_bucket_logging", B),
            c("s3", "put_bucket_notification_configuration", notification(queue(prefix="a/", suffix=".zip")), aws=Has({}), page=f"{API}/API_PutBucketNotificationConfiguration.html"),
            c("s3", "get_bucket_notification_configuration", B, aws=Has({"QueueConfigurations": [{"Id": "q", "Events": ["s3:ObjectCreated:*"], "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "a/"}, {"Name": "suffix", "Value": ".zip"}]}}}]}), page=f"{API}/API_GetBucketNotificationConfiguration.html"),
            c("s3", "put_bucket_notification_configuration", notification(queue(events=["s3:Nothing"])), aws=Error("InvalidArgument"), page=f"{GUIDE}/notification-how-to-event-types-and-destinations.html"),
            c("s3", "put_bucket_notification_configuration", notification(queue(arn="q")), aws=Error("InvalidArgument"), page=ERRORS),
            c("s3", "put_bucket_notification_configuration", notification(queue(arn=f"arn:aws:sqs:us-east-1:{ACCOUNT}:q")), aws=Error("InvalidArgument"), page=f"{GUIDE}/notification-how-to-event-types-and-destinations.html"),
            c("s3", "put_bucket_notification_configuration", notification(queue(prefix="a"), queue(id="r", prefix="ab")), aws=Error("InvalidArgument"), page=FILTERING),
            c("s3", "put_bucket_notification_configuration", notification(queue(other="a")), aws=Error("InvalidArgument"), page=f"{API}/API_FilterRule.html"),
            c("s3", "put_bucket_notification_configuration", {**B, "NotificationConfiguration": {"EventBridgeConfiguration": {}}}),
            c("s3", "get_bucket_notification_configuration", B, aws=Has({"EventBridgeConfiguration": {}}), page=f"{API}/API_GetBucketNotificationConfiguration.html"),
            c("s3", "put_bucket_notification_configuration", {**B, "NotificationConfiguration": {}}),
            c("s3", "get_bucket_notification_configuration", B),
        ],
    ),
    Scenario(
        "s3 configurations: replication and object lock",
        [
            made(),
            made("logs"),
            c("s3", "put_bucket_replication", replication({}), aws=Error("InvalidRequest"), page=REPLICATING),
            c("s3", "put_object_lock_configuration", lock(Mode="GOVERNANCE", Days=1), aws=Error("InvalidBucketState"), page=f"{GUIDE}/object-lock-configure.html"),
            versioned(),
            c("s3", "put_bucket_replication", replication({}), aws=Error("InvalidRequest", "Destination bucket must have versioning enabled"), page=REPLICATING),
            versioned("logs"),
            c("s3", "put_bucket_replication", replication({}), aws=Has({}), page=f"{API}/API_PutBucketReplication.html"),
            c("s3", "get_bucket_replication", B, aws=Has({"ReplicationConfiguration": {"Role": ROLE, "Rules": [{"ID": "r0", "Priority": 0, "Status": "Enabled", "Filter": {"Prefix": ""}, "DeleteMarkerReplication": {"Status": "Disabled"}, "Destination": {"Bucket": "arn:aws:s3:::logs"}}]}}), page=f"{API}/API_GetBucketReplication.html"),
            c("s3", "put_bucket_replication", replication({"Priority": None}), aws=Error("InvalidRequest"), page=REPLICATING),
            c("s3", "put_bucket_replication", replication({"DeleteMarkerReplication": None}), aws=Error("InvalidRequest"), page=REPLICATING),
            c("s3", "put_bucket_replication", replication({}, {"Priority": 0}), aws=Error("InvalidRequest"), page=REPLICATING),
            c("s3", "put_bucket_replication", replication({"Filter": {"Tag": {"Key": "a", "Value": "b"}}, "DeleteMarkerReplication": {"Status": "Enabled"}}), aws=Error("InvalidRequest"), page=f"{GUIDE}/delete-marker-replication.html"),
            c("s3", "put_bucket_replication", replication({"Destination": {"Bucket": "arn:aws:s3:::none"}}), aws=Error("InvalidRequest"), page=ERRORS),
            c("s3", "put_bucket_replication", replication({}, role="copy"), aws=Error("InvalidArgument"), page=ERRORS),
            c("s3", "put_bucket_versioning", {**B, "VersioningConfiguration": {"Status": "Suspended"}}, aws=Error("InvalidBucketState"), page=f"{GUIDE}/replication-requirements.html"),
            c("s3", "delete_bucket_replication", B),
            c("s3", "get_bucket_replication", B),
            c("s3", "put_object_lock_configuration", lock(Mode="GOVERNANCE", Days=1), aws=Has({}), page=f"{GUIDE}/object-lock-configure.html"),
            c("s3", "get_object_lock_configuration", B, aws=Has({"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}}}), page=f"{API}/API_GetObjectLockConfiguration.html"),
            c("s3", "put_object_lock_configuration", lock(Mode="GOVERNANCE", Days=1, Years=1), aws=Error("MalformedXML"), page=f"{API}/API_DefaultRetention.html"),
            c("s3", "put_object_lock_configuration", lock(Mode="GOVERNANCE", Days=0), aws=Error("InvalidArgument"), page=f"{API}/API_DefaultRetention.html"),
            c("s3", "put_object_lock_configuration", {**B, "ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled"}}, aws=Has({}), page=f"{API}/API_PutObjectLockConfiguration.html"),
            c("s3", "put_bucket_versioning", {**B, "VersioningConfiguration": {"Status": "Suspended"}}, aws=Error("InvalidBucketState"), page=f"{GUIDE}/object-lock-managing.html"),
        ],
    ),
    Scenario(
        "s3 configurations: the small ones",
        [
            made(),
            made("dot.ted"),
            c("s3", "put_bucket_accelerate_configuration", {**B, "AccelerateConfiguration": {"Status": "Enabled"}}),
            c("s3", "get_bucket_accelerate_configuration", B),
            c("s3", "put_bucket_accelerate_configuration", {**B, "AccelerateConfiguration": {"Status": "Suspended"}}),
            c("s3", "get_bucket_accelerate_configuration", B),
            c("s3", "put_bucket_accelerate_configuration", {**B, "AccelerateConfiguration": {"Status": "Off"}}),
            c("s3", "put_bucket_accelerate_configuration", {"Bucket": "dot.ted", "AccelerateConfiguration": {"Status": "Enabled"}}),
            c("s3", "put_bucket_request_payment", {**B, "RequestPaymentConfiguration": {"Payer": "Requester"}}, aws=Has({}), page=f"{API}/API_PutBucketRequestPayment.html"),
            c("s3", "get_bucket_request_payment", B, aws=Has({"Payer": "Requester"}), page=f"{API}/API_GetBucketRequestPayment.html"),
            c("s3", "put_bucket_request_payment", {**B, "RequestPaymentConfiguration": {"Payer": "Nobody"}}, aws=Error("MalformedXML"), page=ERRORS),
        ],
    ),
    Scenario(
        "s3 configurations: intelligent tiering and inventory",
        [
            made(),
            made("logs"),
            c("s3", "list_bucket_intelligent_tiering_configurations", B, aws=Has({"IsTruncated": False}), page=f"{API}/API_ListBucketIntelligentTieringConfigurations.html"),
            c("s3", "put_bucket_intelligent_tiering_configuration", tiering(), aws=Has({}), page=f"{API}/API_PutBucketIntelligentTieringConfiguration.html"),
            c("s3", "get_bucket_intelligent_tiering_configuration", {**B, "Id": "cold"}, aws=Has({"IntelligentTieringConfiguration": {"Id": "cold", "Status": "Enabled", "Tierings": [{"AccessTier": "ARCHIVE_ACCESS", "Days": 90}]}}), page=f"{API}/API_GetBucketIntelligentTieringConfiguration.html"),
            c("s3", "list_bucket_intelligent_tiering_configurations", B, aws=Has({"IsTruncated": False, "IntelligentTieringConfigurationList": [{"Id": "cold"}]}), page=f"{API}/API_ListBucketIntelligentTieringConfigurations.html"),
            c("s3", "put_bucket_intelligent_tiering_configuration", tiering("cold", ("ARCHIVE_ACCESS", 89)), aws=Error("InvalidArgument"), page=f"{API}/API_Tiering.html"),
            c("s3", "put_bucket_intelligent_tiering_configuration", tiering("cold", ("DEEP_ARCHIVE_ACCESS", 731)), aws=Error("InvalidArgument"), page=f"{API}/API_Tiering.html"),
            c("s3", "delete_bucket_intelligent_tiering_configuration", {**B, "Id": "cold"}, aws=Has({}), page=f"{API}/API_DeleteBucketIntelligentTieringConfiguration.html"),
            c("s3", "get_bucket_intelligent_tiering_configuration", {**B, "Id": "cold"}, aws=Error("NoSuchConfiguration"), page=ERRORS),
            c("s3", "list_bucket_inventory_configurations", B, aws=Has({"IsTruncated": False}), page=f"{API}/API_ListBucketInventoryConfigurations.html"),
            c("s3", "put_bucket_inventory_configuration", inventory(OptionalFields=["Size", "ETag"]), aws=Has({}), page=f"{API}/API_PutBucketInventoryConfiguration.html"),
            c("s3", "get_bucket_inventory_configuration", {**B, "Id": "all"}, aws=Has({"InventoryConfiguration": {"Id": "all", "IsEnabled": True, "OptionalFields": ["Size", "ETag"], "Schedule": {"Frequency": "Daily"}}}), page=f"{API}/API_GetBucketInventoryConfiguration.html"),
            c("s3", "list_bucket_inventory_configurations", B, aws=Has({"IsTruncated": False, "InventoryConfigurationList": [{"Id": "all"}]}), page=f"{API}/API_ListBucketInventoryConfigurations.html"),
            c("s3", "put_bucket_inventory_configuration", inventory(target="arn:aws:s3:::none"), aws=Error("InvalidS3DestinationBucket"), page=f"{API}/API_PutBucketInventoryConfiguration.html"),
            c("s3", "put_bucket_inventory_configuration", inventory(Schedule={"Frequency": "Hourly"}), aws=Error("MalformedXML"), page=ERRORS),
            c("s3", "delete_bucket_inventory_configuration", {**B, "Id": "all"}, aws=Has({}), page=f"{API}/API_DeleteBucketInventoryConfiguration.html"),
            c("s3", "delete_bucket_inventory_configuration", {**B, "Id": "all"}, aws=Error("NoSuchConfiguration"), page=ERRORS),
        ],
    ),
]
