//! Random schedules of outcomes, weights, addresses and reloads against a model that knows only the rules.

use std::collections::BTreeMap;
use std::net::IpAddr;

use checkers::params::{
    BeforeFirst, CheckerParams, RealServerParams, SorryParams, VirtualServerParams, WhenDown,
};
use checkers::{Event, Outcome, Settlement};
use proptest::prelude::*;

use crate::scene::{REFUSED, Scene, alpha, checker, elsewhere, inhibited, real, server, virtual_server};

/// One step of a schedule.
#[derive(Debug, Clone)]
enum Step {
    /// A checker of a server comes to a result, which the kernel takes or not.
    Probe { server: usize, checker: usize, passed: bool, taken: bool },
    /// A checker changes its server's weight.
    Weigh { server: usize, checker: usize, by: i64 },
    /// One of the addresses comes, or goes.
    Move(usize),
    /// The configuration changes in some of its parts.
    Reload(Plan),
}

/// A configuration by its parts; servers are told apart by their numbers.
#[derive(Debug, Clone)]
struct Plan {
    quorum: u32,
    hysteresis: u32,
    sorry: Option<WhenDown>,
    /// `ha_suspend`: checks rest while none of these is here.
    only_with: Option<Vec<usize>>,
    /// By number: the weight, and what happens when it is down.
    servers: BTreeMap<u8, (u32, WhenDown)>,
}

/// What each server is checked by, the same in every configuration: retries, and whether it begins down.
type Checks = BTreeMap<u8, Vec<(u32, bool)>>;

/// The addresses that may be on the machine: that of a service alone, and two of a range.
const ADDRESSES: [[u8; 4]; 3] = [[10, 1, 0, 1], [10, 1, 7, 1], [10, 1, 7, 9]];

fn when_down() -> impl Strategy<Value = WhenDown> {
    prop_oneof![Just(WhenDown::Remove), Just(WhenDown::Inhibit)]
}

