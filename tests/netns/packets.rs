//! Packets no router sends: each is passed over, the first of its kind with a word, and nothing else happens.

use lab::{
    Forger, Journal, Mark, Outcome, eventually, forger,
    pair::{Cast, ELECTION, Pair, Router, settles},
    seed::VIPS,
    throughout,
    timers::ADVERT_INTERVAL,
};

const ROUTER: u8 = 50;
const HIGHEST: u8 = 254;
const TTL: u32 = 255;

pub(crate) fn forged_adverts_are_named_and_move_neither_router(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let one = pair.one.start(200)?;
    let two = pair.two.start(100)?;
    settles(&pair.one, &pair.two)?;
    let (address, forger) = pair.forger()?;
    let good = forger::advert(ROUTER, HIGHEST, 1, &VIPS);

    let from_afar = format!("(VI_1) invalid TTL/HL from {address}. Received 254 and expect 255");
    refused_by_both(&forger, &good, TTL - 1, &from_afar, [one.journal(), two.journal()])?;
    let mut damaged = good.clone();
    damaged[2] -= 1;
    let checksum = format!("(VI_1) Invalid VRRPv2 checksum from {address}");
    refused_by_both(&forger, &damaged, TTL, &checksum, [one.journal(), two.journal()])?;
    let short = &good[..good.len() - 4];
    let length = format!("(VI_1) vrrp packet from {address} too short, length 44 and expect 48");
    refused_by_both(&forger, short, TTL, &length, [one.journal(), two.journal()])?;

    throughout("the same master", 2 * ADVERT_INTERVAL, || {
        pair.one.holds().is_ok_and(|held| held == VIPS.len()) && pair.two.holds().is_ok_and(|held| held == 0)
    })
}

pub(crate) fn forged_adverts_of_a_peer_are_named_and_move_neither_router(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let (address, forger) = pair.forger()?;
    let config = |priority, own: &Router, peer: &Router| {
        let words = format!(
            "unicast_src_ip {}\n unicast_ttl 9\n unicast_peer {{\n {} min_ttl 9 max_ttl 9\n }}",
            own.address, peer.address
        );
        lab::pair::config(priority).replace("advert_int 1", &format!("advert_int 1\n{words}"))
    };
    let one = pair.one.start_with(&config(200, &pair.one, &pair.two))?;
    let two = pair.two.start_with(&config(100, &pair.two, &pair.one))?;
    settles(&pair.one, &pair.two)?;
    let good = forger::advert(ROUTER, HIGHEST, 1, &VIPS);
    let [a, b] = [(&one, &pair.one, &pair.two), (&two, &pair.two, &pair.one)];
    for (daemon, own, peer) in [a, b] {
        for (from, time_to_live, words) in [
            (address, 9, format!("(VI_1) unicast source address {address} not a unicast peer")),
            (peer.address, 8, format!("(VI_1) TTL/HL 8 from {} not in range [9, 9]", peer.address)),
            (peer.address, 255, format!("(VI_1) TTL/HL 255 from {} not in range [9, 9]", peer.address)),
        ] {
            let mark = daemon.journal().mark();
            forger.repeat(&forger::packet(from, own.address, time_to_live, &good))?;
            // One word for each kind until something changes.
            if time_to_live != 255 {
                daemon.journal().wait(mark, &words, ELECTION)?;
            }
        }
    }
    throughout("the same master", 2 * ADVERT_INTERVAL, || {
        pair.one.holds().is_ok_and(|held| held == VIPS.len()) && pair.two.holds().is_ok_and(|held| held == 0)
    })?;
    for daemon in [&one, &two] {
        let journal = daemon.journal();
        assert!(journal.find(Mark::default(), "priority 254").is_none(), "it was heard");
    }
    Ok(())
}

pub(crate) fn garbage_of_any_length_stops_nobody(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let mut one = pair.one.start(200)?;
    let mut two = pair.two.start(100)?;
    settles(&pair.one, &pair.two)?;
    let (_, forger) = pair.forger()?;
    let good = forger::advert(ROUTER, HIGHEST, 1, &VIPS);
    for length in 0..good.len() {
        forger.send(&good[..length], TTL)?;
    }
    for place in 0..good.len() {
        for bit in 0..8 {
            let mut flipped = good.clone();
            flipped[place] ^= 1 << bit;
            forger.send(&flipped, TTL)?;
        }
    }
    let sent = pair.capture.adverts(pair.one.address, |_| true).len();
    eventually("more adverts of the master", ELECTION, || {
        (pair.capture.adverts(pair.one.address, |_| true).len() >= sent + 2).then_some(())
    })?;
    assert!(one.process().is_running() && two.process().is_running());
    for journal in [one.journal(), two.journal()] {
        assert!(journal.find(Mark::default(), "died: Respawning").is_none());
    }
    settles(&pair.one, &pair.two)
}

fn refused_by_both(
    forger: &Forger,
    payload: &[u8],
    time_to_live: u32,
    words: &str,
    journals: [&Journal; 2],
) -> Outcome {
    let marks = journals.map(Journal::mark);
    forger.send(payload, time_to_live)?;
    for (journal, mark) in journals.into_iter().zip(marks) {
        journal.wait(mark, words, ELECTION)?;
    }
    Ok(())
}
