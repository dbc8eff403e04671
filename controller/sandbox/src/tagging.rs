//! The Resource Groups Tagging API, read only.
