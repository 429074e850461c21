//! Where messages point: columns, includes, definitions; what was wanted, and what happens now.

use parser::diag::{Class, Diagnostic, Outcome};
use parser::trace::{Place, Trace};
use parser::{Options, parse_traced};

use crate::memory::Memory;

fn trace(files: &[(&str, &str)]) -> (Vec<Diagnostic>, Trace) {
    let mut memory = Memory::default();
    memory.0.extend(files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())));
    let (_, diagnostics, trace) = parse_traced("F", &mut memory, Options::default());
    (diagnostics, trace)
}

/// The first message and its place.
fn first(files: &[(&str, &str)]) -> (Diagnostic, Place) {
    let (diagnostics, trace) = trace(files);
    let diagnostic =
        diagnostics.iter().find(|diagnostic| diagnostic.class > Class::Log).expect("there is a message");
    let place = trace.place(diagnostic).expect("it is about a line");
    (diagnostic.clone(), place)
}

fn marked(text: &str) -> String {
    let (_, place) = first(&[("F", text)]);
    place.source[place.marked].to_owned()
}

#[test]
fn the_word_at_fault_is_marked() {
    assert_eq!(marked("  nosuch 1 2\n"), "nosuch");
    assert_eq!(marked("vrrp_instance A {\n  virtual_router_id 256 # 256\n}\n"), "256");
    assert_eq!(marked("vrrp_instance A { virtual_ipaddress { 10.0.0.1 scope nonsense } }\n"), "nonsense");
    assert_eq!(marked("vrrp_instance A {\nstate \"MASTE R\"\n}\n"), "MASTE R");
}

#[test]
fn columns_count_characters() {
    let (_, place) = first(&[("F", "vrrp_instance \"äöü\" { nosuch }\n")]);
    assert_eq!((place.column(), place.end_column()), (23, 29));
}

#[test]
fn of_two_alike_statements_on_a_line_the_right_one_is_marked() {
    let (diagnostics, trace) = trace(&[("F", "foo { foo }\n")]);
    let unknown = diagnostics.iter().filter(|diagnostic| diagnostic.text == "Unknown keyword 'foo'");
    let columns: Vec<usize> =
        unknown.map(|diagnostic| trace.place(diagnostic).expect("a line").column()).collect();
    assert_eq!(columns, [1, 7]);
}

#[test]
fn a_missing_word_is_marked_behind_the_last() {
    let (diagnostic, place) = first(&[("F", "vrrp_instance A {\n  priority\n}\n")]);
    assert_eq!((place.column(), place.end_column()), (11, 11));
    assert_eq!(diagnostic.wanted.as_deref(), Some("INTEGER (1–255)"));
    assert_eq!(diagnostic.outcome, Some(Outcome::Refused));
}

#[test]
fn the_way_through_includes_is_kept() {
    let files = [("F", "\ninclude G\n"), ("G", "\n\ninclude H\n"), ("H", "nosuch\n")];
    let (_, place) = first(&files);
    let trail: Vec<String> = place.includes.iter().map(|by| format!("{}:{}", by.file, by.line)).collect();
    assert_eq!(trail, ["G:3", "F:2"]);
    assert_eq!(place.source, "nosuch");
}

#[test]
fn what_a_definition_made_of_the_line_is_kept() {
    let text = "$B=x.1\n$A=10.0.0.$B\nvrrp_instance I {\nvirtual_ipaddress {\n  ${A} dev eth0\n}\n}\n";
    let (diagnostic, place) = first(&[("F", text)]);
    assert_eq!(diagnostic.text, "VRRP parsed invalid IP 10.0.0.x.1. skipping IP...");
    assert_eq!(&place.source[place.marked.clone()], "${A}");
    assert_eq!(place.read.as_deref(), Some("10.0.0.x.1 dev eth0"));
    let trail: Vec<_> =
        place.expansions.iter().map(|by| (by.what.as_str(), by.defined.as_ref().map(|at| at.line))).collect();
    assert_eq!(trail, [("$B", Some(1)), ("$A", Some(2))]);
}

