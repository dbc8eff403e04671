//! What holds for every input.

use proptest::prelude::*;
use trueup_specs::{Problems, Span, Text, load_from, render, to_json};

use crate::support::{KINDS, check, load_files, resolve_all};

/// Loads, resolves and shows: nothing of it may panic.
fn survive(files: &[(&str, &str)]) {
    let loaded = load_files(files);
    let mut more = Problems::new();
    if let Some(project) = &loaded.project {
        resolve_all(project, &mut more);
    }
    let mut problems = loaded.problems;
    problems.extend(more.into_vec());
    let problems = problems.into_vec();
    let _ = render(&problems, &loaded.sources, true, 80);
    let _ = render(&problems, &loaded.sources, false, 0);
    let _ = to_json(&problems, &loaded.sources);
}

/// Pieces of specs, well-formed and not, from which files are thrown together.
fn piece() -> impl Strategy<Value = String> {
    let fixed = prop::sample::select(vec![
        "[scope]\naccount = \"tooling\"\n",
        "[scope]\naccount = \"tenants\"\nregion = \"us-east-1\"\n",
        "[role.a]\n",
        "[role.b]\n",
        "[key.a]\n",
        "[bucket.a]\n",
        "[[role.a.trust]]\n",
        "[[key.a.policy]]\n",
        "[[role.a.inline.x]]\n",
        "[params]\n",
        "x = { type = \"list\" }\n",
        "[[use]]\n",
        "template = \"b.toml\"\n",
        "name = \"u\"\n",
        "with = { x = [\"1\", \"${role.a.arn}\"] }\n",
        "allow = [\"s3:Get*\"]\n",
        "deny = \"*\"\n",
        "resource = \"${tenants/role.a.arn}/x\"\n",
        "resource = [\"${param.x}\", \"*\"]\n",
        "principal = { account = \"tenants\" }\n",
        "principal = \"*\"\n",
        "condition = { Bool = { \"aws:SecureTransport\" = false } }\n",
        "enabled = false\n",
        "enabled = \"${param.x}\"\n",
        "adopt = true\n",
        "tags = { a = \"${account.id}\" }\n",
        "description = \"${region} ${role.b.arn}\"\n",
        "managed = \"policy.a\"\n",
        "[policy.a]\n",
        "[output]\n",
        "[[removed]]\naddress = \"tooling/key.b\"\n",
        "[[moved]]\nfrom = \"role.c\"\nto = \"role.a\"\n",
        "encryption = { key = \"key.a\" }\n",
        "[account.x]\nid = \"777777777777\"\ngroups = [\"tenants\"]\n",
        "trust = { file = \"p.json\" }\n",
        "trust = [{ allow = \"sts:*\" }]\n",
        "= 1\n",
        "[\n",
        "\"\n",
        "}",
    ]);
    prop_oneof![20 => fixed.prop_map(str::to_owned), 1 => any::<String>()]
}

fn file() -> impl Strategy<Value = String> {
    prop::collection::vec(piece(), 0..24).prop_map(|pieces| pieces.concat())
}

/// What took a second here would take hours if it grew with the square.
#[test]
fn long_input_costs_no_more_than_its_length() {
    let scope = "[scope]\naccount = \"tooling\"\n[role.a]\n";
    survive(&[("a.toml", &"= 1\n".repeat(500_000))]);
    survive(&[("a.toml", &format!("{scope}description = \"{}\"\n", "${region}".repeat(100_000)))]);
    survive(&[("a.toml", &format!("{scope}{}", "[role.a]\n".repeat(20_000)))]);
    survive(&[("a.toml", &format!("{scope}description = \"{}\"\n", "${".repeat(300_000)))]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_survived(one in any::<String>(), other in any::<String>(), json in any::<String>()) {
        survive(&[("a.toml", &one), ("trueup.toml", &other), ("p.json", &json)]);
    }

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let loaded = load_from(vec![("a.toml".into(), bytes)], KINDS);
        let _ = render(&loaded.problems.into_vec(), &loaded.sources, false, 80);
    }

    #[test]
    fn any_mixture_of_pieces_is_survived(one in file(), other in file(), json in "[{}\\[\\]\",:a${}]{0,40}") {
        survive(&[("a.toml", &one), ("b.toml", &other), ("p.json", &json)]);
    }

    #[test]
    fn loading_twice_tells_the_same(one in file(), other in file()) {
        let files = [("a.toml", one.as_str()), ("b.toml", other.as_str())];
        prop_assert_eq!(check(&files), check(&files));
    }

    #[test]
    fn texts_are_written_as_they_were_read(
        parts in prop::collection::vec(prop_oneof![
            "[a-z/*:$ ]{0,8}",
            Just("${account.id}".to_owned()), Just("${tooling/account.name}".to_owned()), Just("${region}".to_owned()),
            "\\$\\{[a-z]{1,5}\\.[a-z.]{0,5}[a-z]\\.arn\\}", "\\$\\{[a-z]{1,5}@eu-west-1/[a-z]{1,5}\\.[a-z]{1,5}\\.arn\\}",
            Just("${aws:PrincipalTag/team}".to_owned()), Just("${*}".to_owned()),
        ], 0..6)
    ) {
        let written = parts.concat();
        if let Ok(text) = Text::parse(&written, Span::none(), &written) {
            prop_assert_eq!(text.to_string(), written.clone());
            let again = Text::parse(&text.to_string(), Span::none(), &written);
            prop_assert_eq!(again, Ok(text));
        }
    }

    #[test]
    fn every_new_tenant_is_in_every_list(count in 1_usize..8) {
        let mut accounts = crate::support::ACCOUNTS.to_owned();
        for more in 0..count {
            accounts.push_str(&format!("[account.t{more}]\nid = \"90000000000{more}\"\ngroups = [\"tenants\"]\n"));
        }
        let tooling = "[scope]\naccount = \"tooling\"\n[[role.a.trust]]\nallow = \"sts:AssumeRole\"\n\
                       principal = { aws = [\"${tenants/role.b.arn}\"] }\n[output]\nids = [\"${tenants/account.id}\"]\n";
        let tenants = "[scope]\naccount = \"tenants\"\n[role.b]\n";
        let told = check(&[("accounts.toml", &accounts), ("a.toml", tooling), ("b.toml", tenants)]);
        for more in 0..count {
            let id = format!("90000000000{more}");
            let listed = format!("arn:aws:iam::{id}:role/b");
            prop_assert!(told.contains(&listed) && told.contains(&format!("\"{id}\"")), "{}", told);
        }
    }
}
