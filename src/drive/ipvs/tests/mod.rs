//! The table against a kernel that is played.

mod kernel;

use std::time::Instant;

use checkers::{Action, Director, Event, Failure, Outcome, Settlement, Welcome};

use self::kernel::Shared;
use super::Table;
use crate::plan::checkers::CheckersPlan;
use crate::plan::tests::plan;

const TEXT: &str = "virtual_server 10.1.0.1 80 {\n lvs_method DR\n protocol TCP\n real_server 10.0.0.2 80 {\n \
                    TCP_CHECK {\n }\n }\n real_server 10.0.0.3 80 {\n weight 2\n TCP_CHECK {\n }\n }\n}\n";

const WITH_MULTICAST: &str = "virtual_server 10.1.0.1 80 {\n lvs_method DR\n protocol TCP\n \
                              real_server 10.0.0.2 80 {\n TCP_CHECK {\n }\n }\n real_server 224.0.0.5 80 {\n }\n}\n";

/// The same service twice.
const SHARED: &str = "virtual_server 10.1.0.1 80 {\n lvs_method DR\n protocol TCP\n sorry_server 10.0.0.9 80\n \
                      real_server 10.0.0.2 80 {\n TCP_CHECK {\n }\n }\n real_server 10.0.0.3 80 {\n TCP_CHECK {\n }\n }\n}\n\
                      virtual_server 10.1.0.1 80 {\n lvs_method DR\n protocol TCP\n sorry_server 10.0.0.9 80\n \
                      sorry_server_inhibit\n real_server 10.0.0.3 80 {\n }\n real_server 10.0.0.2 80 {\n }\n \
                      real_server 10.0.0.4 80 {\n weight 7\n }\n}\n";

/// A worker's half: director, table, and the kernel behind it.
struct Scene {
    director: Director,
    table: Table<Shared>,
    kernel: Shared,
}

fn parts(plan: CheckersPlan) -> (Vec<crate::plan::ipvs::Services>, Director) {
    let (services, params) = plan.services.into_iter().map(|one| (one.kernel, one.params)).unzip();
    (services, Director::start(params, Welcome::Silent, &mut Vec::new()))
}

impl Scene {
    /// Starts over whatever the kernel holds.
    async fn start(text: &'static str, kernel: Shared) -> Self {
        let (plan, _) = plan(text);
        let concerns_all = plan.table.clone();
        let (services, director) = parts(plan);
        let mut table = Table::over(ipvs::Handle::over(kernel.clone()).await.unwrap());
        table.configure(&concerns_all, services).await;
        table.adopt().await;
        table.bring_all(&director).await;
        Self { director, table, kernel }
    }

    /// A server fails as often as it takes.
    async fn fails(&mut self, server: usize) -> Settlement {
        let outcome = Outcome::Failed(Failure::Connect(111));
        let event = Event::Probed { server, checker: 0, found: outcome.into() };
        let mut actions = Vec::new();
        while !actions.contains(&Action::Pool) {
            actions.clear();
            self.director.handle(Instant::now(), 0, event, &mut actions);
        }
        let settlement = self.table.bring(&self.director, &[0]).await[0];
        self.director.handle(Instant::now(), 0, Event::PoolSet(settlement), &mut Vec::new());
        settlement
    }

    /// A server passes.
    async fn passes(&mut self, server: usize) {
        let event = Event::Probed { server, checker: 0, found: Outcome::Passed.into() };
        self.director.handle(Instant::now(), 0, event, &mut Vec::new());
        let settlement = self.table.bring(&self.director, &[0]).await[0];
        self.director.handle(Instant::now(), 0, Event::PoolSet(settlement), &mut Vec::new());
        self.table.bring(&self.director, &[0]).await;
    }

    fn rows(&self) -> Vec<String> {
        self.kernel.0.lock().unwrap().rows()
    }
}

#[tokio::test]
async fn an_empty_table_is_filled_and_a_stop_leaves_it_empty() {
    let mut scene = Scene::start(TEXT, Shared::default()).await;
    assert_eq!(scene.rows(), ["80: .2=1 .3=2"]);
    scene.table.clear().await;
    assert!(scene.rows().is_empty());
}

