//! Reads the text of a device that can be written without the running system that has it.
//!
//! Invariants: keywords in any case; at most [`MAX_DEPTH`] devices within one another. Absent on
//! purpose: what offline text cannot say (drive letters, what a virtual disk holds), each refused
//! with its own reason.

use std::str::FromStr;

use thiserror::Error;

use super::{Descriptor, Device, FilePath, Kind, Locate, MAX_DEPTH, PartitionId, Ramdisk, Search};
use crate::Guid;
use crate::guid::GuidError;

/// The element `device`: where a boot application itself lies.
const APPLICATION_DEVICE: u32 = 0x1100_0001;
/// The element `path`: the application's file on `device`.
const APPLICATION_PATH: u32 = 0x1200_0002;
/// The element `osdevice`: where the operating system lies.
const OS_DEVICE: u32 = 0x2100_0001;
/// The element `systemroot`: the system's folder on `osdevice`.
const SYSTEM_ROOT: u32 = 0x2200_0002;
/// Longest path Windows has, in UTF-16 units.
const MAX_PATH: usize = 32_767;
/// Flag of a descriptor whose device has an options object.
const HAS_OPTIONS: u32 = 1;

/// Why text is not a device that can be written offline.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TextError {
    /// `partition=C:` or `hd_partition=C:`.
    #[error(
        "`{0}`: a drive letter means nothing offline; use gpt_partition={{DISK}};{{PARTITION}} \
         or mbr_partition=SIGNATURE;OFFSET"
    )]
    DriveLetter(String),
    /// A form of bcdedit that needs what only the running system knows.
    #[error("`{0}`: only the running system knows what such a device holds")]
    NotOffline(String),
    /// No form of a device at all.
    #[error(
        "`{0}` is not a device; expected boot, gpt_partition={{DISK}};{{PARTITION}}, \
         mbr_partition=SIGNATURE;OFFSET, file=[DEVICE]\\PATH, ramdisk=[DEVICE]\\PATH,{{OPTIONS}}, \
         locate or locate=custom:ELEMENT"
    )]
    Unknown(String),
    /// `gpt_partition=` without exactly two GUIDs.
    #[error("`{0}`: expected gpt_partition={{DISK}};{{PARTITION}}")]
    Gpt(String),
    /// `mbr_partition=` without signature and offset.
    #[error(
        "`{0}`: expected mbr_partition=SIGNATURE;OFFSET, the disk signature and the partition's \
         start in bytes, as 0x1234abcd;0x100000"
    )]
    Mbr(String),
    /// `locate=` with something else than an element.
    #[error("`{0}`: expected locate or locate=custom:ELEMENT, the element as 8 hex digits")]
    Locate(String),
    /// No `[DEVICE]` in front of a path.
    #[error("`{0}`: expected the device in brackets, then the path, as [boot]\\dir\\file")]
    Parent(String),
    /// A path that cannot be one.
    #[error("path `{0}`: expected \\ first, no control characters, fewer than 32767 characters")]
    Path(String),
    /// `ramdisk=` without options.
    #[error("`{0}`: a RAM disk needs its options object, as ramdisk=[DEVICE]\\PATH,{{OPTIONS}}")]
    NoOptions(String),
    /// Text where a GUID belongs.
    #[error("not the id of a disk, partition or options object")]
    Guid(#[source] GuidError),
    /// Devices in devices in devices.
    #[error("`{0}`: at most 8 devices may lie within one another")]
    TooDeep(String),
}

impl FromStr for Device {
    type Err = TextError;

    /// [`Device::parse_text`] for the element `device`.
    fn from_str(text: &str) -> Result<Self, TextError> {
        Self::parse_text(text, APPLICATION_DEVICE)
    }
}

impl Device {
    /// Reads the text of a device: `boot`, `gpt_partition=…`, `mbr_partition=…`, `locate[=…]`,
    /// `file=[…]\…` and `ramdisk=[…]\…,{…}`, the last two around any of them.
    ///
    /// `element` is the element that will hold it: plain `locate` looks for `systemroot` in
    /// `osdevice` and for `path` in every other.
    ///
    /// # Errors
    /// What else bcdedit takes but cannot be known offline, and what is no device at all.
    pub fn parse_text(text: &str, element: u32) -> Result<Self, TextError> {
        let text = text.trim();
        let located = if element == OS_DEVICE {
            SYSTEM_ROOT
        } else {
            APPLICATION_PATH
        };
        let (device, options) = split_options(text);
        let options = match options {
            None => Guid::NIL,
            Some(options) => options.parse().map_err(TextError::Guid)?,
        };
        let kind = kind(device, located, MAX_DEPTH)?;
        if matches!(kind, Kind::Ramdisk(_)) && options == Guid::NIL {
            return Err(TextError::NoOptions(text.to_owned()));
        }
        let flags = if options == Guid::NIL { 0 } else { HAS_OPTIONS };
        Ok(Self {
            options,
            descriptor: Descriptor { flags, kind },
        })
    }
}

