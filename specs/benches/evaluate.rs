//! How long a decision takes: the aim is under 5 µs for a principal with 20 statements.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use trueup_specs::policy::Document;
use trueup_specs::policy::evaluate::{Caller, Policies, Request, Source, decide};

const ROLE: &str = "arn:aws:iam::111111111111:role/deploy";
const KEY: &str = "arn:aws:kms:eu-west-1:222222222222:key/1234abcd-12ab-34cd-56ef-1234567890ab";

/// Twenty statements as delivery roles have them, three of them about the bucket that is asked for.
fn statements() -> String {
    let others = (0..17).map(|index| {
        format!(
            r#"{{"Effect":"Allow","Action":["codepipeline:Get*","ecr:BatchGetImage","logs:CreateLogStream","logs:PutLogEvents"],
            "Resource":["arn:aws:logs:eu-west-1:111111111111:log-group:/app/{index}:*","arn:aws:ecr:eu-west-1:111111111111:repository/app-{index}"]}}"#
        )
    });
    let asked = [
        r#"{"Effect":"Allow","Action":["s3:GetObject*","s3:PutObject"],"Resource":"arn:aws:s3:::artifacts/${aws:PrincipalAccount}/*"}"#,
        r#"{"Effect":"Allow","Action":["kms:Decrypt","kms:GenerateDataKey*"],"Resource":"*","Condition":{"StringLike":{"kms:ViaService":"s3.*.amazonaws.com"}}}"#,
        r#"{"Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}"#,
    ];
    others.chain(asked.map(str::to_owned)).collect::<Vec<_>>().join(",")
}

fn document(statements: &str) -> Document {
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
    Document::from_live(&text).expect("the documents of this benchmark are well formed")
}

fn decisions(criterion: &mut Criterion) {
    let identity = document(&statements());
    let bucket = document(
        r#"{"Effect":"Allow","Principal":{"AWS":["222222222222","111111111111"]},"Action":"s3:Get*","Resource":"arn:aws:s3:::artifacts/*"},
        {"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}"#,
    );
    let key = document(
        r#"{"Effect":"Allow","Principal":{"AWS":"222222222222"},"Action":"kms:*","Resource":"*"},
        {"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/deploy"},"Action":["kms:Decrypt","kms:DescribeKey"],"Resource":"*"}"#,
    );
    let scp = document(
        r#"{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"organizations:*","Resource":"*"}"#,
    );
    let source = |document| Source { name: "policy", document };
    let identity_only = Policies { identity: vec![source(&identity)], ..Policies::default() };
    let all = |resource| Policies {
        scps: vec![vec![source(&scp)], vec![source(&scp)]],
        resource: vec![source(resource)],
        ..identity_only.clone()
    };
    let caller = || Caller::Role { arn: ROLE.to_owned(), session: Some("build".to_owned()) };
    let object = "arn:aws:s3:::artifacts/111111111111/build/output.zip";
    let get = Request::new(caller(), "s3:GetObject", object).with("aws:SecureTransport", ["true"]);
    let across = get.clone().in_account("222222222222");
    let decrypt = Request::new(caller(), "kms:Decrypt", KEY).with("kms:ViaService", ["s3.eu-west-1.amazonaws.com"]);
    let open = Request::new(caller(), "s3:GetObject", object);
    let nothing = Request::new(caller(), "ec2:RunInstances", "arn:aws:ec2:eu-west-1:111111111111:instance/*");

    let mut group = criterion.benchmark_group("decide_20_statements");
    group.bench_function("allowed", |bencher| bencher.iter(|| decide(black_box(&get), black_box(&identity_only))));
    group.bench_function("nothing_allows", |bencher| bencher.iter(|| decide(black_box(&nothing), &identity_only)));
    group.bench_function("depends", |bencher| bencher.iter(|| decide(black_box(&open), black_box(&identity_only))));
    let policies = all(&bucket);
    group.bench_function("bucket_across_accounts", |bencher| bencher.iter(|| decide(black_box(&across), &policies)));
    let policies = all(&key);
    group.bench_function("key_across_accounts", |bencher| bencher.iter(|| decide(black_box(&decrypt), &policies)));
    group.finish();
}

criterion_group!(benches, decisions);
criterion_main!(benches);
