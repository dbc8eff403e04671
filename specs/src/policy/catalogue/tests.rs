use super::*;

/// A part that can't be read would be a service without actions, and every action of it unknown.
#[test]
fn the_file_is_well_formed() {
    assert!(version().starts_with("0."), "{}", version());
    assert!(services().count() > 400);
    let mut count = 0;
    for name in services() {
        let service = service(name).unwrap_or_else(|| panic!("{name} can't be read"));
        assert!(service.actions().next().is_some(), "{name}");
        count += service.actions.len();
        let are_there = |numbers: &[usize], length| numbers.iter().all(|number| *number < length);
        for group in &service.groups {
            assert!(
                are_there(&group.types, service.types.len()) && are_there(&group.keys, service.keys.len()),
                "{name}"
            );
        }
        for type_ in &service.types {
            assert!(are_there(&type_.keys, service.keys.len()), "{name} {}", type_.name());
            assert!(type_.arns().all(|arn| arn.starts_with("arn:") || arn == "*"), "{name} {type_:?}");
        }
        let names: Vec<String> = service.actions().map(|action| action.short_name().to_ascii_lowercase()).collect();
        assert!(names.is_sorted_by(|one, other| one < other), "{name} has an action twice");
        for key in service.condition_keys() {
            assert!(key.contains(':') && !key.contains(['<', '>', '*', ' ']), "{name} {key}");
        }
    }
    assert!(count > 20_000, "{count}");
}

fn one(name: &str) -> Action {
    let mut found = actions(name);
    found.next().unwrap_or_else(|| panic!("no {name}"))
}

/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html>, and the pages of the others
#[test]
fn actions_are_as_the_pages_say() {
    let get = one("S3:getobject");
    assert_eq!((get.name().as_str(), get.level()), ("s3:GetObject", AccessLevel::Read));
    assert_eq!(get.resource_types().map(ResourceType::name).collect::<Vec<_>>(), ["accesspointobject", "object"]);
    assert!(get.has_key("s3:ExistingObjectTag/team") && !get.has_key("s3:prefix"));
    assert!(one("s3:ListBucket").has_key("S3:Prefix"));
    assert_eq!(one("s3:ListAllMyBuckets").level(), AccessLevel::List);
    assert_eq!(one("s3:PutBucketPolicy").level(), AccessLevel::PermissionsManagement);
    assert_eq!(one("iam:TagRole").level(), AccessLevel::Tagging);
    assert_eq!(one("codedeploy:CreateDeployment").level(), AccessLevel::Write);
    assert!(one("kms:Decrypt").has_key("kms:EncryptionContext:aws:s3:arn"));
    assert!(actions("s3:GetObject*").count() > 5);
    for none in ["s3:GetObjekt", "s4:GetObject", "s3:", "s3", "", "s3:Frobnicate*"] {
        assert_eq!(actions(none).count(), 0, "{none}");
    }
    assert!(service("lambda").is_some_and(|lambda| lambda.has_free_key("lambda:SourceFunctionArn")));
    for key in ["aws:PrincipalOrgID", "aws:PrincipalTag/${TagKey}", "aws:SourceOrgPaths", "lambda:SourceFunctionArn"] {
        assert!(global_keys().any(|known| known == key), "{key}");
    }
    assert!(is_under_rcps("KMS") && !is_under_rcps("codedeploy"));
    assert!(is_issuer("saml") && is_issuer("idp.example.com/team") && !is_issuer("s3"));
}

#[test]
fn keys_with_a_variable_stand_for_many() {
    let table = [
        ("aws:RequestTag/${TagKey}", "aws:requesttag/team", true),
        ("aws:RequestTag/${TagKey}", "aws:RequestTag/", false),
        ("aws:RequestTag/${TagKey}", "aws:RequestTag", false),
        ("aws:TagKeys", "AWS:TAGKEYS", true),
        ("aws:TagKeys", "aws:TagKeysX", false),
        ("codebuild:secondarySources/${id}.auth.type", "codebuild:secondarySources/a.auth.type", true),
        ("codebuild:secondarySources/${id}.auth.type", "codebuild:secondarySources/.auth.type", false),
        ("codebuild:secondarySources/${id}.auth.type", "codebuild:secondarySources/a.auth.typé", false),
    ];
    for (known, key, is_it) in table {
        assert_eq!(is_key(known, key), is_it, "{known} {key}");
    }
}

