//! Minimal PE32+ images that carry nothing but a version resource.
//!
//! Invariants: headers, section table and resource tree are valid, and the PE checksum is right,
//! so that any reader of version resources finds the version. Absent: code, imports, signatures.

use crate::bytes::{put, put_u16, put_u32, put_u64, read_u16, utf16};

const FILE_ALIGNMENT: usize = 0x200;
const SECTION_RVA: u32 = 0x1000;
const HEADERS: usize = 0x200;
/// Where the resource data starts in the section: three directories with one entry each, and one
/// data entry.
const RESOURCE: usize = 3 * 24 + 16;

/// A version as Windows counts it, such as 10.0.14393.6897.
pub type Version = [u16; 4];

/// An image of machine x64 with this file and product version.
pub fn image(name: &str, version: Version) -> Vec<u8> {
    let info = version_info(name, version);
    let section = resources(&info);
    let raw = section.len().next_multiple_of(FILE_ALIGNMENT);
    let mut file = vec![0; HEADERS + raw];
    put(&mut file, 0, b"MZ");
    put_u32(&mut file, 0x3C, 0x40);
    put(&mut file, 0x40, b"PE\0\0");
    put_u16(&mut file, 0x44, 0x8664);
    put_u16(&mut file, 0x46, 1);
    put_u16(&mut file, 0x54, 240);
    put_u16(&mut file, 0x56, 0x0022);
    optional_header(&mut file, section.len(), raw);
    put(&mut file, 0x148, b".rsrc\0\0\0");
    let size = section.len() as u32;
    for (at, number) in [
        (8, size),
        (12, SECTION_RVA),
        (16, raw as u32),
        (20, HEADERS as u32),
    ] {
        put_u32(&mut file, 0x148 + at, number);
    }
    put_u32(&mut file, 0x148 + 36, 0x4000_0040);
    put(&mut file, HEADERS, &section);
    let sum = checksum(&file);
    put_u32(&mut file, 0x58 + 64, sum);
    file
}

fn optional_header(file: &mut [u8], section: usize, raw: usize) {
    let header = 0x58;
    put_u16(file, header, 0x20B);
    put_u32(file, header + 8, raw as u32);
    put_u64(file, header + 24, 0x1_4000_0000);
    put_u32(file, header + 32, 0x1000);
    put_u32(file, header + 36, FILE_ALIGNMENT as u32);
    for at in [40, 48] {
        put_u16(file, header + at, 10);
    }
    put_u32(
        file,
        header + 56,
        SECTION_RVA + (section as u32).next_multiple_of(0x1000),
    );
    put_u32(file, header + 60, HEADERS as u32);
    put_u16(file, header + 68, 1);
    for (at, size) in [(72, 0x4_0000), (80, 0x1000), (88, 0x10_0000), (96, 0x1000)] {
        put_u64(file, header + at, size);
    }
    put_u32(file, header + 108, 16);
    put_u32(file, header + 112 + 16, SECTION_RVA);
    put_u32(file, header + 112 + 20, section as u32);
}

/// The section: type 16 (version), name 1, language US English, one block of data.
fn resources(info: &[u8]) -> Vec<u8> {
    let mut section = vec![0; RESOURCE];
    for (level, id) in [16, 1, 0x409].into_iter().enumerate() {
        let at = level * 24;
        let next = at as u32 + 24;
        put_u16(&mut section, at + 14, 1);
        put_u32(&mut section, at + 16, id);
        put_u32(
            &mut section,
            at + 20,
            if level < 2 { next | 0x8000_0000 } else { next },
        );
    }
    put_u32(&mut section, 72, SECTION_RVA + RESOURCE as u32);
    put_u32(&mut section, 76, info.len() as u32);
    section.extend(info);
    section
}

/// The version resource: fixed part, strings, and the translation they belong to.
fn version_info(name: &str, version: Version) -> Vec<u8> {
    let [major, minor, build, revision] = version.map(u32::from);
    let (high, low) = (major << 16 | minor, build << 16 | revision);
    let mut fixed = Vec::new();
    for number in [
        0xFEEF_04BD,
        0x1_0000,
        high,
        low,
        high,
        low,
        0x3F,
        0,
        0x4_0004,
        1,
        0,
        0,
        0u32,
    ] {
        fixed.extend(number.to_le_bytes());
    }
    let text = format!("{major}.{minor}.{build}.{revision}");
    let strings = [
        ("CompanyName", "Microsoft Corporation"),
        ("FileDescription", "test image without code"),
        ("FileVersion", text.as_str()),
        ("OriginalFilename", name),
        ("ProductVersion", text.as_str()),
    ];
    let strings: Vec<Vec<u8>> = strings
        .iter()
        .map(|(key, value)| block(key, 1, &terminated(value), value.len() + 1, &[]))
        .collect();
    let table = block("040904B0", 1, &[], 0, &strings);
    let translation = block("Translation", 0, &[0x09, 0x04, 0xB0, 0x04], 4, &[]);
    let children = [
        block("StringFileInfo", 1, &[], 0, &[table]),
        block("VarFileInfo", 1, &[], 0, &[translation]),
    ];
    block("VS_VERSION_INFO", 0, &fixed, fixed.len(), &children)
}

/// One block of a version resource; `length` is that of the value in its own unit.
fn block(key: &str, kind: u16, value: &[u8], length: usize, children: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = vec![0; 6];
    bytes.extend(terminated(key));
    if !value.is_empty() {
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes.extend(value);
    }
    for child in children {
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes.extend(child);
    }
    let whole = bytes.len() as u16;
    put_u16(&mut bytes, 0, whole);
    put_u16(&mut bytes, 2, length as u16);
    put_u16(&mut bytes, 4, kind);
    bytes
}

fn terminated(text: &str) -> Vec<u8> {
    let mut bytes = utf16(text);
    bytes.extend([0, 0]);
    bytes
}

/// The sum over all 16-bit words with carry, plus the length of the file.
fn checksum(file: &[u8]) -> u32 {
    let words = (0..file.len() / 2).filter_map(|index| read_u16(file, index * 2));
    let sum = words.fold(0u32, |sum, word| {
        let sum = sum + u32::from(word);
        (sum & 0xFFFF) + (sum >> 16)
    });
    sum + file.len() as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::read_u32;

    #[test]
    fn the_fixed_part_is_found_through_the_headers() {
        let file = image("ntoskrnl.exe", [10, 0, 14393, 6897]);
        assert!(file.len() < 4096 && file.len().is_multiple_of(FILE_ALIGNMENT));
        let rva = read_u32(&file, 0x58 + 112 + 16).unwrap();
        assert_eq!(read_u32(&file, 0x148 + 12), Some(rva));
        let raw = read_u32(&file, 0x148 + 20).unwrap() as usize;
        let mut at = 0;
        for _ in 0..3 {
            at = (read_u32(&file, raw + at + 20).unwrap() & 0x7FFF_FFFF) as usize;
        }
        let data = raw + (read_u32(&file, raw + at).unwrap() - rva) as usize;
        let size = read_u32(&file, raw + at + 4).unwrap();
        assert_eq!(u32::from(read_u16(&file, data).unwrap()), size);
        assert_eq!(read_u32(&file, data + 40), Some(0xFEEF_04BD));
        assert_eq!(read_u32(&file, data + 48), Some(10 << 16));
        assert_eq!(read_u32(&file, data + 52), Some(14393 << 16 | 6897));
    }
}
