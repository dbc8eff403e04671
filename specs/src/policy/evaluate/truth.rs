//! Yes, no, or not decidable from what is known.

/// Whether something holds, where some of what it depends on may be unknown.
///
/// The order makes [`Ord::min`] the "and", and [`Ord::max`] the "or", of three-valued logic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Truth {
    /// It doesn't hold, whatever the unknown is.
    No,
    /// It depends on what is unknown.
    Open,
    /// It holds, whatever the unknown is.
    Yes,
}

impl Truth {
    pub(super) fn not(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Open => Self::Open,
            Self::Yes => Self::No,
        }
    }
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}
