//! Small maps from text: tags, outputs, a role's inline policies.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Index;
use std::sync::Arc;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Values by name, in the order of the names.
///
/// A [`BTreeMap`] for the few entries that nearly every resource has, of which a run holds several hundred thousand: a node of a B-tree has
/// room for eleven entries however few there are. Here there is room for just those there are, and a clone shares them; a change writes all
/// of them anew.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByName<V>(Arc<[(String, V)]>);

impl<V> ByName<V> {
    /// Nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&V> {
        let (_, value) = self.0.get(self.place(name).ok()?)?;
        Some(value)
    }

    /// Whether there is a value of this name.
    #[must_use]
    pub fn contains_key(&self, name: &str) -> bool {
        self.place(name).is_ok()
    }

    /// All names and values, in the order of the names.
    pub fn iter(&self) -> Iter<'_, V> {
        self.0.iter().map::<_, fn(&(String, V)) -> (&String, &V)>(|(name, value)| (name, value))
    }

    /// All names, in order.
    pub fn keys(&self) -> impl Iterator<Item = &String> {
        self.0.iter().map(|(name, _)| name)
    }

    /// All values, in the order of their names.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.0.iter().map(|(_, value)| value)
    }

    fn place(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(other, _)| other.as_str().cmp(name))
    }
}

impl<V: Clone> ByName<V> {
    /// Puts in a value, in the place of the one of that name if there is one.
    pub fn insert(&mut self, name: String, value: V) {
        self.extend([(name, value)]);
    }

    /// Takes out the value of this name.
    pub fn remove(&mut self, name: &str) -> Option<V> {
        let mut entries = self.0.to_vec();
        let (_, value) = entries.remove(self.place(name).ok()?);
        self.0 = entries.into();
        Some(value)
    }

    /// Keeps what is wanted.
    pub fn retain(&mut self, mut is_wanted: impl FnMut(&String, &V) -> bool) {
        self.0 = self.0.iter().filter(|(name, value)| is_wanted(name, value)).cloned().collect();
    }
}

impl<V> Default for ByName<V> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<V: fmt::Debug> fmt::Debug for ByName<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// Of several values of one name the last one stays.
impl<V> FromIterator<(String, V)> for ByName<V> {
    fn from_iter<I: IntoIterator<Item = (String, V)>>(entries: I) -> Self {
        let mut entries: Vec<(String, V)> = entries.into_iter().collect();
        entries.sort_by(|(a, _), (b, _)| a.cmp(b));
        entries.dedup_by(|later, kept| {
            let is_same = later.0 == kept.0;
            if is_same {
                std::mem::swap(later, kept);
            }
            is_same
        });
        Self(entries.into())
    }
}

impl<V, const N: usize> From<[(String, V); N]> for ByName<V> {
    fn from(entries: [(String, V); N]) -> Self {
        entries.into_iter().collect()
    }
}

impl<V> From<BTreeMap<String, V>> for ByName<V> {
    fn from(entries: BTreeMap<String, V>) -> Self {
        Self(entries.into_iter().collect())
    }
}

impl<V: Clone> Extend<(String, V)> for ByName<V> {
    fn extend<I: IntoIterator<Item = (String, V)>>(&mut self, entries: I) {
        *self = self.0.iter().cloned().chain(entries).collect();
    }
}

/// Each name with its value.
pub type Iter<'a, V> = std::iter::Map<std::slice::Iter<'a, (String, V)>, fn(&'a (String, V)) -> (&'a String, &'a V)>;

impl<'a, V> IntoIterator for &'a ByName<V> {
    type Item = (&'a String, &'a V);
    type IntoIter = Iter<'a, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<V: Clone> IntoIterator for ByName<V> {
    type Item = (String, V);
    type IntoIter = std::vec::IntoIter<(String, V)>;

    fn into_iter(self) -> Self::IntoIter {
        Vec::from(&*self.0).into_iter()
    }
}

/// For names that are known to be there, as in tests: panics where there is none.
impl<V> Index<&str> for ByName<V> {
    type Output = V;

    fn index(&self, name: &str) -> &V {
        self.get(name).expect("no value of this name")
    }
}

impl<V: Serialize> Serialize for ByName<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for ByName<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<V>(std::marker::PhantomData<V>);

        impl<'de, V: Deserialize<'de>> Visitor<'de> for Entries<V> {
            type Value = ByName<V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ByName<V>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(entries.into_iter().collect())
            }
        }

        deserializer.deserialize_map(Entries(std::marker::PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::ByName;

    fn pair(name: &str, value: u8) -> (String, u8) {
        (name.to_owned(), value)
    }

    #[test]
    fn is_in_order_and_has_each_name_once_with_its_last_value() {
        let map: ByName<u8> = [pair("b", 1), pair("a", 2), pair("b", 3), pair("c", 4), pair("b", 5)].into();
        assert_eq!(format!("{map:?}"), r#"{"a": 2, "b": 5, "c": 4}"#);
        assert_eq!((map.get("b"), map.get("d"), map.contains_key("a"), map.len()), (Some(&5), None, true, 3));
    }

    #[test]
    fn a_change_leaves_clones_as_they_were() {
        let before: ByName<u8> = [pair("a", 1), pair("c", 2)].into();
        let mut after = before.clone();
        after.insert("b".to_owned(), 3);
        after.insert("c".to_owned(), 4);
        assert_eq!(after.remove("a"), Some(1));
        assert_eq!(after.remove("a"), None);
        assert_eq!((before, after.clone()), ([pair("a", 1), pair("c", 2)].into(), [pair("b", 3), pair("c", 4)].into()));
        after.retain(|name, value| name == "b" && *value == 3);
        assert_eq!(after, [pair("b", 3)].into());
    }

    #[test]
    fn survives_json() {
        let map: ByName<u8> = [pair("b", 1), pair("a", 2)].into();
        let text = serde_json::to_string(&map).unwrap();
        assert_eq!(text, r#"{"a":2,"b":1}"#);
        assert_eq!(serde_json::from_str::<ByName<u8>>(&text).unwrap(), map);
        assert_eq!(serde_json::from_str::<ByName<u8>>(r#"{"b":0,"a":2,"b":1}"#).unwrap(), map);
    }
}
