//! What `-R` reads: one command line per line, without quotes and without comments.

/// The words of one line, without the program's name in front, however often it stands there; none on an empty line.
///
/// For C a line ends at a NUL. One that begins with it is not empty but cut, and so is no command: an empty word.
pub fn words(line: &str) -> Vec<&str> {
    let (line, is_cut) = line.split_once('\0').map_or((line, false), |(before, _)| (before, true));
    let mut words = line.split([' ', '\t', '\r', '\n']).filter(|word| !word.is_empty()).peekable();
    if is_cut && words.peek().is_none() {
        return vec![""];
    }
    words.skip_while(|word| *word == "ipvsadm").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_separate_and_empty_lines_say_nothing() {
        assert_eq!(words("-A\t-t  10.0.0.1:80 \r\n"), ["-A", "-t", "10.0.0.1:80"]);
        assert_eq!(words("-Z\0 -t"), ["-Z"]);
        assert_eq!(words(" \0-Z"), [""]);
        assert_eq!(words("# no comment"), ["#", "no", "comment"]);
        assert!(words("").is_empty() && words(" \n").is_empty());
    }

    #[test]
    fn the_programs_own_name_may_stand_in_front() {
        assert_eq!(words("ipvsadm -C"), ["-C"]);
        assert_eq!(words("ipvsadm ipvsadm -C ipvsadm"), ["-C", "ipvsadm"]);
        assert_eq!(words("/sbin/ipvsadm -C"), ["/sbin/ipvsadm", "-C"]);
    }
}
