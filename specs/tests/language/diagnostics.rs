//! Bad input: each case with the picture a person gets.

use crate::support::{ACCOUNTS, check};

/// What the tenants have.
const TENANTS: &str = "[scope]\naccount = \"tenants\"\n[role.pipeline]\n";

/// One case: a file in the account `tooling`.
macro_rules! bad {
    ($($name:ident: $text:expr;)*) => {$(
        #[test]
        fn $name() {
            let text = format!("[scope]\naccount = \"tooling\"\n\n{}", $text);
            insta::assert_snapshot!(check(&[("main.toml", &text), ("z.toml", TENANTS)]));
        }
    )*};
}

/// One case of whole files.
macro_rules! bad_files {
    ($($name:ident: $files:expr;)*) => {$(
        #[test]
        fn $name() {
            insta::assert_snapshot!(check(&$files));
        }
    )*};
}

bad! {
    unknown_key: "[role.a]\ndescripton = \"x\"\n[bucket.b]\nname = \"b\"\nencryption = { kye = \"key.a\" }\n";
    unknown_meta_key: "[role.a]\nenable = false\nprotected = true\n";
    unknown_key_like_nothing: "[key.a]\nzzzzzzzzz = 1\n";
    tags_where_there_are_none: "[policy.a]\ntags = { a = \"b\" }\n";
    unknown_kind: "[bukcet.a]\nname = \"x\"\n[project]\nname = \"x\"\n[vpc.main]\n";
    wrong_types: "[role.a]\ndescription = 5\nsession_seconds = \"3600\"\ninline = []\n[key.b]\nrotation = \"yes\"\n";
    integer_out_of_range: "[role.a]\nsession_seconds = 43201\n[role.b]\nsession_seconds = 99999999999999999999\n";
    missing_key: "[bucket.a]\nversioning = \"enabled\"\n";
    unknown_word: "[bucket.a]\nname = \"a\"\nversioning = \"enable\"\n";
    dangling_reference: "[role.pipeline]\n[bucket.b]\nname = \"${role.pipline.arn}\"\n";
    dangling_field: "[key.artifacts]\n[bucket.b]\nname = \"b\"\nencryption = { key = \"key.artefacts\" }\n";
    in_another_account: "[bucket.b]\nname = \"${unicorn/role.x.arn}\"\n[role.x]\n";
    wrong_kind: "[role.a]\nmanaged = [\"role.a\", \"polcy.b\", \"boundary\", \"not an address\"]\n[policy.boundary]\n";
    wrong_kind_in_text: "[bucket.a]\nname = \"a\"\nencryption = { key = \"${bucket.a.arn}\" }\n";
    unknown_attribute: "[bucket.a]\nname = \"${bucket.a.arm} ${bucket.a.owner}\"\n";
    unknown_kind_in_reference: "[bucket.a]\nname = \"${bukcet.a.arn}\"\n";
    reference_without_attribute: "[bucket.a]\nname = \"${key.a}\"\n[key.a]\n";
    malformed_references: "[bucket.a]\nname = \"${} ${nonsense} ${a/b/c.d.e} ${/key.a.arn} ${param.x}\"\n";
    unclosed_reference: "[bucket.a]\nname = \"${account.id\"\n";
    list_where_one_is_wanted: "[bucket.a]\nname = \"${tenants/account.id}\"\n[role.b]\ndescription = \"${tenants/role.x.arn}\"\n";
    forgotten_account: "[bucket.b]\nname = \"b ${role.pipeline.arn}\"\n";
    two_groups_in_one_string: "[[role.a.trust]]\nallow = \"sts:AssumeRole\"\nprincipal = { aws = \"arn:aws:iam::${tenants/account.id}:role/${others/account.name}\" }\n";
    unknown_account_in_reference: "[bucket.a]\nname = \"${toling/account.id} ${nobody/role.x.arn}\"\n";
    region_of_a_global_kind: "[role.a]\n[bucket.b]\nname = \"${tooling@eu-west-1/role.a.name}\"\n";
    region_without_it: "[key.a]\n[bucket.b]\nname = \"${@us-east-1/key.a.id}\"\n";
    switched_off: "[key.a]\nenabled = false\n[bucket.b]\nname = \"${key.a.id}\"\n";
    names_of_resources: "[role.\"a.b\"]\n[role.\"\"]\n[key.\"ä b\"]\n";
    kind_without_a_name: "[role]\ndescription = \"x\"\n[[bucket]]\nname = \"b\"\n";
    reserved_tags: "[role.a]\ntags = { \"aws:x\" = \"1\", \"TrueUp:project\" = \"2\", ok = \"3\", n = 4 }\n";
    private_characters: "[role.a]\ndescription = \"x \\uE000 y\"\n";
    enabled_is_no_boolean: "[role.a]\nenabled = \"${param.on}\"\n[[role.a.trust]]\nenabled = \"no\"\nallow = \"sts:AssumeRole\"\n";
    statements_without_effect: "[[role.a.trust]]\naction = \"sts:AssumeRole\"\n[[role.b.trust]]\nallow = \"x:y\"\ndeny = \"x:z\"\n[[role.c.trust]]\nallow = \"x:y\"\nnot_action = \"x:z\"\n[[role.d.trust]]\neffect = \"allow\"\n";
    statement_with_wrong_shapes: "[[role.a.trust]]\nallow = 5\nprincipal = \"tooling\"\ncondition = { StringEquals = \"x\" }\nactions = []\n[role.b.trust]\nallow = \"x\"\n[role.c]\ntrust = \"x\"\n";
    principal_of_an_unknown_sort: "[[role.a.trust]]\nallow = \"sts:AssumeRole\"\nprincipal = { AWS = \"*\", account = \"toolin\" }\n";
    policy_grammar: "[[role.a.trust]]\nallow = [\"sts:AssumeRole\", \"AssumeRole\"]\nprincipal = { account = \"tooling\" }\nresource = \"*\"\n";
    policy_file_missing: "[role.a]\ntrust = { file = \"nowhere.json\" }\n[role.b]\ntrust = { file = \"../../etc/passwd\" }\n[role.c]\ntrust = { file = \"x\", json = 1 }\n";
    output_problems: "[output]\na = 5\nb = { description = \"x\" }\nc = \"${tenants/account.id}\"\n\"d e\" = \"x\"\n[role.a]\n";
    lists_of_tables: "[use]\ntemplate = \"x\"\n[removed]\naddress = \"x\"\n";
    suppressions: "[[role.a.suppress]]\nlint = \"x\"\nreason = \" \"\nexpires = \"2027-02-30\"\n[[role.a.suppress]]\nlint = \"x\"\nuntil = 2027-01-01\n[[role.a.suppress]]\nlint = 5\nreason = \"x\"\nexpires = 2027-01-01T10:00:00Z\n[role.b]\nsuppress = { lint = \"x\" }\n";
    a_flood_of_syntax_errors: "= 1\n".repeat(30);
}

