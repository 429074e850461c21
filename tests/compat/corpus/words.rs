//! Files made from the tables of keywords: every word with values within its range, at the edges, beyond them, of the wrong
//! kind, missing and too many; every word in a block that is not its own; every block with its braces wrong.

use parser::Row;

/// A word, the block it stands in, and what may stand behind it.
pub(crate) struct Word {
    /// The words of the blocks around it, joined by `/`.
    pub(crate) path: String,
    /// The keyword or one of its other names.
    pub(crate) word: &'static str,
    row: &'static Row,
}

/// Every word of the tables with every name it has.
pub(crate) fn all() -> Vec<Word> {
    fn walk(path: &str, rows: Vec<&'static Row>, words: &mut Vec<Word>) {
        for row in rows {
            let names = std::iter::once(&row.name).chain(row.aliases);
            words.extend(names.map(|word| Word { path: path.to_owned(), word, row }));
            if let Some(block) = row.block {
                walk(&joined(path, row.name), block(), words);
            }
        }
    }
    let mut words = Vec::new();
    walk("", parser::keywords(), &mut words);
    words
}

fn joined(path: &str, word: &str) -> String {
    if path.is_empty() { word.to_owned() } else { format!("{path}/{word}") }
}

impl Word {
    /// Its name in lists: the blocks and the word.
    pub(crate) fn place(&self) -> String {
        joined(&self.path, self.word)
    }

    /// The word with each of its values, each in a block of its own.
    pub(crate) fn with_values(&self) -> Vec<String> {
        self.statements()
            .iter()
            .enumerate()
            .map(|(nth, statement)| within(&self.path, nth, statement))
            .collect()
    }

    /// The word without a value, and with braces and quotes that do not belong there.
    pub(crate) fn mangled(&self) -> Vec<String> {
        let word = self.word;
        let statements = match self.row.syntax {
            syntax if syntax.starts_with("{ ") => {
                vec![format!("{word}\n{{\n}}"), format!("{word} }}"), format!("{word} {{ {{ }}\n}}")]
            }
            _ => vec![
                word.to_owned(),
                format!("{word} {{\n}}"),
                format!("{word} 1 }}"),
                format!("{word} \"1 2"),
            ],
        };
        statements.iter().map(|statement| within(&self.path, 0, statement)).collect()
    }

    /// The word with something behind it in a block that is not its own.
    pub(crate) fn misplaced(&self, path: &str) -> String {
        let block = self.row.syntax.starts_with("{ ");
        let statement = if block {
            format!("{} 10.0.0.7 80 {{\nweight 5\n}}", self.word)
        } else {
            format!("{} 1", self.word)
        };
        within(path, 0, &statement)
    }

    fn statements(&self) -> Vec<String> {
        let word = self.word;
        if self.row.block.is_some() {
            let heads = [
                "",
                " x",
                " x y",
                " 10.0.0.7 80",
                " 10.0.0.x 80",
                " 10.0.0.7 0",
                " fwmark 7",
                " 2001:db8::7 99999",
            ];
            return heads.iter().map(|head| format!("{word}{head} {{\n}}")).collect();
        }
        if self.row.syntax.starts_with("{ ") {
            let bodies = [
                "{\n}",
                "foo {\n}",
                "{ x }",
                "{\nx\ny z\n}",
                "{\n10.0.0.7\n10.0.0.8 80\n10.0.0.9/24 dev eth1\n2001:db8::7\n}",
                "{\neth0\neth1 weight 5\neth1 weight 999\neth9 1\n}",
                "{\ndefault via 10.0.0.7 dev eth0\nfrom 10.0.0.0/8 table 7\nfwmark 7\n}",
            ];
            return bodies.iter().map(|body| format!("{word} {body}")).collect();
        }
        self.values().iter().map(|value| format!("{word} {value}")).collect()
    }

    fn values(&self) -> Vec<String> {
        let syntax = self.row.syntax;
        let mut values: Vec<String> = SOME_OF_EVERY_KIND.iter().map(|value| (*value).to_owned()).collect();
        if let Some(range) = (self.row.range)() {
            values.extend(around_edges(&range));
        }
        for (kind, samples) in OF_A_KIND {
            if syntax.contains(kind) {
                values.extend(samples.iter().map(|value| (*value).to_owned()));
            }
        }
        if let Some(choices) = syntax.strip_prefix('{').and_then(|rest| rest.split('}').next()) {
            values.extend(choices.split('|').filter(|choice| !choice.is_empty()).map(str::to_owned));
        }
        // Whether nothing at all is the name of an interface the two see differently.
        values.retain(|value| !(syntax.contains("IFNAME") && value == "\"\""));
        values
    }
}

/// What every word is tried with.
const SOME_OF_EVERY_KIND: &[&str] = &[
    "bad",
    "-1",
    "0",
    "1 2 3",
    "\"\"",
    "1.5",
    "on",
    "10.0.0.1",
    "99999999999",
    "7x",
    "+7",
    "007",
    "0x7",
    "\" 7\"",
    "\"7 \"",
];

