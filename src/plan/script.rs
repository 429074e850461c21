//! Whether a script may be run, as whom, and by which path: the checks of `enable_script_security` and those before them.
//!
//! A script that runs as root could be changed by whoever may write to it, or to a folder above it, so every part of its
//! path is looked at. What is found is said in the original's words.

mod path;

use std::os::unix::fs::MetadataExt as _;

use nix::errno::Errno;
use nix::unistd::{Gid, Group, User};
use parser::config::{self, Global, Span};
use parser::diag::{Class, Diagnostic};

use crate::script::{Identity, Program};

/// The user that scripts run as if there is one of that name and nothing else is said.
const USUAL_USER: &str = "keepalived_script";

/// What the script of a `MISC_CHECK` is called in messages.
pub(super) const MISC: &str = "misc checker script";

/// Why a script is not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It is not there, or not to be reached.
    NotFound,
    /// It may not be executed; this has been said.
    NotExecutable,
    /// Others could change what runs as root.
    Insecure,
    /// Its user or group does not exist; this has been said.
    NoUser,
}

/// Checks the scripts of one process.
#[derive(Debug)]
pub(super) struct Vetting<'a> {
    global: &'a Global,
    usual: Option<Result<Identity, ()>>,
    any: bool,
    /// That there is nobody to run a script is said once.
    said_nobody: bool,
    insecure: bool,
    complaints: Vec<Diagnostic>,
}

/// User and group of a script or FIFO for which this is said, if they exist.
pub(crate) fn who(global: &Global, said: Option<&config::Identity>) -> Option<(u32, u32)> {
    let mut vetting = Vetting::new(global);
    let found = match said {
        Some(said) => vetting.look_up(said),
        None => vetting.usual(),
    };
    found.ok().map(|identity| (identity.uid, identity.gid))
}

impl<'a> Vetting<'a> {
    pub(super) fn new(global: &'a Global) -> Self {
        Self { global, usual: None, any: false, said_nobody: false, insecure: false, complaints: Vec::new() }
    }

    /// What was found, and the warning that belongs to the whole. `what` are scripts in general or special ones.
    pub(super) fn finish(mut self, what: &str, complaints: &mut Vec<Diagnostic>) {
        if self.any && !self.global.script_security {
            let mut text =
                format!("SECURITY VIOLATION - {what} are being executed but script_security not enabled.");
            if self.insecure {
                text.push_str(" There are insecure scripts.");
            }
            self.complaints.push(Diagnostic::new(Class::Security, None, text));
        }
        complaints.append(&mut self.complaints);
    }

    /// Says something about the scripts.
    pub(super) fn complain(&mut self, class: Class, span: Option<&Span>, text: String) {
        self.complaints.push(Diagnostic::new(class, span.cloned(), text));
    }

    /// A script that tells of a change: nothing if it is not run.
    pub(super) fn notify(&mut self, script: Option<&config::Script>) -> Option<Program> {
        let script = script?;
        let name = &script.command.text;
        let identity = match &script.identity {
            Some(said) => self.look_up(&said.value).map_err(|()| {
                self.complain(
                    Class::Log,
                    None,
                    format!("Invalid user/group for notify script {name} - ignoring"),
                );
            }),
            None => self.usual().map_err(|()| {
                self.no_usual(&script.span);
                let text = format!("Failed to set default user for notify script {name} - ignoring");
                self.complain(Class::Log, None, text);
            }),
        };
        self.program(&script.command.argv, identity.ok()?).ok()
    }

    /// `startup_script` or `shutdown_script`: nothing if it is not run.
    pub(super) fn occasion(&mut self, script: &config::Script, what: &str) -> Option<Program> {
        if let Some(said) = &script.identity
            && self.look_up(&said.value).is_err()
        {
            self.complain(Class::General, Some(&script.span), format!("Invalid {what} script"));
            return None;
        }
        self.notify(Some(script))
    }

    /// Says that the user of `script_user` does not exist.
    pub(super) fn check_script_user(&mut self) {
        if let Some(said) = &self.global.script_user
            && self.look_up(&said.value).is_err()
        {
            let text = "Error setting global script uid/gid".to_owned();
            self.complain(Class::General, Some(&said.span), text);
        }
    }

    /// A script of a check, `owner` being what it is called there (as `vrrp script s`).
    pub(super) fn check(&mut self, owner: &str, script: &config::Script) -> Result<Program, Refusal> {
        let identity = self.check_user(owner, script).map_err(|()| Refusal::NoUser)?;
        self.program(&script.command.argv, identity)
    }

    /// Whoever runs the script of a check.
    pub(super) fn check_user(&mut self, owner: &str, script: &config::Script) -> Result<Identity, ()> {
        match &script.identity {
            Some(said) => self.look_up(&said.value).map_err(|()| {
                let quoted: Vec<String> =
                    script.command.argv.iter().map(|word| format!("'{word}'")).collect();
                let text = match owner {
                    MISC => format!("Failed to set uid/gid for {owner} {} - removing", quoted.join(" ")),
                    _ => format!("Unable to set uid/gid for script {}", quoted.join(" ")),
                };
                self.complain(Class::General, Some(&said.span), text);
            }),
            None => self.usual().map_err(|()| {
                self.no_usual(&script.span);
                let text = format!("Unable to set default user for {owner} - removing");
                self.complain(Class::General, Some(&script.span), text);
            }),
        }
    }

