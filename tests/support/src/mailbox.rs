//! A mail server that accepts everything and keeps it.

use crate::{failure::Outcome, listen::Listening, scene::Node, wait::eventually};
use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{IpAddr, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, SystemTime},
};

/// A received mail.
#[derive(Debug, Clone)]
pub struct Mail {
    /// When it was complete.
    pub at: SystemTime,
    /// Who delivered it.
    pub peer: Option<IpAddr>,
    /// The envelope's sender, as sent.
    pub from: String,
    /// The envelope's recipients, as sent.
    pub to: Vec<String>,
    /// Header and body lines, without the final dot.
    pub lines: Vec<String>,
}

impl Mail {
    /// The value of a header line, `None` if there is no such header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let headers = self.lines.iter().take_while(|line| !line.is_empty());
        headers.filter_map(|line| line.split_once(": ")).find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// The subject, empty if there is none.
    pub fn subject(&self) -> &str {
        self.header("Subject").unwrap_or_default()
    }

    /// The lines after the headers.
    pub fn body(&self) -> Vec<&str> {
        self.lines.iter().skip_while(|line| !line.is_empty()).skip(1).map(String::as_str).collect()
    }
}

/// A mail server on a node, on port 25 if nothing else is said.
#[derive(Debug)]
pub struct Mailbox {
    mails: Arc<Mutex<Vec<Mail>>>,
    conversations: Arc<Mutex<Vec<String>>>,
    _listening: Listening,
    _node: Node,
}

impl Mailbox {
    /// Starts to receive.
    ///
    /// # Errors
    /// The port is taken.
    pub fn start(node: Node) -> Outcome<Self> {
        const SMTP: u16 = 25;
        Self::start_at(node, SMTP)
    }

    /// As [`start`](Self::start), on another port.
    ///
    /// # Errors
    /// The port is taken.
    pub fn start_at(node: Node, port: u16) -> Outcome<Self> {
        let mails = Arc::<Mutex<Vec<Mail>>>::default();
        let conversations = Arc::<Mutex<Vec<String>>>::default();
        let (received, heard) = (Arc::clone(&mails), Arc::clone(&conversations));
        let listening = Listening::start(&node, port, move |stream| {
            let (received, heard) = (Arc::clone(&received), Arc::clone(&heard));
            thread::spawn(move || {
                let conversation = converse(&stream, |mail| {
                    received.lock().unwrap_or_else(PoisonError::into_inner).push(mail)
                });
                // A client that leaves in the middle of the dialogue has not delivered anything.
                if let Ok(Some(said)) = conversation {
                    heard.lock().unwrap_or_else(PoisonError::into_inner).push(said);
                }
            });
        })?;
        Ok(Self { mails, conversations, _listening: listening, _node: node })
    }

    /// All mails so far, oldest first.
    pub fn mails(&self) -> Vec<Mail> {
        self.mails.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What each client said that took its leave, byte for byte, in the order of their leave.
    pub fn conversations(&self) -> Vec<String> {
        self.conversations.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits for a mail whose subject contains `words`.
    ///
    /// # Errors
    /// None came in time.
    pub fn wait(&self, words: &str, within: Duration) -> Outcome<Mail> {
        eventually(&format!("a mail about “{words}”"), within, || {
            self.mails().into_iter().find(|mail| mail.subject().contains(words))
        })
    }
}

/// RFC 5321, the server's side, for a client that makes no mistakes. Gives all that it said if it took its leave.
fn converse(stream: &TcpStream, mut deliver: impl FnMut(Mail)) -> std::io::Result<Option<String>> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let peer = stream.peer_addr().ok().map(|peer| peer.ip().to_canonical());
    let mut reader = BufReader::new(stream);
    let mut said = String::new();
    let mut next = || -> std::io::Result<Option<String>> {
        let mut line = Vec::new();
        if reader.read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&line);
        said.push_str(&line);
        let line = line.strip_suffix('\n').unwrap_or(&line);
        Ok(Some(line.strip_suffix('\r').unwrap_or(line).to_owned()))
    };
    let say = |text: &str| -> std::io::Result<()> { (&*stream).write_all(format!("{text}\r\n").as_bytes()) };
    let (mut from, mut to) = (String::new(), Vec::new());
    say("220 mailbox ready")?;
    while let Some(line) = next()? {
        let (command, rest) = line.split_once([' ', ':']).unwrap_or((&line, ""));
        match command.to_ascii_uppercase().as_str() {
            "MAIL" => rest.clone_into(&mut from),
            "RCPT" => to.push(rest.to_owned()),
            "DATA" => {
                say("354 end with a dot")?;
                let mut text = Vec::new();
                while let Some(line) = next()? {
                    if line == "." {
                        break;
                    }
                    text.push(line.strip_prefix('.').map(str::to_owned).unwrap_or(line));
                }
                deliver(Mail {
                    at: SystemTime::now(),
                    peer,
                    from: std::mem::take(&mut from),
                    to: std::mem::take(&mut to),
                    lines: text,
                });
            }
            "QUIT" => {
                say("221 bye")?;
                return Ok(Some(said));
            }
            _ => {}
        }
        say("250 ok")?;
    }
    Ok(None)
}
