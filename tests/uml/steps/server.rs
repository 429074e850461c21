//! A machine with the three services of Debian that are checked.

use super::SOON;
use lab::{Link, Node, Outcome, Process, Scene, While as _, eventually};
use std::{fs, process::Command};

/// A server with all three services.
pub(super) struct Server {
    pub(super) node: Node,
    pub(super) web: Option<Process>,
    pub(super) names: Option<Process>,
    pub(super) mail: Option<Process>,
}

impl Server {
    pub(super) fn start(scene: &Scene, lan: &Link, address: &str) -> Outcome<Self> {
        let node = scene.node(address)?.on(lan, "eth0", &[&format!("{address}/24")])?;
        let mut server = Self { node, web: None, names: None, mail: None };
        server.serve_web()?;
        server.serve_names()?;
        server.serve_mail()?;
        // Until its first check has passed, a server goes at the first failure.
        eventually("all three services", SOON, || {
            let listening = server.node.run("ss", &["-Hltun"]).ok()?;
            [":80 ", ":53 ", ":25 "].iter().all(|port| listening.contains(port)).then_some(())
        })?;
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

    pub(super) fn serve_web(&mut self) -> Outcome {
        let text = "daemon off;\nmaster_process off;\npid /run/nginx.pid;\nerror_log stderr;\nevents {}\n\
                    http {\naccess_log off;\nclient_body_temp_path /tmp/body;\nproxy_temp_path /tmp/proxy;\n\
                    fastcgi_temp_path /tmp/fastcgi;\nuwsgi_temp_path /tmp/uwsgi;\nscgi_temp_path /tmp/scgi;\n\
                    server {\nlisten 80;\nlocation / { return 200 \"hello\\n\"; }\n}\n}\n";
        let file = self.file("nginx.conf", text)?;
        self.web = self.run("/usr/sbin/nginx", &["-c", &file])?;
        Ok(())
    }

    pub(super) fn serve_names(&mut self) -> Outcome {
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

    pub(super) fn serve_mail(&mut self) -> Outcome {
        let text = "primary_hostname = mail.example.org\nspool_directory = /tmp/exim\n\
                    log_file_path = /tmp/exim-%slog\npid_file_path = /run/exim.pid\n\
                    exim_user = root\nexim_group = root\ndaemon_smtp_ports = 25\n\
                    host_lookup =\nrfc1413_query_timeout = 0s\nkeep_environment =\n";
        let file = self.file("exim.conf", text)?;
        self.mail = self.run("/usr/sbin/exim4", &["-bdf", "-C", &file])?;
        Ok(())
    }
}