#[test]
fn a_word_that_is_written_where_it_is_read_is_marked_itself() {
    assert_eq!(marked("$A=5\nnosuch ${A}\n"), "nosuch");
}

#[test]
fn the_turn_of_a_sequence_is_kept() {
    let text = "vrrp_instance I {\nvirtual_ipaddress {\n~SEQ(i,255,256) 10.0.0.${i}\n}\n}\n";
    let (_, place) = first(&[("F", text)]);
    assert_eq!(place.read.as_deref(), Some("10.0.0.256"));
    assert_eq!(place.expansions[0].what, "i = 256");
    assert_eq!(place.expansions.len(), 1);
}

#[test]
fn lines_of_a_definition_lead_back_to_it() {
    let text = "$M= \\\nfoo \\\nbar\n$M\n";
    let (diagnostics, trace) = trace(&[("F", text)]);
    for (diagnostic, read) in diagnostics.iter().zip(["foo", "bar"]) {
        let place = trace.place(diagnostic).expect("a line");
        assert_eq!((place.source.as_str(), place.read.as_deref()), ("$M", Some(read)));
        assert_eq!(place.expansions[0].defined.as_ref().map(|at| at.line), Some(1));
    }
    assert_eq!(diagnostics.len(), 2);
}

#[test]
fn an_unknown_keyword_has_a_neighbour_or_a_home() {
    let help = |text: &str| first(&[("F", text)]).0.help;
    assert_eq!(
        help("vrrp_instance A {\nvirtual_routr_id 5\n}\n").as_deref(),
        Some("did you mean `virtual_router_id`?")
    );
    assert_eq!(help("vrrp-instance A\n").as_deref(), Some("did you mean `vrrp_instance`?"));
    assert_eq!(
        help("priority 5\n").as_deref(),
        Some("`priority` belongs in `vrrp_instance`; is a brace missing or too many?")
    );
    let missing_above = "`vrrp_instance` belongs outside of all blocks; is a `}` missing above?";
    assert_eq!(help("global_defs {\nvrrp_instance A\n}\n").as_deref(), Some(missing_above));
    assert_eq!(help("wibble\n"), None);
}

#[test]
fn what_happens_now_is_said() {
    let outcomes = [
        ("nosuch\n", Outcome::Ignored),
        ("foo {\n}\n", Outcome::Ignored),
        ("vrrp_instance A {\nadvert_int 256\n}\n", Outcome::Default),
        ("vrrp_instance A {\npriority 256\n}\n", Outcome::Ignored),
        ("vrrp_instance A {\nadvert_int 1.1234567\n}\n", Outcome::Taken),
        ("virtual_server 300.1.1.1 80 {\n}\n", Outcome::BlockIgnored),
        ("vrrp_instance A {\nvirtual_ipaddress {\n10.0.0.2/33\n}\n}\n", Outcome::Taken),
        ("vrrp_instance A {\nvirtual_ipaddress {\n10.0.0.x\n}\n}\n", Outcome::Ignored),
        ("router \"a\n", Outcome::RestIgnored),
    ];
    for (text, outcome) in outcomes {
        let (diagnostics, _) = trace(&[("F", text)]);
        let told: Vec<_> = diagnostics.iter().map(|diagnostic| diagnostic.outcome).collect();
        assert!(told.contains(&Some(outcome)), "{text}: {diagnostics:?}");
    }
}

