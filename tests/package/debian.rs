//! The package beside, over and under Debian's own keepalived.

use crate::root::{Root, packaged};
use libtest_mimic::Failed;
use std::{fs, path::PathBuf, sync::OnceLock};

const ARGUMENTS: &str = "DAEMON_ARGS=\"--log-detail --log-facility 3\"\n";
const CONFIGURATION: &str = "! as the administrator left it\n";
const ENABLED: &str = "/etc/systemd/system/multi-user.target.wants/keepalived.service";
const UNIT: &str = "/lib/systemd/system/keepalived.service";

type Outcome = Result<(), Failed>;

pub(crate) fn it_takes_the_place_and_back() -> Outcome {
    let root = with_debians_keepalived()?;
    install(&root)?;
    // Nothing was asked, and nothing that was edited has changed.
    assert_eq!(root.read("/etc/default/keepalived")?, ARGUMENTS);
    assert_eq!(root.read("/etc/keepalived/keepalived.conf")?, CONFIGURATION);
    assert_eq!(states(&root)?, ["keepalived rc", "keepalived-rs ii"]);
    assert!(root.read(UNIT)?.contains("ExecStart=/usr/sbin/keepalived --dont-fork $DAEMON_ARGS"));
    assert!(root.has(ENABLED) && root.has("/etc/init.d/keepalived"));
    let version = root.sh("keepalived --version 2>&1; genhash -h 2>&1 || true")?;
    assert!(version.starts_with("Keepalived v2.4.3 ") && version.contains("keepalived-rs"), "{version}");
    assert!(version.contains("Usage: genhash"), "{version}");
    // Other packages that want keepalived are content.
    root.sh("apt-get --quiet=2 check")?;

    root.sh("apt-get install --quiet=2 --yes --no-install-recommends keepalived")?;
    assert_eq!(states(&root)?, ["keepalived ii", "keepalived-rs rc"]);
    assert_eq!(root.read("/etc/default/keepalived")?, ARGUMENTS);
    assert_eq!(root.read("/etc/keepalived/keepalived.conf")?, CONFIGURATION);
    assert!(root.has(ENABLED) && root.has(UNIT) && root.has("/usr/bin/genhash"));
    let version = root.sh("keepalived --version 2>&1")?;
    assert!(!version.contains("keepalived-rs"), "{version}");
    root.sh("dpkg --purge keepalived-rs")?;
    assert!(root.has(ENABLED) && root.has(UNIT) && root.has("/etc/default/keepalived"));
    Ok(())
}

pub(crate) fn it_outlives_the_purge() -> Outcome {
    let root = with_debians_keepalived()?;
    install(&root)?;
    // That takes its configuration files and disables the unit of that name; this package's trigger mends both.
    root.sh("dpkg --purge keepalived")?;
    assert_eq!(states(&root)?, ["keepalived-rs ii"]);
    assert!(root.has(ENABLED) && root.has(UNIT));
    assert!(root.has("/etc/default/keepalived") && root.has("/etc/init.d/keepalived"));
    assert_eq!(root.read("/etc/keepalived/keepalived.conf")?, CONFIGURATION);
    root.sh("keepalived --version 2>&1")?;
    Ok(())
}

pub(crate) fn its_own_purge_leaves_the_configuration() -> Outcome {
    let root = Root::debian()?;
    root.sh("apt-get --quiet=2 update")?;
    install(&root)?;
    root.write("/etc/keepalived/keepalived.conf", CONFIGURATION)?;
    assert!(root.has(ENABLED) && root.has("/etc/default/keepalived"));
    let manual =
        root.sh("ls /usr/share/bash-completion/completions /usr/share/doc/keepalived-rs/examples")?;
    assert!(manual.contains("keepalived-unprivileged.service"), "{manual}");

    root.sh("apt-get purge --quiet=2 --yes keepalived-rs")?;
    let left = root.sh("find / -xdev -name '*keepalived*' -not -path '/var/*' -not -path '/proc/*'")?;
    let mut left: Vec<&str> = left.lines().collect();
    left.sort_unstable();
    assert_eq!(left, ["/etc/keepalived", "/etc/keepalived/keepalived.conf"]);
    Ok(())
}

/// A Debian whose keepalived somebody has configured.
fn with_debians_keepalived() -> Result<Root, Failed> {
    let root = Root::debian()?;
    root.sh("apt-get --quiet=2 update; apt-get install --quiet=2 --yes --no-install-recommends keepalived")?;
    root.write("/etc/default/keepalived", ARGUMENTS)?;
    root.write("/etc/keepalived/keepalived.conf", CONFIGURATION)?;
    Ok(root)
}

fn install(root: &Root) -> Outcome {
    static PACKAGE: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let package =
        PACKAGE.get_or_init(|| packaged(&[]).map_err(|error| error.message().unwrap_or("").to_owned()));
    fs::copy(package.as_ref().map_err(Failed::from)?, root.path("/keepalived-rs.deb"))?;
    root.sh(
        "apt-get install --quiet=2 --yes --no-install-recommends /keepalived-rs.deb; rm /keepalived-rs.deb",
    )?;
    Ok(())
}

/// dpkg's state of the packages that are called keepalived.
fn states(root: &Root) -> Result<Vec<String>, Failed> {
    let listed =
        root.sh("dpkg-query --show --showformat '${Package} ${db:Status-Abbrev}\\n' 'keepalived*'")?;
    // What is only mentioned by another package is listed as `un`.
    let mut states: Vec<String> =
        listed.lines().map(|line| line.trim().to_owned()).filter(|line| !line.ends_with(" un")).collect();
    states.sort_unstable();
    Ok(states)
}
