//! Includes from a real file system: patterns, permissions, directories, and which problems are errors.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use parser::diag::{Class, Diagnostic, test_exit_code};
use parser::io::files::Files;
use parser::{Options, parse};
use tempfile::TempDir;

/// A folder with these files; a name that ends in `/` is a folder.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().expect("a temporary folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        match name.ends_with('/') {
            true => fs::create_dir_all(path).expect("a folder"),
            false => {
                fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).expect("a folder");
                fs::write(path, text).expect("a file");
            }
        }
    }
    folder
}

/// What a configuration test says about `main` in the folder, and how it ends.
fn test(folder: &TempDir, main: &str) -> (Vec<String>, u8) {
    test_with(folder, main, Options::default())
}

fn test_with(folder: &TempDir, main: &str, options: Options) -> (Vec<String>, u8) {
    let mut files = Files::at(folder.path().to_string_lossy());
    let (_, diagnostics) = parse(main, &mut files, options);
    let shown = diagnostics.iter().filter(|diagnostic| diagnostic.class > Class::Log);
    (shown.map(Diagnostic::to_string).collect(), test_exit_code(&diagnostics))
}

#[test]
fn a_relative_pattern_starts_at_the_including_file_and_keeps_its_own_name() {
    let folder = folder(&[
        ("main", "include sub/a.conf\nlast\n"),
        ("sub/a.conf", "include b.conf\n${_PWD}\n"),
        ("sub/b.conf", "inner\n"),
    ]);
    let (said, code) = test(&folder, "main");
    let sub = folder.path().join("sub").display().to_string();
    assert_eq!(
        said,
        [
            "(b.conf: Line 1) Unknown keyword 'inner'",
            &format!("(sub/a.conf: Line 2) Unknown keyword '{sub}'"),
            "(main: Line 2) Unknown keyword 'last'",
        ]
    );
    assert_eq!(code, 5);
}

#[test]
fn wildcards_are_sorted_bytewise_and_leave_hidden_files_out() {
    let folder = folder(&[
        ("main", "include *.inc\n"),
        ("10b.inc", "a\n"),
        ("9a.inc", "b\n"),
        ("B.inc", "c\n"),
        ("a.inc", "d\n"),
        (".hidden.inc", "e\n"),
    ]);
    let (said, _) = test(&folder, "main");
    let words: Vec<_> = said.iter().filter_map(|line| line.split('\'').nth(1)).collect();
    assert_eq!(words, ["a", "b", "c", "d"]);
}

#[test]
fn classes_and_single_characters_match() {
    let folder = folder(&[
        ("main", "include f[1-2]?\ninclude f[^1-2]x\n"),
        ("f1a", "one\n"),
        ("f2b", "two\n"),
        ("f3x", "three\n"),
        ("f11a", "not\n"),
    ]);
    let (said, _) = test(&folder, "main");
    assert_eq!(
        said,
        [
            "(f1a: Line 1) Unknown keyword 'one'",
            "(f2b: Line 1) Unknown keyword 'two'",
            "(f3x: Line 1) Unknown keyword 'three'",
        ]
    );
}

/// Rows 59 to 64 of the probes of the original.
#[test]
fn whether_a_missing_file_is_an_error_depends_on_the_variant() {
    let rows: [(&str, u8, &[&str]); 12] = [
        ("include missing", 0, &["(main: Line 1) Config files missing 'missing'."]),
        ("includer missing", 0, &["(main: Line 1) Config files missing 'missing'."]),
        ("includem missing", 6, &["(main: Line 1) Config files missing 'missing'."]),
        ("include miss*", 0, &[]),
        ("includem miss*", 0, &[]),
        ("includew miss*", 6, &["(main: Line 1) No config files matched 'miss*'."]),
        ("include nowhere/*.conf", 0, &["(main: Line 1) Config files missing 'nowhere/*.conf'."]),
        ("includem miss{a,b}", 0, &["(main: Line 1) Config files missing 'miss{a,b}'."]),
        ("includeb {empty,zz}", 6, &["(main: Line 1) Some config files missing: \"{empty,zz}\"."]),
        ("include {empty,zz}", 0, &["(main: Line 1) Some config files missing: \"{empty,zz}\"."]),
        ("include dir", 0, &["(main: Line 1) Configuration file 'dir/' is a directory - skipping"]),
        ("includer dir", 6, &["(main: Line 1) Configuration file 'dir/' is a directory - skipping"]),
    ];
    for (statement, code, said) in rows {
        let folder = folder(&[("main", statement), ("empty", ""), ("dir/", "")]);
        assert_eq!(
            test(&folder, "main"),
            (said.iter().map(|line| (*line).to_owned()).collect(), code),
            "{statement}"
        );
    }
}

#[test]
fn with_brace_match_an_incomplete_set_of_files_is_not_read() {
    let folder = folder(&[("main", "includeb {b,zz}\n"), ("b", "word\n")]);
    let (said, code) = test(&folder, "main");
    assert_eq!((said.len(), code), (1, 6));
}

