//! A Windows layout with faults in three files, and the metadata that Windows keeps beside bytes.
//!
//! Invariants: descriptors are what Windows gives these files, written and read by setfattr and
//! getfattr; every name has a short one. Absent on purpose: what has no bearing on a repair.

use super::image::Scheme;
use crate::scratch::{CONFIG, Scratch, Tree, tree};
use crate::tool;
use security::Descriptor;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Command, Stdio};
use testkit::bcd::{Data, LOADER, Machine, Store};
use testkit::windows::{broken, demo, machine};

const BIOS: &str = "disk/Boot/BCD";
const UEFI: &str = "esp/EFI/Microsoft/Boot/BCD";

/// The installer (S-1-5-80-...) owns what it has installed, and nobody else may write it.
const INSTALLED: &str = "\
    O:S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464\
    G:S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464\
    D:PAI(A;;FA;;;S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464)\
    (A;;0x1200a9;;;SY)(A;;0x1200a9;;;BA)(A;;0x1200a9;;;BU)";
/// What System Reserved and `config` have on their files: nobody but the machine's own.
const OWN: &str = "O:BAG:SYD:AI(A;ID;FA;;;SY)(A;ID;FA;;;BA)";

/// How long the logs of hives and store are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Logs {
    /// Nothing: a run has to make them longer.
    Empty,
    /// Long enough for a run; those of a Windows in use are longer still.
    Roomy,
}

const ROOMY: usize = 64 << 10;

/// The files that the recommended repairs of the layout change, below the scratch folder.
pub(super) fn repaired(scheme: Scheme) -> [String; 3] {
    let hive = |name: &str| format!("disk/{CONFIG}/{name}");
    let store = match scheme {
        Scheme::Mbr => BIOS,
        Scheme::Gpt => UEFI,
    };
    [hive("SYSTEM"), hive("SOFTWARE"), store.to_owned()]
}

/// Files with faults: protocols and services switched off in SYSTEM, a policy in SOFTWARE, safe
/// mode in the boot store. On the MBR disk the store has another id of the disk as well.
fn faulty(scheme: Scheme) -> BTreeMap<String, Vec<u8>> {
    let mut files = demo().files;
    let software = format!("{CONFIG}/SOFTWARE");
    let policy = broken("rdp-policy").unwrap().files.remove(&software);
    files.insert(software, policy.unwrap());
    let machine = match scheme {
        Scheme::Mbr => machine(),
        Scheme::Gpt => Machine::uefi(),
    };
    let mut store = Store::windows(&machine);
    store.element(LOADER, 0x2500_0080, &Data::Integer(1));
    files.insert("Boot/BCD".to_owned(), store.build());
    let place = |(path, bytes): (String, Vec<u8>)| {
        let name = path.strip_prefix("Boot/");
        match (scheme, name) {
            (Scheme::Gpt, Some(name)) => (format!("esp/EFI/Microsoft/Boot/{name}"), bytes),
            _ => (format!("disk/{path}"), bytes),
        }
    };
    files.into_iter().map(place).collect()
}

/// Writes the files and dresses those on NTFS.
pub(super) fn write(scratch: &Scratch, scheme: Scheme, logs: Logs) {
    for (path, mut bytes) in faulty(scheme) {
        if logs == Logs::Roomy && bytes.is_empty() {
            bytes.resize(ROOMY, 0);
        }
        let path = scratch.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    dress(&scratch.disk());
}

/// Gives everything on an NTFS volume the descriptor, attributes and short name of its place.
fn dress(disk: &Path) {
    let names = visible(disk);
    for (number, name) in names.keys().enumerate() {
        let path = disk.join(name);
        let place = name.to_string_lossy();
        let descriptor = Descriptor::from_sddl(descriptor_of(&place)).unwrap();
        setfattr("system.ntfs_acl", &descriptor.to_bytes().unwrap(), &path);
        let bits: u32 = attributes_of(&place, path.is_dir());
        setfattr("system.ntfs_attrib_be", &bits.to_be_bytes(), &path);
        if let Some(long) = name.file_name() {
            let short = short_name(&long.to_string_lossy(), number);
            setfattr("system.ntfs_dos_name", short.as_bytes(), &path);
        }
    }
}

fn descriptor_of(place: &str) -> &'static str {
    if place.ends_with("MachineKeys") {
        return "O:SYG:SYD:PAI(A;;0x12019f;;;WD)(A;;FA;;;BA)";
    }
    if place.contains("MachineKeys") {
        return "O:SYG:SYD:AI(A;;FA;;;SY)(A;;FR;;;NS)(A;;FA;;;BA)";
    }
    if place == CONFIG || place == "Boot" {
        return "O:SYG:SYD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;CIIO;FA;;;CO)";
    }
    if place.starts_with(CONFIG) || place.starts_with("Boot") || place == "bootmgr" {
        return OWN;
    }
    if place.starts_with("Windows") {
        return INSTALLED;
    }
    "O:SYG:SYD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;BU)"
}

