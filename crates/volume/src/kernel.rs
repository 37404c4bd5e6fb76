//! Which Windows a kernel file belongs to, from its version resource.
//!
//! Invariants: only a fixed file information block with the right signature and structure
//! version counts; anything else is "unknown". Absent on purpose: the rest of the PE format. The
//! block stands on a 4-byte boundary of the file, so it is found without sections and directories.

use std::fmt;

/// Signature and structure version of a fixed file information block.
const FIXED_FILE_INFO: [u8; 8] = [0xBD, 0x04, 0xEF, 0xFE, 0, 0, 1, 0];

/// A file version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// 10 for Windows 10, 11 and Server 2016 to 2025.
    pub major: u16,
    /// 3 for Windows 8.1 and Server 2012 R2.
    pub minor: u16,
    /// 14393 for Server 2016.
    pub build: u16,
    /// The update.
    pub revision: u16,
}

impl Version {
    /// The version a program file carries.
    pub fn of_file(file: &[u8]) -> Option<Version> {
        file.chunks_exact(4)
            .enumerate()
            .filter(|(_, four)| *four == &FIXED_FILE_INFO[..4])
            .find_map(|(index, _)| Version::of_block(file.get(index * 4..)?))
    }

    fn of_block(block: &[u8]) -> Option<Version> {
        if !block.starts_with(&FIXED_FILE_INFO) {
            return None;
        }
        let field = |at: usize| {
            let two = block.get(at..at + 2)?;
            Some(u16::from_le_bytes(two.try_into().ok()?))
        };
        // The file version: high half first, each half little-endian.
        let (minor, major, revision, build) = (field(8)?, field(10)?, field(12)?, field(14)?);
        (major > 0).then_some(Version {
            major,
            minor,
            build,
            revision,
        })
    }

    /// Whether this Windows writes logs of the new format: 8.1 and later do.
    pub fn has_new_logs(self) -> bool {
        (self.major, self.minor) >= (6, 3)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}.{}.{}.{}",
            self.major, self.minor, self.build, self.revision
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(version: [u16; 4]) -> Vec<u8> {
        let [major, minor, build, revision] = version;
        let words = [minor, major, revision, build]
            .map(u16::to_le_bytes)
            .concat();
        [FIXED_FILE_INFO.to_vec(), words].concat()
    }

    #[test]
    fn a_version_is_found_behind_other_bytes() {
        let file = [
            vec![0xBD, 0x04, 0xEF, 0xFE, 9, 9, 9, 9],
            block([6, 1, 7601, 17514]),
        ]
        .concat();
        let version = Version::of_file(&file).unwrap();
        assert_eq!(version.to_string(), "6.1.7601.17514");
        assert!(!version.has_new_logs());
        assert!(
            Version::of_file(&block([10, 0, 14393, 1]))
                .unwrap()
                .has_new_logs()
        );
        assert!(
            Version::of_file(&block([6, 3, 9600, 1]))
                .unwrap()
                .has_new_logs()
        );
    }

    #[test]
    fn other_files_have_no_version() {
        assert_eq!(Version::of_file(b""), None);
        assert_eq!(Version::of_file(&block([10, 0, 1, 1])[..14]), None);
        assert_eq!(Version::of_file(&[0; 4096]), None);
    }
}