const SCOPE: &str = "[scope]\naccount = \"tooling\"\n";

bad_files! {
    syntax_errors: [("a.toml", "[role.a\nx = 1\n[key.b]\nname = = 3\nopen = \"abc\n[role.a]\n[role.a]\n"), ("b.toml", "[scope]\naccount = \"tooling\"\n[role.z]\ndescription = \"${role.a.arn}\"\n")];
    duplicate_table: [("a.toml", "[scope]\naccount = \"tooling\"\n[role.a]\ndescription = \"x\"\n[role.b]\n[role.a]\ndescription = \"y\"\n")];
    duplicate_address: [("a.toml", "[scope]\naccount = \"tenants\"\n[role.a]\n"), ("b.toml", "[scope]\naccount = \"unicorn\"\n[role.a]\n"), ("c.toml", "[scope]\naccount = \"unicorn\"\nregion = \"us-east-1\"\n[key.k]\n"), ("d.toml", "[scope]\naccount = \"unicorn\"\nregion = \"us-east-1\"\n[key.k]\n")];
    no_scope: [("a.toml", "[role.a]\n[role.b]\n")];
    unknown_scope: [("a.toml", "[scope]\naccount = \"toling\"\n[role.a]\n[role.b]\n"), ("b.toml", "[scope]\naccount = \"tooling\"\nregion = \"eu-west\"\nregoin = 1\n[role.c]\n")];
    no_region: [("trueup.toml", "[project]\nname = \"x\"\n"), ("a.toml", "[scope]\naccount = \"tooling\"\n[bucket.a]\nname = \"${region}\"\n[role.b]\ndescription = \"${region}\"\n")];
    ambiguous_region: [("a.toml", "[scope]\naccount = \"tooling\"\nregion = \"eu-west-1\"\n[key.k]\n"), ("b.toml", "[scope]\naccount = \"tooling\"\nregion = \"us-east-1\"\n[key.k]\n"), ("c.toml", "[scope]\naccount = \"tooling\"\nregion = \"sa-east-1\"\n[bucket.b]\nname = \"b\"\nencryption = { key = \"key.k\" }\n")];
    accounts: [("accounts.toml", "[account.a]\n[account.b]\nid = 222222222222\n[account.c]\nid = \"333\"\nemail = \"x@example.com\"\n[account.d]\nid = \"444444444444\"\ngroups = [\"a\", \"x y\"]\n[account.e]\nid = \"444444444444\"\n[account.\"f g\"]\nid = \"555555555555\"\n"), ("more.toml", "[account.d]\nid = \"666666666666\"\n")];
    settings: [("trueup.toml", "[project]\nname = \"a b\"\nregion = \"here\"\ntags = { \"aws:a\" = \"b\", who = \"${role.a.arn}\" }\n[state]\nbackend = \"s3\"\nbucket = \"x\"\n[limits]\ndeletions = -1\n[limit]\n[account.x]\nid = \"111111111111\"\n")];
    settings_of_the_state_in_s3: [("trueup.toml", "[project]\nname = \"a\"\n[state]\nbackend = \"s3\"\nregion = \"here\"\n[limits]\ndeletions = \"20 %\"\n")];
    settings_of_no_backend: [("trueup.toml", "[project]\nname = \"a\"\n[state]\nbackend = \"gcs\"\n[limits]\ndeletions = \"101%\"\n")];
    settings_of_another_backend: [("trueup.toml", "[project]\nname = \"a\"\n[state]\nbucket = \"x\"\n")];
    settings_of_guardrails: [("trueup.toml", "[project]\nname = \"x\"\n[lints]\na = \"forbid\"\nb = 1\n[rules]\nfolder = \"x\"\n"), ("a.toml", "[lints]\na = \"deny\"\n")];
    settings_without_project: [("trueup.toml", "[limits]\ndeletions = 5\n")];
    tombstones: [("a.toml", "[scope]\naccount = \"tooling\"\n[bucket.here]\nname = \"x\"\n[role.new]\n[[removed]]\naddress = \"bucket.here\"\n[[removed]]\naddress = \"here\"\n[[removed]]\naddress = \"nobody/role.x\"\n[[removed]]\naddress = \"buckt.x\"\n[[moved]]\nfrom = \"role.new\"\nto = \"role.newer\"\n[[moved]]\nfrom = \"role.old\"\nto = \"role.nwe\"\n[[moved]]\nfrom = \"role.old\"\nto = \"bucket.here\"\n[[moved]]\nfrom = \"tenants/role.old\"\nto = \"role.new\"\n[[moved]]\nform = \"role.old\"\n")];
    templates: [("t.toml", "[params]\nname = { type = \"string\" }\ndays = { type = \"integer\", default = \"x\" }\nbad = { typ = \"string\" }\nsort = { type = \"text\" }\n[account.x]\n"), ("lonely.toml", "[params]\n[role.a]\n"), ("u.toml", "[scope]\naccount = \"tooling\"\n[[use]]\ntemplate = \"t.toml\"\nname = \"a\"\nwith = { nam = \"x\", days = \"y\" }\n[[use]]\ntemplate = \"tt.toml\"\nname = \"a.b\"\n[[use]]\ntemplate = \"u.toml\"\nname = \"c\"\n")];
    inside_of_templates: [("t.toml", "[params]\nseconds = { type = \"integer\" }\nnames = { type = \"list\", default = [] }\n[role.a]\nsession_seconds = \"${param.seconds}\"\ndescription = \"x${param.names} ${param.secnds}\"\n[role.b]\ndescription = \"${role.c.arn}\"\n"), ("u.toml", "[scope]\naccount = \"tooling\"\n[[use]]\ntemplate = \"t.toml\"\nname = \"a\"\nwith = { seconds = 5 }\n[[use]]\ntemplate = \"t.toml\"\nname = \"a\"\nwith = { seconds = 3600 }\n")];
    policy_files: [("a.toml", "[scope]\naccount = \"tooling\"\n[role.a]\ntrust = { file = \"bad.json\" }\n[role.b]\ntrust = { file = \"wrong.json\" }\n[role.c]\ntrust = { file = \"dangling.json\" }\n"), ("bad.json", "{\n  \"Statement\": [,]\n}\n"), ("wrong.json", "{\n  \"Statement\": []\n}\n"), ("dangling.json", "{\"Statement\": {\"Effect\": \"Allow\", \"Action\": \"sts:AssumeRole\",\n  \"Principal\": {\"AWS\": \"${tenants/role.nope.arn}\"}}}\n")];
    policy_file_grammar: [("a.toml", "[scope]\naccount = \"tooling\"\n[role.b]\ntrust = { file = \"wrong.json\" }\n"), ("wrong.json", "{\n  \"Statement\": {\n    \"Effect\": \"Allow\",\n    \"Acton\": \"sts:AssumeRole\",\n    \"Principal\": { \"AWS\": \"${tooling/account.id}\" }\n  }\n}\n")];
    two_groups: [("accounts.toml", &ACCOUNTS.replace("333333333333\"\ngroups = [\"tenants\"]", "333333333333\"\ngroups = [\"tenants\", \"others\"]")), ("a.toml", "[scope]\naccount = \"tooling\"\n[[role.a.trust]]\nallow = \"sts:AssumeRole\"\nprincipal = { aws = \"arn:aws:iam::${tenants/account.id}:role/${others/account.name}\" }\n")];
    too_deep: [("a.toml", &format!("{SCOPE}[role.a]\ndescription = {}{}\n", "[".repeat(70), "]".repeat(70)))];
    far_too_deep: [("a.toml", &format!("{SCOPE}[role.a]\ndescription = {}{}\n", "[".repeat(10_000), "]".repeat(10_000)))];
    escapes_and_long_lines: [("a.toml", &format!("{SCOPE}[role.a]\ndescription = \"tab \\t here and there and everywhere, a description that goes on for longer than a terminal is wide ${{role.b.arn}}\"\n[role.\"evil\\u001b[31m\"]\n[role.c]\ndescription = \"{}${{role.d.arn}}\"\n", "x".repeat(5_000)))];
    groups_and_outputs: [("accounts.toml", &ACCOUNTS.replace("[\"tenants\"]", "[\"tenants\", \"tooling\"]"))];
}
