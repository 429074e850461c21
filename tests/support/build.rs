//! Compiles the library that linux.uml is started with, which the lab carries in itself.

use std::{env, path::PathBuf, process::Command};

const SOURCE: &str = "xstate/preload.rs";

fn main() {
    println!("cargo::rerun-if-changed={SOURCE}");
    let folder = PathBuf::from(env::var_os("OUT_DIR").expect("cargo names the folder"));
    let compiler = env::var_os("RUSTC").expect("cargo names the compiler");
    let status = Command::new(compiler)
        .args([
            "--edition=2024",
            "--crate-type=cdylib",
            "-Copt-level=2",
            "-Cstrip=symbols",
            "-Cpanic=abort",
            SOURCE,
        ])
        .arg("-o")
        .arg(folder.join("preload.so"))
        .status();
    assert!(status.is_ok_and(|status| status.success()), "{SOURCE} cannot be compiled");
}
