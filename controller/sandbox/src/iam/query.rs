//! The query protocol: parameters in, pages out.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/APIReference/CommonParameters.html>.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use percent_encoding::percent_decode_str;

use super::fault::Fault;
use crate::call::Call;

/// The parameters of a call, decoded.
#[derive(Debug, Default)]
pub(super) struct Params(BTreeMap<String, String>);

impl Params {
    /// Reads the query and, behind it, the form in the body.
    pub(super) fn read(call: &Call) -> Result<Self, Fault> {
        let body = std::str::from_utf8(&call.body).map_err(|_| Fault::validation("The request is not valid UTF-8."))?;
        let mut params: BTreeMap<String, String> = call.query.iter().cloned().collect();
        for pair in body.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            params.insert(decode(name)?, decode(value)?);
        }
        Ok(Self(params))
    }

    /// A parameter, if it was sent.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A parameter that has to be there.
    pub(super) fn required(&self, name: &str) -> Result<&str, Fault> {
        self.get(name).ok_or_else(|| Fault::constraint("null", &member(name), "not be null"))
    }

    /// The members of a list of strings, in order: `Name.member.1`, `Name.member.2`, …
    pub(super) fn list(&self, name: &str) -> Vec<&str> {
        (1..).map_while(|index| self.get(&format!("{name}.member.{index}"))).collect()
    }

    /// Whether any parameter begins so; a list was sent if one does.
    pub(super) fn any(&self, prefix: &str) -> bool {
        self.0.range(prefix.to_owned()..).next().is_some_and(|(name, _)| name.starts_with(prefix))
    }

    /// `true` or `false`.
    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, Fault> {
        match self.get(name) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(other) => Err(Fault::validation(format!("Invalid value '{other}' for {name}: must be true or false"))),
        }
    }

    /// A whole number between two bounds.
    pub(super) fn number(&self, name: &str, least: u32, most: u32) -> Result<Option<u32>, Fault> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let quoted = format!("'{text}'");
        let number: i64 =
            text.parse().map_err(|_| Fault::validation(format!("{name} must be a whole number: {text}")))?;
        if number < i64::from(least) {
            let rule = format!("have value greater than or equal to {least}");
            return Err(Fault::constraint(quoted, &member(name), &rule));
        }
        match u32::try_from(number) {
            Ok(number) if number <= most => Ok(Some(number)),
            _ => Err(Fault::constraint(quoted, &member(name), &format!("have value less than or equal to {most}"))),
        }
    }

    /// One of a few words.
    pub(super) fn word(&self, name: &str, words: &[&str]) -> Result<Option<&str>, Fault> {
        match self.get(name) {
            Some(word) if !words.contains(&word) => Err(not_in_set(word, &member(name), words)),
            word => Ok(word),
        }
    }

    /// Where a list begins and how long it may be.
    pub(super) fn paging(&self) -> Result<Paging, Fault> {
        let count = self.number("MaxItems", 1, 1000)?.unwrap_or(100);
        let after = match self.get("Marker") {
            None => None,
            Some(marker) => {
                let bytes = URL_SAFE_NO_PAD.decode(marker).map_err(|_| Fault::validation("Invalid Marker."))?;
                Some(String::from_utf8(bytes).map_err(|_| Fault::validation("Invalid Marker."))?)
            }
        };
        Ok(Paging { after, count: usize::try_from(count).unwrap_or(usize::MAX) })
    }
}

/// The fault for a word that is not one of an enumeration's.
pub(super) fn not_in_set(word: &str, member: &str, words: &[&str]) -> Fault {
    Fault::constraint(format!("'{word}'"), member, &format!("satisfy enum value set: [{}]", words.join(", ")))
}

/// Where a list begins and how long it may be.
#[derive(Debug)]
pub(super) struct Paging {
    after: Option<String>,
    count: usize,
}

/// A piece of a list; with a marker if there is more.
#[derive(Debug)]
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    pub(super) marker: Option<String>,
}

impl Paging {
    /// Cuts a page out of items that are sorted by `key`. The marker names the last item shown, so that a list that
    /// changes between two pages neither repeats nor loses what did not change.
    pub(super) fn cut<T>(&self, items: impl IntoIterator<Item = T>, key: impl Fn(&T) -> String) -> Page<T> {
        let mut rest =
            items.into_iter().skip_while(|item| self.after.as_ref().is_some_and(|after| key(item) <= *after));
        let items: Vec<T> = rest.by_ref().take(self.count).collect();
        let more = rest.next().is_some();
        let marker = items.last().filter(|_| more).map(|last| URL_SAFE_NO_PAD.encode(key(last)));
        Page { items, marker }
    }
}

/// The name of a parameter as it stands in the model of the service: `RoleName` is `roleName`.
pub(super) fn member(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}

/// `application/x-www-form-urlencoded`: plus is a space.
fn decode(text: &str) -> Result<String, Fault> {
    let spaced = text.replace('+', " ");
    let decoded =
        percent_decode_str(&spaced).decode_utf8().map_err(|_| Fault::validation("The request is not valid UTF-8."))?;
    Ok(decoded.into_owned())
}
