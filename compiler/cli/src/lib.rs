//! The compiler as a library of one room: the pipeline that every command of `manifestc` runs, and its tests too.

pub mod pipeline;
