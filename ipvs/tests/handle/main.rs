//! Conversations with a kernel that is played.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod kernel;
#[path = "../wire/vectors.rs"]
#[expect(dead_code, reason = "these tests need a few of the vectors, tests/wire needs all")]
mod vectors;

use ipvs::{Cause, Command, Destination, Error, Forwarding, Handle, Request, Service, ServiceId, Weight};

use kernel::{Kernel, Reaction, answering, done};
use vectors::bytes;

fn web() -> ServiceId {
    ServiceId::tcp("10.1.0.100:80".parse().unwrap())
}

fn additions(count: u16) -> Vec<Request> {
    let server = |port| Destination::new(([10, 2, 0, 11], port).into(), Forwarding::Masquerade);
    (1..=count).map(|port| Request::NewDestination(web(), server(port))).collect()
}

#[tokio::test(start_paused = true)]
async fn errors_in_the_middle_of_batches_hit_the_requests_that_caused_them() {
    let mut kernel = Kernel::new(|at, _| match at {
        0 | 199 | 200 => Reaction::Refused(17),
        150 => Reaction::Refused(22),
        449 => Reaction::Refused(3),
        _ => Reaction::Done,
    });
    let mut handle = Handle::over(&mut kernel).await.unwrap();
    let answers = handle.apply(&additions(450)).await.unwrap();
    assert_eq!(answers.len(), 450);
    let refused: Vec<_> = answers
        .iter()
        .enumerate()
        .filter_map(|(at, answer)| answer.as_ref().err().map(|refusal| (at, refusal.cause)))
        .collect();
    assert_eq!(
        refused,
        [
            (0, Cause::DestinationExists),
            (150, Cause::Invalid),
            (199, Cause::DestinationExists),
            (200, Cause::DestinationExists),
            (449, Cause::NoSuchService),
        ]
    );
    // The first datagram is the look-up of the family.
    assert_eq!(kernel.datagrams, [1, 200, 200, 50]);
    let acked: Vec<_> = (0..450).filter(|at| kernel.received[*at].header.flags & 4 != 0).collect();
    assert_eq!(acked, [199, 399, 449], "only the last of a batch asks for an acknowledgement");
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_another_question_is_passed_over() {
    let mut kernel = Kernel::new(|_, _| Reaction::Raw(vec![bytes(vectors::INFO)]));
    kernel.family = 0x1c;
    let mut handle = Handle::over(&mut kernel).await.unwrap();
    // The captured answer has sequence number 4; ours is the second message.
    let late = tokio::time::timeout(std::time::Duration::from_secs(1), handle.info()).await;
    assert!(late.is_err(), "an answer to something else was taken: {late:?}");
    drop(handle);
    assert_eq!(kernel.lookups, [bytes(vectors::GETFAMILY)]);
}

#[tokio::test(start_paused = true)]
async fn enoent_that_is_meant_is_looked_into_once_and_not_repeated() {
    let mut kernel = Kernel::new(|_, _| Reaction::Refused(2));
    let mut handle = Handle::over(&mut kernel).await.unwrap();
    let scheduler = ipvs::Name::new("nonesuch").ok();
    let service = Service { scheduler, ..Service::new(web()) };
    let answers = handle.apply(&[Request::NewService(service)]).await.unwrap();
    assert_eq!(answers[0].as_ref().unwrap_err().cause, Cause::NoSuchScheduler);
    drop(handle);
    // A look-up, the request, a look-up that gave the same number.
    assert_eq!(kernel.datagrams, [1, 1, 1]);
}

#[tokio::test(start_paused = true)]
async fn requests_after_a_reload_of_the_module_are_repeated_under_the_new_number() {
    let mut kernel = kernel::Reloading::new(28, 29);
    let mut handle = Handle::over(&mut kernel).await.unwrap();
    let answers = handle.apply(&additions(3)).await.unwrap();
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    drop(handle);
    assert_eq!(kernel.executed, 3);
}

#[tokio::test(start_paused = true)]
async fn a_kernel_that_never_acknowledges_is_given_up_after_a_while() {
    let mut kernel = Kernel::new(|_, _| Reaction::Silent);
    let mut handle = Handle::over(&mut kernel).await.unwrap();
    let stop = Request::DelDaemon { role: ipvs::Role::Master, interface: None, sync_id: 0 };
    assert!(matches!(handle.apply(&[stop]).await, Err(Error::NoAnswer)));
}

#[tokio::test(start_paused = true)]
async fn a_late_answer_is_not_taken_for_that_of_the_next_request() {
    let mut kernel = Kernel::new(|at, message| match at {
        0 => Reaction::Silent,
        _ => {
            let mut late = answering(message, &bytes(vectors::REFUSED_CAPPED));
            let before = message.header.sequence_number - 1;
            late[8..12].copy_from_slice(&before.to_ne_bytes());
            let mut acknowledged = answering(message, &bytes(vectors::REFUSED_CAPPED));
            acknowledged[16..20].copy_from_slice(&[0; 4]);
            Reaction::Raw(vec![late, acknowledged])
        }
    });
    let mut handle = Handle::over(&mut kernel).await.unwrap();
    assert!(handle.apply(&[Request::Flush]).await.is_err());
    assert_eq!(handle.apply(&[Request::Zero(None)]).await.unwrap(), [Ok(())]);
}

/// A service as it was captured, at another port.
fn service_at(port: u8, message: &kernel::Received) -> Vec<u8> {
    let mut part = answering(message, &bytes(vectors::SERVICE_PLAIN));
    let captured = [6, 0, 4, 0, 0, 80];
    let at = part.windows(captured.len()).position(|window| window == captured).unwrap();
    part[at + 5] = port;
    part
}

#[tokio::test(start_paused = true)]
async fn a_dump_is_read_over_many_datagrams_and_other_answers_between_them_are_passed_over() {
    let mut kernel = Kernel::new(|_, message| {
        let [first, second, third] = [80, 81, 82].map(|port| service_at(port, message));
        let foreign = bytes(vectors::DESTINATION_PLAIN);
        // The kernel repeats rows when another table is changed meanwhile.
        let last = [first.clone(), third, done(message)].concat();
        Reaction::Raw(vec![[first, second].concat(), foreign, last])
    });
    let mut handle = Handle::over(&mut kernel).await.unwrap();
    let services = handle.services().await.unwrap();
    let ids: Vec<_> = services.iter().map(|entry| entry.service.id).collect();
    assert_eq!(ids, [80, 81, 82].map(|port| ServiceId::tcp(([10, 1, 0, 100], port).into())));
}

#[tokio::test(start_paused = true)]
async fn a_dump_that_was_dropped_half_read_does_not_spoil_the_next_one() {
    let mut asked = 0;
    let mut kernel = Kernel::new(|_, message| {
        asked += 1;
        let part = answering(message, &bytes(vectors::SERVICE_PLAIN));
        match asked {
            1 => Reaction::Raw(vec![part]),
            _ => Reaction::Raw(vec![part, done(message)]),
        }
    });
    let mut handle = Handle::over(&mut kernel).await.unwrap();
    let stopped = tokio::time::timeout(std::time::Duration::from_secs(1), handle.services()).await;
    assert!(stopped.is_err());
    let begun = tokio::time::Instant::now();
    assert_eq!(handle.services().await.unwrap().len(), 1);
    assert!(begun.elapsed() < std::time::Duration::from_secs(1), "the rest of the first never comes");
}

/// The kernel refuses a dump while the one before it is unread.
#[tokio::test(start_paused = true)]
async fn a_dump_of_which_a_part_makes_no_sense_is_read_to_its_end() {
    let mut asked = 0;
    let mut kernel = Kernel::new(|_, message| {
        asked += 1;
        let part = answering(message, &bytes(vectors::SERVICE_PLAIN));
        // Behind both headers, an attribute shorter than its own header.
        let mut broken = part.clone();
        broken[20..22].copy_from_slice(&[3, 0]);
        match asked {
            1 => Reaction::Raw(vec![broken, [part, done(message)].concat()]),
            _ => Reaction::Raw(vec![[part, done(message)].concat()]),
        }
    });
    let mut handle = Handle::over(&mut kernel).await.unwrap();
    assert!(matches!(handle.services().await, Err(Error::Malformed(_))));
    let begun = tokio::time::Instant::now();
    assert_eq!(handle.services().await.unwrap().len(), 1);
    assert!(begun.elapsed().is_zero(), "nothing of the first was left");
}

#[tokio::test(start_paused = true)]
async fn a_question_among_changes_is_refused_before_anything_is_done() {
    let mut kernel = Kernel::new(|_, _| Reaction::Done);
    let mut handle = Handle::over(&mut kernel).await.unwrap();
    let outcome = handle.apply(&[Request::Flush, Request::ListServices]).await;
    assert!(matches!(outcome, Err(Error::NotAChange(Command::GetService))), "{outcome:?}");
    drop(handle);
    assert_eq!(kernel.datagrams, [1], "the look-up of the family alone");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_tells_what_the_kernel_told() {
    let mut kernel = Kernel::new(|_, message| {
        Reaction::Raw(vec![answering(message, &bytes(vectors::REFUSED_WITH_REASON))])
    });
    let mut handle = Handle::over(&mut kernel).await.unwrap();
    let timeouts = ipvs::Timeouts { tcp: Some(1), ..Default::default() };
    let answers = handle.apply(&[Request::SetTimeouts(timeouts)]).await.unwrap();
    let refusal = answers[0].clone().unwrap_err();
    assert_eq!(refusal.command, Command::SetConfig);
    assert_eq!(refusal.to_string(), "value out of range (Attribute failed policy validation)");
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_cut_is_an_error_and_not_a_panic() {
    let whole = bytes(vectors::SERVICE_PADDED);
    for cut in 1..whole.len() {
        let whole = &whole;
        let mut kernel =
            Kernel::new(|_, message| Reaction::Raw(vec![answering(message, whole)[..cut.max(12)].to_vec()]));
        let mut handle = Handle::over(&mut kernel).await.unwrap();
        assert!(matches!(handle.services().await, Err(Error::Truncated)), "cut at {cut}");
    }
}

#[tokio::test(start_paused = true)]
async fn any_byte_of_a_reply_may_be_wrong_without_a_panic() {
    let whole = bytes(vectors::DESTINATION_PADDED);
    for at in 16..whole.len() {
        for value in [0, 1, 0x7f, 0xff] {
            let mut broken = whole.clone();
            broken[at] = value;
            let broken = &broken;
            let mut kernel = Kernel::new(|_, message| {
                Reaction::Raw(vec![[answering(message, broken), done(message)].concat()])
            });
            let mut handle = Handle::over(&mut kernel).await.unwrap();
            // Whether it can still be read depends on the byte; that it returns is what counts.
            let _ = handle.destinations(web()).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_kernel_without_ipvs_is_told_apart() {
    let mut kernel = kernel::WithoutModule::default();
    assert!(matches!(Handle::over(&mut kernel).await, Err(Error::NoModule)));
}

#[tokio::test(start_paused = true)]
async fn a_datagram_never_grows_beyond_what_the_kernel_takes() {
    let mut kernel = Kernel::new(|_, _| Reaction::Done);
    let mut handle = Handle::over(&mut kernel).await.unwrap();
    let services: Vec<_> = (1..=1000)
        .map(|port| Request::NewService(Service::new(ServiceId::tcp(([10, 1, 0, 1], port).into()))))
        .collect();
    handle.apply(&services).await.unwrap();
    drop(handle);
    assert_eq!(kernel.datagrams, [1, 200, 200, 200, 200, 200]);
    let weight = Weight::new(0x8000_0000);
    assert_eq!(weight, None, "a weight the kernel would refuse cannot be written");
}

/// A datagram of a dump during which the table changed.
fn interrupted(mut datagram: Vec<u8>) -> Vec<u8> {
    datagram[6] |= 0x10;
    datagram
}

#[tokio::test(start_paused = true)]
async fn a_dump_that_was_interrupted_is_begun_anew() {
    let mut kernel = Kernel::new(|at, message| {
        let part = answering(message, &bytes(vectors::SERVICE_PLAIN));
        Reaction::Raw(vec![if at == 0 { interrupted(part) } else { part }, done(message)])
    });
    kernel.family = 0x1c;
    let mut handle = Handle::over(&mut kernel).await.unwrap();
    assert_eq!(handle.services().await.unwrap().len(), 1);
    assert_eq!(kernel.received.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_table_that_never_rests_is_an_error() {
    let mut kernel = Kernel::new(|_, message| Reaction::Raw(vec![interrupted(done(message))]));
    let mut handle = Handle::over(&mut kernel).await.unwrap();
    assert!(matches!(handle.services().await, Err(Error::Interrupted)));
}

#[tokio::test(start_paused = true)]
async fn a_table_counts_as_settled_when_it_was_seen_twice() {
    // Three looks at the services: two, one, one; each with a look at the servers of every service.
    let mut kernel = Kernel::new(|at, message| {
        let services = match at {
            0 => 2,
            3 | 5 => 1,
            _ => 0,
        };
        let one = answering(message, &bytes(vectors::SERVICE_PLAIN));
        Reaction::Raw(vec![[one.repeat(services), done(message)].concat()])
    });
    kernel.family = 0x1c;
    let mut handle = Handle::over(&mut kernel).await.unwrap();
    assert_eq!(handle.settled_table().await.unwrap().len(), 1);
    assert_eq!(kernel.received.len(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_daemon_that_stops_without_an_answer_has_stopped_when_it_is_gone() {
    let mut kernel = Kernel::new(|at, message| match at {
        0 => Reaction::Silent,
        _ => Reaction::Raw(vec![done(message)]),
    });
    let mut handle = Handle::over(&mut kernel).await.unwrap();
    let stop = Request::DelDaemon { role: ipvs::Role::Master, interface: None, sync_id: 0 };
    assert_eq!(handle.change(&stop).await.unwrap(), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_drained_destination_gets_weight_0_and_goes_with_its_last_connection() {
    // What the dumps tell one after the other: weight and active connections.
    let mut told = [(5_u32, 3_u32), (0, 3), (0, 2), (0, 0)].into_iter();
    let mut commands = Vec::new();
    let mut kernel = Kernel::new(|_, message| {
        commands.push(message.bytes[16]);
        if message.bytes[16] != 8 {
            return Reaction::Done;
        }
        let (weight, active) = told.next().unwrap();
        let mut part = answering(message, &bytes(vectors::DESTINATION_PLAIN));
        part[64..68].copy_from_slice(&weight.to_ne_bytes());
        part[112..116].copy_from_slice(&active.to_ne_bytes());
        Reaction::Raw(vec![part, done(message)])
    });
    let mut handle = Handle::over(&mut kernel).await.unwrap();
    let server = ipvs::DestinationId { addr: [10, 2, 0, 11].into(), port: 80 };
    let patience = std::time::Duration::from_millis(500);
    assert_eq!(handle.drain(web(), server, patience).await.unwrap(), 2, "two looks, a second apart");
    assert_eq!(handle.drain(web(), server, patience).await.unwrap(), 0);
    drop(handle);
    // Looked, made quiet, looked three times more, removed.
    assert_eq!(commands, [8, 6, 8, 8, 8, 7]);
}

#[tokio::test(start_paused = true)]
async fn draining_ends_in_time_though_others_set_the_weight_back() {
    let mut kernel = Kernel::new(|_, message| {
        if message.bytes[16] != 8 {
            return Reaction::Done;
        }
        let mut part = answering(message, &bytes(vectors::DESTINATION_PLAIN));
        part[64..68].copy_from_slice(&5_u32.to_ne_bytes());
        part[112..116].copy_from_slice(&3_u32.to_ne_bytes());
        Reaction::Raw(vec![part, done(message)])
    });
    let mut handle = Handle::over(&mut kernel).await.unwrap();
    let server = ipvs::DestinationId { addr: [10, 2, 0, 11].into(), port: 80 };
    let drained = handle.drain(web(), server, std::time::Duration::from_secs(3));
    assert_eq!(tokio::time::timeout(std::time::Duration::from_secs(60), drained).await.unwrap().unwrap(), 3);
    drop(handle);
    assert!(kernel.received.len() < 20, "{} requests in three seconds", kernel.received.len());
}

#[tokio::test(start_paused = true)]
async fn draining_what_somebody_else_takes_out_meanwhile_is_done() {
    let mut kernel = Kernel::new(|_, message| {
        if message.bytes[16] != 8 {
            return Reaction::Refused(2);
        }
        Reaction::Raw(vec![answering(message, &bytes(vectors::DESTINATION_PLAIN)), done(message)])
    });
    let mut handle = Handle::over(&mut kernel).await.unwrap();
    let server = ipvs::DestinationId { addr: [10, 2, 0, 11].into(), port: 80 };
    assert_eq!(handle.drain(web(), server, std::time::Duration::from_secs(3)).await.unwrap(), 0);
}