/// What a word is tried with whose syntax has this word.
const OF_A_KIND: &[(&str, &[&str])] = &[
    ("SECONDS", &[".5", "1.", "1.1234567", "0.0000004", "1,5", "1e3", "-0.5", "1.2.3"]),
    ("MILLISECONDS", &["1.2345", "0.0004", "250"]),
    ("BOOL", &["true", "yes", "off", "no", "false", "Yes", "TRUE", "on x", "\"on\""]),
    (
        "ADDRESS",
        &[
            "2001:db8::1",
            "10.0.0.x",
            "10.0.0.256",
            "fe80::1%eth0",
            "010.0.0.1",
            "1.2.3",
            "[::1]",
            "::ffff:10.0.0.1",
            "10.0.0.1/24",
            "10.0.0.1 80",
            "10.0.0.1 99999",
        ],
    ),
    ("IFNAME", &["eth0", "eth1 x", "nosuch0", "a234567890123456"]),
    ("NAME", &["\"a b\"", "name other"]),
    ("STRING", &["word", "\"a b\"", "a\"b c\"d", "'a b'"]),
    (
        "PATH",
        &[
            "/tmp/x",
            "relative/x",
            "\"/tmp/a b\"",
            "/tmp/x root",
            "/tmp/x nosuchuser",
            "/tmp/x root nosuchgroup",
        ],
    ),
    ("EMAIL", &["a@b", "\"A B <a@b>\"", "a@b c@d"]),
    ("HOST", &["mail.example.com", "10.0.0.1 25", "10.0.0.1 0", "mail.example.com 99999", "::1 25"]),
    (
        "COMMAND",
        &[
            "/bin/true",
            "\"/bin/true a b\"",
            "'/bin/true \"a b\"'",
            "/bin/true root",
            "\"/bin/true a\" root daemon",
            "/bin/true nosuchuser",
            "/bin/true root nosuchgroup",
            "/no/such/script",
            "true",
            "\"/bin/true \\\\x41 'b c'\"",
            "'/bin/true",
            "\"/bin/true 'a\"",
        ],
    ),
    ("MULTICAST", &["224.0.0.18", "239.255.255.255", "ff02::12", "ff05::1", "225.0.0.1"]),
    ("HEX", &["00ff", "00 ff 1", "0", "xyz", "aabbc", "0g"]),
    ("USER", &["root", "root daemon", "nosuchuser", "root nosuchgroup", ":daemon"]),
    ("reverse", &["1 reverse", "1 noreverse", "-1 reverse", "1 backwards"]),
    (
        "DR",
        &[
            "NAT",
            "DR",
            "TUN",
            "nat",
            "TUN type gue port 7777",
            "TUN type ipip",
            "TUN type gre csum",
            "TUN type x",
            "NAT port 7",
            "TUN port",
            "TUN type gue port 99999",
        ],
    ),
    ("tcp", &["tcp 900", "udp 300 tcp 900", "tcpfin 120", "tcp", "tcp x", "sctp 7", "tcp 0", "tcp 99999999"]),
    (
        "inst",
        &[
            "eth0",
            "eth0 VI_1",
            "eth0 inst VI_1",
            "eth0 id 7",
            "eth0 id 256",
            "eth0 maxlen 1500 port 8848 ttl 1 group 224.0.0.81",
            "eth0 group 10.0.0.1",
            "eth0 port 0",
            "eth0 x",
        ],
    ),
    ("PATTERN", &["a.*b", "\"a b\"", "a b", "'a b'", "(", "[a-z]+\\d"]),
    ("OPTION", &["icase", "icase multiline", "nonsense"]),
    ("{INTEGER|", &["200", "200-299", "200 204-206", "99", "600", "299-200", "200,204"]),
    ("BIT", &["IRUSR", "IRUSR|IWGRP", "IRUSR | IWGRP", "077", "0777", "01000", "IFOO"]),
    ("IFNAME [inst", &["eth0 inst nosuch id 255 x"]),
    ("NETMASK", &["255.255.255.0", "255.255.0.255", "32", "33", "128"]),
    ("[COMMAND", &["\"/bin/true\""]),
    ("[VS]", &["VS", "vs", "VS RS"]),
    ("never", &["never", "always"]),
    ("initial", &["initial", "partial", "full"]),
    ("allow_if_changes", &["allow_if_changes", "allow"]),
    ("read|match", &["read", "match", "+match", "-read", "readable", "read match"]),
    ("overwrite", &["7 overwrite", "overwrite", "overwrite 7", "7 over"]),
    ("CHAIN", &["in out", "in out more", "a234567890123456789012345678901"]),
    (
        "MAC",
        &["vrrp.51", "vrrp.51 00:11:22:33:44:55", "00:11:22:33:44:55", "netlink_notify_msg", "name vrrp.51"],
    ),
    ("bridge", &["ipv0 bridge", "ipv0 10.0.0.1/24 private", "ipv0 x", "bridge"]),
];