    /// Whoever runs what does not say: also who owns what the daemon makes for others.
    pub(super) fn usual(&mut self) -> Result<Identity, ()> {
        if let Some(known) = &self.usual {
            return known.clone();
        }
        let found = self.find_usual();
        self.usual = Some(found.clone());
        found
    }

    fn find_usual(&mut self) -> Result<Identity, ()> {
        if let Some(said) = &self.global.script_user {
            return self.look_up(&said.value);
        }
        match User::from_name(USUAL_USER) {
            Ok(Some(user)) => Ok(identity(user.uid.as_raw(), user.gid, &[])),
            Ok(None) | Err(_) => {
                self.complain(Class::Log, None, format!("Script user '{USUAL_USER}' does not exist"));
                if self.global.script_security {
                    return Err(());
                }
                Ok(identity(nix::unistd::geteuid().as_raw(), nix::unistd::getegid(), &[]))
            }
        }
    }

    /// Says that there is nobody to run a script.
    fn no_usual(&mut self, at: &Span) {
        if self.global.script_user.is_none() && !std::mem::replace(&mut self.said_nobody, true) {
            let text = format!("Unable to set default user {USUAL_USER} for script");
            self.complain(Class::General, Some(at), text);
        }
    }

    /// The numbers behind the names.
    pub(super) fn look_up(&mut self, said: &config::Identity) -> Result<Identity, ()> {
        let Ok(Some(user)) = User::from_name(&said.user) else {
            self.complain(Class::Log, None, format!("Script user '{}' does not exist", said.user));
            return Err(());
        };
        let gid = match &said.group {
            None => user.gid,
            Some(name) => match Group::from_name(name) {
                Ok(Some(group)) => group.gid,
                Ok(None) | Err(_) => {
                    self.complain(Class::Log, None, format!("Script group '{name}' does not exist"));
                    return Err(());
                }
            },
        };
        let groups = if said.supplementary_groups || self.global.set_supplementary_groups {
            std::ffi::CString::new(user.name.as_str())
                .ok()
                .and_then(|name| nix::unistd::getgrouplist(&name, gid).ok())
                .unwrap_or_default()
        } else {
            Vec::new()
        };
        Ok(identity(user.uid.as_raw(), gid, &groups))
    }

    /// Finds the file and looks at it.
    fn program(&mut self, argv: &[String], identity: Identity) -> Result<Program, Refusal> {
        let name = argv.first().map_or("", String::as_str);
        let given = self.find(name, &identity)?;
        let resolved = std::fs::canonicalize(&given).map_err(|error| {
            let errno = Errno::from_raw(error.raw_os_error().unwrap_or_default());
            let text = format!("Script {name} cannot be accessed - {}", errno.desc());
            self.complain(Class::Log, None, text);
            Refusal::NotFound
        })?;
        self.any = true;
        let shown = path::cleaned(&given);
        let Some(file) = path::executable(&resolved, &identity) else {
            let text = format!(
                "WARNING - script '{shown}' is not executable for uid:gid {}:{} - disabling.",
                identity.uid, identity.gid
            );
            self.complain(Class::Log, None, text);
            return Err(Refusal::NotExecutable);
        };
        let is_roots =
            |mode: u32| (mode & 0o4000 != 0 && file.uid() == 0) || (mode & 0o2000 != 0 && file.gid() == 0);
        let is_powerful = identity.uid == 0 || identity.gid == 0 || is_roots(file.mode());
        if is_powerful && !(path::is_safe(&resolved) && path::is_safe(&given)) {
            let secured = self.global.script_security;
            let tail = if secured { " - disabling." } else { "." };
            self.complain(Class::Log, None, format!("Unsafe permissions found for script '{shown}'{tail}"));
            if secured {
                return Err(Refusal::Insecure);
            }
            self.insecure = true;
        }
        let by_shell = !path::runs_by_itself(&resolved);
        if by_shell {
            self.complain(Class::Log, None, format!("Please add a #! shebang to script {shown}"));
        }
        let file = if self.global.use_symlink_paths { &given } else { &resolved };
        Ok(Program {
            path: file.to_string_lossy().into_owned(),
            argv: std::iter::once(shown).chain(argv.iter().skip(1).cloned()).collect(),
            by_shell,
            identity,
        })
    }

    /// The path of a script; a name alone is searched for.
    fn find(&mut self, name: &str, identity: &Identity) -> Result<std::path::PathBuf, Refusal> {
        if name.contains('/') {
            return Ok(name.into());
        }
        let folders = std::env::var_os("PATH").unwrap_or_default();
        let found = std::env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| {
            std::fs::canonicalize(path).is_ok_and(|path| path::executable(&path, identity).is_some())
        });
        match found {
            Some(path) => {
                let text = format!(
                    "WARNING - script `{name}` resolved by path search to `{}`. Please specify full path.",
                    path.display()
                );
                self.complain(Class::Log, None, text);
                Ok(path)
            }
            None => {
                self.complain(Class::Log, None, format!("Cannot find script {name} in path - disabling"));
                Err(Refusal::NotFound)
            }
        }
    }
}

fn identity(uid: u32, gid: Gid, groups: &[Gid]) -> Identity {
    Identity { uid, gid: gid.as_raw(), groups: groups.iter().map(|gid| gid.as_raw()).collect() }
}

#[cfg(test)]
mod tests;
