//! The seed corpus: small stores from the test kit.
//!
//! Invariants: the same files each time. Absent on purpose: real stores.

use testkit::bcd::{BADMEMORY, BOOTMGR, Data, FOREIGN, Firmware, Store};

/// All seeds: name, content.
pub fn all() -> Vec<(&'static str, Vec<u8>)> {
    let mut bare = Store::new();
    bare.object(BOOTMGR, 0x1010_0002);
    let mut circle = Store::bios_windows();
    circle
        .element(
            BADMEMORY,
            0x1400_0006,
            &Data::Objects(&[BADMEMORY, BOOTMGR]),
        )
        .foreign_entry(Firmware::Bios);
    let mut odd = Store::uefi_windows();
    odd.element(FOREIGN, 0x2500_0004, &Data::Raw(3, &[1, 2, 3]))
        .element(BOOTMGR, 0x2600_0020, &Data::Raw(4, &[1, 0, 0, 0]))
        .element(BOOTMGR, 0x2800_0001, &Data::Raw(3, &[9; 9]));
    odd.hive.key("Objects\\{Default}\\Elements\\250000C2");
    [
        ("empty", Store::new()),
        ("bare", bare),
        ("circle", circle),
        ("odd", odd),
        ("bios", Store::bios_windows()),
        ("uefi", Store::uefi_windows()),
    ]
    .into_iter()
    .map(|(name, store)| (name, [&[1], &store.build()[..]].concat()))
    .collect()
}
