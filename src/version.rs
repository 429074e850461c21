//! Which keepalived this is.

/// The release of keepalived whose behaviour this program reproduces.
///
/// Monitoring compares it with the versions that brought the features it wants.
pub(crate) const COMPATIBLE: &str = "2.4.3";

/// The date in the version line, in keepalived's form.
const DATE: &str = "11/22,2026";

/// `v2.4.3 (11/22,2026)`.
pub(crate) fn release() -> String {
    format!("v{COMPATIBLE} ({DATE})")
}

/// The text of `--version`. Programs read the second word of the first line, and look for `--enable-json`.
pub(crate) fn text() -> String {
    let mut text = format!(
        "Keepalived {}\n\nkeepalived-rs {}, licensed MIT OR Apache-2.0\n\n",
        release(),
        env!("CARGO_PKG_VERSION")
    );
    if let Some(running) = running_on() {
        text.push_str(&format!("{running}\n"));
    }
    if let Some(distribution) = distribution() {
        text.push_str(&format!("Distro: {distribution}\n"));
    }
    text.push_str("\nconfigure options: --enable-json\n\nConfig options:  NFTABLES IPTABLES LIBIPSET LVS REGEX VRRP VRRP_AUTH VRRP_VMAC JSON BFD OLD_CHKSUM_COMPAT\n");
    text
}

/// `Running on Linux <release> <version>`.
pub(crate) fn running_on() -> Option<String> {
    let name = nix::sys::utsname::uname().ok()?;
    Some(format!(
        "Running on {} {} {}",
        name.sysname().display(),
        name.release().display(),
        name.version().display()
    ))
}

fn distribution() -> Option<String> {
    let text = std::fs::read_to_string("/etc/os-release").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
    Some(line.trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    #[test]
    fn exporters_find_version_and_json() {
        let text = super::text();
        let second = text.split(' ').nth(1).unwrap();
        assert_eq!(&second[1..], "2.4.3");
        assert!(text.contains("--enable-json"));
    }
}
