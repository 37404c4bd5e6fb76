//! Where the private key of a certificate lies on the disk.
//!
//! Invariants: a file is missing only when its name is known and its folder was read; all else is
//! "not known". No more than a fixed number of files is opened. Absent on purpose: reading a key,
//! and who may read it.

use super::blob::KeyProvider;
use crate::context::chain;
use volume::Volume;

/// The folder of the machine's keys of CryptoAPI.
pub const CAPI: &str = r"ProgramData\Microsoft\Crypto\RSA\MachineKeys";
const CNG: &str = r"ProgramData\Microsoft\Crypto\Keys";
/// How the name of the file of Remote Desktop's container begins.
const REMOTE_DESKTOP: &str = "f686aace6942fb7f7ceb231212eef4a4_";
/// Digits of the hash at the start of a file's name.
const HASH: usize = 32;
/// No more files are searched for a container's name.
const FILES: usize = 2_000;
/// A larger file is no key.
const SIZE: u64 = 64 << 10;

/// What is known of a key file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyFile {
    /// It is there.
    Present {
        /// Its path.
        path: String,
        /// Its size in bytes.
        size: u64,
    },
    /// It is not there.
    Missing {
        /// What its name is, or how it begins.
        path: String,
    },
    /// It cannot be said.
    NotKnown(String),
}

/// Looks for the key file of a container; `machine` is the machine's identifier.
pub fn find(volume: &Volume, provider: &KeyProvider, machine: Option<&str>) -> KeyFile {
    let folder = if provider.cng { CNG } else { CAPI };
    let entries = match volume.root().list(folder) {
        Ok(Some(entries)) => entries,
        Ok(None) => return KeyFile::NotKnown(format!("there is no folder {folder}")),
        Err(error) => return KeyFile::NotKnown(chain(&error)),
    };
    if let Some((start, rest)) = file_name(provider, machine) {
        let is_it = |found: &str| match rest {
            Some(rest) => found.eq_ignore_ascii_case(&format!("{start}{rest}")),
            None => found.to_ascii_lowercase().starts_with(start),
        };
        let found = entries.iter().find(|entry| is_it(&entry.name));
        return match found {
            Some(entry) => KeyFile::Present {
                path: format!(r"{folder}\{}", entry.name),
                size: entry.size,
            },
            None => KeyFile::Missing {
                path: format!(r"{folder}\{start}{}", rest.unwrap_or_default()),
            },
        };
    }
    let files = entries.iter().filter(|entry| entry.size <= SIZE);
    for entry in files.take(FILES) {
        let path = format!(r"{folder}\{}", entry.name);
        if let Ok(Some(bytes)) = volume.root().read(&path, SIZE)
            && names(&bytes, &provider.container)
        {
            let size = entry.size;
            return KeyFile::Present { path, size };
        }
    }
    KeyFile::NotKnown(format!(
        "no file in {folder} names the container {:?}",
        provider.container
    ))
}

/// How the name of a container's file begins, and how it goes on, as far as they are known.
fn file_name<'n>(
    provider: &'n KeyProvider,
    machine: Option<&'n str>,
) -> Option<(&'n str, Option<&'n str>)> {
    let name = provider.container.as_str();
    let known = KeyProvider::remote_desktop();
    if provider.cng == known.cng && name.eq_ignore_ascii_case(&known.container) {
        return Some((REMOTE_DESKTOP, machine));
    }
    let (hash, rest) = name.split_at_checked(HASH)?;
    let is_file = hash.bytes().all(|digit| digit.is_ascii_hexdigit())
        && rest.starts_with('_')
        && rest.bytes().all(|byte| byte.is_ascii_graphic());
    is_file.then_some((hash, Some(rest)))
}

/// Whether a name stands in plain text in these bytes.
fn names(bytes: &[u8], name: &str) -> bool {
    let wide: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let holds = |text: &[u8]| {
        !text.is_empty()
            && bytes
                .windows(text.len())
                .any(|window| window.eq_ignore_ascii_case(text))
    };
    holds(name.as_bytes()) || holds(&wide)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_can_have_the_name_of_its_file() {
        let known = |container: &str, cng| {
            let provider = KeyProvider {
                container: container.to_owned(),
                provider: String::new(),
                cng,
            };
            file_name(&provider, Some("m")).map(|(start, rest)| (start.to_owned(), rest.is_some()))
        };
        let hash = "2655f347b6b69a9c08890adc0a908581";
        for cng in [false, true] {
            let file = format!("{hash}_94f748d5");
            assert_eq!(known(&file, cng), Some((hash.to_owned(), true)));
        }
        assert_eq!(
            known("tssecKEYset1", false).map(|(_, rest)| rest),
            Some(true)
        );
        assert_eq!(known("TSSecKeySet1", true), None);
        for other in [
            "",
            hash,
            &hash.replace('2', "g"),
            "\u{e9}2655f347b6b69a9c08890adc0a90858_m",
            "2655f347b6b69a9c08890adc0a908581_\u{1b}",
        ] {
            assert_eq!(known(other, false), None, "{other}");
        }
    }

    #[test]
    fn a_name_is_found_in_both_spellings() {
        assert!(names(b"....te-Machine-7\0..", "te-machine-7"));
        assert!(names(b"..t\0e\0-\x007\0\0", "te-7"));
        assert!(!names(b"te-", "te-7"));
        assert!(!names(b"te-7", ""));
    }
}
