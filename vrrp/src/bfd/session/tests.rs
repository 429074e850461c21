use super::*;
use crate::bfd::params::Hops;

const MS: Micros = Micros(1_000);
const CHANCE: Chance = Chance(0);

fn params() -> Params {
    Params {
        name: "b1".into(),
        neighbor: [10, 0, 0, 2].into(),
        source: None,
        hops: Hops::One,
        role: Role::Active,
        min_rx: Micros(100_000),
        min_tx: Micros(80_000),
        idle_tx: Micros(1_000_000),
        multiplier: 4,
        ttl: 255,
        max_hops: Some(0),
    }
}

struct Rig {
    session: Session,
    now: Instant,
    out: Vec<Action>,
}

impl Rig {
    fn new(params: Params) -> Self {
        let mut rig = Self {
            session: Session::new(params, NonZeroU32::new(0xae8c_388e).expect("not 0")),
            now: Instant::now(),
            out: Vec::new(),
        };
        rig.tell(Event::Start);
        rig
    }

    /// A session that has come up with a neighbour of 60 ms, 150 ms, 5.
    fn up() -> Self {
        let mut rig = Self::new(params());
        rig.hear(State::Init);
        assert_eq!(rig.session.state(), State::Up);
        rig.out.clear();
        rig
    }

    fn tell(&mut self, event: Event) {
        self.session.handle(self.now, CHANCE, event, &mut self.out);
    }

    fn said(&self, state: State) -> Packet {
        Packet {
            state,
            diagnostic: Diagnostic::None,
            sequence: Sequence::None,
            independent: false,
            demand: false,
            multiplier: 5,
            mine: NonZeroU32::new(7).expect("not 0"),
            yours: Some(self.session.discriminator()),
            min_tx: Micros(60_000),
            min_rx: Micros(150_000),
            min_echo_rx: Micros(0),
        }
    }

    fn hear(&mut self, state: State) {
        let packet = self.said(state);
        self.tell(Event::Heard(packet));
    }

    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(at) = self.session.deadline().filter(|at| *at <= end) {
            self.now = at;
            self.tell(Event::Tick);
        }
        self.now = end;
    }

    fn sent(&mut self) -> Vec<Packet> {
        let sent = self.out.iter().filter_map(|action| match action {
            Action::Send(packet) => Some(*packet),
            Action::Report(_) | Action::Log(_) => None,
        });
        let sent = sent.collect();
        self.out.clear();
        sent
    }

    fn reports(&self) -> Vec<Reach> {
        let reports = self.out.iter().filter_map(|action| match action {
            Action::Report(reach) => Some(*reach),
            Action::Send(_) | Action::Log(_) => None,
        });
        reports.collect()
    }
}

#[test]
fn an_active_session_begins_and_a_passive_one_waits() {
    let mut active = Rig::new(params());
    let [first] = active.sent()[..] else { panic!("one packet") };
    assert_eq!((first.state, first.yours, first.min_tx), (State::Down, None, Micros(1_000_000)));
    let mut passive = Rig::new(Params { role: Role::Passive, ..params() });
    passive.pass(Duration::from_secs(60));
    assert_eq!(passive.sent(), []);
    passive.hear(State::Down);
    let [first] = passive.sent()[..] else { panic!("one packet") };
    assert_eq!((first.state, first.yours), (State::Init, NonZeroU32::new(7)));
}

#[test]
fn a_passive_session_falls_silent_with_its_neighbour_after_one_last_word() {
    let mut passive = Rig::new(Params { role: Role::Passive, ..params() });
    passive.hear(State::Init);
    passive.out.clear();
    passive.pass(Duration::from_millis(500));
    let last = passive.sent().pop().expect("packets");
    assert_eq!((last.state, last.diagnostic), (State::Down, Diagnostic::DetectionTimeExpired));
    assert_eq!(last.yours, NonZeroU32::new(7));
    passive.pass(Duration::from_secs(60));
    assert_eq!(passive.sent(), []);
}

