//! The engine, proved with toy kinds in a toy world: no AWS, no runtime, no clock.

mod case;
mod causes;
mod failures;
mod laws;
mod matching;
mod moved_world;
mod ordering;
mod reach;
mod rendering;
mod toy;
mod unread;
