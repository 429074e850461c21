//! iproute2's tables of names, such as `rt_tables`, and `/etc/protocols`.
//!
//! The folders are those of iproute2 itself: what it comes with, then what the administrator wrote, which counts.

use std::fs;
use std::path::{Path, PathBuf};

use parser::config::{Global, Lookup};

/// Where iproute2 keeps what it comes with, the newest place last.
const SHIPPED: [&str; 2] = ["/usr/lib/iproute2", "/usr/share/iproute2"];

/// Where the administrator writes.
const WRITTEN: &str = "/etc/iproute2";

/// One of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Table {
    /// Routing tables.
    Routes,
    /// Who made a route.
    Protocols,
    /// How far a route or an address reaches.
    Scopes,
    /// Types of service.
    Tos,
    /// Routing realms.
    Realms,
    /// Groups of interfaces.
    Groups,
    /// Protocols over IP.
    IpProtocols,
}

impl Table {
    fn file(self) -> &'static str {
        match self {
            Self::Routes => "rt_tables",
            Self::Protocols => "rt_protos",
            Self::Scopes => "rt_scopes",
            Self::Tos => "rt_dsfield",
            Self::Realms => "rt_realms",
            Self::Groups => "group",
            Self::IpProtocols => "protocols",
        }
    }

    /// What holds without any file.
    fn built_in(self) -> &'static [(&'static str, u32)] {
        match self {
            Self::Routes => &[("default", 253), ("main", 254), ("local", 255)],
            Self::Protocols => {
                &[("kernel", 2), ("boot", 3), ("static", 4), ("ra", 9), ("dhcp", 16), ("keepalived", 18)]
            }
            Self::Scopes => &[("global", 0), ("site", 200), ("link", 253), ("host", 254), ("nowhere", 255)],
            Self::Tos => &[("default", 0)],
            Self::Realms => &[("cosmos", 0)],
            Self::Groups => &[("default", 0)],
            Self::IpProtocols => &[("icmp", 1), ("tcp", 6), ("udp", 17), ("sctp", 132)],
        }
    }
}

/// The folder of what iproute2 comes with, where it is looked for first, and the one that the administrator writes to.
pub(crate) fn folders(global: &Global) -> [&str; 2] {
    let [_, newest] = SHIPPED;
    [
        global.iproute_usr_dir.as_deref().unwrap_or(newest),
        global.iproute_etc_dir.as_deref().unwrap_or(WRITTEN),
    ]
}

/// Finds numbers.
#[derive(Clone, Debug)]
pub(super) struct Names {
    /// The later comes first.
    folders: Vec<PathBuf>,
    protocols: PathBuf,
}

impl Names {
    /// In the folders that the configuration names (`iproute_usr_dir`, `iproute_etc_dir`), or the usual ones.
    pub(super) fn of(global: &Global) -> Self {
        let shipped = match &global.iproute_usr_dir {
            Some(folder) => vec![folder.into()],
            None => SHIPPED.map(PathBuf::from).to_vec(),
        };
        let written = global.iproute_etc_dir.as_deref().unwrap_or(WRITTEN).into();
        Self { folders: shipped.into_iter().chain([written]).collect(), protocols: "/etc/protocols".into() }
    }

    /// The number meant, if there is one that fits.
    pub(super) fn number<T: TryFrom<u32>>(&self, table: Table, lookup: &Lookup) -> Option<T> {
        let number = match lookup {
            Lookup::Number(number) => *number,
            Lookup::Name(name) => self.find(table, &name.value)?,
        };
        number.try_into().ok()
    }

    fn find(&self, table: Table, name: &str) -> Option<u32> {
        if table == Table::IpProtocols {
            let text = fs::read_to_string(&self.protocols).unwrap_or_default();
            return protocol(&text, name).or_else(|| built_in(table, name));
        }
        // What the administrator wrote stands in for the file shipped; what lies beside either adds to it.
        let main =
            self.folders.iter().rev().find_map(|folder| fs::read_to_string(folder.join(table.file())).ok());
        let more = self.folders.iter().flat_map(|folder| beside(folder, table.file()));
        // A name that several numbers have is the lowest of them to iproute2. FRR adds a second `static`.
        let written = main.into_iter().chain(more).filter_map(|text| number(&text, name)).min();
        written.or_else(|| built_in(table, name))
    }
}

