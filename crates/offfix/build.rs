//! Gives the Windows program its manifest and its version resource.
//!
//! Invariants: for every other system this does nothing and asks for no tool; a Windows build
//! without a resource compiler still works, with a warning. Absent on purpose: an icon.
#![allow(
    clippy::print_stdout,
    reason = "this is how a build script talks to Cargo"
)]

use std::env;

const MANIFEST: &str = "windows/offfix.manifest";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={MANIFEST}");
    if env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("windows") {
        return;
    }
    // The shadow stack of newer processors, which one linker knows; and no time in the program.
    let flags: &[&str] = match env::var("CARGO_CFG_TARGET_ENV").as_deref() {
        Ok("msvc") => &["/CETCOMPAT", "/Brepro"],
        _ => &["-Wl,--no-insert-timestamp"],
    };
    for flag in flags {
        println!("cargo::rustc-link-arg-bins={flag}");
    }
    let mut resource = winresource::WindowsResource::new();
    resource.set_manifest_file(MANIFEST);
    resource.set("ProductName", "offfix");
    resource.set("InternalName", "offfix");
    resource.set("OriginalFilename", "offfix.exe");
    resource.set("FileDescription", env!("CARGO_PKG_DESCRIPTION"));
    resource.set("LegalCopyright", env!("CARGO_PKG_LICENSE"));
    // English (United States), in which the program speaks.
    resource.set_language(0x0409);
    if let Err(error) = resource.compile_for("offfix") {
        println!("cargo::warning=offfix.exe gets no manifest and no version: {error}");
    }
}
