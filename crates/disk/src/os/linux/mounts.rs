//! The lines of `/proc/self/mountinfo`.
//!
//! Invariants: a line that is not as `proc_pid_mountinfo(5)` says is left out; the order is the
//! kernel's, so of two mounts at one place the later line is the one that is seen.
//!
//! Deliberately absent: options, propagation, the kind of the file system.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

/// One mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mount {
    pub(super) id: u64,
    /// The device number of the file system: of a block device, or one without (major 0).
    pub(super) number: u64,
    /// What of the file system is mounted, `/` for all of it.
    pub(super) root: PathBuf,
    /// Where.
    pub(super) at: PathBuf,
    /// What the program that mounted it gave as the source.
    pub(super) source: OsString,
}

/// Every line of the file.
pub(super) fn parse(text: &[u8]) -> Vec<Mount> {
    text.split(|byte| *byte == b'\n')
        .filter_map(mount)
        .collect()
}

fn mount(line: &[u8]) -> Option<Mount> {
    let mut fields = line.split(|byte| *byte == b' ');
    let id = number(fields.next()?)?;
    let mut device = fields.nth(1)?.split(|byte| *byte == b':');
    let major = number(device.next()?)?;
    let minor = number(device.next()?)?;
    let (root, at) = (fields.next()?, fields.next()?);
    // Any number of optional fields ends with a dash; the type and the source follow.
    fields.find(|field| *field == b"-")?;
    let source = fields.nth(1)?;
    Some(Mount {
        id,
        number: rustix::fs::makedev(major.try_into().ok()?, minor.try_into().ok()?),
        root: unescaped(root).into(),
        at: unescaped(at).into(),
        source: unescaped(source),
    })
}

fn number(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// The text of a field, in which blanks and backslashes stand as `\` and three octal digits.
fn unescaped(field: &[u8]) -> OsString {
    let mut text = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((first, tail)) = rest.split_first() {
        let code = rest.get(1..4).filter(|_| *first == b'\\').and_then(octal);
        text.push(code.unwrap_or(*first));
        rest = if code.is_some() {
            rest.get(4..).unwrap_or_default()
        } else {
            tail
        };
    }
    OsString::from_vec(text)
}

fn octal(digits: &[u8]) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_with_and_without_optional_fields() {
        let text = b"27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n\
            42 27 7:1 /a /mnt/a\\040b\\134 rw shared:7 master:2 - fuseblk /dev/loop1 rw\n\
            nonsense\n43 27 0:50 / /x rw - fuse\n";
        let mounts = parse(text);
        assert_eq!(mounts.len(), 2, "{mounts:?}");
        let second = Mount {
            id: 42,
            number: rustix::fs::makedev(7, 1),
            root: "/a".into(),
            at: "/mnt/a b\\".into(),
            source: "/dev/loop1".into(),
        };
        assert_eq!(mounts.last(), Some(&second));
    }

    #[test]
    fn a_backslash_that_escapes_nothing_stays() {
        for text in ["a\\", "\\9", "\\04", "\\999", "a\\b"] {
            assert_eq!(unescaped(text.as_bytes()), OsString::from(text));
        }
    }
}
