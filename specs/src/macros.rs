//! `spec!` and `words!`: a type, its decoder and its documentation from one declaration.

/// Declares a table of a spec: a struct, its [`Decode`](crate::Decode) and its documented shape.
///
/// A field's documentation is what `explain` shows; its first sentence is shown alone where room is scarce.
///
/// ```
/// trueup_specs::spec! {
///     /// How a bucket encrypts.
///     pub struct Encryption {
///         /// The key's alias.
///         pub alias: Option<trueup_specs::Text>,
///         /// The sort of key.
///         #[key = "type"]
///         pub sort: String,
///     }
/// }
/// ```
#[macro_export]
macro_rules! spec {
    (
        $(#[doc = $doc:literal])*
        $vis:vis struct $name:ident {
            $(
                $(#[doc = $field_doc:literal])*
                $(#[key = $key:literal])?
                $field_vis:vis $field:ident : $type:ty
            ),* $(,)?
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, PartialEq)]
        $vis struct $name {
            $(
                $(#[doc = $field_doc])*
                $field_vis $field: $type,
            )*
        }

        impl $crate::Decode for $name {
            fn shape() -> $crate::Shape {
                $crate::Shape::Table($crate::TableShape {
                    doc: concat!($($doc, "\n"),*).trim(),
                    fields: vec![$(
                        $crate::FieldShape {
                            name: $crate::spec!(@key $field $($key)?),
                            doc: concat!($($field_doc, "\n"),*).trim(),
                            required: <$type as $crate::Decode>::absent().is_none(),
                            shape: <$type as $crate::Decode>::shape(),
                        }
                    ),*],
                })
            }

            fn decode(value: &$crate::Value, cx: &mut $crate::Decoder<'_>) -> Option<Self> {
                let fields = cx.fields(value, &[$($crate::spec!(@key $field $($key)?)),*])?;
                $(let $field: Option<$type> = fields.get($crate::spec!(@key $field $($key)?), cx);)*
                Some(Self { $($field: $field?),* })
            }
        }
    };
    (@key $field:ident $key:literal) => { $key };
    (@key $field:ident) => { stringify!($field) };
}

/// Declares a choice of words: an enum, its [`Decode`](crate::Decode), its words and their documentation.
///
/// ```
/// trueup_specs::words! {
///     /// Whether a bucket keeps old versions.
///     pub enum Versioning {
///         /// It keeps them.
///         Enabled = "enabled",
///         /// It no longer makes new ones.
///         Suspended = "suspended",
///     }
/// }
/// ```
#[macro_export]
macro_rules! words {
    (
        $(#[doc = $doc:literal])*
        $vis:vis enum $name:ident {
            $(
                $(#[doc = $word_doc:literal])*
                $variant:ident = $word:literal
            ),* $(,)?
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis enum $name {
            $(
                $(#[doc = $word_doc])*
                $variant,
            )*
        }

        impl $name {
            /// All of them, in the order they are declared.
            $vis const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word, as specs write it.
            #[must_use]
            $vis const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),*
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl $crate::serde::Serialize for $name {
            fn serialize<S: $crate::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl $crate::Decode for $name {
            fn shape() -> $crate::Shape {
                const WORDS: &[(&str, &str)] = &[$(($word, concat!($($word_doc, "\n"),*).trim_ascii())),*];
                $crate::Shape::Words(WORDS)
            }

            fn decode(value: &$crate::Value, cx: &mut $crate::Decoder<'_>) -> Option<Self> {
                let word = cx.word(value, &[$($word),*])?;
                Self::ALL.iter().copied().find(|one| one.as_str() == word)
            }
        }
    };
}
