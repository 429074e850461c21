//! Much at once: long standard input with a fault in it, and a table that others change while it is read.

use crate::{
    beside::{ORIGINAL, RESET, Stage, stage},
    play::{Played, play, run, settled},
};
use lab::{Binary, Namespace, Outcome};
use std::{
    io,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

/// Lines before the fault and behind it.
const HALF: u32 = 150;

/// Faults of each class: the first four leave the rest to be done, the others end it; `-a` finds what came before.
const FAULTS: &[&str] = &[
    "-A -t 10.1.0.7:80",
    "-a -t 10.99.0.1:80 -r 10.2.0.1",
    "-A -t 10.99.0.1:80 -s nosuch",
    "-A -t 10.99.0.1:80 --bogus",
    "-A -t 10.99.0.1:80:80",
    "-a -t 10.1.0.1:80 -r 10.2.0.1 -w -1",
    "-L -t 10.99.0.1:80",
    "bogus",
    "\u{0}",
];

fn hundreds(fault: &str, end: &str) -> String {
    let services = |numbers: std::ops::Range<u32>| {
        numbers
            .map(|number| format!("-A -t 10.1.{}.{}:80{end}", number / 250, number % 250 + 1))
            .collect::<String>()
    };
    format!("{}{fault}{end}{}", services(0..HALF), services(HALF..2 * HALF))
}

pub(crate) fn a_bad_line_among_hundreds_is_told_and_the_rest_is_done_alike(ours: &Binary) -> Outcome {
    let Stage { node, .. } = &stage()?;
    let told_by = |program: &Path, script: &str| -> Outcome<[Played; 2]> {
        play(node, ORIGINAL.as_ref(), RESET)?;
        let restored = node.enter(|| run(program, &["-R".to_owned()], script.as_bytes()))??;
        Ok([restored, settled(node, ORIGINAL.as_ref(), "-Sn")?.remove(0)])
    };
    for (fault, end) in FAULTS.iter().flat_map(|fault| [(fault, "\n"), (fault, "\r\n")]) {
        let script = hundreds(fault, end);
        // Without the end of the last line, too.
        let script = script.strip_suffix(if end == "\n" { "\n" } else { "" }).unwrap_or(&script);
        let (theirs, ours) = (told_by(ORIGINAL.as_ref(), script)?, told_by(ours.as_ref(), script)?);
        for (theirs, ours) in theirs.iter().zip(&ours) {
            let pairs = theirs.out.lines().zip(ours.out.lines());
            let first = pairs.into_iter().find(|(theirs, ours)| theirs != ours);
            let counts = [theirs, ours].map(|played| (played.code, &played.err, played.out.lines().count()));
            assert!(ours.is_as(theirs), "{fault:?} {end:?}: {counts:?}, first {first:?}");
        }
    }
    Ok(())
}

/// A service comes and goes with its servers, over and over.
fn disturb(network: &Namespace, is_over: &AtomicBool) -> io::Result<()> {
    let script: String = (1..100)
        .map(|number| {
            let service = format!("-t 10.3.0.{number}:80");
            format!("-A {service} -s rr\n-a {service} -r 10.4.0.1 -m\n-a {service} -r 10.4.0.2 -m\n")
        })
        .chain((1..100).map(|number| format!("-D -t 10.3.0.{number}:80\n")))
        .collect();
    network
        .enter(|| {
            while !is_over.load(Ordering::Relaxed) {
                run(ORIGINAL.as_ref(), &["-R".to_owned()], script.as_bytes())?;
            }
            Ok(())
        })
        .map_err(|failure| io::Error::other(failure.to_string()))?
}

/// Says that it is over when it goes.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

pub(crate) fn a_table_that_others_change_is_listed_in_whole_lines(ours: &Binary) -> Outcome {
    let Stage { node, .. } = &stage()?;
    let (network, is_over) = (node.namespace(), AtomicBool::new(false));
    std::thread::scope(|scope| -> Outcome {
        let disturber = scope.spawn(|| disturb(network, &is_over));
        // Also when the listing is wrong: the scope waits for the disturber.
        let end = End(&is_over);
        let watched = (0..15).try_for_each(|_| -> Outcome {
            for listing in play(node, ours.as_ref(), "-Ln\n-Ln --stats --nosort\n-Sn\n")? {
                assert_eq!((listing.code, listing.err.as_str()), (Some(0), ""), "{listing}");
                whole(&listing);
            }
            Ok(())
        });
        drop(end);
        disturber.join().map_err(|_| lab::Failure::new("the disturber panicked"))??;
        watched
    })
}

/// Servers stand below a service, each once, and nothing is half a line.
fn whole(listing: &Played) {
    let mut seen = std::collections::BTreeSet::new();
    let mut has_service = false;
    for line in listing.out.lines().filter(|line| line.contains("10.")) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[0] {
            "TCP" | "-A" => {
                seen.clear();
                has_service = true;
            }
            "->" => assert!(has_service && words.len() >= 6 && seen.insert(words[1].to_owned()), "{listing}"),
            "-a" => assert!(has_service && words.len() >= 8 && seen.insert(words[4].to_owned()), "{listing}"),
            other => assert_eq!(other, "IP", "{line:?} in {listing}"),
        }
    }
}
