//! What the original says about a text, and what we say.

mod bounds;
mod lints;
mod memory;
mod never_panics;
mod places;
mod printing;
mod probes;
mod reference;
mod routes;
mod scripts;
mod tables;
mod values;
