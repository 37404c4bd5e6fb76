//! What the linker made of the Windows program: its imports, flags, resources and size.
//!
//! Invariants: facts are read from the file alone, judged apart from it.
//! Absent on purpose: signatures; the program is not signed here.

use std::collections::BTreeSet;
use std::fmt;

use anyhow::{Context, Result};
use object::LittleEndian;
use object::pe;
use object::read::pe::{
    ImageNtHeaders, ImageOptionalHeader, PeFile64, ResourceDirectory, ResourceDirectoryEntryData,
};

/// A program of more bytes does not fit what operators were told.
const LARGEST: usize = 8 << 20;

/// What Windows itself has since 2012 R2, as far as this program may ask for it.
const SYSTEM: [&str; 10] = [
    "advapi32.dll",
    "api-ms-win-core-synch-l1-2-0.dll",
    "bcrypt.dll",
    "bcryptprimitives.dll",
    "kernel32.dll",
    "msvcrt.dll",
    "ntdll.dll",
    "shell32.dll",
    "userenv.dll",
    "ws2_32.dll",
];

/// Flags that every program should have: random addresses, also above 4 GiB, and no code in data.
const FLAGS: [(pe::DllFlags, &str); 3] = [
    (pe::IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE, "DYNAMIC_BASE"),
    (
        pe::IMAGE_DLLCHARACTERISTICS_HIGH_ENTROPY_VA,
        "HIGH_ENTROPY_VA",
    ),
    (pe::IMAGE_DLLCHARACTERISTICS_NX_COMPAT, "NX_COMPAT"),
];

/// What the manifest must say.
const MANIFEST: [&str; 3] = [
    "level=\"asInvoker\"",
    ">UTF-8</activeCodePage>",
    ">true</longPathAware>",
];

/// What is known of a program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    /// In bytes.
    size: usize,
    /// The libraries it asks for, in lower case.
    imports: BTreeSet<String>,
    flags: pe::DllFlags,
    console: bool,
    /// Whether it can be loaded at any address.
    relocatable: bool,
    /// The texts of its resources.
    version: String,
    manifest: String,
}

impl fmt::Display for Facts {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let imports: Vec<&str> = self.imports.iter().map(String::as_str).collect();
        let flags = FLAGS.iter().filter(|(flag, _)| self.flags & *flag == *flag);
        let flags: Vec<&str> = flags.map(|(_, name)| *name).collect();
        let (size, imports) = (self.size, imports.join(" "));
        write!(to, "{size} bytes, {}, imports {imports}", flags.join(" "))
    }
}

/// Reads the facts of a program.
///
/// # Errors
/// When it is no 64-bit program of Windows.
pub(super) fn facts(program: &[u8]) -> Result<Facts> {
    let file = PeFile64::parse(program).context("not a 64-bit program of Windows")?;
    let header = file.nt_headers().optional_header();
    let mut facts = Facts {
        size: program.len(),
        flags: header.dll_characteristics(),
        console: header.subsystem() == pe::IMAGE_SUBSYSTEM_WINDOWS_CUI,
        ..Facts::default()
    };
    let directories = file.data_directories();
    let relocations = directories.get(pe::IMAGE_DIRECTORY_ENTRY_BASERELOC);
    facts.relocatable = relocations.is_some_and(|found| found.size.get(LittleEndian) > 0);
    if let Some(table) = file.import_table()? {
        let mut entries = table.descriptors()?;
        while let Some(entry) = entries.next()? {
            let name = table.name(entry.name.get(LittleEndian))?;
            facts
                .imports
                .insert(String::from_utf8_lossy(name).to_lowercase());
        }
    }
    let sections = file.section_table();
    if let Some(resources) = directories.resource_directory(program, &sections)? {
        let text = |kind| resource(&file, resources, kind);
        let units = text(pe::RT_VERSION)?;
        let units = units
            .chunks_exact(2)
            .filter_map(|unit| unit.try_into().ok());
        let units: Vec<u16> = units.map(u16::from_le_bytes).collect();
        facts.version = String::from_utf16_lossy(&units);
        facts.manifest = String::from_utf8_lossy(&text(pe::RT_MANIFEST)?).into_owned();
    }
    Ok(facts)
}

