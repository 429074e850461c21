//! `ipvsadm`: reads command lines with the crate of that name, and asks the kernel.

mod names;
mod restore;
mod show;

use std::io::{self, BufReader, Write as _};

use ipvs::{Error, Handle, Request};
use ipvsadm::{Command, Refusal};

use self::names::SystemNames;
use crate::cli::Ipvsadm;
use crate::unusable::{self, Unusable};

/// The exit code when the kernel refuses, or does not answer as it should.
const REFUSED: u8 = 255;

/// The exit code when there is nothing to talk to.
const UNUSABLE: u8 = 2;

/// Does what the command line asks for and gives the exit code.
pub(crate) fn run(call: &Ipvsadm) -> u8 {
    let words: Vec<_> = call.words.iter().map(|word| word.to_string_lossy()).collect();
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("cannot start: {error}");
            return UNUSABLE;
        }
    };
    let mut session = Session { program: &call.program, names: SystemNames::default(), handle: None };
    match runtime.block_on(session.command_line(&words)) {
        Ok(code) => code,
        Err(end) => end.tell(),
    }
}

/// Why a command line was not carried out.
enum End {
    /// It means nothing, or the kernel refused.
    Refused(Refusal),
    /// There is no IPVS to talk to.
    Unusable(Unusable),
    /// The conversation with the kernel failed.
    Failed(Error),
    /// What was to be read or written cannot be.
    Stream(io::Error),
}

impl End {
    /// Says why, and gives the exit code.
    fn tell(self) -> u8 {
        match self {
            Self::Refused(refusal) => {
                eprint!("{}", refusal.text);
                refusal.code
            }
            Self::Unusable(unusable) => {
                let what = match &unusable {
                    Unusable::NoModule(_) => "Protocol not available".to_owned(),
                    Unusable::NotPermitted | Unusable::NoNamespace(..) | Unusable::Failed(_) => {
                        unusable.to_string()
                    }
                };
                eprintln!("Can't initialize ipvs: {what}");
                eprintln!("Are you sure that IP Virtual Server is built in the kernel or as module?");
                eprintln!("Hint: {}", unusable.advice());
                UNUSABLE
            }
            Self::Failed(error) => {
                eprintln!("{error}");
                REFUSED
            }
            // Whoever closes the output has seen enough.
            Self::Stream(error) if error.kind() == io::ErrorKind::BrokenPipe => 0,
            Self::Stream(error) => {
                eprintln!("{error}");
                REFUSED
            }
        }
    }
}

impl From<Refusal> for End {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Error> for End {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<io::Error> for End {
    fn from(error: io::Error) -> Self {
        Self::Stream(error)
    }
}

/// One run of the program.
struct Session<'a> {
    program: &'a str,
    names: SystemNames,
    /// Open as soon as it was needed.
    handle: Option<Handle>,
}

impl Session<'_> {
    /// Carries out a command line; the exit code is 0 unless `-R` has told of something else.
    async fn command_line(&mut self, words: &[&str]) -> Result<u8, End> {
        let command = match ipvsadm::read(words, self.program, &self.names) {
            Ok(command) => command,
            Err(refusal) => {
                // Scripts tell by the exit code whether there is IPVS, and the original looks before it reads its words.
                self.handle().await?;
                return Err(refusal.into());
            }
        };
        if matches!(command, Command::Restore) {
            self.handle().await?;
            return self.restore(BufReader::new(io::stdin().lock())).await;
        }
        self.carry_out(command).await.map(|()| 0)
    }

    /// Carries out one command. Reading others is none of those that may be read.
    async fn carry_out(&mut self, command: Command) -> Result<(), End> {
        match command {
            Command::Change(request) => self.change(&request).await,
            Command::List(list) => self.list(list).await,
            Command::Save { numeric } => self.save(numeric).await,
            Command::Help => print(&format!("{}{}", ipvsadm::VERSION, ipvsadm::usage(self.program))),
            Command::Version => print(ipvsadm::VERSION),
            Command::Restore => Err(Refusal::advice(self.program).into()),
        }
    }

    async fn handle(&mut self) -> Result<&mut Handle, End> {
        let handle = match self.handle.take() {
            Some(handle) => handle,
            None => unusable::open(None).await.map_err(End::Unusable)?,
        };
        Ok(self.handle.insert(handle))
    }

    async fn change(&mut self, request: &Request) -> Result<(), End> {
        let answer = self.handle().await?.change(request).await?;
        answer.map_err(|refusal| End::Refused(ipvsadm::of_kernel(request, &refusal)))
    }
}

fn print(text: &str) -> Result<(), End> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}
