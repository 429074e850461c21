//! The help text and the version.

/// The version whose behaviour this is, as `ipvsadm --version` prints it.
pub const VERSION: &str = "ipvsadm v1.31 2019/12/24 (compiled with popt and IPVS v1.2.1)\n";

/// The help text, after the line of the version. `program` is what to call it.
pub fn usage(program: &str) -> String {
    const SYNOPSIS: [&str; 13] = [
        "-A|-E SERVICE [-s SCHEDULER] [-b FLAG,...] [-p [SECONDS]] [-M MASK] [--pe ENGINE] [-o]",
        "-D SERVICE",
        "-a|-e SERVICE -r SERVER [-g|-m|-i [TUNNEL]] [-w WEIGHT] [-x UPPER] [-y LOWER]",
        "-d SERVICE -r SERVER",
        "[-L|-l [SERVICE] [-n] [LAYOUT] [--exact] [--nosort]]",
        "-L -c [-n] [--persistent-conn]",
        "-L --timeout | -L --daemon",
        "-Z [SERVICE]",
        "-C",
        "-S [-n] | -R",
        "--set TCP TCPFIN UDP",
        "--start-daemon master|backup [DAEMON] | --stop-daemon master|backup",
        "-h | -v",
    ];
    let mut text = String::from("Usage:\n");
    for line in SYNOPSIS {
        text.push_str("  ");
        text.push_str(program);
        text.push(' ');
        text.push_str(line);
        text.push('\n');
    }
    text.push_str(REST);
    text
}

const REST: &str = "
Commands (the first option is the command; without one the table is listed):
  -A, --add-service         add a virtual service
  -E, --edit-service        change a virtual service; what is not given returns to its default
  -D, --delete-service      remove a virtual service
  -a, --add-server          add a real server to a service
  -e, --edit-server         change a real server; what is not given returns to its default
  -d, --delete-server       remove a real server
  -L, -l, --list            show the table, or one service
  -Z, --zero                set the counters of the table, or of one service, to zero
  -C, --clear               remove everything
  -S, --save                write the table as command lines
  -R, --restore             read command lines from standard input
      --set                 set the timeouts of connections in seconds; 0 keeps one
      --start-daemon        start to send (master) or to receive (backup) connections
      --stop-daemon         stop it
  -h, --help                show this text
  -v, --version             show the version

SERVICE:
  -t, --tcp-service         HOST[:PORT]; with IPv6 and a port, [ADDRESS]:PORT
  -u, --udp-service         the same for UDP
      --sctp-service        the same for SCTP
  -f, --fwmark-service      packets with this mark, 1 to 4294967295
  -6, --ipv6                after -f: packets of IPv6

Of a service:
  -s, --scheduler           rr, wrr, lc, wlc (default), lblc, lblcr, dh, sh, mh, sed, nq, fo, ovf, ...
  -b, --sched-flags         sh-fallback, sh-port, mh-fallback, mh-port, flag-1, flag-2, flag-3
  -p, --persistent          clients stay with their server, for 360 seconds unless said otherwise
  -M, --netmask             what one client is: a mask (IPv4) or the length of a prefix (IPv6)
      --pe                  what tells clients apart: sip
  -o, --ops                 every UDP packet is scheduled on its own

Of a server:
  -r, --real-server         HOST[:PORT]
  -g, --gatewaying          direct routing (default)
  -i, --ipip                through a tunnel
  -m, --masquerading        address translation
  -w, --weight              its share, 1 unless said otherwise; 0 takes no new connections
  -x, --u-threshold         connections beyond which it gets no new ones
  -y, --l-threshold         connections below which it gets new ones again

TUNNEL:
      --tun-type            ipip (default), gue, gre
      --tun-port            the port of the real server, for gue
      --tun-nocsum          no checksum (default)
      --tun-csum            a checksum
      --tun-remcsum         a remote checksum, for gue

LAYOUT:
      --stats               counters
      --rate                rates per second
      --thresholds          thresholds
      --persistent-conn     persistent connections
      --tun-info            tunnels
  -n, --numeric             addresses and ports as numbers
      --exact               counters in full
      --nosort              in the order of the kernel
      --sort                no effect
  -c, --connection          connections instead of the table
      --timeout             timeouts instead of the table
      --daemon              synchronisation daemons instead of the table

DAEMON:
      --mcast-interface     where it talks; cannot be left out
      --syncid              0 (default) to 255; only messages with the same number are taken
      --sync-maxlen         the longest message in bytes; default 1472
      --mcast-group         the group, default 224.0.0.81
      --mcast-port          the UDP port, default 8848
      --mcast-ttl           how far it reaches, default 1
";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::OPTIONS;

    #[test]
    fn every_option_stands_in_the_help_text() {
        let text = usage("ipvsadm");
        for row in OPTIONS {
            assert!(text.contains(&format!("--{} ", row.long)), "{}", row.long);
            let short = row.short.map(char::from);
            assert!(short.is_none_or(|letter| text.contains(&format!("  -{letter}, ")) || letter == 'l'));
        }
    }
}
