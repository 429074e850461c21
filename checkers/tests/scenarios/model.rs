//! Random stories against a model that knows only the rules: who is up, who is enough, who serves.

use checkers::params::{BeforeFirst, CheckerParams, VirtualServerParams};
use checkers::{Outcome, Settlement};
use proptest::prelude::*;

use crate::scene::{REFUSED, Scene, alpha, checker, elsewhere, inhibited, real, sorry, virtual_server};

/// What the rules of checkers.md §4.1–4.3 say of one checker, in their own words.
#[derive(Clone)]
struct Judge {
    up: bool,
    ever: bool,
    in_a_row: u32,
    retry: u32,
}

impl Judge {
    fn new(params: &CheckerParams) -> Self {
        Self { up: params.before_first == BeforeFirst::Up, ever: false, in_a_row: 0, retry: params.retry }
    }

    fn hears(&mut self, passed: bool) {
        self.in_a_row = if passed { 0 } else { self.in_a_row + 1 };
        self.up = passed || (self.up && self.ever && self.in_a_row <= self.retry);
        self.ever = true;
    }
}

#[derive(Debug, Clone)]
struct Story {
    params: VirtualServerParams,
    /// Server, checker, whether it passes, whether the kernel takes what follows.
    steps: Vec<(usize, usize, bool, bool)>,
}

fn story() -> impl Strategy<Value = Story> {
    let one_checker = (0u32..3, any::<bool>()).prop_map(|(retry, late)| {
        let base = if late { alpha() } else { checker() };
        CheckerParams { retry, ..base }
    });
    // Checks of other ports are other checks.
    let server = (0u32..4, any::<bool>(), 80u16..83, prop::collection::vec(one_checker, 0..3));
    let servers = prop::collection::vec(server, 1..5);
    let steps =
        prop::collection::vec((0usize..5, 0usize..3, any::<bool>(), prop::bool::weighted(0.9)), 0..80);
    (servers, 1u32..6, 0u32..3, any::<bool>(), steps).prop_map(
        |(servers, quorum, hysteresis, apology, steps)| {
            let servers: Vec<_> = servers
                .into_iter()
                .zip(2u8..)
                .map(|((weight, stays, port, checkers), last)| {
                    let ports = port..;
                    let checkers: Vec<_> =
                        checkers.into_iter().zip(ports).map(|(one, port)| elsewhere(one, port)).collect();
                    let server = real(last, weight, checkers);
                    if stays { inhibited(server) } else { server }
                })
                .collect();
            let mut params = virtual_server(quorum, hysteresis.min(quorum - 1), &servers);
            params.sorry = if apology { sorry(99) } else { None };
            Story { params, steps }
        },
    )
}

/// Who should be in the pool, from the outside.
fn pool(params: &VirtualServerParams, up: &[bool], enough: bool) -> String {
    let apologises = params.sorry.is_some() && !enough;
    let mut members = if apologises { vec![".99=1".to_owned()] } else { Vec::new() };
    for (server, up) in params.servers.iter().zip(up) {
        let last = server.id.addr.to_string().rsplit('.').next().unwrap().to_owned();
        let stays = server.when_down == checkers::params::WhenDown::Inhibit;
        if *up && !apologises {
            members.push(format!(".{last}={}", server.weight));
        } else if stays {
            members.push(format!(".{last}=0"));
        }
    }
    members.join(" ")
}

proptest! {
    #[test]
    fn pool_and_quorum_are_those_of_the_model(story in story()) {
        let Story { params, steps } = story;
        let mut judges: Vec<Vec<Judge>> =
            params.servers.iter().map(|server| server.checkers.iter().map(Judge::new).collect()).collect();
        let mut scene = Scene::start(params.clone());
        let mut enough = false;
        let mut steps = steps.into_iter();
        loop {
            let up: Vec<bool> = judges.iter().map(|server| server.iter().all(|judge| judge.up)).collect();
            let sum: u32 =
                params.servers.iter().zip(&up).filter(|(_, up)| **up).map(|(server, _)| server.weight).sum();
            enough = if enough {
                sum > 0 && sum >= params.quorum - params.hysteresis
            } else {
                sum >= params.quorum + params.hysteresis
            };
            prop_assert_eq!(scene.director.services()[0].has_quorum(), enough);
            prop_assert_eq!(scene.pool(), pool(&params, &up, enough));

            let Some((server, which, passed, taken)) = steps.next() else { break };
            let Some(judge) = judges.get_mut(server).and_then(|server| server.get_mut(which)) else { continue };
            let before = judge.clone();
            judge.hears(passed);
            let changed = judges[server].iter().all(|judge| judge.up) != up[server];
            scene.kernel = if taken { Settlement::Done } else { Settlement::Refused };
            scene.probed(server, which, if passed { Outcome::Passed } else { REFUSED });
            // A change that the kernel refuses has not happened; while the sorry server serves it is not asked.
            let asked = enough || params.sorry.is_none();
            if changed && asked && !taken {
                judges[server][which] = before;
            }
        }
    }

    /// Whatever a reload changes: a server that failed is not in service before it has passed, and the sorry server
    /// serves exactly while the quorum is missing.
    #[test]
    fn a_reload_never_serves_from_a_server_that_failed(before in story(), after in story()) {
        let mut scene = Scene::start(before.params.clone());
        for (server, checker, passed, _) in before.steps {
            if before.params.servers.get(server).is_some_and(|server| checker < server.checkers.len()) {
                scene.probed(server, checker, if passed { Outcome::Passed } else { REFUSED });
            }
        }
        let old = scene.director.services()[0].clone();
        scene.reload(std::slice::from_ref(&after.params));
        let new = &scene.director.services()[0];
        for (at, params) in after.params.servers.iter().enumerate() {
            let known = before.params.servers.iter().position(|server| server.id == params.id);
            let failed = known.is_some_and(|known| !old.is_up(known));
            if failed && !params.checkers.is_empty() {
                let remaining = |one: &CheckerParams| {
                    let known = &before.params.servers[known.unwrap()].checkers;
                    known.iter().any(|other| other.kind == one.kind)
                };
                // Unless the only checkers that failed are gone and those that passed remain.
                if !params.checkers.iter().any(remaining) {
                    prop_assert!(!new.is_up(at), "server {at} came back untested");
                }
            }
            if known.is_some_and(|known| old.is_up(known)) {
                prop_assert!(new.is_up(at), "server {at} was taken out by a reload");
            }
        }
        let apologises = scene.pool().starts_with(".99=1");
        prop_assert_eq!(apologises, after.params.sorry.is_some() && !new.has_quorum());
    }
}
