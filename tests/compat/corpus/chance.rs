//! Lines of the language put together by chance. The same seed does the same.

/// Lines of the language, ten to thirty of them, in any order: those that mean the same to both by themselves. After a wrong
/// sequence Debian's release runs the one before it again.
pub(super) fn directives(seed: u64) -> String {
    const LINES: &[&str] = &[
        "$A=foo",
        "$B=${A}bar",
        "$C= x  y",
        "$D=",
        "$E={",
        "$F=a b } c",
        "$M= \\\none $A \\\ntwo ${B}",
        "$N=first \\\nsecond \\\n$M",
        "$A",
        "$B z",
        "${A}${B}",
        "x$A",
        "$A.z",
        "\"$A\" x",
        "\"${A} b\" x",
        "foo $M",
        "$N",
        "$U q",
        "\\$A x",
        "@main foo",
        "@other bar",
        "@^main baz",
        "@^other qux",
        "@other $A=changed",
        "@^other $A=kept",
        "@ q",
        "~SEQ(i,3) f${i}",
        "~SEQ(i,-2) g${i}",
        "~SEQ(i,6,-2,1) h${i}",
        "~SEQ(i,010,012) k${i}",
        "~SEQ(i,0x10,0x12) l${i}",
        "~SEQ(i, 1 , 2 ) m${i}",
        "~SEQx(i,9,11) n${i}",
        "~SEQ(i,1,2) ~SEQ(j,1,$i) p${i}-${j}",
        "~SEQ(i,1,2) $M",
        "~LST(i,a,b) q${i}",
        "~LST({i,j},{1,a},{2,b}) r${i}${j}",
        "~LST({i,j},{1},{2,b}) s${i}${j}",
        "~LST(i,1,,3) u${i}",
        "include missing",
        "include miss*",
        "include a {",
        "includex y",
        "v # comment",
        "a\\\\#b",
        "'a b' c",
        "\"a # b\" c",
        "abcd\" efg\"",
        "\"open quote",
        "fo${_HASH}o x",
        "\"fo${_HASH}o\" x",
        "${_INSTANCE} x",
        "r${_RANDOM 7 7}",
        "r${_RANDOM x}",
        "r${_RANDOM 1 2 3}",
        "${_ENV LANGUAGE_OF_NOBODY} e",
        "word \\",
        "",
        "   ",
    ];
    let mut dice = fastrand::Rng::with_seed(seed);
    let count = dice.usize(10..=30);
    let mut text = String::new();
    for _ in 0..count {
        text += LINES[dice.usize(..LINES.len())];
        text.push('\n');
    }
    text
}
