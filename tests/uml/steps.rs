//! Ours and the original, side by side over the same servers: after every failure, recovery, reload and stop the two tables
//! are the same. The servers are nginx, dnsmasq and exim, as Debian has them.

use lab::{Binary, Keepalived, Link, Node, Outcome, Process, Scene, While as _, eventually};
use std::{collections::BTreeSet, fs, process::Command, time::Duration};

/// Much longer than the slowest check takes to find out, on a busy machine.
const SOON: Duration = Duration::from_secs(60);

const SERVERS: [&str; 3] = ["10.0.0.11", "10.0.0.12", "10.0.0.13"];

/// One second between checks, a single retry, nothing at random.
const PACE: &str = "delay_loop 1\n retry 1\n delay_before_retry 1\n warmup 0\n connect_timeout 2\n";

/// Debian's keepalived 2.2.7 takes the servers out of a service that left a range, but not the service.
const LEFT_BEHIND: &str = "-A -t 10.1.7.1:80 -s rr";

/// What differs between the two configurations.
struct Edition {
    range: &'static str,
    dns_weight: u32,
    smtp_scheduler: &'static str,
    marked: bool,
}

const FIRST: Edition = Edition { range: "10.1.7.1-3", dns_weight: 2, smtp_scheduler: "wlc", marked: true };
const SECOND: Edition = Edition { range: "10.1.7.2-5", dns_weight: 5, smtp_scheduler: "sed", marked: false };

impl Edition {
    fn text(&self) -> String {
        let Self { range, dns_weight, smtp_scheduler, marked } = self;
        let servers = |port: u16, block: &dyn Fn(usize) -> String| {
            let server = |(at, addr)| format!(" real_server {addr} {port} {{\n{}\n }}\n", block(at));
            SERVERS.into_iter().enumerate().map(server).collect::<String>()
        };
        let web = servers(80, &|_| "weight 1\n HTTP_GET {\n url {\n path /\n status_code 200\n }\n }".into());
        let dns = servers(53, &|_| {
            format!(
                "weight {dns_weight}\n inhibit_on_failure\n DNS_CHECK {{\n type A\n name www.example.org\n }}"
            )
        });
        let mail = servers(25, &|_| "SMTP_CHECK {\n helo_name lb\n }".into());
        let ping = servers(0, &|at| {
            let file = if at == 0 { " FILE_CHECK {\n track_file load\n weight 2\n }\n" } else { "" };
            format!("weight 1\n PING_CHECK {{\n }}\n{file}")
        });
        let marked = if *marked {
            format!("virtual_server fwmark 9 {{\n {PACE} lvs_sched wrr\n lvs_method DR\n{ping}}}\n")
        } else {
            String::new()
        };
        format!(
            "global_defs {{\n router_id lb\n}}\n\
             track_file load {{\n file /run/load\n}}\n\
             virtual_server_group WEB {{\n {range} 80\n fwmark 7\n}}\n\
             virtual_server group WEB {{\n {PACE} lvs_sched rr\n lvs_method DR\n protocol TCP\n quorum 2\n \
             hysteresis 1\n sorry_server 10.0.0.99 80\n{web}}}\n\
             virtual_server 10.1.0.2 53 {{\n {PACE} alpha\n lvs_sched wrr\n lvs_method DR\n protocol UDP\n{dns}}}\n\
             virtual_server 10.1.0.3 25 {{\n {PACE} lvs_sched {smtp_scheduler}\n lvs_method DR\n protocol TCP\n \
             persistence_timeout 50\n sorry_server 10.0.0.99 25\n sorry_server_inhibit\n{mail}}}\n{marked}"
        )
    }
}

/// A server with all three services.
struct Server {
    node: Node,
    web: Option<Process>,
    names: Option<Process>,
    mail: Option<Process>,
}

impl Server {
    fn start(scene: &Scene, lan: &Link, address: &str) -> Outcome<Self> {
        let node = scene.node(address)?.on(lan, "eth0", &[&format!("{address}/24")])?;
        let mut server = Self { node, web: None, names: None, mail: None };
        server.serve_web()?;
        server.serve_names()?;
        server.serve_mail()?;
        Ok(server)
    }

