//! The folder of private keys: broken as people break it, and what others read of it.
//!
//! Invariants: what is wanted of each object is written out here, not computed; permissions are
//! read by getfattr and ntfssecaudit. Absent on purpose: the program.

use super::layout::setfattr;
use crate::tool;
use security::Descriptor;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use testkit::windows::{MACHINE_KEYS, rdp_key};

/// The attribute of ntfs-3g that is a descriptor.
const ACL: &str = "system.ntfs_acl";

/// An object of the folder: its permissions as they are broken, and as each form leaves them.
#[derive(Clone, Debug)]
pub(super) struct Key {
    /// Below the root of the disk.
    pub(super) path: String,
    pub(super) broken: &'static str,
    /// `None` where the scoped form changes nothing.
    pub(super) scoped: Option<&'static str>,
    pub(super) article: &'static str,
}

/// Stands for the name of the key of Remote Desktop.
const REMOTE_DESKTOP: &str = "*";

/// The folder, the key of Remote Desktop, five others, and a folder with one more in it: name,
/// broken, scoped, article.
const KEYS: [(&str, &str, Option<&str>, &str); 9] = [
    // Of someone who is gone, closed to everybody but Administrators.
    (
        "",
        "O:S-1-5-21-1-2-3-1001G:SYD:PAI(A;;FA;;;BA)",
        Some("O:S-1-5-21-1-2-3-1001G:SYD:PAI(A;;FR;;;NS)(A;;FA;;;BA)"),
        "O:BAG:SYD:PAI(A;;FR;;;NS)(A;;FA;;;SY)(A;;FA;;;BA)",
    ),
    (
        REMOTE_DESKTOP,
        "O:S-1-5-21-1-2-3-1001G:SYD:PAI(D;;FR;;;NS)(A;;FA;;;SY)(A;;FR;;;NS)",
        Some("O:S-1-5-21-1-2-3-1001G:SYD:PAI(A;;FA;;;SY)(A;;FR;;;NS)"),
        "O:BAG:SYD:PAI(A;;FA;;;BA)(A;;FA;;;SY)(A;;FR;;;NS)",
    ),
    (
        "00_closed",
        "O:SYG:SYD:P",
        None,
        "O:BAG:SYD:P(A;;FA;;;BA)(A;;FR;;;NS)(A;;FA;;;SY)",
    ),
    (
        "11_inherits",
        "O:S-1-5-21-1-2-3-1001G:SYD:AI(A;ID;FA;;;SY)(A;ID;FR;;;BA)",
        None,
        "O:BAG:SYD:AI(A;;FA;;;BA)(A;;FR;;;NS)(A;;FA;;;SY)(A;ID;FA;;;SY)(A;ID;FR;;;BA)",
    ),
    (
        "22_audited",
        "O:SYG:SYD:PAI(A;;FA;;;SY)S:AI(AU;SAFA;FA;;;WD)(ML;;NW;;;HI)",
        None,
        "O:BAG:SYD:PAI(A;;FA;;;BA)(A;;FR;;;NS)(A;;FA;;;SY)S:AI(AU;SAFA;FA;;;WD)(ML;;NW;;;HI)",
    ),
    (
        "33_denied",
        "O:BAG:BAD:PAI(D;;FW;;;BU)(D;;FX;;;BG)(A;;FR;;;SY)",
        None,
        "O:BAG:BAD:PAI(D;;FW;;;BU)(D;;FX;;;BG)(A;;FA;;;BA)(A;;FR;;;NS)(A;;FA;;;SY)",
    ),
    // As the article leaves it.
    (
        "44_right",
        "O:BAG:SYD:PAI(A;;FA;;;SY)(A;;FR;;;NS)(A;;FA;;;BA)",
        None,
        "O:BAG:SYD:PAI(A;;FA;;;SY)(A;;FR;;;NS)(A;;FA;;;BA)",
    ),
    (
        "Below",
        "O:SYG:SYD:PAI(A;OICI;FA;;;SY)",
        None,
        "O:BAG:SYD:PAI(A;;FA;;;BA)(A;;FR;;;NS)(A;;FA;;;SY)(A;OICI;FA;;;SY)",
    ),
    (
        "Below/55_inside",
        "O:SYG:SYD:AI(A;ID;FA;;;SY)",
        None,
        "O:BAG:SYD:AI(A;;FA;;;BA)(A;;FR;;;NS)(A;;FA;;;SY)(A;ID;FA;;;SY)",
    ),
];

/// Every object.
pub(super) fn keys() -> Vec<Key> {
    let path = |name: &str| match name {
        "" => MACHINE_KEYS.to_owned(),
        REMOTE_DESKTOP => rdp_key(),
        name => format!("{MACHINE_KEYS}/{name}"),
    };
    let key = |(name, broken, scoped, article)| Key {
        path: path(name),
        broken,
        scoped,
        article,
    };
    KEYS.into_iter().map(key).collect()
}

