//! A bucket that goes with all it holds, because the specs say so.

use http::Method;

use crate::hand::Hand;
use crate::support::{Project, STAYS};

const MAIN: &str = "111111111111";
const BUCKET: &str = "full-of-it";

fn bucket(more: &str) -> String {
    format!("{STAYS}[bucket.b]\nname = \"{BUCKET}\"\nversioning = \"enabled\"\n{more}")
}

fn removed(contents: &str) -> String {
    format!("[scope]\naccount = \"main\"\n{STAYS}[[removed]]\naddress = \"main@eu-west-1/bucket.b\"\n{contents}")
}

/// Objects, former versions, a delete marker, a name that XML can't hold, an upload that was never finished.
fn fill(hand: &Hand) {
    for path in ["a", "a", "b%20c+d", "e%01f", "g"] {
        assert_eq!(hand.s3(Method::PUT, &format!("{BUCKET}/{path}"), "bytes").0, 200, "{path}");
    }
    assert_eq!(hand.s3(Method::DELETE, &format!("{BUCKET}/g"), "").0, 204);
    assert_eq!(hand.s3(Method::POST, &format!("{BUCKET}/h?uploads"), "").0, 200);
}

#[test]
fn a_bucket_goes_with_all_it_holds_only_when_that_is_said() {
    let project = Project::with(&bucket(""));
    project.apply();
    let hand = Hand::on(&project, MAIN);
    fill(&hand);
    project.write("specs.toml", removed(""));
    let kept = project.trueup(&["apply", "--yes"]).expect(4);
    assert!(kept.says("BucketNotEmpty"), "{}", kept.stdout);
    assert_eq!(hand.s3(Method::GET, &format!("{BUCKET}/a"), "").0, 200);

    project.write("specs.toml", removed("contents = \"delete\"\n"));
    let plan = project.trueup(&["plan"]).expect(0);
    insta::assert_snapshot!("a_bucket_with_contents", plan.stdout);
    let needed = project.trueup(&["permissions", "--for", "plan", "--format", "json"]).expect(0).stdout;
    for action in ["AbortMultipartUpload", "DeleteObjectVersion", "ListBucketMultipartUploads", "ListBucketVersions"] {
        assert!(needed.contains(action), "{action}: {needed}");
    }
    project.apply();
    assert_eq!(hand.s3(Method::HEAD, BUCKET, "").0, 404);
}

#[test]
fn what_object_lock_keeps_stays_and_so_does_the_bucket() {
    let lock = "[bucket.b.object_lock]\ndefault_retention = { mode = \"COMPLIANCE\", days = 1 }\n";
    let project = Project::with(&bucket(lock));
    project.apply();
    let hand = Hand::on(&project, MAIN);
    assert_eq!(hand.s3(Method::PUT, &format!("{BUCKET}/a"), "bytes").0, 200);
    project.write("specs.toml", removed("contents = \"delete\"\n"));
    let plan = project.trueup(&["plan"]).expect(0);
    assert!(plan.says("Object Lock is on: what is under retention or legal hold stays"), "{}", plan.stdout);
    let kept = project.trueup(&["apply", "--yes"]).expect(4);
    assert!(kept.says("1 of 1 objects stay, such as `a`"), "{}", kept.stdout);
    assert!(kept.says("help: Object Lock keeps it until its retention ends"), "{}", kept.stdout);
    assert!(kept.says("not tried delete bucket"), "{}", kept.stdout);
    assert_eq!(hand.s3(Method::GET, &format!("{BUCKET}/a"), "").0, 200);
}

#[test]
fn only_a_bucket_is_emptied() {
    let project = Project::with(STAYS);
    let tombstone =
        |contents: &str| format!("{STAYS}[[removed]]\naddress = \"main@eu-west-1/key.k\"\ncontents = \"{contents}\"\n");
    project.write("specs.toml", format!("[scope]\naccount = \"main\"\n{}", tombstone("delete")));
    let refused = project.trueup(&["check"]).expect(1);
    assert!(refused.complains("a key has no contents that could be deleted"), "{}", refused.stderr);
    project.write("specs.toml", format!("[scope]\naccount = \"main\"\n{}", tombstone("keep")));
    let refused = project.trueup(&["check"]).expect(1);
    assert!(refused.complains("delete"), "{}", refused.stderr);
}