/// RFC 5880 §6.8.6, the whole table.
#[test]
fn every_pair_of_states_does_what_the_rfc_says() {
    use State::{AdminDown, Down, Init, Up};
    let table = [(Down, [Down, Init, Up, Down]), (Init, [Down, Init, Up, Up]), (Up, [Down, Down, Up, Up])];
    for (from, next) in table {
        for (heard, to) in [AdminDown, Down, Init, Up].into_iter().zip(next) {
            let mut rig = Rig::new(params());
            match from {
                AdminDown | Down => {}
                Init => rig.hear(Down),
                Up => rig.hear(Init),
            }
            assert_eq!(rig.session.state(), from);
            rig.hear(heard);
            assert_eq!(rig.session.state(), to, "{from} hearing {heard}");
        }
    }
}

#[test]
fn coming_up_is_reported_polled_for_and_changes_the_times() {
    let mut rig = Rig::new(params());
    rig.hear(State::Init);
    assert_eq!(rig.reports(), [Reach::Up]);
    let sent = rig.sent();
    let last = sent.last().expect("a packet");
    assert_eq!((last.state, last.sequence, last.min_tx), (State::Up, Sequence::Poll, Micros(80_000)));
    assert_eq!(rig.session.interval(), Micros(150_000), "as slow as the neighbour wants");
    assert_eq!(rig.session.detection_time(), Duration::from_millis(500), "5 × our 100 ms");
    let answer = Packet { sequence: Sequence::Final, ..rig.said(State::Up) };
    rig.tell(Event::Heard(answer));
    rig.pass(Duration::from_millis(150));
    assert_eq!(rig.sent().last().expect("a packet").sequence, Sequence::None);
}

#[test]
fn a_poll_is_answered_at_once_and_not_with_a_poll() {
    let mut rig = Rig::up();
    let question = Packet { sequence: Sequence::Poll, ..rig.said(State::Up) };
    rig.tell(Event::Heard(question));
    let [answer] = rig.sent()[..] else { panic!("one packet") };
    assert_eq!(answer.sequence, Sequence::Final);
}

#[test]
fn packets_leave_after_75_to_90_percent_of_the_interval() {
    for (bits, least, most) in [(0, 112_400, 112_600), (u32::MAX, 134_900, 135_000)] {
        let jitter = Chance(bits).jitter(Micros(150_000)).as_micros();
        assert!((least..=most).contains(&jitter), "{jitter}");
    }
    assert_eq!(Chance(u32::MAX).jitter(Micros(u32::MAX)).as_micros(), 3_865_470_565);
}

#[test]
fn silence_ends_the_session_after_the_detection_time_and_not_before() {
    let mut rig = Rig::up();
    rig.pass(Duration::from_micros(499_999));
    assert_eq!(rig.session.state(), State::Up);
    rig.pass(Duration::from_micros(1));
    assert_eq!(rig.session.state(), State::Down);
    assert_eq!(rig.reports(), [Reach::Down]);
    let last = rig.sent().pop().expect("a packet");
    assert_eq!(last.diagnostic, Diagnostic::DetectionTimeExpired);
    assert_eq!(last.min_tx, Micros(1_000_000), "slow again");
    rig.pass(Duration::from_millis(900));
    assert_eq!(rig.sent().pop().expect("a packet").yours, None, "the neighbour is forgotten");
}

#[test]
fn a_neighbour_that_is_down_takes_us_down_and_one_that_is_switched_off_silently() {
    let mut rig = Rig::up();
    rig.hear(State::Down);
    assert_eq!(rig.reports(), [Reach::Down]);
    let last = rig.sent().pop().expect("a packet");
    assert_eq!((last.state, last.diagnostic), (State::Down, Diagnostic::NeighborSignaledDown));

    let mut rig = Rig::up();
    rig.hear(State::AdminDown);
    rig.pass(Duration::from_secs(60));
    assert_eq!((rig.session.state(), rig.session.told()), (State::Down, Reach::Up));
    assert_eq!(rig.reports(), []);
    rig.hear(State::Init);
    assert_eq!(rig.reports(), [], "nothing new");
    rig.pass(Duration::from_secs(1));
    assert_eq!(rig.reports(), [Reach::Down]);
}

#[test]
fn a_session_without_a_socket_is_switched_off_until_there_is_one() {
    let mut rig = Rig::up();
    rig.tell(Event::Blocked);
    rig.hear(State::Up);
    rig.pass(Duration::from_secs(60));
    assert_eq!((rig.session.state(), rig.reports()), (State::AdminDown, vec![Reach::Down]));
    assert_eq!(rig.sent(), []);
    rig.tell(Event::Unblocked);
    assert_eq!(rig.sent().last().expect("a packet").state, State::Down);
    rig.hear(State::Init);
    assert_eq!(rig.session.state(), State::Up);
}

