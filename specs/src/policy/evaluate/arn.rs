//! Patterns with `*` and `?`, and the six parts of an ARN.

/// One place of a pattern whose policy variables are filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// Exactly this character.
    Char(char),
    /// `?`, any one character.
    One,
    /// `*`, any characters or none.
    Many,
}

/// Whether letters of the ASCII alphabet match in either case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::policy) enum Case {
    Matters,
    Ignored,
}

/// Whether the text matches the pattern as one string: `*` runs over colons and slashes.
///
/// So AWS matches `Action` and `Resource`.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>
pub(in crate::policy) fn like(pattern: &str, text: &str, case: Case) -> bool {
    if pattern == "*" {
        return true;
    }
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let is_same = |want: u8, have: u8| match case {
        Case::Matters => want == have,
        Case::Ignored => want.eq_ignore_ascii_case(&have),
    };
    let (mut at_pattern, mut at_text) = (0, 0);
    // Where to go on if the last star has to take one byte more.
    let mut retry: Option<(usize, usize)> = None;
    while let Some(&have) = text.get(at_text) {
        match pattern.get(at_pattern) {
            Some(b'*') => {
                at_pattern += 1;
                retry = Some((at_pattern, at_text));
            }
            Some(b'?') if !is_continuation(have) => {
                at_pattern += 1;
                at_text += 1;
                while text.get(at_text).is_some_and(|&byte| is_continuation(byte)) {
                    at_text += 1;
                }
            }
            Some(&want) if want != b'?' && is_same(want, have) => {
                at_pattern += 1;
                at_text += 1;
            }
            _ => {
                let Some((after_star, taken)) = retry else {
                    return false;
                };
                retry = Some((after_star, taken + 1));
                at_pattern = after_star;
                at_text = taken + 1;
            }
        }
    }
    pattern.iter().skip(at_pattern).all(|&rest| rest == b'*')
}

/// Whether the byte goes on with a character that began before it, in UTF-8.
fn is_continuation(byte: u8) -> bool {
    byte & 0b1100_0000 == 0b1000_0000
}

/// The same as [`like`], for a pattern with its variables filled in.
pub(super) fn like_tokens(pattern: &[Token], text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let (mut at_pattern, mut at_text) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while let Some(&have) = text.get(at_text) {
        match pattern.get(at_pattern) {
            Some(Token::Many) => {
                at_pattern += 1;
                retry = Some((at_pattern, at_text));
            }
            Some(Token::One) => {
                at_pattern += 1;
                at_text += 1;
            }
            Some(&Token::Char(want)) if want == have => {
                at_pattern += 1;
                at_text += 1;
            }
            _ => {
                let Some((after_star, taken)) = retry else {
                    return false;
                };
                retry = Some((after_star, taken + 1));
                at_pattern = after_star;
                at_text = taken + 1;
            }
        }
    }
    pattern.iter().skip(at_pattern).all(|&rest| rest == Token::Many)
}

/// Whether the ARN matches the pattern part by part: no `*` runs over one of the first five colons.
///
/// What does not have six parts is no ARN and matches nothing.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN>
pub(super) fn arn_like(pattern: &str, text: &str) -> bool {
    let (Some(pattern), Some(text)) = (parts(pattern), parts(text)) else {
        return false;
    };
    pattern.iter().zip(text).all(|(pattern, text)| like(pattern, text, Case::Matters))
}

/// The same as [`arn_like`], for a pattern with its variables filled in.
pub(super) fn arn_like_tokens(pattern: &[Token], text: &str) -> bool {
    let Some(text) = parts(text) else {
        return false;
    };
    let pattern: Vec<&[Token]> = pattern.splitn(6, |token| *token == Token::Char(':')).collect();
    pattern.len() == text.len() && pattern.iter().zip(text).all(|(pattern, text)| like_tokens(pattern, text))
}

/// The six parts of an ARN: `arn`, partition, service, region, account, and the resource with all its colons.
pub(super) fn parts(arn: &str) -> Option<[&str; 6]> {
    let mut parts = arn.splitn(6, ':');
    let mut next = || parts.next();
    Some([next()?, next()?, next()?, next()?, next()?, next()?])
}

/// The account an ARN names, if it names one.
pub(super) fn account(arn: &str) -> Option<&str> {
    let [_, _, _, _, account, _] = parts(arn)?;
    super::super::model::is_account_id(account).then_some(account)
}

#[cfg(test)]
mod tests {
    use super::{Case, arn_like, like};

    #[test]
    fn wildcards_fill() {
        let fits = [
            ("", ""),
            ("*", ""),
            ("**", "a"),
            ("a*", "a"),
            ("a?c", "abc"),
            ("a?c", "aéc"),
            ("*é?", "xéü"),
            ("*ab", "aab"),
            ("a*b*c", "a-b-b-c"),
            ("arn:aws:s3:::b/*", "arn:aws:s3:::b/a/b:c"),
            ("arn:aws:s3:*", "arn:aws:s3:::b"),
            ("*?", "é"),
        ];
        for (pattern, text) in fits {
            assert!(like(pattern, text, Case::Matters), "{pattern} {text}");
        }
        for (pattern, text) in [("", "a"), ("?", ""), ("a?", "a"), ("a*b", "abc"), ("A", "a"), ("??", "é"), ("*x", "é")]
        {
            assert!(!like(pattern, text, Case::Matters), "{pattern} {text}");
        }
        assert!(like("S3:get*", "s3:GetObject", Case::Ignored));
    }

    /// The example of the page:
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN>
    #[test]
    fn no_star_of_an_arn_operator_runs_over_a_colon() {
        let pattern = "arn:aws:someservice:*:111122223333:finance/*";
        let text = "arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/document.txt";
        assert!(like(pattern, text, Case::Matters));
        assert!(!arn_like(pattern, text));
        assert!(arn_like(pattern, "arn:aws:someservice:us-east-2:111122223333:finance/a:b"));
        assert!(!arn_like("*", text));
        assert!(!arn_like("*:*:*:*:*:*", "no-arn"));
        assert!(!arn_like(pattern, "no-arn"));
    }
}