    fn file(&self, name: &str, text: &str) -> Outcome<String> {
        let place = format!("/run/{name}");
        fs::write(self.node.outside(&place), text).doing(&place)?;
        Ok(place)
    }

    fn run(&self, program: &str, words: &[&str]) -> Outcome<Option<Process>> {
        let mut command = Command::new(program);
        command.args(words);
        Process::start(&self.node, command).map(Some)
    }

    fn serve_web(&mut self) -> Outcome {
        let text = "daemon off;\nmaster_process off;\npid /run/nginx.pid;\nerror_log stderr;\nevents {}\n\
                    http {\naccess_log off;\nclient_body_temp_path /tmp/body;\nproxy_temp_path /tmp/proxy;\n\
                    fastcgi_temp_path /tmp/fastcgi;\nuwsgi_temp_path /tmp/uwsgi;\nscgi_temp_path /tmp/scgi;\n\
                    server {\nlisten 80;\nlocation / { return 200 \"hello\\n\"; }\n}\n}\n";
        let file = self.file("nginx.conf", text)?;
        self.web = self.run("/usr/sbin/nginx", &["-c", &file])?;
        Ok(())
    }

    fn serve_names(&mut self) -> Outcome {
        let words = [
            "--keep-in-foreground",
            "--conf-file=/dev/null",
            "--no-resolv",
            "--no-hosts",
            "--user=root",
            "--pid-file=/run/dnsmasq.pid",
            "--address=/www.example.org/192.0.2.1",
        ];
        self.names = self.run("/usr/sbin/dnsmasq", &words)?;
        Ok(())
    }

    fn serve_mail(&mut self) -> Outcome {
        let text = "primary_hostname = mail.example.org\nspool_directory = /tmp/exim\n\
                    log_file_path = /tmp/exim-%slog\npid_file_path = /run/exim.pid\n\
                    exim_user = root\nexim_group = root\ndaemon_smtp_ports = 25\n\
                    host_lookup =\nrfc1413_query_timeout = 0s\nkeep_environment =\n";
        let file = self.file("exim.conf", text)?;
        self.mail = self.run("/usr/sbin/exim4", &["-bdf", "-C", &file])?;
        Ok(())
    }
}

struct Director {
    node: Node,
    daemon: Keepalived,
}

impl Director {
    fn start(scene: &Scene, lan: &Link, binary: &Binary, name: &str, address: &str) -> Outcome<Self> {
        let node = scene.node(name)?.on(lan, "eth0", &[&format!("{address}/24")])?;
        let daemon = Keepalived::start(&node, binary, &FIRST.text())?;
        Ok(Self { node, daemon })
    }

    /// Every row with its service, whatever the order.
    fn rows(&self) -> Option<BTreeSet<String>> {
        Some(self.node.run("ipvsadm", &["-Sn"]).ok()?.lines().map(str::to_owned).collect())
    }
}

/// Waits until the tables of both are the same and as expected.
fn agree(
    step: &str,
    [ours, theirs]: &[Director; 2],
    expected: impl Fn(&BTreeSet<String>) -> bool,
) -> Outcome {
    let mut last = None;
    let tolerated = |mut rows: BTreeSet<String>| {
        // While the range has it, its servers are there too.
        if count(&rows, "-a -t 10.1.7.1:80 ") == 0 {
            rows.remove(LEFT_BEHIND);
        }
        rows
    };
    let agreed = eventually(&format!("the same tables: {step}"), SOON, || {
        let rows = (ours.rows()?, tolerated(theirs.rows()?));
        let same = rows.0 == rows.1 && expected(&rows.0);
        last = Some(rows);
        same.then_some(())
    });
    agreed.inspect_err(|_| {
        let (ours, theirs) = last.unwrap_or_default();
        let only =
            |one: &BTreeSet<String>, other| one.difference(other).cloned().collect::<Vec<_>>().join("\n  ");
        println!("{step}: only ours:\n  {}\nonly theirs:\n  {}", only(&ours, &theirs), only(&theirs, &ours));
        println!("both:\n  {}", ours.intersection(&theirs).cloned().collect::<Vec<_>>().join("\n  "));
    })
}

