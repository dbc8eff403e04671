//! What readers and editors are given: the reference, the JSON Schema, problems as JSON.

use trueup_specs::reference::{explain, markdown};
use trueup_specs::schema::json_schema;
use trueup_specs::to_json;

use crate::support::{BUCKET, KINDS, ROLE, load_files};

#[test]
fn explanation() {
    insta::assert_snapshot!(explain(&ROLE, 80));
}

#[test]
fn explanation_is_no_wider_than_asked() {
    for width in [40, 60, 80] {
        for line in explain(&BUCKET, width).lines() {
            assert!(line.chars().count() <= width, "{line}");
        }
    }
}

#[test]
fn reference_page() {
    insta::assert_snapshot!(markdown(&BUCKET));
}

#[test]
fn schema() {
    insta::assert_json_snapshot!(json_schema(KINDS));
}

#[test]
fn problems_as_json() {
    let loaded = load_files(&[("a.toml", "[scope]\naccount = \"tooling\"\n[role.a]\ndescripton = \"ä\"\n[rol.b]\n")]);
    insta::assert_json_snapshot!(to_json(&loaded.problems.into_vec(), &loaded.sources));
}