#[tokio::test]
async fn what_a_worker_before_left_is_taken_over_with_as_few_changes_as_possible() {
    let before = Scene::start(TEXT, Shared::default()).await;
    let kernel = before.kernel.clone();
    kernel.0.lock().unwrap().changes = 0;
    let scene = Scene::start(TEXT, kernel.clone()).await;
    assert_eq!(kernel.0.lock().unwrap().changes, 0);
    assert_eq!(scene.rows(), ["80: .2=1 .3=2"]);
    // Another plan: the superfluous server goes, everything else stays.
    let scene = Scene::start("virtual_server 10.1.0.1 80 {\n lvs_method DR\n protocol TCP\n real_server 10.0.0.3 80 {\n weight 2\n }\n}\n", kernel.clone()).await;
    assert_eq!(kernel.0.lock().unwrap().changes, 1);
    assert_eq!(scene.rows(), ["80: .3=2"]);
}

#[tokio::test]
async fn a_failed_server_leaves_with_one_message() {
    let mut scene = Scene::start(TEXT, Shared::default()).await;
    scene.kernel.0.lock().unwrap().changes = 0;
    assert_eq!(scene.fails(0).await, Settlement::Done);
    assert_eq!(scene.rows(), ["80: .3=2"]);
    assert_eq!(scene.kernel.0.lock().unwrap().changes, 1);
}

#[tokio::test]
async fn a_server_that_one_of_two_virtual_servers_finds_dead_leaves_what_they_share() {
    let mut scene = Scene::start(SHARED, Shared::default()).await;
    assert_eq!(scene.rows(), ["80: .2=1 .3=1 .4=7 .9=0"]);
    scene.fails(0).await;
    assert_eq!(scene.rows(), ["80: .3=1 .4=7 .9=0"]);
    scene.passes(0).await;
    assert_eq!(scene.rows(), ["80: .2=1 .3=1 .4=7 .9=0"]);
    scene.fails(0).await;
    scene.fails(1).await;
    scene.table.bring(&scene.director, &[0]).await;
    assert_eq!(scene.rows(), ["80: .4=7 .9=1"]);
}

#[tokio::test]
async fn a_table_that_somebody_emptied_comes_back_with_the_next_change() {
    let mut scene = Scene::start(TEXT, Shared::default()).await;
    scene.kernel.0.lock().unwrap().table.clear();
    assert_eq!(scene.fails(0).await, Settlement::Done);
    assert_eq!(scene.rows(), ["80: .3=2"]);
}

#[tokio::test]
async fn what_somebody_removed_comes_back_and_what_somebody_changed_stays() {
    let mut scene = Scene::start(TEXT, Shared::default()).await;
    scene.kernel.0.lock().unwrap().table.clear();
    scene.table.audit(&scene.director).await;
    assert_eq!(scene.rows(), ["80: .2=1 .3=2"]);
    {
        let mut kernel = scene.kernel.0.lock().unwrap();
        let (_, destinations) = kernel.table.values_mut().next().unwrap();
        destinations.pop_first();
        let drained = destinations.values_mut().next().unwrap();
        drained.weight = ipvs::Weight::ZERO;
        kernel.changes = 0;
    }
    scene.table.audit(&scene.director).await;
    assert_eq!(scene.rows(), ["80: .2=1 .3=0"]);
    scene.table.audit(&scene.director).await;
    assert_eq!(scene.kernel.0.lock().unwrap().changes, 1);
}

#[tokio::test]
async fn a_server_that_the_kernel_refuses_keeps_no_other_from_leaving() {
    let mut scene = Scene::start(WITH_MULTICAST, Shared::default()).await;
    assert_eq!(scene.rows(), ["80: .2=1"]);
    assert_eq!(scene.fails(0).await, Settlement::Done);
    assert_eq!(scene.rows(), ["80:"]);
    assert!(!scene.director.services()[0].is_up(0));
}

#[tokio::test]
async fn services_of_others_are_left_alone() {
    let other = ipvs::Service::new(ipvs::ServiceId::tcp("10.9.9.9:99".parse().unwrap()));
    let kernel = Shared::default();
    kernel.0.lock().unwrap().table.insert(other.id, (other, Default::default()));
    let mut scene = Scene::start(TEXT, kernel).await;
    scene.table.clear().await;
    assert_eq!(scene.rows(), ["99:"]);
}