#[test]
fn an_executable_file_is_not_read() {
    let folder = folder(&[("main", "include tool\n"), ("tool", "word\n")]);
    let permissions = fs::Permissions::from_mode(0o755);
    fs::set_permissions(folder.path().join("tool"), permissions).expect("permissions");
    let (said, code) = test(&folder, "main");
    assert_eq!(
        said,
        ["(main: Line 1) Configuration file 'tool' is not a regular non-executable file - skipping"]
    );
    assert_eq!(code, 0);
}

#[test]
fn a_link_to_nothing_is_matched_and_cannot_be_read() {
    let folder = folder(&[("main", "include *.conf\n"), ("strict", "includer *.conf\n")]);
    symlink("nowhere", folder.path().join("a.conf")).expect("a link can be made");
    symlink("b.conf", folder.path().join("b.conf")).expect("a link can be made");
    let told = |main| {
        ["a.conf", "b.conf"].map(|name| {
            format!(
                "({main}: Line 1) Configuration file '{name}' is not a regular non-executable file - skipping"
            )
        })
    };
    assert_eq!(test(&folder, "main"), (told("main").to_vec(), 0));
    assert_eq!(test(&folder, "strict"), (told("strict").to_vec(), 6));
}

#[test]
fn all_config_makes_every_missing_file_an_error() {
    let folder = folder(&[("main", "include missing\n")]);
    let (_, code) = test_with(&folder, "main", Options { all_config: true, ..Options::default() });
    assert_eq!(code, 6);
}

#[test]
fn a_main_file_that_is_not_there_is_an_error_although_the_original_says_0() {
    let folder = folder(&[("dir/", "")]);
    for (main, text) in [
        ("missing", "Config files missing 'missing'."),
        ("no*", "No config files matched 'no*'."),
        ("dir", "Configuration file 'dir/' is a directory - skipping"),
    ] {
        assert_eq!(test(&folder, main), (vec![text.to_owned()], 4));
    }
}

#[test]
fn several_main_files_are_all_read_with_a_warning() {
    let folder = folder(&[("m1.conf", "a\n"), ("m2.conf", "b\n")]);
    let (said, code) = test(&folder, "m[12].conf");
    assert_eq!(
        said,
        [
            "WARNING, multiple configuration file matches of m[12].conf, starting with m1.conf",
            "(m1.conf: Line 1) Unknown keyword 'a'",
            "(m2.conf: Line 1) Unknown keyword 'b'",
        ]
    );
    assert_eq!(code, 5);
}

#[test]
fn a_file_that_includes_itself_under_another_name_is_found_out() {
    let folder = folder(&[("main", "include link\nword\n")]);
    symlink("main", folder.path().join("link")).expect("a link");
    let (said, _) = test(&folder, "main");
    assert_eq!(
        said,
        [
            "(main: Line 1) Configuration file 'link' includes itself - skipping",
            "(main: Line 2) Unknown keyword 'word'",
        ]
    );
}

#[test]
fn checks_set_in_an_included_file_end_with_it() {
    let folder = folder(&[
        ("main", "include strict\ninclude missing\n"),
        ("strict", "global_defs {\ninclude_check\n}\n"),
    ]);
    assert_eq!(test(&folder, "main").1, 0);
}

#[test]
fn a_pattern_may_match_any_number_of_files_and_they_are_read_in_order() {
    let names: Vec<String> = (0..1_000).map(|number| format!("conf.d/{number:04}")).collect();
    let mut files: Vec<(&str, String)> = names
        .iter()
        .map(|name| (name.as_str(), name.rsplit('/').next().unwrap_or_default().to_owned()))
        .collect();
    files.push(("main", "include conf.d/*\n".to_owned()));
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let (said, _) = test(&folder(&files), "main");
    let wanted: Vec<String> =
        names.iter().map(|name| format!("({name}: Line 1) Unknown keyword '{}'", &name[7..])).collect();
    assert_eq!(said, wanted);
}

#[test]
fn a_file_may_include_one_that_the_same_pattern_matched() {
    let folder =
        folder(&[("main", "include conf.d/*\n"), ("conf.d/1", "include 2\none\n"), ("conf.d/2", "two\n")]);
    let (said, _) = test(&folder, "main");
    assert_eq!(
        said,
        [
            "(2: Line 1) Unknown keyword 'two'",
            "(conf.d/1: Line 2) Unknown keyword 'one'",
            "(conf.d/2: Line 1) Unknown keyword 'two'",
        ]
    );
}

#[test]
fn files_that_all_include_each_other_are_read_a_limited_number_of_times() {
    let names: Vec<String> = (0..20).map(|number| format!("conf.d/{number}")).collect();
    let mut files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "include *\n")).collect();
    files.push(("main", "include conf.d/*\n"));
    let options = Options { expansion_limit: 50_000, ..Options::default() };
    let (said, code) = test_with(&folder(&files), "main", options);
    assert!(said.iter().any(|line| line.contains("expands to more than 50000 lines")), "{:?}", said.last());
    assert_eq!(code, 5);
}
