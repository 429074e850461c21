//! Random tables, saved and read back.

use crate::{
    beside::{ORIGINAL, RESET, Stage, stage},
    play::{play, run, settled},
};
use lab::{Binary, Node, Outcome};
use std::{collections::BTreeSet, fmt::Write as _, path::Path};

const TABLES: u64 = 12;
const LAYOUTS: &str = "\
-Ln
-Ln --nosort
-Ln --stats
-Ln --rate
-Ln --thresholds
-Ln --persistent-conn
-Ln --tun-info
-Ln --exact --stats
";

/// Numbers that only look random: the same at every run (an LCG by Knuth).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(self.0 >> 33).expect("31 bits") % sides
    }

    fn one_of<T: Copy>(&mut self, choice: &[T]) -> T {
        choice[self.roll(u32::try_from(choice.len()).expect("few")) as usize]
    }

    /// Any unicast address that is not of this machine.
    fn v4(&mut self) -> String {
        let first = self.one_of(&[1, 9, 10, 10, 80, 100, 126, 130, 172, 192, 198, 223]);
        format!("{first}.{}.{}.{}", self.roll(256), self.roll(4), 1 + self.roll(250))
    }

    fn v6(&mut self) -> String {
        let first = self.one_of(&["fd00", "2001:db8", "2a00", "::1:2"]);
        if first.starts_with(':') {
            format!("{first}:{:x}", 1 + self.roll(60_000))
        } else {
            format!("{first}::{:x}:{:x}", self.roll(60_000), 1 + self.roll(60_000))
        }
    }
}

/// A table as command lines, as `-S` would not write them.
fn table(dice: &mut Dice) -> String {
    let mut lines = String::new();
    for number in 0..40_u32 {
        let kind = dice.roll(8);
        let (v6, udp) = (matches!(kind, 3 | 4 | 7), kind == 1);
        let service = match kind {
            0 => format!("-t {}:{}", dice.v4(), 1 + dice.roll(65_000)),
            1 => format!("-u {}:{}", dice.v4(), 1 + dice.roll(65_000)),
            2 => format!("--sctp-service {}:{}", dice.v4(), 1 + dice.roll(65_000)),
            3 | 4 => format!("-t [{}]:{}", dice.v6(), 1 + dice.roll(65_000)),
            5 | 6 => format!("-f {}", 1 + dice.roll(0x7fff_0000) + number),
            _ => format!("-f {} -6", 1 + dice.roll(1000) + 1000 * number),
        };
        write!(lines, "-A {service} -s {}", dice.one_of(&["rr", "wrr", "wlc", "lc", "sh", "mh", "sed"]))
            .expect("text");
        if dice.roll(3) == 0 {
            write!(lines, " -p {}", 1 + dice.roll(100_000)).expect("text");
            match dice.roll(3) {
                0 if v6 => write!(lines, " -M {}", 1 + dice.roll(128)).expect("text"),
                0 => write!(lines, " -M 255.{}.{}.0", dice.roll(256), dice.roll(256)).expect("text"),
                _ => {}
            }
        }
        if udp && dice.roll(2) == 0 {
            lines.push_str(dice.one_of(&[" -o", " --pe sip"]));
        }
        lines.push_str(dice.one_of(&["", "", " -b flag-1", " -b flag-1,flag-2"]));
        lines.push('\n');
        for port in 0..dice.roll(6) {
            let mixed = dice.roll(4) == 0;
            let server = if v6 != mixed {
                format!("[{}]:{}", dice.v6(), 1000 + port)
            } else {
                format!("{}:{}", dice.v4(), 1000 + port)
            };
            let method = if mixed {
                dice.one_of(&["-i", "-i --tun-type gre --tun-csum", "-i --tun-type gue --tun-port 6080"])
            } else {
                dice.one_of(&["-m", "-g", "-i", "-i --tun-type gue --tun-port 77 --tun-remcsum"])
            };
            write!(lines, "-a {service} -r {server} {method} -w {}", dice.roll(1000)).expect("text");
            match dice.roll(4) {
                0 => write!(lines, " -x {}", 1 + dice.roll(1000)).expect("text"),
                1 => {
                    write!(lines, " -x {} -y {}", 1000 + dice.roll(1000), 1 + dice.roll(1000)).expect("text")
                }
                _ => {}
            }
            lines.push('\n');
        }
    }
    lines
}

fn restore(node: &Node, program: &Path, script: &str) -> Outcome {
    let words = ["-R".to_owned()];
    let played = node.enter(|| run(program, &words, script.as_bytes()))??;
    assert_eq!((played.code, played.err.as_str(), played.out.as_str()), (Some(0), "", ""), "{script}");
    Ok(())
}

fn saved(node: &Node, program: &Path) -> Outcome<String> {
    Ok(settled(node, program, "-Sn")?.remove(0).out)
}

/// What the original leaves out.
fn without_thresholds(saved: &str) -> String {
    let cut = |line: &str| line.split(" -x ").next().unwrap_or_default().to_owned();
    saved.lines().map(cut).map(|line| line + "\n").collect()
}

/// The lines without their order, which in a circle of addresses depends on the kernel's.
fn set(saved: &str) -> BTreeSet<&str> {
    saved.lines().collect()
}

pub(crate) fn random_tables_are_saved_restored_and_shown_alike(ours: &Binary) -> Outcome {
    let Stage { node, .. } = &stage()?;
    let (ours, theirs) = (ours.as_ref(), Path::new(ORIGINAL));
    for seed in 0..TABLES {
        let lines = table(&mut Dice(seed));
        play(node, theirs, RESET)?;
        restore(node, ours, &lines)?;
        let first = saved(node, ours)?;
        assert_eq!(first.lines().count(), lines.lines().count());
        assert_eq!(without_thresholds(&first), saved(node, theirs)?, "table {seed}");
        let shown = |program| -> Outcome<Vec<String>> {
            Ok(settled(node, program, LAYOUTS)?.into_iter().map(|played| played.out).collect())
        };
        assert_eq!(shown(ours)?, shown(theirs)?, "table {seed}");
        for program in [ours, theirs] {
            play(node, theirs, RESET)?;
            restore(node, program, &first)?;
            assert_eq!(set(&saved(node, ours)?), set(&first), "table {seed} by {}", program.display());
        }
    }
    Ok(())
}