/// The limits of a range as a table writes it, what is just beyond, and what is far beyond.
fn around_edges(range: &str) -> Vec<String> {
    let Some((low, high)) = range.split_once('–') else { return Vec::new() };
    let mut values = Vec::new();
    for (edge, beyond) in [(low, -1), (high, 1)] {
        let decimals = edge.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        let Ok(number) = edge.replace('.', "").parse::<i128>() else { continue };
        for number in [number, number + beyond, number - beyond] {
            values.push(with_decimals(number, decimals));
        }
    }
    values
}

fn with_decimals(number: i128, decimals: usize) -> String {
    let (sign, digits) = (if number < 0 { "-" } else { "" }, number.unsigned_abs().to_string());
    if decimals == 0 {
        return format!("{sign}{digits}");
    }
    let digits = format!("{digits:0>width$}", width = decimals + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    format!("{sign}{whole}.{fraction}")
}

/// A whole file in which the statement stands in that block; `nth` makes names and addresses differ.
pub(crate) fn within(path: &str, nth: usize, statement: &str) -> String {
    let id = nth + 1;
    let Some((outer, block)) = path.rsplit_once('/') else {
        return match path {
            "" => format!("{statement}\n"),
            "vrrp_instance" => format!(
                "vrrp_instance v{id} {{\ninterface eth0\nvirtual_router_id {id}\nvirtual_ipaddress {{\n10.0.{id}.1\n}}\n{statement}\n}}\n"
            ),
            "vrrp_sync_group" => {
                let (one, other) = (
                    within("vrrp_instance", 2 * nth, "nopreempt"),
                    within("vrrp_instance", 2 * nth + 1, "nopreempt"),
                );
                format!(
                    "{one}{other}vrrp_sync_group G{id} {{\ngroup {{\nv{}\nv{}\n}}\n{statement}\n}}\n",
                    2 * nth + 1,
                    2 * nth + 2
                )
            }
            "vrrp_script" => format!("vrrp_script s{id} {{\nscript \"/bin/true\"\n{statement}\n}}\n"),
            "vrrp_track_process" => {
                format!("vrrp_track_process p{id} {{\nprocess sleep{id}\n{statement}\n}}\n")
            }
            "track_file" => format!("track_file f{id} {{\nfile /tmp/no-such-file\n{statement}\n}}\n"),
            "track_group" => format!("track_group t{id} {{\n{statement}\n}}\n"),
            "garp_group" => {
                format!("garp_group {{\ngarp_interval 1\ninterface eth{}\n{statement}\n}}\n", nth % 2)
            }
            "bfd_instance" => format!("bfd_instance b{id} {{\nneighbor_ip 10.9.0.{id}\n{statement}\n}}\n"),
            "virtual_server" => format!(
                "virtual_server 10.1.0.{id} 80 {{\nlb_algo rr\nlb_kind NAT\nprotocol TCP\n{statement}\nreal_server 10.0.0.2 80 {{\n}}\n}}\n"
            ),
            _ => format!("{path} {{\n{statement}\n}}\n"),
        };
    };
    let inside = match block {
        "authentication" => format!("authentication {{\nauth_type PASS\n{statement}\n}}"),
        "real_server" => {
            let block = format!(
                "virtual_server 10.1.0.{id} 80 {{\nlb_algo rr\nlb_kind NAT\nprotocol TCP\nreal_server 10.0.0.2 80 {{\n{statement}\n}}\n}}\n"
            );
            return block;
        }
        "MISC_CHECK" => format!("MISC_CHECK {{\nmisc_path /bin/true\n{statement}\n}}"),
        "HTTP_GET" | "SSL_GET" => format!("{block} {{\nurl {{\npath /\nstatus_code 200\n}}\n{statement}\n}}"),
        "url" => format!("url {{\npath /\n{statement}\n}}"),
        "BFD_CHECK" => {
            let check = within(outer, nth, &format!("BFD_CHECK {{\nname b{id}\n{statement}\n}}"));
            return format!("bfd_instance b{id} {{\nneighbor_ip 10.9.0.{id}\n}}\n{check}");
        }
        _ => format!("{block} {{\n{statement}\n}}"),
    };
    // The checkers' blocks bring nothing of their own that the one around them would repeat.
    let outer = if block == "url" {
        outer.replace("HTTP_GET", "HTTP_GET/").replace("SSL_GET", "SSL_GET/")
    } else {
        outer.to_owned()
    };
    match outer.strip_suffix('/') {
        Some(web) => {
            let (server, kind) = web.rsplit_once('/').unwrap_or((web, ""));
            within(server, nth, &format!("{kind} {{\n{inside}\n}}"))
        }
        None => within(&outer, nth, &inside),
    }
}
