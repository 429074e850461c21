//! What a virtual router watches besides its neighbours (`track_interface`, `track_script`, `track_file`, `track_process`,
//! `track_bfd`), and what follows from it: a priority, or FAULT.
//!
//! | weight | bad | good |
//! |---|---|---|
//! | none or 0 | FAULT | – |
//! | 0 `reverse` | – | FAULT |
//! | +w | – | +w |
//! | −w | −w | – |
//!
//! `reverse` turns the sign of the last two. A file has no good and bad but a number, which is multiplied by the weight: at
//! −254 or less it is FAULT, and more than 253 counts as 253. With weight 0 any number but 0 is FAULT, with `reverse` 0 is.

pub mod judge;
pub mod number;
pub mod presence;

use std::fmt;

use serde::{Deserialize, Serialize};

/// A thing that is watched, by the name the configuration gives it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Object {
    /// An interface; good while it is up.
    Interface(String),
    /// A `vrrp_script`; good while it succeeds.
    Script(String),
    /// A `track_file`; its number counts.
    File(String),
    /// A `vrrp_track_process`; good while as many run as should.
    Process(String),
    /// A `bfd_instance`; good while the session is up.
    Bfd(String),
}

impl Object {
    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Interface(name)
            | Self::Script(name)
            | Self::File(name)
            | Self::Process(name)
            | Self::Bfd(name) => name,
        }
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Self::Interface(_) => "interface",
            Self::Script(_) => "script",
            Self::File(_) => "file",
            Self::Process(_) => "process",
            Self::Bfd(_) => "bfd",
        };
        write!(f, "{kind} {}", self.name())
    }
}

/// How much a thing counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weight {
    /// −254 to 254; 0 makes it a matter of FAULT.
    pub value: i16,
    /// `reverse`.
    pub reverse: bool,
}

/// A thing, and how much it counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tracked {
    /// What is watched.
    pub object: Object,
    /// What it counts.
    pub weight: Weight,
}

impl Tracked {
    /// A thing without which a router is in FAULT.
    #[must_use]
    pub fn needed(object: Object) -> Self {
        Self { object, weight: Weight::default() }
    }
}

/// What is known about a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Nothing yet. A router that would be in FAULT without it does not start before it is known.
    Unknown,
    /// Nothing yet, and nobody waits for it: it is new in a router that runs already.
    Assumed,
    /// Good.
    Up,
    /// Bad.
    Down,
    /// The number in a file.
    Number(i32),
}

/// What a thing in its present state means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// So much is added to the priority.
    Priority(i32),
    /// FAULT.
    Fault,
    /// The start waits until it is known.
    Wait,
}

/// Highest and lowest sum that a file can come to without FAULT.
const FILE_RANGE: std::ops::RangeInclusive<i64> = -253..=253;

impl Weight {
    /// What follows from a status.
    #[must_use]
    pub fn effect(self, status: Status) -> Effect {
        let value = i32::from(self.value);
        let signed = if self.reverse { -value } else { value };
        let fault_if = |is_fault: bool| if is_fault { Effect::Fault } else { Effect::Priority(0) };
        match (status, self.value) {
            (Status::Unknown, 0) => Effect::Wait,
            (Status::Unknown | Status::Assumed, _) => Effect::Priority(0),
            (Status::Up, 0) => fault_if(self.reverse),
            (Status::Down, 0) => fault_if(!self.reverse),
            (Status::Up, 1..) | (Status::Down, ..0) => Effect::Priority(signed),
            (Status::Up, ..0) | (Status::Down, 1..) => Effect::Priority(0),
            (Status::Number(number), 0) => fault_if((number == 0) == self.reverse),
            (Status::Number(number), _) => {
                let product = i64::from(number) * i64::from(signed);
                match i32::try_from(product.min(*FILE_RANGE.end())) {
                    Ok(counted) if FILE_RANGE.contains(&i64::from(counted)) => Effect::Priority(counted),
                    Ok(_) | Err(_) => Effect::Fault,
                }
            }
        }
    }
}

/// What one virtual router watches, and what it knows of it.
#[derive(Clone, Debug, Default)]
pub struct Tracker {
    things: Vec<(Tracked, Status)>,
}

/// A change of what a thing means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// What it meant.
    pub from: Effect,
    /// What it means now.
    pub to: Effect,
}

impl Tracker {
    /// Nothing is known, except that a BFD session is down until it comes up.
    #[must_use]
    pub fn new(tracked: &[Tracked]) -> Self {
        let mut tracker = Self::default();
        tracker.reconfigure(tracked, Status::Unknown);
        tracker
    }

    /// Watches these things from now on. Those watched before stay known; `fresh` is what is known of the others. A BFD
    /// session is nothing to wait for: it is down until it says otherwise.
    pub fn reconfigure(&mut self, tracked: &[Tracked], fresh: Status) {
        let things = tracked.iter().map(|one| {
            let known = self.status(&one.object).unwrap_or(match &one.object {
                Object::Bfd(_) if fresh == Status::Unknown => Status::Down,
                Object::Bfd(_) => fresh,
                Object::Interface(_) | Object::Script(_) | Object::File(_) | Object::Process(_) => fresh,
            });
            (one.clone(), known)
        });
        self.things = things.collect();
    }

    /// What is known of a thing; nothing if it is not watched.
    #[must_use]
    pub fn status(&self, object: &Object) -> Option<Status> {
        self.things.iter().find(|(tracked, _)| tracked.object == *object).map(|(_, status)| *status)
    }

    /// Every thing, and what is known of it.
    pub fn things(&self) -> impl Iterator<Item = (&Tracked, Status)> {
        self.things.iter().map(|(tracked, status)| (tracked, *status))
    }

