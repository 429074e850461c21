//! The configuration of both, before and after the reload.

use super::SERVERS;
use super::director::{FIFO, MAIL, NOTE, STATUS};

/// One second between checks, a single retry, nothing at random. A check that takes longer than its timeout on a busy
/// machine would be a failure that only one of both has.
const PACE: &str = "delay_loop 1\n retry 1\n delay_before_retry 1\n warmup 0\n connect_timeout 5\n";

/// What differs between the two configurations.
pub(super) struct Edition {
    range: &'static str,
    dns_weight: u32,
    smtp_scheduler: &'static str,
    marked: bool,
}

pub(super) const FIRST: Edition =
    Edition { range: "10.1.7.1-3", dns_weight: 2, smtp_scheduler: "wlc", marked: true };
pub(super) const SECOND: Edition =
    Edition { range: "10.1.7.2-5", dns_weight: 5, smtp_scheduler: "sed", marked: false };

impl Edition {
    pub(super) fn text(&self) -> String {
        let Self { range, dns_weight, smtp_scheduler, marked } = self;
        let web =
            servers("web", 80, |_| "weight 1\n HTTP_GET {\n url {\n path /\n status_code 200\n }\n }".into());
        let dns = servers("dns", 53, |_| {
            format!(
                "weight {dns_weight}\n inhibit_on_failure\n DNS_CHECK {{\n type A\n name www.example.org\n }}"
            )
        });
        let mail = servers("mail", 25, |_| "SMTP_CHECK {\n helo_name lb\n }".into());
        let ping = servers("ping", 0, |at| {
            let file = if at == 0 { " FILE_CHECK {\n track_file load\n weight 2\n }\n" } else { "" };
            format!("weight 1\n PING_CHECK {{\n }}\n{file}")
        });
        let misc = servers("misc", 81, |at| {
            let program = if at == 0 {
                format!("MISC_CHECK {{\n misc_path \"{STATUS}\"\n misc_timeout 10\n misc_dynamic\n }}\n")
            } else {
                String::new()
            };
            format!("weight 4\n{program}")
        });
        let marked = if *marked {
            service("fwmark 9", "mark", &format!("lvs_sched wrr\n{ping}"))
        } else {
            String::new()
        };
        format!(
            "global_defs {{\n router_id lb\n script_user root\n lvs_notify_fifo {FIFO}\n smtp_alert\n smtp_server {MAIL}\n \
             smtp_helo_name lb.example.org\n notification_email_from lb@example.org\n notification_email {{\n \
             ops@example.org\n }}\n}}\n\
             track_file load {{\n file /run/load\n}}\n\
             virtual_server_group WEB {{\n {range} 80\n fwmark 7\n}}\n"
        ) + &service(
            "group WEB",
            "web",
            &format!(
                "lvs_sched rr\n protocol TCP\n quorum 2\n hysteresis 1\n sorry_server 10.0.0.99 80\n{web}"
            ),
        ) + &service("10.1.0.2 53", "dns", &format!("alpha\n omega\n lvs_sched wrr\n protocol UDP\n{dns}"))
            + &service(
                "10.1.0.3 25",
                "mail",
                &format!(
                    "lvs_sched {smtp_scheduler}\n protocol TCP\n persistence_timeout 50\n \
                 sorry_server 10.0.0.99 25\n sorry_server_inhibit\n{mail}"
                ),
            )
            + &service("10.1.0.4 81", "misc", &format!("lvs_sched wlc\n protocol TCP\n quorum 9\n{misc}"))
            + &marked
    }
}

fn service(name: &str, short: &str, rest: &str) -> String {
    format!(
        "virtual_server {name} {{\n {PACE} lvs_method DR\n quorum_up \"{NOTE} {short} up\"\n \
         quorum_down \"{NOTE} {short} down\"\n {rest}}}\n"
    )
}

fn servers(short: &str, port: u16, block: impl Fn(usize) -> String) -> String {
    let server = |(at, address)| {
        format!(
            " real_server {address} {port} {{\n notify_up \"{NOTE} {short} {at} up\"\n \
             notify_down \"{NOTE} {short} {at} down\"\n {}\n }}\n",
            block(at)
        )
    };
    SERVERS.into_iter().enumerate().map(server).collect()
}
