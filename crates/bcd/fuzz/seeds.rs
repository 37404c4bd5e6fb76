//! Writes the seed corpus: `cargo run --bin seeds -- FOLDER`, a folder below it for the target.
//!
//! Invariants: existing seeds are overwritten, other files stay. Absent on purpose: running
//! anything.

use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    let folder = std::env::args_os()
        .nth(1)
        .map_or("corpus".into(), PathBuf::from);
    let folder = folder.join("read_store");
    std::fs::create_dir_all(&folder)?;
    for (name, content) in bcd_fuzz::seeds::all() {
        std::fs::write(folder.join(name), content)?;
    }
    Ok(())
}