fn built_in(table: Table, name: &str) -> Option<u32> {
    table.built_in().iter().find(|(known, _)| *known == name).map(|(_, number)| *number)
}

/// The files in the `.d` folder of a table.
fn beside(folder: &Path, file: &str) -> Vec<String> {
    let entries = fs::read_dir(folder.join(format!("{file}.d"))).into_iter().flatten();
    entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "conf"))
        .filter_map(|path| fs::read_to_string(path).ok())
        .collect()
}

/// The lowest number of the lines `NUMBER NAME` with this name; `#` begins a comment.
fn number(text: &str, name: &str) -> Option<u32> {
    let read = |line: &str| {
        let mut words = line.split('#').next()?.split_whitespace();
        let (number, found) = (words.next()?, words.next()?);
        if found != name {
            return None;
        }
        match number.strip_prefix("0x") {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => number.parse().ok(),
        }
    };
    text.lines().filter_map(read).min()
}

/// The line `NAME NUMBER ALIAS…` with this name or alias.
fn protocol(text: &str, name: &str) -> Option<u32> {
    text.lines().find_map(|line| {
        let mut words = line.split('#').next()?.split_whitespace();
        let (found, number) = (words.next()?, words.next()?);
        let is_meant = found == name || words.any(|alias| alias == name);
        is_meant.then(|| number.parse().ok()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use parser::config::{Located, Span};

    fn named(name: &str) -> Lookup {
        let span = Span::new("keepalived.conf", 1);
        Lookup::Name(Located { value: name.to_owned(), span })
    }

    #[test]
    fn the_administrators_file_stands_in_for_the_one_shipped_and_names_known_anyway_need_none() {
        let folders = [tempfile::tempdir(), tempfile::tempdir()].map(|one| one.expect("a folder"));
        let [shipped, written] = &folders;
        fs::write(shipped.path().join("rt_tables"), "10 blue\n11 red\n").expect("written");
        fs::write(written.path().join("rt_tables"), "0x6e blue # colours\n").expect("written");
        fs::create_dir(shipped.path().join("rt_tables.d")).expect("made");
        fs::write(shipped.path().join("rt_tables.d/a.conf"), "7 grey\n").expect("written");
        fs::write(shipped.path().join("rt_tables.d/a.txt"), "9 white\n").expect("written");
        let names = in_folders(shipped.path(), written.path());
        let number = |name| names.number::<u32>(Table::Routes, &named(name));
        assert_eq!(["blue", "red", "grey", "white"].map(number), [Some(110), None, Some(7), None]);
        assert_eq!(number("main"), Some(254));
    }

    /// FRR's package says `196 static` beside `4 static`.
    #[test]
    fn of_several_numbers_with_one_name_the_lowest_is_meant() {
        let folders = [tempfile::tempdir(), tempfile::tempdir()].map(|one| one.expect("a folder"));
        let [shipped, written] = &folders;
        fs::write(shipped.path().join("rt_protos"), "5 static\n4 static\n").expect("written");
        fs::create_dir(written.path().join("rt_protos.d")).expect("made");
        fs::write(written.path().join("rt_protos.d/frr.conf"), "196 static\n").expect("written");
        let names = in_folders(shipped.path(), written.path());
        assert_eq!(names.number::<u8>(Table::Protocols, &named("static")), Some(4));
    }

    fn in_folders(shipped: &Path, written: &Path) -> Names {
        Names::of(&Global {
            iproute_usr_dir: Some(shipped.display().to_string()),
            iproute_etc_dir: Some(written.display().to_string()),
            ..Global::default()
        })
    }

    #[test]
    fn a_protocol_is_known_by_its_name_and_its_aliases() {
        let text = "# header\nudp 17 UDP # user datagram\ntcp\t6\tTCP\n";
        assert_eq!(protocol(text, "UDP"), Some(17));
        assert_eq!(protocol(text, "tcp"), Some(6));
        assert_eq!(protocol(text, "datagram"), None);
    }

    #[test]
    fn a_number_beyond_its_field_is_none() {
        assert_eq!(Names::of(&Global::default()).number::<u8>(Table::Scopes, &Lookup::Number(256)), None);
    }
}
