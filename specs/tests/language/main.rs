//! The language as a whole: files in, what a person sees out.

mod diagnostics;
mod disk;
mod laws;
mod reading;
mod support;
mod understood;