#[test]
fn passwords_are_masked_in_the_source_shown() {
    let (diagnostics, trace) = trace(&[(
        "F",
        "$MY_PASS=secret4secret\nvrrp_instance A {\nauthentication { auth_type PASS\n auth_pass $MY_PASS\n}\nauthentication {\nauth_pass geheim1234\n}\n}\n",
    )]);
    let mut shown = String::new();
    for diagnostic in &diagnostics {
        if let Some(place) = trace.place(diagnostic) {
            shown += &place.source;
            shown += place.read.as_deref().unwrap_or_default();
            shown.extend(place.expansions.iter().filter_map(|by| trace.source(by.defined.as_ref()?)));
        }
    }
    assert!(shown.contains("auth_pass ****"), "{shown}");
    assert!(!shown.contains("secret4") && !shown.contains("geheim"), "{shown}");
}

/// Whatever is read, every place lies within its line.
#[test]
fn every_place_lies_within_its_line() {
    let texts = [
        "foo\\#bar x\n",
        "\tä { ö }\n",
        "$A=ü\n${A}${A} x\n",
        "~SEQ(i,3) ~SEQ(j,$i) é${i}${j}\n",
        "a\r\n",
        "\"x y\n",
        "  \n}\n",
    ];
    for text in texts {
        let (diagnostics, trace) = trace(&[("F", text)]);
        for place in diagnostics.iter().filter_map(|diagnostic| trace.place(diagnostic)) {
            assert!(place.source.get(place.marked.clone()).is_some(), "{text}: {place:?}");
            assert!(place.column() <= place.end_column());
        }
    }
}

/// Everything a report may show of the files.
fn everything_shown(files: &[(&str, &str)], show_secrets: bool) -> String {
    let mut memory = Memory::default();
    memory.0.extend(files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())));
    let options = Options { show_secrets, ..Options::default() };
    let (_, diagnostics, trace) = parse_traced("F", &mut memory, options);
    assert!(!diagnostics.is_empty(), "there is something to be shown");
    let places: Vec<Place> = diagnostics.iter().filter_map(|diagnostic| trace.place(diagnostic)).collect();
    format!("{diagnostics:?} {places:?}")
}

#[test]
fn no_message_and_no_excerpt_shows_a_password_or_key_unless_asked_for() {
    let instance = |inside: &str| format!("vrrp_instance A {{\nauthentication {{\n{inside}\n}}\n}}\n");
    let texts = [
        // Too long, so that there is a message about its line.
        instance("auth_pass hunter2-hunter2"),
        instance("auth_pass \"hunter2-hunter2"),
        instance("auth_pass hunter2-hunter2 \"open"),
        format!("$OUR_SECRET=hunter2-hunter2\n{}", instance("auth_pass $OUR_SECRET")),
        format!("$X=hunter2-hunter2\n{}", instance("auth_pass $X")),
        format!("$X=auth_pass hunter2-hunter2\n{}", instance("$X")),
        instance("~LST({x},{hunter2-hunter2}) auth_pass ${x}"),
        "SSL {\npassword hunter2-hunter2\npassword hunter2-hunter3\n}\n".to_owned(),
        "vrrp_instance A {\nauth_hmac {\nkey 1 hunter2-hunter2 \"open\n}\n}\n".to_owned(),
    ];
    for text in &texts {
        let masked = everything_shown(&[("F", text)], false);
        assert!(!masked.contains("hunter2"), "{text}\n{masked}");
        let shown = everything_shown(&[("F", text)], true);
        assert!(shown.contains("hunter2"), "{text}\n{shown}");
    }
}

