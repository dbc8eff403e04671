//! Text that AWS compares without regard to case.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use super::unknown::{CLOSE, OPEN};

/// An action, condition operator or condition key: compared without regard to ASCII case, shown as written.
///
/// Keeping the spelling lets a plan show, and AWS receive, `s3:GetObject` and not `s3:getobject`.
#[derive(Clone, Debug)]
pub struct Caseless(String);

impl Caseless {
    /// The text as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text by which it is compared: in lower case, but for values not known yet.
    #[must_use]
    pub fn folded(&self) -> String {
        self.chars().collect()
    }

    /// What stands for an unknown value names it, and names differ by case.
    fn chars(&self) -> impl Iterator<Item = char> + '_ {
        self.0.chars().scan(false, |is_unknown, char| {
            *is_unknown = match char {
                OPEN => true,
                CLOSE => false,
                _ => *is_unknown,
            };
            Some(if *is_unknown { char } else { char.to_ascii_lowercase() })
        })
    }
}

impl From<String> for Caseless {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Caseless {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for Caseless {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl PartialEq for Caseless {
    fn eq(&self, other: &Self) -> bool {
        self.chars().eq(other.chars())
    }
}

impl Eq for Caseless {}

impl Ord for Caseless {
    fn cmp(&self, other: &Self) -> Ordering {
        self.chars().cmp(other.chars())
    }
}

impl PartialOrd for Caseless {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for Caseless {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for char in self.chars() {
            char.hash(state);
        }
        // An end mark, as `str` has one, so that two texts in a row can't run into each other.
        state.write_u8(0xff);
    }
}
