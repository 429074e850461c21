//! Another configuration.

use super::*;

fn reload(bench: &mut Bench, seconds: f64, params: Params) -> Verdict {
    let now = bench.time(seconds);
    bench.machine.reconfigure(now, params, &mut bench.out)
}

#[test]
fn equal_parameters_touch_nothing() {
    let mut bench = Bench::master(params(150));
    assert_eq!(reload(&mut bench, 0.5, params(150)), Verdict::Unchanged);
    assert_eq!((bench.deadline(), bench.out), (1_000_000, vec![]));
}

#[test]
fn a_changed_master_stays_master_and_advertises_at_once() {
    let mut bench = Bench::master(params(150));
    assert_eq!(reload(&mut bench, 0.5, params(160)), Verdict::Absorbed);
    assert_eq!(bench.machine.state(), State::Master);
    assert_eq!(bench.out, [Action::HoldAddresses, Action::Advertise(Priority::new(160))]);
    assert_eq!(bench.deadline(), 1_500_000);
}

#[test]
fn a_changed_backup_forgets_the_master_and_listens_again() {
    let mut bench = Bench::backup(params(150));
    bench.hears(1.0, LOWER, 200);
    assert_eq!(reload(&mut bench, 2.0, params(163)), Verdict::Absorbed);
    assert_eq!(bench.machine.leader(), None);
    assert_eq!(bench.deadline(), 2_000_000 + 3_363_281);
}

#[test]
fn a_changed_backup_goes_on_counting_with_the_interval_of_its_master() {
    let ours = Params { version: Version::V3, interval: SECOND / 10, ..params(150) };
    let mut bench = Bench::backup(ours.clone());
    let advert = Advert { interval: SECOND, ..advert(&ours, 200) };
    bench.at(0.2, Event::Advert { from: LOWER, advert });
    assert_eq!(
        reload(&mut bench, 0.3, Params { priority: Priority::new(160), ..ours.clone() }),
        Verdict::Absorbed
    );
    assert_eq!(bench.deadline(), 300_000 + 3_375_000);
    assert_eq!(reload(&mut bench, 0.4, ours.clone()), Verdict::Absorbed);
    assert_eq!(bench.machine.master_interval(), SECOND);
    assert_eq!(
        reload(&mut bench, 0.5, Params { version: Version::V2, interval: SECOND, ..ours }),
        Verdict::Absorbed
    );
    assert_eq!(bench.deadline(), 500_000 + 3_414_062);
}

#[test]
fn a_changed_backup_without_a_master_counts_with_its_own_new_interval() {
    let ours = Params { version: Version::V3, ..params(150) };
    let mut bench = Bench::backup(ours.clone());
    reload(&mut bench, 0.5, Params { interval: 2 * SECOND, ..ours });
    assert_eq!(bench.machine.master_interval(), 2 * SECOND);
}

#[test]
fn another_vrid_is_another_router() {
    let mut bench = Bench::master(params(150));
    let other = Params { vrid: Vrid::new(52).expect("not 0"), ..params(150) };
    assert_eq!(reload(&mut bench, 0.5, other), Verdict::Restart);
    assert_eq!(bench.machine.params(), &params(150));
    assert_eq!(bench.out, []);
}

#[test]
fn a_new_name_is_the_same_router() {
    let mut bench = Bench::master(params(150));
    assert_eq!(reload(&mut bench, 0.5, Params { name: "VI_2".into(), ..params(150) }), Verdict::Absorbed);
    assert_eq!(bench.machine.state(), State::Master);
}
