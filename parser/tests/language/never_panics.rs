//! No bytes at all make the reader panic, hang, or grow without end.

use parser::Options;
use proptest::prelude::*;

use crate::memory::Memory;

fn read(bytes: Vec<u8>) {
    let mut memory = Memory::default();
    memory.0.insert("F".to_owned(), bytes);
    memory.0.insert("inc".to_owned(), b"include F\n~SEQ(i,3) include inc\n$A= \\\n x $B \\\n".to_vec());
    let options = Options { config_id: "main".to_owned(), expansion_limit: 2_000, ..Options::default() };
    let (_, diagnostics) = parser::parse("F", &mut memory, options);
    for diagnostic in &diagnostics {
        assert!(!diagnostic.text.is_empty());
    }
    parser::diag::test_exit_code(&diagnostics);
    parser::diag::refusal(&diagnostics);
}

/// Every keyword of every table, and the words of the language.
fn vocabulary() -> Vec<String> {
    fn collect(rows: Vec<&'static parser::Row>, words: &mut Vec<String>) {
        for row in rows {
            words.push(row.name.to_owned());
            words.extend(row.aliases.iter().map(|alias| (*alias).to_owned()));
            if let Some(rows) = row.block {
                collect(rows(), words);
            }
        }
    }
    let mut words = Vec::new();
    collect(parser::keywords(), &mut words);
    let language = [
        "{",
        "}",
        "\n",
        "\n",
        "\n",
        "\"",
        "'",
        "\\",
        "#",
        "!",
        "$A",
        "${A}",
        "$A=",
        "$B=",
        "$B",
        "~SEQ(i,3)",
        "~SEQx(i,1,9)",
        "~LST({a,b},{1,2},{3})",
        "@main",
        "@^other",
        "include inc",
        "includea nothing",
        "${_ENV HOME}",
        "${_RANDOM 1 3}",
        "${A",
        "10.0.0.1",
        "10.0.0.1/24",
        "10.0.0.5-9",
        "2001:db8::1",
        "fe80::1",
        "1.2.3",
        "80",
        "0",
        "-1",
        "255",
        "99999999999",
        "1.5",
        "eth0",
        "on",
        "off",
        "TCP",
        "NAT",
        "TUN",
        "type",
        "gue",
        "port",
        "MASTER",
        "dev",
        "via",
        "to",
        "table",
        "from",
        "weight",
        "reverse",
        "fwmark",
        "group",
        "default",
        "nexthop",
        "lock",
        "mtu",
        "encap",
        "mpls",
        "blackhole",
        "hex:00",
        "\\x41\\",
    ];
    words.extend(language.map(str::to_owned));
    words
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn arbitrary_bytes_are_read_to_the_end(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        read(bytes);
    }

    #[test]
    fn arbitrary_lines_of_text_are_read_to_the_end(text in "(?s)[ -~\n\t${}~@#\"']{0,400}") {
        read(text.into_bytes());
    }

    #[test]
    fn words_of_the_language_in_any_order_are_read_to_the_end(
        words in prop::collection::vec(prop::sample::select(vocabulary()), 0..200),
        glue in prop::sample::select(vec![" ", "", "\n"]),
    ) {
        read(words.join(glue).into_bytes());
    }

    /// Random words inside the blocks that have the most to say about them.
    #[test]
    fn words_inside_blocks_are_read_to_the_end(
        block in prop::sample::select(vec![
            "global_defs {", "vrrp_instance V {\ninterface eth0\nvirtual_router_id 1\n", "static_routes {", "static_rules {",
            "virtual_server 10.0.0.1 80 {\nreal_server 10.0.0.2 80 {\n", "virtual_server_group G {", "bfd_instance b {",
            "vrrp_instance V {\nvirtual_routes {", "vrrp_instance V {\nvirtual_ipaddress {", "track_file f {", "vrrp_script s {",
        ]),
        words in prop::collection::vec(prop::sample::select(vocabulary()), 0..80),
    ) {
        read(format!("{block}\n{}\n", words.join(" ")).into_bytes());
    }
}

#[test]
fn exponential_expansion_ends() {
    let mut text = String::from("$A0=x\n");
    for level in 1..40 {
        text += &format!("$A{level}=${{A{0}}}${{A{0}}}\n", level - 1);
    }
    text += "$A39 q\n$E=\n$E1=${E}${E}\n";
    for level in 2..60 {
        text += &format!("$E{level}=${{E{0}}}${{E{0}}}\n", level - 1);
    }
    text += "f${E59} q\n";
    read(text.into_bytes());
}

#[test]
fn nested_sequences_end() {
    read(b"~SEQ(i,1,1000000) ~SEQ(j,1,1000000) ~SEQ(k,1,1000000) foo\n".to_vec());
}