#[test]
fn patterns_and_forms_meet_where_an_arn_is_both() {
    let (bucket, object) = ("arn:${Partition}:s3:::${BucketName}", "arn:${Partition}:s3:::${BucketName}/${ObjectName}");
    let role = "arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}";
    let stream = "arn:${Partition}:logs:${Region}:${Account}:log-group:${LogGroupName}:log-stream:${LogStreamName}";
    let table = [
        ("arn:aws:s3:::b", bucket, true),
        ("arn:aws:s3:::b", object, false),
        ("arn:aws:s3:::b/*", bucket, false),
        ("arn:aws:s3:::b/*", object, true),
        ("arn:aws:s3:::b*", bucket, true),
        ("arn:aws:s3:::b*", object, true),
        ("arn:aws:s3:::b?c", object, true),
        ("arn:aws:s3:::b-c", object, false),
        ("arn:aws:s3:::b/${aws:username}/*", object, true),
        ("arn:aws:s3:::${aws:username}", object, true),
        ("arn:aws:s3:::\u{E000}x/bucket.b#name\u{E001}/*", object, true),
        ("arn:aws:s3:::*", object, true),
        ("arn:*", role, true),
        ("*", role, true),
        ("arn:aws:iam::*:role/a/b/c", role, true),
        ("arn:aws:iam::aws:role/a", role, true),
        ("arn:aws:iam::111111111111:user/a", role, false),
        ("arn:aws:iam::111111111111:ro?e/a", role, true),
        ("arn:aws:s3:::b", role, false),
        ("arn:aws:logs:eu-west-1:111111111111:log-group:/a/b", stream, false),
        // A star runs over colons, so that this may be about a stream of a strange name.
        ("arn:aws:logs:*:*:log-group:/a/b", stream, true),
        ("arn:aws:logs:*:*:log-group:/a/b:*", stream, true),
        ("", role, false),
        ("arn:aws:s3:::${", bucket, true),
    ];
    for (resource, form, is_both) in table {
        assert_eq!(overlaps(resource, form), is_both, "{resource} {form}");
    }
}

/// The tables have these on no single resource; what AWS asks for is seen in its messages: `iam:ListRoles` on `…:role/`.
#[test]
fn what_is_on_no_single_resource_may_be_asked_for_without_a_name() {
    let table = [
        ("s3:ListAllMyBuckets", "*", true),
        ("s3:ListAllMyBuckets", "arn:aws:s3:::*", true),
        ("s3:ListAllMyBuckets", "arn:aws:s3:::b", false),
        ("s3:ListAllMyBuckets", "arn:aws:s3:::b/*", false),
        ("iam:ListRoles", "arn:aws:iam::111111111111:role/ci/*", true),
        ("iam:ListRoles", "arn:aws:iam::111111111111:role/ci", false),
        ("ecr:GetAuthorizationToken", "arn:aws:ecr:eu-west-1:111111111111:repository/app", false),
        ("ecr:GetAuthorizationToken", "arn:aws:ecr:*", true),
        ("ecr:GetAuthorizationToken", "x", false),
    ];
    for (action, resource, fits) in table {
        assert_eq!(one(action).fits(resource), fits, "{action} {resource}");
    }
}

proptest::proptest! {
    /// A text that both can have is found, whatever stands around it.
    #[test]
    fn what_is_both_is_found(parts in proptest::collection::vec((0_u8..4, "[ab/:]{0,3}"), 0..6)) {
        let (mut resource, mut form) = (String::from("arn:"), String::from("arn:"));
        for (sort, text) in parts {
            match sort {
                0 => { resource.push_str(&text); form.push_str(&text); }
                1 => { resource.push('*'); form.push_str(&text); }
                2 => { resource.push_str(&text); form.push_str("${Any}"); }
                _ => { resource.push_str(&"?".repeat(text.len())); form.push_str(&text); }
            }
        }
        proptest::prop_assert!(overlaps(&resource, &form), "{resource} {form}");
    }
}