/// Takes `,{…}` off the end.
fn split_options(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once(",{") {
        Some((device, options)) if options.ends_with('}') => {
            let (_, options) = text.split_at(device.len() + 1);
            (device, Some(options))
        }
        _ => (text, None),
    }
}

fn kind(text: &str, located: u32, depth: usize) -> Result<Kind, TextError> {
    let told = || text.to_owned();
    let depth = depth
        .checked_sub(1)
        .ok_or_else(|| TextError::TooDeep(told()))?;
    let (word, rest) = match text.split_once('=') {
        Some((word, rest)) => (word, Some(rest)),
        None => (text, None),
    };
    match (word.to_ascii_lowercase().as_str(), rest) {
        ("boot", None) => Ok(Kind::Boot),
        ("partition" | "hd_partition", Some(_)) => Err(TextError::DriveLetter(told())),
        ("gpt_partition", Some(ids)) => gpt(ids).map(Kind::from),
        ("mbr_partition", Some(ids)) => mbr(ids)
            .map(Kind::from)
            .ok_or_else(|| TextError::Mbr(told())),
        ("locate", None) => Ok(locate(located)),
        ("locate", Some(what)) => custom(what)
            .map(locate)
            .ok_or_else(|| TextError::Locate(told())),
        ("file", Some(place)) => file(place, located, depth).map(Kind::File),
        ("ramdisk", Some(place)) => {
            let file = file(place, located, depth)?;
            Ok(Kind::Ramdisk(Ramdisk {
                base: 0,
                size: 0,
                offset: 0,
                file,
            }))
        }
        ("vhd" | "vmbus" | "composite" | "cimfs" | "hd", Some(_)) => {
            Err(TextError::NotOffline(told()))
        }
        _ => Err(TextError::Unknown(told())),
    }
}

fn locate(element: u32) -> Kind {
    let (path, parent) = (String::new(), None);
    Kind::Locate(Locate {
        search: Search::ELEMENT,
        element,
        path,
        parent,
    })
}

/// `custom:` and an element as 8 hexadecimal digits.
fn custom(text: &str) -> Option<u32> {
    let (word, digits) = text.split_once(':')?;
    let sound = word.eq_ignore_ascii_case("custom") && digits.len() == 8;
    (sound && digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
        .then(|| u32::from_str_radix(digits, 16).ok())?
}

fn gpt(ids: &str) -> Result<PartitionId, TextError> {
    let wrong = || TextError::Gpt(format!("gpt_partition={ids}"));
    let (disk, partition) = ids.split_once(';').ok_or_else(wrong)?;
    Ok(PartitionId::Gpt {
        disk: disk.trim().parse().map_err(TextError::Guid)?,
        partition: partition.trim().parse().map_err(TextError::Guid)?,
    })
}

/// `SIGNATURE;OFFSET`, or as it is printed, `signature SIGNATURE offset OFFSET`.
fn mbr(ids: &str) -> Option<PartitionId> {
    let (signature, offset) = match ids.split_once(';') {
        Some(pair) => pair,
        None => match ids.split_ascii_whitespace().collect::<Vec<_>>().as_slice() {
            &["signature", signature, "offset", offset] => (signature, offset),
            _ => return None,
        },
    };
    Some(PartitionId::Mbr {
        signature: u32::try_from(number(signature)?).ok()?,
        offset: number(offset)?,
    })
}

/// A number, decimal or with `0x` in front.
fn number(text: &str) -> Option<u64> {
    let text = text.trim();
    let hex = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let digits = hex.unwrap_or(text);
    // The parser below also takes a sign.
    if !digits.starts_with(|digit: char| digit.is_ascii_hexdigit()) {
        return None;
    }
    u64::from_str_radix(digits, if hex.is_some() { 16 } else { 10 }).ok()
}

fn file(place: &str, located: u32, depth: usize) -> Result<FilePath, TextError> {
    let (parent, path) = bracketed(place).ok_or_else(|| TextError::Parent(place.to_owned()))?;
    let sound = path.starts_with('\\')
        && path.encode_utf16().count() < MAX_PATH
        && !path.contains(char::is_control);
    if !sound {
        return Err(TextError::Path(path.to_owned()));
    }
    let parent = Box::new(kind(parent, located, depth)?.into());
    Ok(FilePath {
        parent,
        path: path.to_owned(),
    })
}

/// Splits `[a]b` into `a` and `b`, where `a` may have brackets of its own.
fn bracketed(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('[')?;
    let mut open = 1_usize;
    let end = inner.char_indices().find_map(|(at, character)| {
        match character {
            '[' => open += 1,
            ']' => open -= 1,
            _ => {}
        }
        (open == 0).then_some(at)
    })?;
    let (device, rest) = inner.split_at_checked(end)?;
    Some((device, rest.strip_prefix(']')?))
}
