//! The rules for bucket names.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>.

const RESERVED_PREFIXES: [&str; 3] = ["xn--", "sthree-", "amzn-s3-demo-"];

const RESERVED_SUFFIXES: [&str; 5] = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];

/// The end of names in the namespace of one account and region.
const REGIONAL_SUFFIX: &str = "-an";

/// Whether a new bucket may have this name. `regional_suffix` is what the name must end with if the bucket is made in
/// the namespace of its account and region; elsewhere no name may end like those.
pub(super) fn is_valid(name: &str, regional_suffix: Option<&str>) -> bool {
    let at_end = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    (3..=63).contains(&name.len())
        && name.chars().all(|c| at_end(c) || c == '.' || c == '-')
        && name.starts_with(at_end)
        && name.ends_with(at_end)
        && !name.contains("..")
        && name.parse::<std::net::Ipv4Addr>().is_err()
        && !RESERVED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        && !RESERVED_SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
        && regional_suffix.map_or(!name.ends_with(REGIONAL_SUFFIX), |suffix| name.ends_with(suffix))
}

#[cfg(test)]
mod tests {
    use super::is_valid;

    #[test]
    fn rules() {
        for name in ["abc", "my.bucket-1", "1abc", &"a".repeat(63)] {
            assert!(is_valid(name, None), "{name}");
        }
        for name in
            ["ab", &"a".repeat(64), "Abc", "a_b", "-ab", "ab-", "a..b", "192.168.5.4", "xn--a", "a-s3alias", "a-an"]
        {
            assert!(!is_valid(name, None), "{name}");
        }
        assert!(is_valid("a-111111111111-eu-west-1-an", Some("-111111111111-eu-west-1-an")));
        assert!(!is_valid("a-111111111111-eu-west-1-an", Some("-222222222222-eu-west-1-an")));
    }
}
