//! The seed's scene with its daemons, watched: every change of state becomes an event on the timeline.

use super::timeline::{Kind, Timeline};
use lab::{
    Binary, Client, Failure, Journal, Keepalived, Lateness, Mail, Outcome, ipvs,
    seed::{self, Cluster, Director},
};
use std::{
    collections::BTreeSet,
    net::SocketAddrV4,
    path::Path,
    thread,
    time::{Duration, Instant, SystemTime},
};

/// Between two looks at the scene.
const GLANCE: Duration = Duration::from_millis(50);

/// An entry of a table: the virtual service and a real server of it.
pub(crate) type Entry = (SocketAddrV4, SocketAddrV4);

/// What was last seen of a director.
#[derive(Debug, Default)]
struct Sight {
    is_master: bool,
    entries: BTreeSet<Entry>,
}

/// A director's daemon; `None` while the machine is off.
#[derive(Debug, Default)]
struct Post {
    daemon: Option<Keepalived>,
    sight: Sight,
}

/// The scene and its watcher.
pub(crate) struct Stage {
    pub(crate) cluster: Cluster,
    pub(crate) timeline: Timeline,
    pub(crate) client: Option<Client>,
    pub(crate) lateness: Lateness,
    binary: Binary,
    posts: [Post; 2],
    mails_seen: usize,
}

/// The directors by their place in the scene.
pub(crate) const FIRST: usize = 0;
pub(crate) const SECOND: usize = 1;

impl Stage {
    pub(crate) fn new(binary: &Path) -> Outcome<Self> {
        Ok(Self {
            cluster: Cluster::new()?,
            timeline: Timeline::new(),
            client: None,
            lateness: Lateness::measure(),
            binary: Binary::from(binary),
            posts: Default::default(),
            mails_seen: 0,
        })
    }

    /// Starts the daemon of a director.
    pub(crate) fn start(&mut self, place: usize) -> Outcome {
        let config = if place == FIRST { seed::CONFIG.to_owned() } else { seed::twin() };
        let daemon = Keepalived::start(&self.director(place)?.node, &self.binary, &config)?;
        self.post(place)?.daemon = Some(daemon);
        Ok(())
    }

    /// Ends the daemon of a director and everything it started in an instant, and its machine with it.
    pub(crate) fn cut_power(&mut self, place: usize) -> Outcome {
        let post = self.post(place)?;
        if let Some(mut daemon) = post.daemon.take() {
            daemon.cut();
        }
        post.sight = Sight::default();
        let node = &self.director(place)?.node;
        node.unplug("eth1")?;
        node.unplug("eth0")
    }

    /// Ends the daemon of a director in good order.
    pub(crate) fn stop(&mut self, place: usize) -> Outcome<Option<i32>> {
        let Some(mut daemon) = self.post(place)?.daemon.take() else { return Ok(None) };
        let code = daemon.stop()?.code();
        self.look()?;
        Ok(code)
    }

    /// Boots a director's machine again and starts its daemon.
    pub(crate) fn boot(&mut self, place: usize) -> Outcome {
        self.cluster.reboot(place)?;
        self.start(place)
    }

    pub(crate) fn director(&self, place: usize) -> Outcome<&Director> {
        self.cluster.directors.get(place).ok_or_else(|| Failure::new("there are two directors"))
    }

    /// The times of all adverts with which a director says that it is master.
    pub(crate) fn adverts(&self, place: usize) -> Outcome<Vec<SystemTime>> {
        Ok(self.cluster.capture.adverts(self.director(place)?.address, |priority| priority > 0))
    }

    /// The time of a director's first advert after a moment.
    pub(crate) fn first_advert(&self, place: usize, after: SystemTime) -> Outcome<SystemTime> {
        let first = self.adverts(place)?.into_iter().find(|at| *at > after);
        first.ok_or_else(|| Failure::new("the new master never advertised"))
    }

    /// What the daemon of a director logs.
    pub(crate) fn journal(&self, place: usize) -> Outcome<&Journal> {
        let daemon = self.posts.get(place).and_then(|post| post.daemon.as_ref());
        daemon.map(Keepalived::journal).ok_or_else(|| Failure::new("the director is off"))
    }

    /// Whether a director holds the virtual addresses.
    pub(crate) fn is_master(&self, place: usize) -> bool {
        self.posts.get(place).is_some_and(|post| post.sight.is_master)
    }

    /// The table of a director.
    pub(crate) fn entries(&self, place: usize) -> BTreeSet<Entry> {
        self.posts.get(place).map(|post| post.sight.entries.clone()).unwrap_or_default()
    }