const READ_ONLY: u32 = 0x01;
const HIDDEN: u32 = 0x02;
const SYSTEM: u32 = 0x04;
const ARCHIVE: u32 = 0x20;

fn attributes_of(place: &str, is_folder: bool) -> u32 {
    match place {
        "Boot" => HIDDEN | SYSTEM,
        "bootmgr" => READ_ONLY | HIDDEN | SYSTEM | ARCHIVE,
        _ if is_folder => 0,
        // Windows hides the logs; the hives here too, so that there is something to lose.
        _ if place.starts_with(CONFIG) || place.starts_with("Boot/") => HIDDEN | SYSTEM | ARCHIVE,
        _ => ARCHIVE,
    }
}

/// The name itself where it is short enough, else its beginning with a number.
fn short_name(long: &str, number: usize) -> String {
    let upper = long.to_uppercase();
    let (stem, end) = upper.split_once('.').unwrap_or((&upper, ""));
    if stem.len() <= 8 && end.len() <= 3 && !end.contains('.') {
        return upper.clone();
    }
    let dot = if end.is_empty() { "" } else { "." };
    let cut = |text: &str, most| text.chars().take(most).collect::<String>();
    format!("{}~{number}{dot}{}", cut(stem, 4), cut(end, 3))
}

/// Gives one file an attribute of the system.
pub(super) fn setfattr(name: &str, value: &[u8], path: &Path) {
    let digits: String = value.iter().map(|byte| format!("{byte:02x}")).collect();
    let value = format!("0x{digits}");
    let mut command = Command::new("setfattr");
    tool(command.args(["-h", "-n", name, "-v", &value]).arg(path));
}

/// An attribute of a file, in hexadecimal digits; `None` when it has none.
fn getfattr(name: &str, path: &Path) -> Option<String> {
    let mut command = Command::new("getfattr");
    command.args(["-h", "-e", "hex", "--absolute-names", "-n", name]);
    let output = command.arg(path).stderr(Stdio::null()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let value = text.split_once('=')?.1.trim();
    Some(value.strip_prefix("0x")?.to_owned())
}

/// What stands beside the bytes of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    /// The number of its record in the file table.
    pub(super) record: u64,
    /// Descriptor, attributes, short name; `None` on a file system without.
    pub(super) kept: [Option<String>; 3],
    /// When it was created, in digits of NTFS time.
    pub(super) created: Option<String>,
    /// When its bytes were changed.
    pub(super) written: Option<String>,
}

impl Facts {
    /// Of one file.
    pub(super) fn of(path: &Path) -> Facts {
        let names = [
            "system.ntfs_acl",
            "system.ntfs_attrib",
            "system.ntfs_dos_name",
        ];
        let times = getfattr("system.ntfs_times", path);
        let part = |at: usize| Some(times.as_ref()?.get(at * 16..(at + 1) * 16)?.to_owned());
        Facts {
            record: fs::metadata(path).unwrap().ino(),
            kept: names.map(|name| getfattr(name, path)),
            created: part(0),
            written: part(1),
        }
    }
}

/// A tree without what only NTFS has.
pub(super) fn visible(disk: &Path) -> Tree {
    let mut tree = tree(disk);
    tree.retain(|name, _| !name.starts_with("System Volume Information"));
    tree
}

/// Windows and, where there is one, the system partition.
pub(super) fn roots(scratch: &Scratch) -> Tree {
    let mut all = Tree::new();
    for root in ["disk", "esp"] {
        let part = visible(&scratch.path().join(root));
        all.extend(
            part.into_iter()
                .map(|(name, entry)| (Path::new(root).join(name), entry)),
        );
    }
    all
}
