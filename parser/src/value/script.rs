//! Commands, who runs them, and FIFOs.

use crate::config::{Command, Identity, Script};
use crate::diag::Class;
use crate::keyword::{Args, Bounds, Refused, Slot, Value};
use crate::value::identity::identity;

/// Reads the words of a script statement: the command word split again, and the words after it.
fn command(args: &mut Args<'_, '_>) -> Result<(Command, Vec<String>), Refused> {
    let words = args.shell()?;
    let text = words.get(1).cloned().unwrap_or_default();
    let argv = args.shell_again(&text)?;
    if argv.is_empty() {
        args.complain(Class::Log, format!("Unable to parse script '{text}' - ignoring"));
        return Err(Refused::Said);
    }
    let text = argv.join(" ");
    Ok((Command { argv, text }, words.into_iter().skip(2).collect()))
}

/// A command, optionally with user and group. A second one is ignored.
impl Value for Script {
    const SYNTAX: &'static str = "COMMAND [USER [[:]GROUP]]";
    const SHELL: bool = true;
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        // An open double quote hides its word from the ordinary reading.
        if args.left() == 0 && args.shell()?.len() < 2 {
            args.word()?;
        }
        let (command, words) = command(args)?;
        Ok(Self { span: args.span(), command, identity: identity(&words).map(|who| args.located(who)) })
    }

    fn store(self, slot: &mut Slot<Self>, args: &mut Args<'_, '_>) {
        if slot.is_some() {
            let name = args.name();
            let prefix = match (name.is_empty(), args.reader.in_sync_group()) {
                (true, _) => String::new(),
                (false, true) => format!("vrrp group {name}: "),
                (false, false) => format!("({name}) "),
            };
            let keyword = args.keyword().to_owned();
            let path = self.command.argv.first().cloned().unwrap_or_default();
            args.general(format!("{prefix}{keyword} script already specified - ignoring {path}"));
            return;
        }
        *slot = Some(Box::new(args.located(self)));
    }
}

/// A command whose user is said elsewhere; words after it are not looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BareCommand(pub(crate) Command);

impl Value for BareCommand {
    const SYNTAX: &'static str = "COMMAND";
    const SHELL: bool = true;
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        command(args).map(|(command, _)| Self(command))
    }
}

/// A script that may be left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MaybeScript(pub(crate) Option<Script>);

impl Value for MaybeScript {
    const SYNTAX: &'static str = "[COMMAND [USER [[:]GROUP]]]";
    const SHELL: bool = true;
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, bounds: Option<&Bounds<()>>) -> Result<Self, Refused> {
        match args.left() {
            0 => Ok(Self(None)),
            _ => Script::read(args, bounds).map(|script| Self(Some(script))),
        }
    }

    fn store(self, slot: &mut Slot<Self>, args: &mut Args<'_, '_>) {
        let mut script =
            slot.take().and_then(|said| said.value.0).map(|script| Box::new(args.located(script)));
        if let Some(new) = self.0 {
            new.store(&mut script, args);
        }
        *slot = Some(Box::new(args.located(Self(script.map(|said| said.value)))));
    }
}

/// The path of a FIFO and its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FifoPath {
    pub(crate) path: String,
    pub(crate) owner: Option<Identity>,
}

impl Value for FifoPath {
    const SYNTAX: &'static str = "PATH [USER [GROUP]]";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        let path = args.word()?;
        let words: Vec<String> = std::iter::from_fn(|| args.optional()).collect();
        Ok(Self { path, owner: identity(&words) })
    }
}