    /// Watches the scene until something holds.
    pub(crate) fn until(&mut self, what: &str, within: Duration, holds: impl Fn(&Self) -> bool) -> Outcome {
        let deadline = Instant::now() + within;
        loop {
            self.look()?;
            if holds(self) {
                return Ok(());
            }
            if Instant::now() >= deadline {
                self.explain();
                return Err(Failure::new(format!("waited {} s in vain for {what}", within.as_secs())));
            }
            thread::sleep(GLANCE);
        }
    }

    /// Watches the scene for a while.
    pub(crate) fn watch(&mut self, during: Duration) -> Outcome {
        let end = Instant::now() + during;
        while Instant::now() < end {
            self.look()?;
            thread::sleep(GLANCE);
        }
        Ok(())
    }

    /// Looks once and tells what has changed.
    fn look(&mut self) -> Outcome {
        for (post, director) in self.posts.iter_mut().zip(&self.cluster.directors) {
            if post.daemon.is_none() && post.sight.entries.is_empty() && !post.sight.is_master {
                continue;
            }
            let now = Sight::of(director)?;
            now.tell(&post.sight, director.node.name(), &self.timeline);
            post.sight = now;
        }
        let mails = self.cluster.mailbox.mails();
        for mail in mails.iter().skip(self.mails_seen) {
            self.timeline.event(Kind::Note, &format!("mail from {}: {}", self.sender(mail), mail.subject()));
        }
        self.mails_seen = mails.len();
        self.timeline.state(&self.describe());
        Ok(())
    }

    /// The director a mail came from.
    fn sender(&self, mail: &Mail) -> &str {
        let host = mail.peer.map(|peer| peer.to_string()).unwrap_or_default();
        let of_host = |director: &&Director| {
            let last = director.address.octets()[3];
            host == format!("192.168.1.{last}")
        };
        self.cluster.directors.iter().find(of_host).map_or("somebody", |director| director.node.name())
    }

    fn describe(&self) -> String {
        let directors = self.posts.iter().zip(&self.cluster.directors).map(|(post, director)| {
            let role = match (&post.daemon, post.sight.is_master) {
                (None, _) => "off",
                (Some(_), true) => "MASTER",
                (Some(_), false) => "backup",
            };
            let entries = post.sight.entries.len();
            format!("{} {role:6} {entries:2}/{}", director.node.name(), seed::DESTINATIONS)
        });
        let mut parts: Vec<_> = directors.collect();
        if let Some(client) = &self.client {
            let (answered, lost) = client.tally();
            parts.push(format!("{answered} answered, {lost} lost"));
        }
        parts.push(format!("{} mails", self.mails_seen));
        parts.join(" | ")
    }

    /// Shows the last words of the daemons when something did not come about.
    fn explain(&self) {
        for (post, director) in self.posts.iter().zip(&self.cluster.directors) {
            let Some(daemon) = &post.daemon else { continue };
            self.timeline.heading(&format!("{} last logged", director.node.name()));
            let lines = daemon.journal().since(Default::default());
            for line in lines.iter().skip(lines.len().saturating_sub(12)) {
                self.timeline.line(&format!("    {}", line.text));
            }
        }
    }

    fn post(&mut self, place: usize) -> Outcome<&mut Post> {
        self.posts.get_mut(place).ok_or_else(|| Failure::new("there are two directors"))
    }
}

impl Sight {
    fn of(director: &Director) -> Outcome<Self> {
        let entries = ipvs::table(&director.node)?
            .into_iter()
            .flat_map(|(service, servers)| servers.into_iter().map(move |server| (service, server)))
            .collect();
        Ok(Self { is_master: director.vips()?.len() == seed::VIPS.len(), entries })
    }

    fn tell(&self, before: &Self, name: &str, timeline: &Timeline) {
        match (before.is_master, self.is_master) {
            (false, true) => {
                timeline.event(Kind::Good, &format!("{name} is MASTER and holds the virtual addresses"))
            }
            (true, false) => {
                timeline.event(Kind::Note, &format!("{name} has given the virtual addresses up"))
            }
            (true, true) | (false, false) => {}
        }
        let arrived: Vec<_> = self.entries.difference(&before.entries).collect();
        let left: Vec<_> = before.entries.difference(&self.entries).collect();
        tell_entries(Kind::Good, "entered", &arrived, name, timeline);
        tell_entries(Kind::Bad, "left", &left, name, timeline);
    }
}

/// Many at once are the daemon's start or end; few are told one by one.
fn tell_entries(kind: Kind, did: &str, entries: &[&Entry], name: &str, timeline: &Timeline) {
    const FEW: usize = 2;
    if entries.len() > FEW {
        timeline.event(kind, &format!("{} real servers {did} the table of {name}", entries.len()));
        return;
    }
    for (service, server) in entries {
        timeline.event(kind, &format!("{server} {did} the table of {name} (service {service})"));
    }
}
