//! Scripts in a scratch folder. Who may write where matters to root only, so these say less when run by somebody else.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use parser::config::{Command, Located, Script};

use super::*;

fn span() -> Span {
    Span::new("keepalived.conf", 7)
}

fn put(folder: &Path, name: &str, mode: u32, text: &str) -> String {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    path.to_string_lossy().into_owned()
}

fn script(words: &[&str]) -> Script {
    let argv: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
    Script { span: span(), command: Command { text: argv.join(" "), argv }, identity: None }
}

/// Scripts run as whoever runs the test.
fn me(security: bool) -> Global {
    let user = User::from_uid(nix::unistd::geteuid()).unwrap().unwrap().name;
    let identity = config::Identity { user, group: None, supplementary_groups: false };
    Global {
        script_security: security,
        script_user: Some(Located { value: identity, span: span() }),
        ..Global::default()
    }
}

/// What became of a script, and what was said.
fn vet(global: &Global, script: &Script) -> (Result<Program, Refusal>, Vec<String>) {
    let mut vetting = Vetting::new(global);
    let found = vetting.check("vrrp script s", script);
    let mut said = Vec::new();
    vetting.finish("scripts", &mut said);
    (found, said.iter().map(ToString::to_string).collect())
}

#[test]
fn a_script_keeps_its_words_and_loses_detours_in_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = put(folder.path(), "ok.sh", 0o755, "#!/bin/sh\n");
    let detour =
        format!("{}/./../{}//ok.sh", folder.path().display(), folder.path().file_name().unwrap().display());
    let (found, said) = vet(&me(true), &script(&[&detour, "a b"]));
    let found = found.unwrap();
    assert_eq!((&found.path, &found.argv), (&path, &vec![path.clone(), "a b".to_owned()]));
    assert_eq!(said, [""; 0]);
}

#[test]
fn a_missing_script_is_named_with_the_reason() {
    let (found, said) = vet(&me(true), &script(&["/nonexistent/x"]));
    assert_eq!(found, Err(Refusal::NotFound));
    assert_eq!(said, ["Script /nonexistent/x cannot be accessed - No such file or directory"]);
}

#[test]
fn a_script_that_may_not_be_executed_is_disabled_with_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let path = put(folder.path(), "x.sh", 0o644, "#!/bin/sh\n");
    let (found, said) = vet(&me(true), &script(&[&path]));
    assert_eq!(found, Err(Refusal::NotExecutable));
    assert!(
        said[0].starts_with(&format!("WARNING - script '{path}' is not executable for uid:gid ")),
        "{said:?}"
    );
}

#[test]
fn what_others_may_change_is_refused_when_it_would_run_as_root() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = put(folder.path(), "x.sh", 0o777, "#!/bin/sh\n");
    let (found, said) = vet(&me(true), &script(&[&path]));
    assert_eq!(found, Err(Refusal::Insecure));
    assert_eq!(said, [format!("Unsafe permissions found for script '{path}' - disabling.")]);
    let (found, said) = vet(&me(false), &script(&[&path]));
    assert!(found.is_ok());
    assert_eq!(
        said,
        [
            format!("Unsafe permissions found for script '{path}'."),
            "SECURITY VIOLATION - scripts are being executed but script_security not enabled. \
             There are insecure scripts."
                .to_owned()
        ]
    );
}

#[test]
fn a_folder_that_others_may_change_makes_what_is_in_it_unsafe() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = put(folder.path(), "x.sh", 0o755, "#!/bin/sh\n");
    let mode = |mode| fs::set_permissions(folder.path(), Permissions::from_mode(mode)).unwrap();
    for (bits, refusal) in [(0o777, true), (0o1777, false), (0o775, false), (0o755, false)] {
        mode(bits);
        let (found, _) = vet(&me(true), &script(&[&path]));
        assert_eq!(found == Err(Refusal::Insecure), refusal, "{bits:o}");
    }
}

#[test]
fn a_link_is_followed_to_its_file_and_keeps_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = put(folder.path(), "ok.sh", 0o755, "#!/bin/sh\n");
    let link = folder.path().join("link.sh");
    std::os::unix::fs::symlink("ok.sh", &link).unwrap();
    let link = link.to_string_lossy().into_owned();
    let (found, _) = vet(&me(true), &script(&[&link]));
    let found = found.unwrap();
    assert_eq!((&found.path, &found.argv[0]), (&path, &link));
    let kept = Global { use_symlink_paths: true, ..me(true) };
    assert_eq!(vet(&kept, &script(&[&link])).0.unwrap().path, link);
}

#[test]
fn a_name_alone_is_searched_for() {
    let (found, said) = vet(&me(true), &script(&["true"]));
    assert!(found.unwrap().path.ends_with("/true") || said.is_empty());
    assert!(said[0].starts_with("WARNING - script `true` resolved by path search to `/"), "{said:?}");
    let (found, said) = vet(&me(true), &script(&["no-such-command"]));
    assert_eq!(found, Err(Refusal::NotFound));
    assert_eq!(said, ["Cannot find script no-such-command in path - disabling"]);
}

#[test]
fn what_the_kernel_cannot_run_goes_to_the_shell_with_advice() {
    let folder = tempfile::tempdir().unwrap();
    let path = put(folder.path(), "x", 0o755, "exit 0\n");
    let (found, said) = vet(&me(true), &script(&[&path]));
    assert!(found.unwrap().by_shell);
    assert_eq!(said, [format!("Please add a #! shebang to script {path}")]);
}

#[test]
fn an_unknown_user_is_named() {
    let mut one = script(&["/bin/true"]);
    let user = config::Identity { user: "no such user".into(), group: None, supplementary_groups: false };
    one.identity = Some(Located { value: user, span: span() });
    let (found, said) = vet(&me(true), &one);
    assert_eq!(found, Err(Refusal::NoUser));
    assert_eq!(
        said,
        [
            "Script user 'no such user' does not exist",
            "(keepalived.conf: Line 7) Unable to set uid/gid for script '/bin/true'"
        ]
    );
}

#[test]
fn the_user_of_a_check_is_told_where_it_stands() {
    let text = "virtual_server 10.0.0.1 80 {\nprotocol TCP\nreal_server 10.0.0.2 80 {\nMISC_CHECK {\n\
                misc_path \"/bin/true a\"\nuser nosuch\n}\n}\n}\nvrrp_script s {\nscript /bin/true\nuser nosuch\n}\n\
                global_defs {\nstartup_script /bin/true nosuch\nscript_user nosuch\n}\n";
    let (_, said) = crate::plan::tests::whole(text);
    for told in [
        "6) Failed to set uid/gid for misc checker script '/bin/true' 'a' - removing",
        "12) Unable to set uid/gid for script '/bin/true'",
        "15) Invalid startup script",
        "16) Error setting global script uid/gid",
    ] {
        assert!(said.iter().any(|line| *line == format!("(keepalived.conf: Line {told}")), "{told} {said:?}");
    }
}