#[test]
fn a_neighbour_that_takes_no_packets_or_asks_for_silence_gets_none() {
    let mut rig = Rig::up();
    let mut said = rig.said(State::Up);
    said.min_rx = Micros(0);
    rig.tell(Event::Heard(said));
    rig.out.clear();
    rig.pass(Duration::from_millis(499));
    assert_eq!(rig.sent(), []);

    let mut rig = Rig::up();
    let said = Packet { demand: true, sequence: Sequence::Final, ..rig.said(State::Up) };
    rig.tell(Event::Heard(said));
    rig.out.clear();
    rig.pass(Duration::from_millis(499));
    assert_eq!(rig.sent(), []);
    let question = Packet { sequence: Sequence::Poll, ..said };
    rig.tell(Event::Heard(question));
    assert_eq!(rig.sent().len(), 1, "a poll is answered all the same");
}

#[test]
fn slower_times_wait_for_the_answer_and_faster_ones_do_not() {
    let confirm = |rig: &mut Rig| {
        let mut answer = Packet { sequence: Sequence::Final, ..rig.said(State::Up) };
        answer.min_rx = MS;
        rig.tell(Event::Heard(answer));
        rig.out.clear();
    };
    let change = |rig: &mut Rig, params: Params| {
        let verdict = rig.session.reconfigure(params, rig.now, CHANCE, &mut rig.out);
        assert_eq!(verdict, Verdict::Absorbed);
        let sent = rig.sent().pop().expect("a packet at once");
        assert_eq!(sent.sequence, Sequence::Poll);
        sent
    };
    let mut rig = Rig::up();
    confirm(&mut rig);
    let slower = Params { min_tx: Micros(300_000), min_rx: Micros(40_000), ..params() };
    let sent = change(&mut rig, slower.clone());
    assert_eq!((sent.min_tx, sent.min_rx), (Micros(300_000), Micros(40_000)), "announced at once");
    assert_eq!(rig.session.interval(), Micros(80_000), "still the old pace");
    assert_eq!(rig.session.detection_time(), Duration::from_millis(500), "still the old patience");
    confirm(&mut rig);
    assert_eq!(rig.session.interval(), Micros(300_000));
    assert_eq!(rig.session.detection_time(), Duration::from_millis(300), "5 × the neighbour's 60 ms");
    let faster = Params { min_tx: Micros(20_000), min_rx: Micros(200_000), ..params() };
    change(&mut rig, faster);
    assert_eq!(rig.session.interval(), Micros(20_000));
    assert_eq!(rig.session.detection_time(), Duration::from_secs(1));
}

#[test]
fn a_change_while_a_poll_is_open_needs_a_second_answer() {
    let mut rig = Rig::up();
    let slower = Params { min_tx: Micros(300_000), ..params() };
    rig.session.reconfigure(slower, rig.now, CHANCE, &mut rig.out);
    let mut answer = Packet { sequence: Sequence::Final, ..rig.said(State::Up) };
    answer.min_rx = MS;
    rig.tell(Event::Heard(answer));
    assert_eq!(rig.session.interval(), Micros(80_000), "that was the answer to the first question");
    rig.tell(Event::Heard(answer));
    assert_eq!(rig.session.interval(), Micros(300_000));
}

#[test]
fn unchanged_parameters_touch_nothing_and_another_path_is_another_session() {
    let mut rig = Rig::up();
    let deadline = rig.session.deadline();
    let verdict = rig.session.reconfigure(params(), rig.now, CHANCE, &mut rig.out);
    assert_eq!((verdict, rig.session.deadline(), rig.out.len()), (Verdict::Unchanged, deadline, 0));
    let elsewhere = Params { source: Some([10, 0, 0, 7].into()), ..params() };
    let verdict = rig.session.reconfigure(elsewhere, rig.now, CHANCE, &mut rig.out);
    assert_eq!((verdict, rig.session.state(), rig.out.len()), (Verdict::Restart, State::Up, 0));
}
