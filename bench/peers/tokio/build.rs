// SPDX-License-Identifier: MIT
//
// Lets the program say by what it was made.
use std::{env, fs, process::Command};

fn main() {
    let lock = fs::read_to_string("Cargo.lock").unwrap_or_default();
    let tokio = lock.split("name = \"tokio\"\nversion = \"").nth(1).unwrap_or_default();
    let rustc = Command::new(env::var("RUSTC").unwrap()).arg("--version").output().unwrap();
    println!("cargo:rustc-env=PEER_TOKIO={}", tokio.split('"').next().unwrap());
    println!("cargo:rustc-env=PEER_RUSTC={}", String::from_utf8_lossy(&rustc.stdout).trim());
    println!("cargo:rerun-if-changed=Cargo.lock");
}
