use serde_json::json;

use super::*;
use crate::shape::FieldShape;

fn field(name: &'static str, shape: Shape) -> FieldShape {
    FieldShape { name, doc: "", required: false, shape }
}

fn shape() -> TableShape {
    let text = || Box::new(Shape::Text);
    let hosts = TableShape { doc: "", fields: vec![field("value", Shape::Text), field("kind", Shape::Text)] };
    TableShape {
        doc: "",
        fields: vec![
            field("description", Shape::Text),
            field("alias", Shape::OneOrMany(text())),
            field("names", Shape::List(text())),
            field("trust", Shape::Policy),
            field("inline", Shape::Map(Box::new(Shape::Policy))),
            field("hosts", Shape::Table(hosts.clone())),
            field("triggers", Shape::Map(Box::new(Shape::Table(hosts)))),
        ],
    }
}

fn check(model: &Value) -> String {
    let text = block("role", "deployer", &fields(model, &shape(), "aws"), &shape());
    toml::from_str::<toml::Table>(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    text
}

#[test]
fn a_resource_is_written_as_a_person_would() {
    let trust = json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "Tooling", "Effect": "Allow", "Action": "sts:AssumeRole",
         "Principal": {"AWS": ["arn:aws:iam::111111111111:root", "arn:aws:iam::222222222222:role/a"], "Service": "ec2.amazonaws.com"},
         "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}, "NumericLessThan": {"aws:MultiFactorAuthAge": "3600"},
                       "StringEquals": {"aws:PrincipalTag/x": ["true", "1"]}}},
        {"Effect": "Deny", "Principal": "*", "NotAction": ["sts:AssumeRole", "sts:TagSession"]},
    ]});
    let old = json!({"Version": "2008-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]});
    let long: Vec<String> = (0..6).map(|n| format!("a-rather-long-name-of-a-thing-{n}")).collect();
    insta::assert_snapshot!(check(&json!({
        "hosts": {"value": "1", "kind": "COUNT", "unknown": 1},
        "description": "it's \"quoted\"\\, and\nbroken",
        "names": long,
        "alias": ["one"],
        "unsaid": null,
        "trust": trust,
        "inline": {"plain": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "*"}]},
                   "with.dots": old},
        "triggers": {"failed": {"value": "x", "kind": "y"}},
    })));
}

#[test]
fn what_statements_cannot_say_becomes_a_file() {
    let with_id = json!({"Version": "2012-10-17", "Id": "x", "Statement": []});
    assert_eq!(fields(&json!({"trust": with_id}), &shape(), "aws")["trust"], json!({FILE: with_id}));
}

#[test]
fn a_file_is_a_document_or_a_text() {
    let document = json!({"Version": "2012-10-17", "Id": "x"});
    assert_eq!(
        NamedFile::of(&document),
        NamedFile {
            extension: "json".to_owned(),
            text: "{\n  \"Version\": \"2012-10-17\",\n  \"Id\": \"x\"\n}\n".to_owned()
        }
    );
    let text = text_file("<a>\n", "xml");
    assert_eq!(NamedFile::of(&text[FILE]), NamedFile { extension: "xml".to_owned(), text: "<a>\n".to_owned() });
}

#[test]
fn a_root_of_another_partition_stays_an_arn() {
    let trust = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "arn:aws-cn:iam::111111111111:root"}}]});
    let written = fields(&json!({"trust": trust}), &shape(), "aws");
    assert_eq!(written["trust"][0]["principal"], json!({"aws": "arn:aws-cn:iam::111111111111:root"}));
}
