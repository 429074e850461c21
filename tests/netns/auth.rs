//! Routers that prove who they are: by an authentication header, which the original knows too, and by `auth_hmac`.

use lab::{
    Outcome, eventually,
    pair::{Cast, ELECTION, Pair, Router, settles},
    seed::VIPS,
    throughout,
};
use std::time::Duration;

fn instance(priority: u8, words: &str) -> String {
    let [one, two, three] = VIPS;
    format!(
        "vrrp_instance VI_1 {{
            interface eth1
            virtual_router_id 50
            priority {priority}
            {words}
            virtual_ipaddress {{
                {one}
                {two}
                {three}
            }}
        }}\n"
    )
}

fn ah(password: &str) -> String {
    format!("authentication {{\n auth_type AH\n auth_pass {password}\n }}")
}

fn hmac(key: &str) -> String {
    let key = key.repeat(32);
    format!("version 3\n advert_int 0.1\n auth_hmac {{\n key 1 {key}\n active_key 1\n }}")
}

/// The first stands back for the second, takes over, and gives back when it stops.
fn plays_both_roles(pair: &Pair, words: impl Fn(&Router) -> String) -> Outcome {
    let two = pair.two.start_with(&instance(100, &words(&pair.two)))?;
    settles(&pair.two, &pair.one)?;
    let mut one = pair.one.start_with(&instance(200, &words(&pair.one)))?;
    settles(&pair.one, &pair.two)?;
    two.logs("with higher priority 200, ours 100", ELECTION)?;
    one.stop()?;
    two.logs("(VI_1) Backup received priority 0 advertisement", ELECTION)?;
    settles(&pair.two, &pair.one)
}

pub(crate) fn routers_with_an_authentication_header_elect_and_give_back(cast: &Cast) -> Outcome {
    plays_both_roles(&Pair::new(cast)?, |_| ah("secret"))
}

pub(crate) fn peers_with_an_authentication_header_elect_and_give_back(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    plays_both_roles(&pair, |router| {
        let peer = if router.address == pair.one.address { &pair.two } else { &pair.one };
        let (own, peer) = (router.address, peer.address);
        let unicast = format!("unicast_src_ip {own}\n unicast_peer {{\n {peer}\n }}\n unicast_ttl 9");
        format!("{unicast}\n {}", ah("secret"))
    })
}

pub(crate) fn a_router_with_another_password_is_not_obeyed(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let two = pair.two.start_with(&instance(100, &ah("secret")))?;
    settles(&pair.two, &pair.one)?;
    let one = pair.one.start_with(&instance(200, &ah("public")))?;
    let refusal = "(VI_1) IPSEC-AH : invalid IPSEC HMAC-MD5 value. Due to fields mutation or bad password !";
    one.logs(refusal, ELECTION)?;
    one.logs("(VI_1) Entering MASTER STATE", ELECTION)?;
    two.logs(refusal, ELECTION)?;
    Ok(())
}

pub(crate) fn routers_that_sign_elect_and_give_back(cast: &Cast) -> Outcome {
    plays_both_roles(&Pair::new(cast)?, |_| hmac("k"))
}

pub(crate) fn a_router_that_does_not_sign_or_signs_with_another_key_is_not_obeyed(cast: &Cast) -> Outcome {
    for (words, refusal) in [
        ("version 3\n advert_int 0.1".to_owned(), "(VI_1) missing authentication trailer from 172.16.0.1"),
        (hmac("x"), "(VI_1) invalid authentication HMAC from 172.16.0.1"),
    ] {
        let pair = Pair::new(cast)?;
        let two = pair.two.start_with(&instance(100, &hmac("k")))?;
        settles(&pair.two, &pair.one)?;
        let _one = pair.one.start_with(&instance(200, &words))?;
        two.logs(refusal, ELECTION)?;
        assert_eq!(pair.two.holds()?, VIPS.len());
    }
    Ok(())
}

pub(crate) fn adverts_that_are_recorded_and_sent_again_neither_hold_nor_move_anybody(cast: &Cast) -> Outcome {
    let signed = hmac("k").replace("advert_int 0.1", "advert_int 1");
    for (words, protocol, refusal) in [
        (ah("secret"), 51, "already processed. Packet dropped"),
        (signed, 112, "(VI_1) replayed authentication trailer from 172.16.0.1"),
    ] {
        let pair = Pair::new(cast)?;
        let mut one = pair.one.start_with(&instance(200, &words))?;
        let two = pair.two.start_with(&instance(100, &words))?;
        settles(&pair.one, &pair.two)?;
        let (_, forger) = pair.forger()?;
        let recorded = forger.record(protocol)?;
        assert_eq!(recorded[12..16], pair.one.address.octets());
        one.cut();
        let mark = two.journal().mark();
        // Far more often than the master spoke, and for longer than the down interval: heeded, they would hold it for ever.
        eventually("the addresses on the backup", ELECTION, || {
            forger.repeat(&recorded).ok()?;
            (pair.two.holds().ok()? == VIPS.len()).then_some(())
        })?;
        two.journal().wait(mark, refusal, ELECTION)?;
        throughout("the same master", Duration::from_secs(2), || {
            forger.repeat(&recorded).is_ok() && pair.two.holds().is_ok_and(|held| held == VIPS.len())
        })?;
        assert!(two.journal().find(mark, "Master received advert").is_none());
    }
    Ok(())
}

pub(crate) fn a_reload_that_brings_an_authentication_header_goes_on_without_a_failed_advert(
    cast: &Cast,
) -> Outcome {
    let pair = Pair::new(cast)?;
    let one = pair.one.start_with(&instance(200, ""))?;
    settles(&pair.one, &pair.two)?;
    let before = one.journal().mark();
    one.write_config(&instance(200, &ah("secret")))?;
    one.reload()?;
    one.journal().wait(before, "proto(51)", ELECTION)?;
    assert!(one.journal().find(before, "send advert error").is_none());
    assert_eq!(pair.one.holds()?, VIPS.len());
    Ok(())
}
