//! Writes the seed corpus: `cargo run --bin seeds -- FOLDER`, a folder below it per target.
//!
//! Invariants: existing seeds are overwritten, other files stay. Absent on purpose: running
//! anything.

use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    let folder = std::env::args_os()
        .nth(1)
        .map_or("corpus".into(), PathBuf::from);
    for (target, name, content) in hive_fuzz::seeds::all() {
        let name: String = name
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .collect();
        let folder = folder.join(target);
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join(name), content)?;
    }
    Ok(())
}