/// The line of a password or key as people get it wrong: misspelt, cut by a brace or a line end, in the wrong place.
#[test]
fn no_mistake_with_a_password_or_key_shows_it() {
    const SAID: &str = "hunter2-hunter2";
    let lines = [
        format!("auth_pass {SAID}"),
        format!("auth_pass {SAID} {SAID}"),
        format!("auth_pass {{{SAID}"),
        format!("auth_pass a{{{SAID}}}{SAID}"),
        format!("auth_pass\n{SAID}"),
        format!("auth_pass {{\n{SAID}\n}}"),
        format!("auth_pas {SAID}"),
        format!("authpass {SAID}"),
        format!("Password {SAID}"),
        format!("auth_pass\t'{SAID} {SAID}'"),
        format!("notify_master \"x auth_pass {SAID}"),
        format!("notify_master 'x auth_pass {SAID}"),
        format!("priority 1000 auth_pass {SAID}"),
        format!("priority auth_pass {SAID}"),
        format!("key {SAID}"),
        format!("key x {SAID}"),
        format!("key 1 hex:{SAID}"),
        format!("key 1000 {SAID}"),
        format!("keys 1 {SAID}"),
        format!("password {SAID} {SAID}\npassword {SAID}"),
        format!("~SEQ(i,1,{SAID}) auth_pass $i"),
        format!("~SEQ(i,0,0,0) auth_pass {SAID}"),
        format!("~SEQ(i,1,2 auth_pass {SAID}"),
        format!("~SEQ auth_pass {SAID}"),
        format!("~LST(i,{SAID} auth_pass $i"),
        format!("~LST({{i}},{{{SAID},{SAID}}}) auth_pass $i"),
        format!("~LST(PASS,{SAID} {SAID}) $NOTHING"),
        format!("~LST({{i}},{{x}}) auth_pass {SAID} \"$i"),
        format!("$P=auth_pass {SAID} \"\n$P"),
        format!("$PASSWORD={SAID} \"\nauth_pass $PASSWORD"),
        format!("$P= \\\nauth_pass {SAID} \\\nauth_pass {{{SAID}\n$P"),
        format!("\\#auth_pass {SAID}"),
        format!("auth_pass {SAID}\\"),
        format!("auth_pass ${{_RANDOM 2 1}} {SAID}"),
    ];
    let around: [fn(&str) -> String; 6] = [
        |line| format!("{line}\nfoo\n"),
        |line| format!("global_defs {{\n{line}\n}}\nfoo\n"),
        |line| format!("SSL {{\n{line}\n}}\nfoo\n"),
        |line| format!("vrrp_instance A {{\n{line}\n}}\n"),
        |line| format!("vrrp_instance A {{\nauthentication {{\nauth_type PASS\n{line}\n}}\n}}\n"),
        |line| format!("vrrp_instance A {{\nauth_hmac {{\n{line}\n}}\n}}\n"),
    ];
    let in_data =
        |line: &String| format!("vrrp_instance A {{\nvirtual_ipaddress {{\n10.0.0.1 {line}\n}}\n}}\n");
    let data = lines.iter().filter(|line| line.starts_with("auth_pass")).map(in_data);
    for text in lines.iter().flat_map(|line| around.iter().map(move |around| around(line))).chain(data) {
        let shown = everything_shown(&[("F", &text)], false);
        assert!(!shown.contains("hunter2"), "{text}\n{shown}");
    }
}

#[test]
fn a_hundred_thousand_messages_find_their_lines_in_no_time() {
    let text: String = (1..=100_000).map(|number| format!("{{ ! {number}\n")).collect();
    let (diagnostics, trace) = trace(&[("F", &text)]);
    // To look for each line from the beginning of the file would take minutes.
    for (index, diagnostic) in diagnostics.iter().take(100_000).enumerate() {
        let place = trace.place(diagnostic).expect("it is about a line");
        assert_eq!(place.source, format!("{{ ! {}", index + 1));
    }
}

#[test]
fn of_a_line_that_is_too_long_only_the_beginning_is_quoted() {
    let (diagnostics, trace) = trace(&[("F", &format!("foo {}\nbar\n", "ä".repeat(20_000)))]);
    let places: Vec<Place> =
        diagnostics.iter().map(|diagnostic| trace.place(diagnostic).expect("it is about a line")).collect();
    assert_eq!(places.last().map(|place| place.source.as_str()), Some("bar"));
    let quoted = &places[0].source;
    assert!(quoted.starts_with("foo ää") && quoted.ends_with("ä…"), "{quoted}");
    assert!(places.len() > 39 && places.iter().all(|place| place.source.len() < 5000), "{}", places.len());
}
