//! The front door: HTTP in, HTTP out.
