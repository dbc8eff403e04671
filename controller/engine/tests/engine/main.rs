//! The engine, proved with toy kinds in a toy world: no AWS, no runtime, no clock.
//!
//! `cfg(test)` says to clippy that helpers, too, are tests and may unwrap.

#[cfg(test)]
mod case;
#[cfg(test)]
mod causes;
#[cfg(test)]
mod failures;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod matching;
#[cfg(test)]
mod moved_world;
#[cfg(test)]
mod ordering;
#[cfg(test)]
mod parsers;
#[cfg(test)]
mod reach;
#[cfg(test)]
mod rendering;
#[cfg(test)]
mod toy;
#[cfg(test)]
mod unread;