fn count(rows: &BTreeSet<String>, words: &str) -> usize {
    rows.iter().filter(|row| row.contains(words)).count()
}

pub(crate) fn every_step_leads_to_the_same_table_as_the_originals(ours: &Binary) -> Outcome {
    let scene = Scene::new()?;
    let lan = scene.link("lan")?;
    let mut servers = Vec::new();
    for address in SERVERS {
        servers.push(Server::start(&scene, &lan, address)?);
    }
    let mut directors = [
        Director::start(&scene, &lan, ours, "lb1", "10.0.0.101")?,
        Director::start(&scene, &lan, &Binary::original(), "lb2", "10.0.0.102")?,
    ];
    // Four services of WEB, one each of the others; three servers each.
    let full = |rows: &BTreeSet<String>| {
        count(rows, "-A ") == 7 && count(rows, "-w 1") == 12 + 3 + 3 && count(rows, "-w 2") == 3
    };
    agree("everybody answers", &directors, full)?;

    servers[0].web = None;
    agree("a web server dies", &directors, |rows| count(rows, "-r 10.0.0.11:80 ") == 0)?;
    servers[1].web = None;
    servers[2].web = None;
    agree("all of them die, and the quorum with them", &directors, |rows| {
        count(rows, "-r 10.0.0.99:80 ") == 3 && count(rows, "-r 10.0.0.1") == 9
    })?;
    servers[0].serve_web()?;
    servers[1].serve_web()?;
    for director in &directors {
        for address in &SERVERS[..2] {
            let line = format!("Adding service [{address}]:tcp:80 to VS [WEB]:0");
            director.daemon.logs(&line, SOON)?;
        }
    }
    agree("two return, which is not enough to gain it again", &directors, |rows| {
        count(rows, "-r 10.0.0.99:80 ") == 3
    })?;
    servers[2].serve_web()?;
    agree("the third one returns", &directors, full)?;

    servers[0].names = None;
    agree("a name server dies and stays with weight 0", &directors, |rows| {
        count(rows, "-r 10.0.0.11:53 -g -w 0") == 1
    })?;
    servers[1].mail = None;
    agree("a mail server dies", &directors, |rows| count(rows, "-r 10.0.0.12:25 -g -w 1") == 0)?;
    servers[2].node.unplug("eth0")?;
    agree("a machine loses its cable", &directors, |rows| {
        count(rows, "-r 10.0.0.13") == 1 && count(rows, "-r 10.0.0.13:53 -g -w 0") == 1
    })?;
    for director in &directors {
        fs::write(director.node.outside("/run/load"), "3\n").doing("/run/load")?;
    }
    agree("a tracked file makes a server heavier", &directors, |rows| {
        count(rows, "-f 9 -r 10.0.0.11:0 -g -w 7") == 1
    })?;
    servers[0].serve_names()?;
    servers[1].serve_mail()?;
    servers[2].node.plug("eth0")?;
    agree("all return", &directors, |rows| count(rows, "-r 10.0.0.1") == 21 && count(rows, "-w 0") == 1)?;

    for director in &directors {
        director.daemon.write_config(&SECOND.text())?;
        director.daemon.reload()?;
    }
    agree("a reload moves a range, weights, a scheduler and a service", &directors, |rows| {
        count(rows, "10.1.7.1:80") == 0 && count(rows, "10.1.7.5:80") == 4 && count(rows, "-w 5") == 3
    })?;
    servers[0].web = None;
    agree("a server dies after the reload", &directors, |rows| count(rows, "-r 10.0.0.11:80 ") == 0)?;

    for director in &mut directors {
        director.daemon.stop()?;
    }
    // The original has lost sight of the services of the range that moved.
    let [ours, _] = &directors;
    eventually("an empty table after the stop", SOON, || ours.rows()?.is_empty().then_some(()))
}