/// The bytes of the first resource of a kind; none when there is no such resource.
fn resource(file: &PeFile64<'_>, resources: ResourceDirectory<'_>, kind: u16) -> Result<Vec<u8>> {
    let root = resources.root()?;
    let of_kind = |entry: &&pe::ImageResourceDirectoryEntry| entry.name_or_id().id() == Some(kind);
    let Some(entry) = root.entries.iter().find(of_kind) else {
        return Ok(Vec::new());
    };
    let mut data = entry.data(resources)?;
    // Kind, name, language: each a table, then the place.
    let place = loop {
        match data {
            ResourceDirectoryEntryData::Data(place) => break place,
            ResourceDirectoryEntryData::Table(table) => {
                let first = table.entries.first();
                data = first
                    .context("a resource without a name")?
                    .data(resources)?;
            }
        }
    };
    let (at, size) = (place.offset_to_data, place.size);
    let sections = file.section_table();
    let bytes = sections.pe_data_at(file.data(), at.get(LittleEndian));
    let size = usize::try_from(size.get(LittleEndian))?;
    let bytes = bytes.and_then(|bytes| bytes.get(..size));
    Ok(bytes.context("a resource outside the file")?.to_vec())
}

/// What is wrong with a program that should be of this version.
pub(super) fn complaints(facts: &Facts, version: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if facts.size >= LARGEST {
        wrong.push(format!("{} bytes are too many", facts.size));
    }
    for import in &facts.imports {
        if !SYSTEM.contains(&import.as_str()) {
            wrong.push(format!("it asks for {import}"));
        }
    }
    for (flag, name) in FLAGS {
        if facts.flags & flag != flag {
            wrong.push(format!("{name} is missing"));
        }
    }
    if !facts.relocatable {
        wrong.push("it has no relocations, so its address is not random".to_owned());
    }
    if !facts.console {
        wrong.push("it is no console program".to_owned());
    }
    for text in ["offfix.exe", version] {
        if !facts.version.contains(text) {
            wrong.push(format!("its version resource does not say {text}"));
        }
    }
    for text in MANIFEST {
        if !facts.manifest.contains(text) {
            wrong.push(format!("its manifest does not say {text}"));
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    type Spoil = fn(&mut Facts);

    fn right() -> Facts {
        Facts {
            size: LARGEST - 1,
            imports: ["kernel32.dll".to_owned()].into(),
            flags: pe::DllFlags(FLAGS.iter().fold(0, |all, (flag, _)| all | flag.0)),
            console: true,
            relocatable: true,
            version: "OriginalFilename offfix.exe FileVersion 1.2.3".to_owned(),
            manifest: MANIFEST.concat(),
        }
    }

    #[test]
    fn each_fault_is_told() {
        assert_eq!(complaints(&right(), "1.2.3"), Vec::<String>::new());
        let faults: [(&str, Spoil); 9] = [
            ("8388608 bytes", |facts| facts.size += 1),
            ("libgcc_s_seh-1.dll", |facts| {
                facts.imports.insert("libgcc_s_seh-1.dll".to_owned());
            }),
            ("DYNAMIC_BASE", |facts| facts.flags.0 &= !FLAGS[0].0.0),
            ("HIGH_ENTROPY_VA", |facts| facts.flags.0 &= !FLAGS[1].0.0),
            ("NX_COMPAT", |facts| facts.flags.0 &= !FLAGS[2].0.0),
            ("relocations", |facts| facts.relocatable = false),
            ("console", |facts| facts.console = false),
            ("say 1.2.3", |facts| {
                facts.version = "offfix.exe 1.2.4".to_owned();
            }),
            ("longPathAware", |facts| {
                facts.manifest = facts.manifest.replace("true", "false");
            }),
        ];
        for (word, spoil) in faults {
            let mut facts = right();
            spoil(&mut facts);
            let wrong = complaints(&facts, "1.2.3");
            assert!(wrong.len() == 1 && wrong[0].contains(word), "{wrong:?}");
        }
    }

    #[test]
    fn what_is_no_program_is_refused() {
        assert!(facts(b"").is_err() && facts(&[0x4D; 4096]).is_err());
    }
}
