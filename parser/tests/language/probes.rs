//! One row per observation of the original: a text, how a configuration test ends, and what it says.
//!
//! The original says it up to four times; we say it once. Where we differ on purpose, the row says `ours`.

use parser::diag::test_exit_code;

use crate::memory::{read_with, shown};

/// The smallest instance that is complete; seven lines.
const VI: &str = "vrrp_instance VI_1 {
  interface eth0
  virtual_router_id 51
  virtual_ipaddress {
    10.0.0.1
  }
}
";

/// A virtual server without its last lines, for what is tried inside it.
const VS: &str = "virtual_server 1.2.3.4 80 {
lvs_sched rr
lvs_method NAT
protocol TCP
";

struct Probe {
    name: &'static str,
    text: String,
    exit: u8,
    says: &'static [&'static str],
}

fn probe(name: &'static str, text: impl Into<String>, exit: u8, says: &'static [&'static str]) -> Probe {
    Probe { name, text: text.into(), exit, says }
}

/// [`VI`] with one more line before its last brace; it is line 7.
fn vi_with(line: &str) -> String {
    format!("{}{line}\n}}\n", VI.strip_suffix("}\n").expect("VI ends with a brace"))
}

/// Runs the rows and shows all that differ, not only the first.
fn check(probes: Vec<Probe>) {
    check_with(probes, &[]);
}

fn check_with(probes: Vec<Probe>, files: &[(&str, &str)]) {
    let mut wrong = String::new();
    for Probe { name, text, exit, says } in probes {
        let (_, diagnostics) = read_with(text, files);
        let (ours, code) = (shown(&diagnostics), test_exit_code(&diagnostics));
        if ours != says || code != exit {
            wrong += &format!("{name}: exit {code}, not {exit}\n  says   {ours:?}\n  should {says:?}\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn physical_lines_are_read_as_the_original_reads_them() {
    let long = "a".repeat(1022);
    check(vec![
        probe("1 empty", "", 0, &[]),
        probe("1 comments", "# foo\n  ! bar\n", 0, &[]),
        probe("1 blanks", "   \n\t\n", 0, &[]),
        probe("2 VI", VI, 0, &[]),
        probe("3 CRLF", VI.replace('\n', "\r\n"), 0, &[]),
        probe("4 form feed", VI.replace("  ", "\x0c \x0b\t "), 0, &[]),
        probe("5 no final newline", VI.trim_end(), 0, &[]),
        probe("6 one word", "foo", 5, &["1 Unknown keyword 'foo'"]),
        probe("7 two words", "foo\nbar", 5, &["1 Unknown keyword 'foo'", "2 Unknown keyword 'bar'"]),
        probe(
            "8 BOM",
            format!("\u{feff}{VI}"),
            5,
            &[
                "1 Unknown keyword '\u{feff}vrrp_instance'",
                "1 Unexpected '{' - ignoring",
                "2 Unknown keyword 'interface'",
                "3 Unknown keyword 'virtual_router_id'",
                "4 Unknown keyword 'virtual_ipaddress'",
                "4 Unexpected '{' - ignoring",
                "5 Unknown keyword '10.0.0.1'",
                "6 Unknown keyword '}'",
                "7 Unknown keyword '}'",
            ],
        ),
        probe(
            "9 NUL; ours names the line itself",
            "foo\nba\0r\nqux\n",
            5,
            &[
                "1 Unknown keyword 'foo'",
                "2 configuration appears to have embedded NULs - ignoring line",
                "3 Unknown keyword 'qux'",
            ],
        ),
        probe(
            "11 too long; ours counts lines, not pieces",
            format!("{long}a\nfoo\n"),
            5,
            &["1 line too long - ignoring", "2 Unknown keyword 'foo'"],
        ),
    ]);
}

#[test]
fn a_line_of_1022_bytes_is_still_read() {
    let (_, diagnostics) = read_with("a".repeat(1022), &[]);
    assert_eq!(shown(&diagnostics), [format!("1 Unknown keyword '{}'", "a".repeat(1022))]);
}

/// Row 12: what is left of an overlong line is a line of its own, even when the line was a comment.
#[test]
fn the_tail_of_an_overlong_comment_is_read() {
    let (_, diagnostics) = read_with(format!("#{} foo\n", "d".repeat(3000)), &[]);
    let tail = "d".repeat(3001 - 2 * 1023);
    let expected =
        ["1 line too long - ignoring", "1 line too long - ignoring", &format!("1 Unknown keyword '{tail}'")];
    assert_eq!(shown(&diagnostics), expected);
}

#[test]
fn comments_and_quotes() {
    check(vec![
        probe("13", "a#b\nx!y z\n", 5, &["1 Unknown keyword 'a'", "2 Unknown keyword 'x'"]),
        probe("14 escaped; ours once", "foo\\#bar x\n", 5, &["1 Unknown keyword 'foo#bar'"]),
        probe("15", "\"a # b\" c\n", 5, &["1 Unknown keyword 'a # b'"]),
        probe("16", "a\\\\#b\n", 5, &["1 Unknown keyword 'a\\\\'"]),
        probe("17", "foo \\\n", 5, &["1 Unknown keyword 'foo\\'"]),
        probe(
            "18",
            "\"a\nnext\n",
            5,
            &["1 Unterminated quote '\"a'", "1 Unmatched quote: '\"a'", "2 Unknown keyword 'next'"],
        ),
        probe(
            "19",
            "foo \"multi\nline\" x\n",
            5,
            &[
                "1 Unterminated quote 'foo \"multi'",
                "1 Unmatched quote: 'foo \"multi'",
                "1 Unknown keyword 'foo'",
                "2 Unterminated quote 'line\" x'",
                "2 Unmatched quote: 'line\" x'",
                "2 Unknown keyword 'line'",
            ],
        ),
        probe("20", "abcd\" efg\"\n", 5, &["1 Unknown keyword 'abcd'"]),
        probe("21", "'a b' c\n", 5, &["1 Unknown keyword ''a'"]),
        probe("22", "\"\" x\n", 5, &["1 Unknown keyword ''"]),
        probe(
            "leading escape; ours",
            "\\#foo\n\\!bar\nx\n",
            5,
            &[
                "1 Line starts with an escaped comment character '#foo' - ignoring",
                "2 Line starts with an escaped comment character '!bar' - ignoring",
                "3 Unknown keyword 'x'",
            ],
        ),
    ]);
}

#[test]
fn braces_in_every_position() {
    let open_lines = VI.replace(" {", "\n{");
    check(vec![
        probe(
            "23",
            "foo{bar}baz\n",
            5,
            &[
                "1 Unknown keyword 'foo'",
                "1 Unexpected '{' - ignoring",
                "1 Unknown keyword 'bar'",
                "1 Unknown keyword '}'",
                "1 Unknown keyword 'baz'",
            ],
        ),
        probe(
            "24",
            "{\nfoo\n}\n",
            5,
            &["1 Unexpected '{' - ignoring", "2 Unknown keyword 'foo'", "3 Unknown keyword '}'"],
        ),
        probe("25", format!("{VI}}}\n"), 5, &["8 Extra '}' found", "8 Unknown keyword '}'"]),
        probe(
            "26",
            VI.strip_suffix("}\n").unwrap_or_default(),
            5,
            &["There are 1 missing '}'s or extra '{'s"],
        ),
        probe(
            "27; ours only for the block it is",
            VI.replacen(" {", "", 1),
            5,
            &["2 Missing '{' at beginning of configuration block", "7 Extra '}' found"],
        ),
        probe("28", open_lines, 0, &[]),
        probe(
            "29",
            "virtual_server 1.2.3.4 80{\nlb_algo rr\nlb_kind NAT\nprotocol TCP\nreal_server 1.1.1.1 80 {\nTCP_CHECK{\n}\n}\n}\n",
            0,
            &[],
        ),
        probe("30", "vrrp_instance VI_1 {}\n", 5, &["(VI_1) the virtual router id must be set"]),
        probe(
            "31",
            "vrrp_instance VI_1 { interface eth0 virtual_router_id 51 }\n",
            5,
            &["(VI_1) the virtual router id must be set"],
        ),
        probe(
            "36",
            vi_with("virtual_ipaddress { { 10.0.0.1 } }"),
            5,
            &[
                "7 VRRP parsed invalid IP {. skipping IP...",
                "8 Unknown keyword '}'",
                "7 (VI_1): VIP duplicates a VIP 10.0.0.1 - ignoring",
            ],
        ),
        probe(
            "103",
            format!("{}{}", VI.strip_suffix("}\n").unwrap_or_default(), VI.replace("VI_1", "VI_2")),
            5,
            &[
                "7 Unknown keyword 'vrrp_instance'",
                "7 Unexpected '{' - ignoring",
                "There are 1 missing '}'s or extra '{'s",
                "11 (VI_1): VIP duplicates a VIP 10.0.0.1 - ignoring",
            ],
        ),
        probe(
            "two blocks on one line",
            "vrrp_instance VI_1{interface eth0\nvirtual_router_id 51\nvirtual_ipaddress{10.0.0.1}}vrrp_instance VI_2{interface eth0\nvirtual_router_id 52\nvirtual_ipaddress{10.0.0.2}}\n",
            0,
            &[],
        ),
        probe("a quoted brace", VI.replace("VI_1", "\"VI }1\""), 0, &[]),
        probe("globals on one line", "global_defs { notification_email { a@b } router_id x }\n", 0, &[]),
    ]);
}

#[test]
fn blocks_of_data() {
    check(vec![
        probe(
            "32",
            "vrrp_instance V {\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress { 10.0.0.1 10.0.0.2 }\n}\n",
            5,
            &["4 Unknown configuration entry '10.0.0.2' for ip address - ignoring"],
        ),
        probe(
            "33",
            VI.replace("    10.0.0.1\n", ""),
            5,
            &["(VI_1) No VIP specified; at least one is sensible"],
        ),
        probe("34", vi_with("virtual_ipaddress { 10.0.0.3\n10.0.0.2 }"), 0, &[]),
        probe(
            "35",
            VI.replace("virtual_ipaddress {", "virtual_ipaddress foo {"),
            5,
            &["4 Block virtual_ipaddress has extra parameters foo ..."],
        ),
        probe(
            "37",
            "vrrp_instance VI_1 {\ninterface eth0\nvirtual_router_id 51\nvirtual_ipaddress\n10.0.0.1\n}\n",
            0,
            &[],
        ),
        probe(
            "66 bad address",
            vi_with("virtual_ipaddress {\n10.0.0.x\n}"),
            5,
            &["8 VRRP parsed invalid IP 10.0.0.x. skipping IP..."],
        ),
        probe(
            "97",
            vi_with("virtual_ipaddress {\n10.0.0.2/33\n}"),
            5,
            &[
                "8 number '33' outside range [0, 32]",
                "8 Invalid address prefix len 33 for address 10.0.0.2/33 - using 32",
            ],
        ),
    ]);
}

#[test]
fn unknown_misplaced_and_duplicate_words() {
    let second = VI.replace("VI_1", "VI_2");
    check(vec![
        probe("39", vi_with("wdog-vrrp 1"), 5, &["7 Unknown keyword 'wdog-vrrp'"]),
        probe(
            "40",
            vi_with("unknown_sub {\npriority 50\n}"),
            5,
            &["7 Unknown keyword 'unknown_sub'", "7 Unexpected '{' - ignoring", "10 Unknown keyword '}'"],
        ),
        probe(
            "42",
            "global_defs {\nvrrp_instance Q {\ninterface eth0\n}\n}\n",
            5,
            &[
                "2 Unknown keyword 'vrrp_instance'",
                "2 Unexpected '{' - ignoring",
                "3 Unknown keyword 'interface'",
                "5 Unknown keyword '}'",
            ],
        ),
        probe(
            "43",
            vi_with("priority 10 {\n}"),
            5,
            &["7 Unexpected '{' - ignoring", "9 Unknown keyword '}'"],
        ),
        probe("44", "vrrp_instance {\n}\n", 5, &["1 vrrp_instance must have a name"]),
        probe(
            "45",
            "vrrp_instance A B\nfoo\n",
            5,
            &[
                "1 vrrp_instance must have a name",
                "2 Missing '{' at beginning of configuration block",
                "2 Unknown keyword 'foo'",
            ],
        ),
        probe(
            "46",
            vi_with("priority"),
            2,
            &[
                "7 *** Configuration line starting `priority` is missing a parameter after keyword `priority` at word position 2",
            ],
        ),
        probe(
            "47; ours reads on",
            vi_with("priority { 10 }"),
            2,
            &[
                "7 *** Configuration line starting `priority` is missing a parameter after keyword `priority` at word position 2",
                "7 Unexpected '{' - ignoring",
                "7 Unknown keyword '10'",
                "8 Unknown keyword '}'",
            ],
        ),
        probe("48", vi_with("priority 100 200\nnopreempt foo"), 0, &[]),
        probe("49", format!("{VI}{VI}"), 5, &["8 vrrp instance VI_1 already defined"]),
        probe(
            "50",
            format!("{VI}{second}"),
            5,
            &["VI_1 and VI_2 both use VRID 51 with IPv4 on interface eth0"],
        ),
        probe(
            "105",
            "virtual_server_group {\n}\n",
            2,
            &[
                "1 *** Configuration line starting `virtual_server_group` is missing a parameter after keyword `virtual_server_group` at word position 2",
            ],
        ),
        probe(
            "107",
            "global_defs {\nprocess_name\n}\n",
            2,
            &[
                "2 *** Configuration line starting `process_name` is missing a parameter after keyword `process_name` at word position 2",
            ],
        ),
        probe("108", "\"global_defs\" {\nrouter_id\n}\n", 5, &["2 routerid name missing - ignoring"]),
        probe(
            "113; ours: a quoted brace is a word",
            format!("{VI}{}vrrp_instance X {{}}\n", vi_with("notify \"{\"")),
            5,
            &["8 vrrp instance VI_1 already defined", "(X) the virtual router id must be set"],
        ),
    ]);
}

#[test]
fn conditions_choose_by_config_id() {
    check(vec![
        probe(
            "70",
            "@main a\n@other b\n@^main c\n@^other d\n",
            5,
            &["1 Unknown keyword 'a'", "4 Unknown keyword 'd'"],
        ),
        probe("71", "@main\n@^other\n@main{foo\n", 0, &[]),
        probe("72", format!("@other vrrp_instance A {{\n@main {VI}"), 0, &[]),
        probe("73", "$C=@main\n$C foo\n", 5, &["2 Unknown keyword '@main'"]),
        probe(
            "74",
            "$M= \\\n@main x \\\n@other y \\\nz\n$M\n",
            5,
            &["5 Unknown keyword '@main'", "5 Unknown keyword 'z'"],
        ),
        probe(
            "after a brace",
            "{ @main foo\n}\n",
            5,
            &["1 Unexpected '{' - ignoring", "1 Unknown keyword 'foo'", "2 Unknown keyword '}'"],
        ),
        probe("two conditions", "@main @^other x\n", 5, &["1 Unknown keyword '@^other'"]),
    ]);
}

#[test]
fn definitions_are_filled_in() {
    check(vec![
        probe("75", "$A = x\n", 5, &["1 Unknown keyword '$A'"]),
        probe(
            "76",
            "$A=foo\n$A.z\n\"$A\" x\n${A}bar\n",
            5,
            &["2 Unknown keyword '$A.z'", "3 Unknown keyword '$A'", "4 Unknown keyword 'foobar'"],
        ),
        probe("77 first", vi_with("$VIP=10.0.0.9\nvirtual_ipaddress { $VIP }"), 0, &[]),
        probe(
            "77 second",
            vi_with("$VIP=10.0.0.9\nvirtual_ipaddress {$VIP}"),
            5,
            &["8 VRRP parsed invalid IP $VIP. skipping IP..."],
        ),
        probe("77 third", vi_with("$VIP=10.0.0.9\nvirtual_ipaddress {${VIP}}"), 0, &[]),
        probe(
            "78",
            "${U} q\n",
            5,
            &[
                "1 Unknown keyword '$'",
                "1 Unexpected '{' - ignoring",
                "1 Unknown keyword 'U'",
                "1 Unknown keyword '}'",
                "1 Unknown keyword 'q'",
            ],
        ),
        probe(
            "79",
            "$A=x1 \\\n\n x2 \\\n x3\n$A\n",
            5,
            &["3 Unknown keyword 'x2\\'", "4 Unknown keyword 'x3'", "5 Unknown keyword 'x1'"],
        ),
        probe(
            "80",
            "$IN=\\\nin1 \\\nin2\n$OUT=\\\no1 \\\n$IN \\\no2\n$OUT\n",
            5,
            &[
                "8 Unknown keyword 'o1'",
                "8 Unknown keyword 'in1'",
                "8 Unknown keyword 'in2'",
                "8 Unknown keyword 'o2'",
            ],
        ),
        probe(
            "81",
            "fo${_HASH}o x\n\"fo${_HASH}o\" x\n",
            5,
            &["1 Unknown keyword 'fo'", "2 Unknown keyword 'fo#o'"],
        ),
        probe(
            "82",
            "r${_RANDOM 7 3}\n",
            5,
            &["1 ${_RANDOM}: min 7 exceeds max 3, using 7", "1 Unknown keyword 'r7'"],
        ),
        probe(
            "unexpanded values",
            "$A=${B}x\n$B=1\n$A q\n$B=2\n$A q\n",
            5,
            &["3 Unknown keyword '1x'", "5 Unknown keyword '2x'"],
        ),
        probe(
            "built-in",
            "${_INSTANCE} ${_PWD}\n${_ENV HOME}\nr${_RANDOM 1 6}\n",
            5,
            &["1 Unknown keyword 'main'", "2 Unknown keyword '/root'", "3 Unknown keyword 'r5'"],
        ),
        probe("110", format!("$K=interface\n{}", VI.replace("interface", "$K")), 0, &[]),
        probe("111 first", vi_with("$V= \\\n10.0.0.2 \\\n10.0.0.3\nvirtual_ipaddress {\n$V\n}"), 0, &[]),
        probe(
            "111 second",
            vi_with("$V= \\\n10.0.0.2 \\\n10.0.0.3\nvirtual_ipaddress { $V }"),
            5,
            &["10 VRRP parsed invalid IP $V. skipping IP..."],
        ),
        probe("112", "$A=a \\ # c\n b\n$A\n", 5, &["3 Unknown keyword 'a'", "3 Unknown keyword 'b'"]),
        probe(
            "a brace inside a definition",
            "$O={\nvrrp_instance X $O\n}\n",
            5,
            &["(X) the virtual router id must be set"],
        ),
        probe("blank before the brace; ours", "$A=foo\n${A }bar\n", 5, &["2 Unknown keyword 'foobar'"]),
    ]);
}

#[test]
fn circles_are_mistakes_and_not_endless() {
    check(vec![
        probe(
            "itself",
            "$A=$A\n$A q\n",
            5,
            &["2 Definition $A refers to itself - ignoring", "2 Unknown keyword '$A'"],
        ),
        probe(
            "each other",
            "$A=${B}\n$B=${A}\n$A q\n",
            5,
            &[
                "3 Definition $A refers to itself - ignoring",
                "3 Unknown keyword '$'",
                "3 Unexpected '{' - ignoring",
                "3 Unknown keyword 'A'",
                "3 Unknown keyword '}'",
                "3 Unknown keyword 'q'",
            ],
        ),
        probe(
            "last line of several",
            "$A=x \\\ny $A\n$A\n",
            5,
            &[
                "3 Unknown keyword 'x'",
                "3 Definition $A refers to itself - ignoring",
                "3 Unknown keyword 'y'",
            ],
        ),
        probe(
            "growing",
            "$A=x$A\n$A\n",
            5,
            &["2 Definition $A refers to itself - ignoring", "2 Unknown keyword 'x$A'"],
        ),
        probe(
            "to the end of 64 bits",
            "~SEQ(i,9223372036854775806,9223372036854775807) f\n",
            5,
            &["1 Unknown keyword 'f'", "1 Unknown keyword 'f'"],
        ),
    ]);
}

#[test]
fn sequences_and_lists() {
    check(vec![
        probe(
            "83",
            "~SEQ(i,3) f${i}\n~SEQ(i,-2) f${i}\n~SEQ(i,0) f${i}\n",
            5,
            &[
                "1 Unknown keyword 'f1'",
                "1 Unknown keyword 'f2'",
                "1 Unknown keyword 'f3'",
                "2 Unknown keyword 'f-1'",
                "2 Unknown keyword 'f-2'",
                "3 Unknown keyword 'f1'",
                "3 Unknown keyword 'f0'",
            ],
        ),
        probe(
            "84",
            "~SEQ(i,010,012) f${i}\n",
            5,
            &["1 Unknown keyword 'f8'", "1 Unknown keyword 'f9'", "1 Unknown keyword 'f10'"],
        ),
        probe(
            "85",
            "~SEQx(i,255,-1,253) f${i}\n",
            5,
            &["1 Unknown keyword 'fff'", "1 Unknown keyword 'ffe'", "1 Unknown keyword 'ffd'"],
        ),
        probe(
            "86",
            "~SEQ(i,1,0,6) f\n",
            5,
            &["1 Invalid ~SEQ values '~SEQ(i,1,0,6) f'", "1 Invalid ~SEQ specification '~SEQ(i,1,0,6) f'"],
        ),
        probe(
            "87",
            "~SEQ(i,1,2) ~SEQ(j,1,$i) f${i}-${j}\n",
            5,
            &["1 Unknown keyword 'f1-1'", "1 Unknown keyword 'f2-1'", "1 Unknown keyword 'f2-2'"],
        ),
        probe(
            "88",
            "x ~SEQ(i,1,2) f${i}\n",
            5,
            &[
                "1 Unknown keyword 'x'",
                "1 Unexpected '{' - ignoring",
                "1 Unknown keyword 'i'",
                "1 Unknown keyword '}'",
            ],
        ),
        probe(
            "89",
            vi_with("virtual_ipaddress {\n~SEQ(i,254,257) 10.0.0.${i}\n}"),
            5,
            &[
                "8 VRRP parsed invalid IP 10.0.0.256. skipping IP...",
                "8 VRRP parsed invalid IP 10.0.0.257. skipping IP...",
            ],
        ),
        probe(
            "90",
            "~LST({i,j},{1,a},{2,b}) f${i}${j}\n",
            5,
            &["1 Unknown keyword 'f1a'", "1 Unknown keyword 'f2b'"],
        ),
        probe(
            "91",
            "~LST({i,j},{1,2,3}) f\n",
            5,
            &[
                "1 ~LST specification has too many values '~LST({i,j},{1,2,3}) f'",
                "1 Invalid ~LST specification '~LST({i,j},{1,2,3}) f'",
            ],
        ),
        probe(
            "empty values",
            "~LST(i,1,,3) f${i}x\n~LST(i) f\n",
            5,
            &[
                "1 Unknown keyword 'f1x'",
                "1 Unknown keyword 'fx'",
                "1 Unknown keyword 'f3x'",
                "2 Invalid ~LST specification '~LST(i) f'",
            ],
        ),
        probe(
            "no parenthesis",
            "~SEQ i\n~SEQ(i,1\n",
            5,
            &[
                "1 Invalid ~SEQ specification '~SEQ i'",
                "2 ~SEQ missing terminating ')' '~SEQ(i,1'",
                "2 Invalid ~SEQ specification '~SEQ(i,1'",
            ],
        ),
        probe(
            "a definition of several lines as body",
            "$A=a${i} \\\nb${i}\n~SEQ(i,1,2) $A\n",
            5,
            &[
                "3 Unknown keyword 'a1'",
                "3 Unknown keyword 'b1'",
                "3 Unknown keyword 'a2'",
                "3 Unknown keyword 'b2'",
            ],
        ),
    ]);
}

#[test]
fn includes() {
    let files = [
        ("f", "inc1a\ninc1b\n"),
        ("self", "a\ninclude self\nb\n"),
        ("vips.conf", "10.0.0.2\n10.0.0.x\n"),
        ("middle", "virtual_router_id 51\n}\nvrrp_instance VI_2 {\ninterface eth1\nvirtual_router_id 52\n"),
    ];
    check_with(
        vec![
            probe(
                "58",
                "foo\ninclude f\nbar\n",
                5,
                &[
                    "1 Unknown keyword 'foo'",
                    "f:1 Unknown keyword 'inc1a'",
                    "f:2 Unknown keyword 'inc1b'",
                    "3 Unknown keyword 'bar'",
                ],
            ),
            probe("59", "include missing\n", 0, &["1 Config files missing 'missing'."]),
            probe(
                "60",
                "includer missing\nincludeb missing\n",
                0,
                &["1 Config files missing 'missing'.", "2 Config files missing 'missing'."],
            ),
            probe("61", "includem missing\n", 6, &["1 Config files missing 'missing'."]),
            probe("61 w", "includew missing\n", 6, &["1 Config files missing 'missing'."]),
            probe("61 a", "includea missing\n", 6, &["1 Config files missing 'missing'."]),
            probe("65", "include \"f\"\n", 0, &["1 Config files missing '\"f\"'."]),
            probe(
                "66",
                vi_with("virtual_ipaddress {\ninclude vips.conf\n}"),
                5,
                &["vips.conf:2 VRRP parsed invalid IP 10.0.0.x. skipping IP..."],
            ),
            probe(
                "117",
                "include missing\nglobal_defs {\ninclude_check\n}\ninclude missing\n",
                6,
                &["1 Config files missing 'missing'.", "5 Config files missing 'missing'."],
            ),
            probe(
                "117 before",
                "include missing\nglobal_defs {\ninclude_check\n}\n",
                0,
                &["1 Config files missing 'missing'."],
            ),
            probe(
                "118",
                "vrrp_instance VI_1 {\ninterface eth0\ninclude middle\nvirtual_ipaddress {\n10.0.0.1\n}\n}\n",
                5,
                &["(VI_1) No VIP specified; at least one is sensible"],
            ),
            probe(
                "a loop; ours",
                "include self\n",
                5,
                &[
                    "self:1 Unknown keyword 'a'",
                    "self:2 Configuration file 'self' includes itself - skipping",
                    "self:3 Unknown keyword 'b'",
                ],
            ),
            probe(
                "after condition and brace; ours once",
                "@main include f\n",
                5,
                &["f:1 Unknown keyword 'inc1a'", "f:2 Unknown keyword 'inc1b'"],
            ),
        ],
        &files,
    );
}

#[test]
fn values_and_their_messages() {
    const VRID: &str =
        "vrrp_instance V {\ninterface eth0\nvirtual_ipaddress {\n10.0.0.1\n}\nvirtual_router_id 1\n";
    let vrid = |value: &str| format!("{VRID}virtual_router_id {value}\n}}\n");
    check(vec![
        probe(
            "92 hex",
            vrid("0x10"),
            5,
            &["7 invalid number '0x10'", "7 (V): VRID '0x10' not valid - must be between 1 & 255"],
        ),
        probe(
            "92 256",
            vrid("256"),
            5,
            &[
                "7 number '256' outside range [1, 255]",
                "7 (V): VRID '256' not valid - must be between 1 & 255",
            ],
        ),
        probe(
            "92 -1",
            vrid("-1"),
            5,
            &["7 negative number '-1'", "7 (V): VRID '-1' not valid - must be between 1 & 255"],
        ),
        probe(
            "92 1.5",
            vrid("1.5"),
            5,
            &["7 invalid number '1.5'", "7 (V): VRID '1.5' not valid - must be between 1 & 255"],
        ),
        probe("93", vrid("010"), 0, &[]),
        probe("93 plus", vrid("+7"), 0, &[]),
        probe("93 blank", vrid("\" 10\""), 0, &[]),
        probe(
            "94",
            vi_with("advert_int 1.1234567"),
            5,
            &[
                "7 number '1.1234567' has too many decimal places",
                "(VI_1) VRRPv2 advertisement interval 1.123457s must be an integer. rounding",
            ],
        ),
        probe(
            "95",
            vi_with("advert_int 256"),
            5,
            &[
                "7 number '256' outside range [0.010000, 255.000000]",
                "7 (VI_1) Advert interval (256) not valid! Must be > 0 - ignoring",
            ],
        ),
        probe("96", vi_with("smtp_alert Yes"), 5, &["7 Invalid vrrp_instance smtp_alert parameter Yes"]),
        probe("96 fine", vi_with("smtp_alert\nsmtp_alert off x"), 0, &[]),
        probe(
            "109",
            "global_defs {\nvrrp_version 4\nsmtp_server 1.2.3.4 0\n}\n",
            5,
            &[
                "2 number '4' outside range [2, 3]",
                "2 VRRP Error: Version must be either 2 or 3",
                "3 number '0' outside range [1, 65535]",
                "3 Invalid smtp server 1.2.3.4 0",
            ],
        ),
        probe(
            "57",
            vi_with("track_script {\ns1\n}"),
            5,
            &["8 (VI_1) track script s1 not found, ignoring..."],
        ),
        probe(
            "104",
            vi_with("notify_master \"S a"),
            5,
            &[
                "7 Unterminated quote 'notify_master \"S a'",
                "7 Unmatched quote: 'notify_master \"S a'",
                "7 String 'notify_master \"S a': missing terminating \"",
            ],
        ),
        probe(
            "single quotes do not protect",
            vi_with("notify_master '/bin/x #y'"),
            5,
            &["7 String 'notify_master '/bin/x': missing terminating '"],
        ),
    ]);
}

#[test]
fn servers_and_groups() {
    check(vec![
        probe(
            "98",
            "virtual_server 300.1.1.1 80 {\nfoo\n}\n",
            5,
            &["1 Invalid virtual server IP address/port 300.1.1.1/80 - skipping"],
        ),
        probe(
            "99",
            "virtual_server 1.2.3.4 80 {\n}\n",
            5,
            &["2 Virtual server [1.2.3.4]:none:80 has no real servers - ignoring"],
        ),
        probe(
            "100",
            format!("{VS}real_server 1.1.1.1 80 {{\nBOGUS_CHECK {{\nweight 7\n}}\n}}\n}}\n"),
            5,
            &["6 Unknown keyword 'BOGUS_CHECK'", "6 Unexpected '{' - ignoring", "10 Unknown keyword '}'"],
        ),
        probe(
            "101; ours keeps the first list",
            format!("{VI}vrrp_sync_group G {{\ngroup {{ VI_1 }}\ngroup {{ VI_1 }}\n}}\n"),
            5,
            &[
                "10 Group list already specified for sync group G",
                "Sync group G has only 1 virtual router(s) - this probably isn't what you want",
            ],
        ),
        probe(
            "106",
            format!("{VS}sorry_server 1.1.1.9 {{\n}}\nreal_server 1.1.1.1 80 {{\n}}\n}}\n"),
            5,
            &[
                "5 Unexpected '{' - ignoring",
                "6 Virtual server [1.2.3.4]:tcp:80 has no real servers - ignoring",
                "7 Unknown keyword 'real_server'",
                "7 Unexpected '{' - ignoring",
                "8 Unknown keyword '}'",
                "9 Unknown keyword '}'",
            ],
        ),
        probe(
            "115",
            format!("{}real_server 1.1.1.1 80 {{\n}}\n}}\n", VS.replace("1.2.3.4 80", "1.2.3.4-10 80 90")),
            0,
            &[],
        ),
        probe(
            "116",
            "virtual_server ::1 80 {\nlb_algo rr\nlb_kind NAT\nprotocol TCP\nreal_server 1.1.1.1 80 {\n}\n}\n",
            5,
            &[
                "6 Address family of virtual server and real server 1.1.1.1 don't match - skipping real server.",
                "Virtual server [::1]:tcp:80 has no real servers - ignoring",
            ],
        ),
        probe(
            "a missing name after group",
            "virtual_server group {\n}\n",
            2,
            &[
                "1 *** Configuration line starting `virtual_server` is missing a parameter after keyword `group` at word position 3",
            ],
        ),
    ]);
}