fn plan() -> impl Strategy<Value = Plan> {
    let servers = prop::collection::btree_map(2u8..7, (0u32..4, when_down()), 1..5);
    let only_with = prop::option::of(prop::sample::subsequence(vec![0, 1, 2], 1..=2));
    (1u32..7, 0u32..4, prop::option::of(when_down()), only_with, servers).prop_map(
        |(quorum, hysteresis, sorry, only_with, servers)| Plan {
            quorum,
            hysteresis: hysteresis.min(quorum - 1),
            sorry,
            only_with,
            servers,
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    let probe = (0usize..5, 0usize..2, any::<bool>(), prop::bool::weighted(0.9))
        .prop_map(|(server, checker, passed, taken)| Step::Probe { server, checker, passed, taken });
    let weigh = (0usize..5, 0usize..2, -4i64..5).prop_map(|(server, checker, by)| Step::Weigh {
        server,
        checker,
        by,
    });
    let moves = (0..ADDRESSES.len()).prop_map(Step::Move);
    prop_oneof![12 => probe, 3 => weigh, 2 => moves, 1 => plan().prop_map(Step::Reload)]
}

fn checks() -> impl Strategy<Value = Checks> {
    let one = prop::collection::vec((0u32..3, any::<bool>()), 0..3);
    prop::collection::vec(one, 5).prop_map(|all| (2u8..7).zip(all).collect())
}

impl Plan {
    fn params(&self, checks: &Checks) -> VirtualServerParams {
        let servers: Vec<RealServerParams> = self
            .servers
            .iter()
            .map(|(number, (weight, when_down))| {
                let checkers = checks[number].iter().zip(80u16..).map(|((retry, late), port)| {
                    let base = if *late { alpha() } else { checker() };
                    elsewhere(CheckerParams { retry: *retry, ..base }, port)
                });
                let server = real(*number, *weight, checkers.collect::<Vec<_>>());
                if *when_down == WhenDown::Inhibit { inhibited(server) } else { server }
            })
            .collect();
        let sorry = self.sorry.map(|when_unused| SorryParams { id: server(99), when_unused });
        let alone = |at: &usize| (ADDRESSES[*at].into(), ADDRESSES[*at].into());
        let only_with = self.only_with.as_ref().map(|some| some.iter().map(alone).collect());
        VirtualServerParams { sorry, only_with, ..virtual_server(self.quorum, self.hysteresis, &servers) }
    }
}

/// What is known of one checker.
#[derive(Debug, Clone)]
struct Judge {
    up: bool,
    ran: bool,
    in_a_row: u32,
    retry: u32,
    adds: i64,
}

impl Judge {
    /// At the start nothing is forgiven; what a reload brings is.
    fn new((retry, late): (u32, bool), start: bool) -> Self {
        Self { up: !late, ran: false, in_a_row: if start { retry } else { 0 }, retry, adds: 0 }
    }

    fn hears(&mut self, passed: bool) {
        if passed {
            (self.up, self.in_a_row) = (true, 0);
        } else if self.up || !self.ran {
            self.in_a_row += 1;
            self.up &= self.in_a_row <= self.retry;
        }
        self.ran = true;
    }
}

/// The whole world from the outside.
struct Model {
    plan: Plan,
    judges: BTreeMap<u8, Vec<Judge>>,
    enough: bool,
    /// Which addresses are here; that of a service that does not care may be elsewhere.
    here: [bool; ADDRESSES.len()],
}

impl Model {
    fn start(plan: Plan, checks: &Checks) -> Self {
        let judge = |number| checks[number].iter().map(|check| Judge::new(*check, true)).collect();
        let judges = plan.servers.keys().map(|number| (*number, judge(number))).collect();
        let mut this = Self { plan, judges, enough: false, here: [true; ADDRESSES.len()] };
        this.weigh();
        this
    }

    fn reload(&mut self, plan: Plan, checks: &Checks) {
        let mut known = std::mem::take(&mut self.judges);
        for number in plan.servers.keys() {
            let fresh = || checks[number].iter().map(|check| Judge::new(*check, false)).collect();
            self.judges.insert(*number, known.remove(number).unwrap_or_else(fresh));
        }
        self.plan = plan;
        self.weigh();
    }

    /// Nobody is asked, and what comes in all the same does not count.
    fn rests(&self) -> bool {
        self.plan.only_with.as_ref().is_some_and(|some| !some.iter().any(|at| self.here[*at]))
    }

    fn addresses(&self) -> Vec<IpAddr> {
        ADDRESSES.iter().zip(self.here).filter(|(_, here)| *here).map(|(addr, _)| (*addr).into()).collect()
    }

    fn is_up(&self, number: u8) -> bool {
        self.judges[&number].iter().all(|judge| judge.up)
    }

    fn weight(&self, number: u8) -> i64 {
        let adds: i64 = self.judges[&number].iter().map(|judge| judge.adds).sum();
        (i64::from(self.plan.servers[&number].0) + adds).max(0)
    }

    fn weigh(&mut self) {
        let sum: i64 = self
            .plan
            .servers
            .keys()
            .filter(|number| self.is_up(**number))
            .map(|number| self.weight(*number))
            .sum();
        let (quorum, hysteresis) = (i64::from(self.plan.quorum), i64::from(self.plan.hysteresis));
        self.enough =
            if self.enough { sum > 0 && sum >= quorum - hysteresis } else { sum >= quorum + hysteresis };
    }

    fn pool(&self) -> String {
        let apologises = self.plan.sorry.is_some() && !self.enough;
        let mut members = Vec::new();
        if apologises {
            members.push(".99=1".to_owned());
        }
        for (number, (_, when_down)) in &self.plan.servers {
            if self.is_up(*number) && !apologises {
                members.push(format!(".{number}={}", self.weight(*number)));
            } else if *when_down == WhenDown::Inhibit {
                members.push(format!(".{number}=0"));
            }
        }
        if self.plan.sorry == Some(WhenDown::Inhibit) && !apologises {
            members.push(".99=0".to_owned());
        }
        members.join(" ")
    }
}

proptest! {
    #[test]
    fn quorum_and_pool_are_those_of_the_model_after_every_step(
        first in plan(),
        checks in checks(),
        steps in prop::collection::vec(step(), 0..80),
    ) {
        let mut scene = Scene::start(first.params(&checks));
        let mut model = Model::start(first, &checks);
        scene.take();
        // What the kernel holds, which is told only by asking for it.
        let mut held = scene.pool();
        for step in steps {
            match step {
                Step::Reload(plan) => {
                    scene.kernel = Settlement::Done;
                    scene.reload(&[plan.params(&checks)]);
                    model.reload(plan, &checks);
                    scene.moved(&model.addresses());
                    // It is brought to the new configuration as a whole.
                    held = scene.pool();
                    scene.take();
                }
                Step::Move(at) => {
                    model.here[at] = !model.here[at];
                    scene.moved(&model.addresses());
                }
                Step::Weigh { server, checker, by } => {
                    let Some(number) = model.plan.servers.keys().nth(server).copied() else { continue };
                    let Some(judge) = model.judges.get_mut(&number).and_then(|all| all.get_mut(checker)) else {
                        continue;
                    };
                    judge.adds = by;
                    scene.kernel = Settlement::Done;
                    scene.tell(Event::Contributed { server, checker, weight: by });
                    model.weigh();
                }
                Step::Probe { server, checker, passed, taken } => {
                    let Some(number) = model.plan.servers.keys().nth(server).copied() else { continue };
                    let was_up = model.is_up(number);
                    let asked = model.enough || model.plan.sorry.is_none();
                    let Some(judge) = model.judges[&number].get(checker) else { continue };
                    let before = judge.clone();
                    let outcome = if passed { Outcome::Passed } else { REFUSED };
                    if model.rests() {
                        // It had begun before.
                        scene.tell(Event::Probed { server, checker, found: outcome.into() });
                    } else {
                        model.judges.get_mut(&number).unwrap()[checker].hears(passed);
                        scene.kernel = if taken { Settlement::Done } else { Settlement::Refused };
                        scene.probed(server, checker, outcome);
                    }
                    // A change that the kernel refuses has not happened; while the sorry server serves it is not asked.
                    if model.is_up(number) != was_up && asked && !taken {
                        model.judges.get_mut(&number).unwrap()[checker] = before;
                    }
                    model.weigh();
                }
            }
            if let Some(asked) = scene.take().iter().rev().find_map(|line| line.strip_prefix("pool ")) {
                // What it refuses is as before, and so is what is wanted then.
                held = if scene.kernel == Settlement::Done { asked.to_owned() } else { scene.pool() };
            }
            prop_assert_eq!(scene.director.services()[0].has_quorum(), model.enough);
            prop_assert_eq!(scene.pool(), model.pool());
            prop_assert_eq!(&held, &model.pool());
            prop_assert_eq!(scene.planned.is_empty(), model.rests() || model.judges.values().all(Vec::is_empty));
        }
    }
}

/// Alpha checkers begin down whatever else there is.
#[test]
fn the_model_itself_begins_as_configured() {
    assert_eq!(alpha().before_first, BeforeFirst::Down);
    let judge = Judge::new((2, true), true);
    assert!(!judge.up && judge.in_a_row == 2);
}
