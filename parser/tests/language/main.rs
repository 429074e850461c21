//! What the original says about a text, and what we say.

mod memory;
mod never_panics;
mod probes;
mod reference;
mod routes;
mod scripts;
mod tables;
mod values;