/// A descriptor as a file has it.
pub(super) fn bytes(sddl: &str) -> Vec<u8> {
    let descriptor = Descriptor::from_sddl(sddl).unwrap();
    descriptor.to_bytes().unwrap()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Descriptors as text, for messages.
pub(super) fn sddl(hex: &str) -> String {
    let bytes: Option<Vec<u8>> = (0..hex.len() / 2)
        .map(|at| u8::from_str_radix(hex.get(2 * at..2 * at + 2)?, 16).ok())
        .collect();
    let descriptor = Descriptor::from_bytes(&bytes.unwrap_or_default());
    let text = descriptor.ok().and_then(|read| read.to_sddl().ok());
    text.unwrap_or_else(|| hex.to_owned())
}

/// Makes the objects of [`keys`] on a mounted disk, broken.
pub(super) fn broken(disk: &Path) {
    for key in keys() {
        let path = disk.join(&key.path);
        if key.path.ends_with("/Below") {
            fs::create_dir_all(&path).unwrap();
        } else if !path.exists() {
            fs::write(&path, b"a private key").unwrap();
        }
    }
    for key in keys() {
        setfattr(ACL, &bytes(key.broken), &disk.join(&key.path));
    }
}

/// Descriptors by path below a folder, in hexadecimal digits.
pub(super) type Permissions = BTreeMap<String, String>;

/// The descriptors of everything below a folder, as getfattr reads them; links not followed.
pub(super) fn permissions(root: &Path) -> Permissions {
    let mut command = Command::new("getfattr");
    command.args(["-P", "-R", "-h", "--absolute-names", "-e", "hex", "-n", ACL]);
    let output = command.arg(root).stderr(Stdio::null()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let root = root.display().to_string();
    let one = |lines: &str| -> Option<(String, String)> {
        let (path, value) = lines.strip_prefix("# file: ")?.split_once('\n')?;
        let path = path.strip_prefix(&root)?.trim_start_matches('/');
        let digits = value.split_once("=0x")?.1.trim();
        Some((path.to_owned(), digits.to_owned()))
    };
    let mut found: Permissions = text.split("\n\n").filter_map(one).collect();
    found.retain(|name, _| !name.starts_with("System Volume Information"));
    found
}

/// Fails with the names and texts of what differs.
#[track_caller]
pub(super) fn same_permissions(left: &Permissions, right: &Permissions, what: &str) {
    let names = left.keys().chain(right.keys());
    // Thousands would say no more.
    let differ: BTreeMap<&String, [Option<String>; 2]> = names
        .filter(|name| left.get(*name) != right.get(*name))
        .map(|name| {
            (
                name,
                [left, right].map(|side| side.get(name).map(|hex| sddl(hex))),
            )
        })
        .take(10)
        .collect();
    assert!(differ.is_empty(), "{what}: {differ:#?}");
}

/// What ntfssecaudit reads of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Audited {
    /// The descriptor in hexadecimal digits.
    pub(super) descriptor: String,
    /// The owner's SID.
    pub(super) owner: String,
}

/// Whether ntfssecaudit finds every descriptor of a volume in both indexes. What it says of the
/// stream itself does not count: it reads on behind the last descriptor, into whatever is there.
pub(super) fn has_whole_indexes(device: &Path) -> bool {
    let mut audit = Command::new("ntfssecaudit");
    let output = audit.arg("-a").arg(device).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines = [
        "0 errors in $SII",
        "0 errors in $SDH",
        "All keys are present in all lists",
    ];
    lines
        .iter()
        .all(|line| said.lines().any(|one| one.trim() == *line))
}

/// What ntfssecaudit reads of the folder of keys and everything in it, on a volume that is not
/// mounted; by path below its root. The indexes must be whole.
pub(super) fn audited(device: &Path) -> BTreeMap<String, Audited> {
    assert!(has_whole_indexes(device), "the indexes of descriptors");
    let mut audit = Command::new("ntfssecaudit");
    audit.arg("-rv").arg(device).arg(format!("/{MACHINE_KEYS}"));
    let text = tool(&mut audit);
    let mut found: BTreeMap<String, Audited> = BTreeMap::new();
    let mut now = String::new();
    for line in text.lines() {
        let name = ["File /", "Directory /"].iter();
        if let Some(path) = name.filter_map(|kind| line.strip_prefix(kind)).next() {
            now = path
                .split(" : ")
                .next()
                .unwrap_or(path)
                .trim_end()
                .to_owned();
        }
        let one = found.entry(now.clone()).or_default();
        if let Some(owner) = line.strip_prefix("Windows owner ") {
            owner.trim().clone_into(&mut one.owner);
        }
        // Lines like `000010  01020304 05060708 …`, the bytes in their order.
        let words: Vec<&str> = line.split_whitespace().collect();
        let is_hex = |word: &&str| word.chars().all(|digit| digit.is_ascii_hexdigit());
        if line.starts_with(' ') && words.len() > 1 && words.iter().all(is_hex) {
            one.descriptor.extend(words.into_iter().skip(1));
        }
    }
    found
}
