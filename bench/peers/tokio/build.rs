// SPDX-License-Identifier: MIT
//
// Lets a program say by what it was made. Its package is called after the crate that it is about.
use std::{env, fs, process::Command};

fn main() {
    let package = env::var("CARGO_PKG_NAME").unwrap();
    let name = package.trim_start_matches("weir-peer-");
    let lock = fs::read_to_string("Cargo.lock").unwrap_or_default();
    let found = lock.split(&format!("name = \"{name}\"\nversion = \"")).nth(1);
    let version = found.unwrap_or_default().split('"').next().unwrap();
    let rustc = Command::new(env::var("RUSTC").unwrap()).arg("--version").output().unwrap();
    println!("cargo:rustc-env=PEER_CRATE={name} {version}");
    println!("cargo:rustc-env=PEER_RUSTC={}", String::from_utf8_lossy(&rustc.stdout).trim());
    println!("cargo:rerun-if-changed=Cargo.lock");
}