    /// Takes what is new about a thing; nothing if it is not watched.
    pub fn set(&mut self, object: &Object, status: Status) -> Option<Turn> {
        let (tracked, known) = self.things.iter_mut().find(|(tracked, _)| tracked.object == *object)?;
        let from = tracked.weight.effect(*known);
        *known = status;
        Some(Turn { from, to: tracked.weight.effect(status) })
    }

    /// What all of it adds to the priority.
    #[must_use]
    pub fn sum(&self) -> i32 {
        self.effects().fold(0, |sum, (_, effect)| match effect {
            Effect::Priority(weight) => sum.saturating_add(weight),
            Effect::Fault | Effect::Wait => sum,
        })
    }

    /// Every thing, and what it means.
    pub fn effects(&self) -> impl Iterator<Item = (&Object, Effect)> {
        self.things.iter().map(|(tracked, status)| (&tracked.object, tracked.weight.effect(*status)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(value: i16) -> Weight {
        Weight { value, reverse: false }
    }

    fn reversed(value: i16) -> Weight {
        Weight { value, reverse: true }
    }

    #[test]
    fn without_weight_bad_is_fault_and_in_reverse_good_is() {
        assert_eq!(plain(0).effect(Status::Down), Effect::Fault);
        assert_eq!(plain(0).effect(Status::Up), Effect::Priority(0));
        assert_eq!(reversed(0).effect(Status::Up), Effect::Fault);
        assert_eq!(reversed(0).effect(Status::Down), Effect::Priority(0));
    }

    #[test]
    fn a_positive_weight_counts_while_good_and_a_negative_one_while_bad() {
        assert_eq!(plain(10).effect(Status::Up), Effect::Priority(10));
        assert_eq!(plain(10).effect(Status::Down), Effect::Priority(0));
        assert_eq!(plain(-10).effect(Status::Up), Effect::Priority(0));
        assert_eq!(plain(-10).effect(Status::Down), Effect::Priority(-10));
    }

    #[test]
    fn reverse_turns_the_sign_of_a_weight() {
        assert_eq!(reversed(10).effect(Status::Up), Effect::Priority(-10));
        assert_eq!(reversed(10).effect(Status::Down), Effect::Priority(0));
        assert_eq!(reversed(-10).effect(Status::Up), Effect::Priority(0));
        assert_eq!(reversed(-10).effect(Status::Down), Effect::Priority(10));
    }

    #[test]
    fn a_file_counts_its_number_times_the_weight() {
        assert_eq!(plain(2).effect(Status::Number(16)), Effect::Priority(32));
        assert_eq!(reversed(2).effect(Status::Number(16)), Effect::Priority(-32));
        assert_eq!(plain(1).effect(Status::Number(300)), Effect::Priority(253));
        assert_eq!(plain(1).effect(Status::Number(-253)), Effect::Priority(-253));
        assert_eq!(plain(1).effect(Status::Number(-254)), Effect::Fault);
        assert_eq!(plain(254).effect(Status::Number(i32::MIN)), Effect::Fault);
        assert_eq!(plain(-254).effect(Status::Number(i32::MIN)), Effect::Priority(253));
    }

    #[test]
    fn a_file_without_weight_is_fault_at_any_number_but_0_and_in_reverse_at_0() {
        assert_eq!(plain(0).effect(Status::Number(1)), Effect::Fault);
        assert_eq!(plain(0).effect(Status::Number(-1)), Effect::Fault);
        assert_eq!(plain(0).effect(Status::Number(0)), Effect::Priority(0));
        assert_eq!(reversed(0).effect(Status::Number(0)), Effect::Fault);
        assert_eq!(reversed(0).effect(Status::Number(7)), Effect::Priority(0));
    }

    #[test]
    fn only_what_could_be_a_fault_is_waited_for() {
        assert_eq!(plain(0).effect(Status::Unknown), Effect::Wait);
        assert_eq!(plain(5).effect(Status::Unknown), Effect::Priority(0));
        assert_eq!(plain(0).effect(Status::Assumed), Effect::Priority(0));
    }

    #[test]
    fn a_reload_keeps_what_is_known_and_assumes_the_rest() {
        let script = Object::Script("a".into());
        let file = Object::File("f".into());
        let bfd = Object::Bfd("b".into());
        let mut tracker = Tracker::new(&[Tracked::needed(script.clone())]);
        tracker.set(&script, Status::Down);
        let all = [&script, &file, &bfd].map(|object| Tracked::needed(object.clone()));
        tracker.reconfigure(&all, Status::Assumed);
        assert_eq!(tracker.status(&script), Some(Status::Down));
        assert_eq!(tracker.status(&file), Some(Status::Assumed));
        assert_eq!(tracker.status(&bfd), Some(Status::Assumed));
        assert_eq!(Tracker::new(&all).status(&bfd), Some(Status::Down));
        tracker.reconfigure(&all[1..], Status::Assumed);
        assert_eq!(tracker.set(&script, Status::Up), None);
    }

    #[test]
    fn the_sum_is_that_of_all_weights_that_count() {
        let tracked =
            |name: &str, value| Tracked { object: Object::Script(name.into()), weight: plain(value) };
        let all = [tracked("a", 10), tracked("b", -30), tracked("c", 0)];
        let mut tracker = Tracker::new(&all);
        for one in &all {
            tracker.set(&one.object, Status::Down);
        }
        assert_eq!(tracker.sum(), -30);
        tracker.set(&all[0].object, Status::Up);
        assert_eq!(tracker.sum(), -20);
    }
}
