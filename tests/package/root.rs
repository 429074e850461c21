//! Folders that programs see as their root.

use libtest_mimic::Failed;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
};

/// A root of its own, removed in the end, whatever the end is.
#[derive(Debug)]
pub(crate) struct Root {
    /// What the root holds lies in `root` in here.
    folder: tempfile::TempDir,
    is_mounted: bool,
}

impl Root {
    /// An empty one.
    pub(crate) fn empty() -> Result<Self, Failed> {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        fs::create_dir(folder.path().join("root"))?;
        Ok(Self { folder, is_mounted: false })
    }

    /// A small Debian of the release that runs here, so that it has the C library the binary was built for. It lies over a
    /// pattern that all share, so only what it changes takes room; where the kernel refuses that, as it does when the build's
    /// folder lies on such a file system itself, it is a copy.
    pub(crate) fn debian() -> Result<Self, Failed> {
        static PATTERN: OnceLock<Result<PathBuf, String>> = OnceLock::new();
        let pattern =
            PATTERN.get_or_init(|| bootstrap().map_err(|error| error.message().unwrap_or("").to_owned()));
        let pattern = pattern.as_ref().map_err(Failed::from)?;
        let mut root = Self::empty()?;
        let [upper, work] = ["changes", "work"].map(|name| root.folder.path().join(name));
        fs::create_dir(&upper)?;
        fs::create_dir(&work)?;
        let (pattern, upper, work) = (pattern.display(), upper.display(), work.display());
        let folders = format!("lowerdir={pattern},upperdir={upper},workdir={work}");
        let mut overlay = Command::new("mount");
        overlay.args(["-t", "overlay", "overlay", "-o", &folders]).arg(root.path("/"));
        match run(&mut overlay) {
            Ok(_) => root.is_mounted = true,
            Err(refusal) => {
                println!("no overlay, so a copy: {}", refusal.message().unwrap_or_default());
                let contents = format!("{pattern}/.");
                run(Command::new("cp").args(["--archive", "--reflink=auto", &contents]).arg(root.path("/")))?;
            }
        }
        fs::copy("/etc/resolv.conf", root.path("/etc/resolv.conf"))?;
        // Services are installed, not started: there is no init in here.
        root.write("/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n")?;
        run(Command::new("chmod").arg("755").arg(root.path("/usr/sbin/policy-rc.d")))?;
        Ok(root)
    }

    /// Where an absolute path of the root lies outside.
    pub(crate) fn path(&self, inside: &str) -> PathBuf {
        self.folder.path().join("root").join(inside.trim_start_matches('/'))
    }

    pub(crate) fn write(&self, path: &str, text: &str) -> Result<(), Failed> {
        let path = self.path(path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        Ok(fs::write(path, text)?)
    }

    pub(crate) fn read(&self, path: &str) -> Result<String, Failed> {
        let outside = self.path(path);
        fs::read_to_string(outside).map_err(|error| Failed::from(format!("{path}: {error}")))
    }

    /// Whether something lies at a path, if only a symbolic link that leads outside.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.path(path).symlink_metadata().is_ok()
    }

    /// Runs a shell's lines in the root, with `/proc`; they must all succeed. Gives what they print.
    pub(crate) fn sh(&self, lines: &str) -> Result<String, Failed> {
        let output = run(Command::new("unshare")
            .args(["--mount", "--pid", "--fork", "--kill-child", "sh", "-ec"])
            .arg(r#"mount -t proc proc "$1/proc"; exec chroot "$1" /bin/sh -ec "$2""#)
            .arg("sh")
            .arg(self.path("/"))
            .arg(lines)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .env("LC_ALL", "C.UTF-8")
            .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"))?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        if self.is_mounted {
            // What is mounted still cannot be removed; the folder then stays, and says so by being there.
            let _ = Command::new("umount").arg("--lazy").arg(self.path("/")).status();
        }
    }
}

/// Runs a command that must succeed.
pub(crate) fn run(command: &mut Command) -> Result<Output, Failed> {
    let output = command.stdin(std::process::Stdio::null()).output()?;
    if output.status.success() {
        return Ok(output);
    }
    Err(Failed::from(format!(
        "{command:?} failed: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )))
}

/// Runs this workspace's `cargo xtask package` and gives the path of what it made.
pub(crate) fn packaged(words: &[&str]) -> Result<PathBuf, Failed> {
    let output = Path::new(env!("CARGO_TARGET_TMPDIR")).join("package");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    // The variables that cargo sets for a test name that test's package.
    let said = run(Command::new(cargo)
        .args(["run", "--quiet", "--package", "xtask", "--", "package", "--profile", "dev", "--output"])
        .arg(&output)
        .args(words)
        .current_dir(env!("CARGO_MANIFEST_DIR")))?;
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    said.lines().last().map(PathBuf::from).ok_or_else(|| Failed::from("cargo xtask package names no file"))
}

/// The pattern of every Debian here, made once.
fn bootstrap() -> Result<PathBuf, Failed> {
    let release = fs::read_to_string("/etc/os-release")?;
    let codename =
        release.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME=")).unwrap_or("stable");
    let pattern = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("debian-{codename}"));
    if !pattern.exists() {
        let unfinished = pattern.with_extension("unfinished");
        let _ = fs::remove_dir_all(&unfinished);
        run(Command::new("debootstrap").args(["--variant=minbase", codename]).arg(&unfinished))?;
        // The packages it was made of, as large as itself.
        run(Command::new("chroot").arg(&unfinished).args(["apt-get", "clean"]))?;
        fs::rename(&unfinished, &pattern)?;
    }
    Ok(pattern)
}
