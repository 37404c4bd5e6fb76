//! Disk images: a partition table with NTFS, and an EFI system partition, in every format a
//! hypervisor uses.
//!
//! Invariants: the tables are sfdisk's, the formats qemu-img's; the ids of the GPT are those that
//! the boot store of the layout names, the id of the MBR is not. Absent on purpose: files.

use super::served::{Export, Loop, Mounted};
use crate::scratch::Scratch;
use crate::{has, tool};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const SECTOR: u64 = 512;
const MIB: u64 = 1 << 20;

/// What the bytes of the disk are wrapped in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Raw,
    /// Raw bytes with a footer.
    FixedVhd,
    DynamicVhd,
    Vhdx,
}

impl Format {
    /// The format's name and options for qemu-img; `None` where nothing is to convert.
    fn conversion(self) -> Option<&'static [&'static str]> {
        match self {
            Format::Raw => None,
            Format::FixedVhd => Some(&["vpc", "-o", "subformat=fixed,force_size=on"]),
            Format::DynamicVhd => Some(&["vpc", "-o", "subformat=dynamic,force_size=on"]),
            Format::Vhdx => Some(&["vhdx"]),
        }
    }

    /// The driver that serves it; `None` where partitions can be attached as they lie.
    fn driver(self) -> Option<&'static str> {
        match self {
            Format::Raw | Format::FixedVhd => None,
            Format::DynamicVhd => Some("vpc"),
            Format::Vhdx => Some("vhdx"),
        }
    }
}

/// How the disk is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    /// One partition with boot files and Windows.
    Mbr,
    /// An EFI system partition and Windows.
    Gpt,
}

/// Where a partition lies, in bytes.
#[derive(Clone, Copy, Debug)]
struct Place {
    offset: u64,
    size: u64,
}

impl Scheme {
    fn windows(self) -> Place {
        let (offset, size) = match self {
            Scheme::Mbr => (MIB, 40 * MIB),
            Scheme::Gpt => (36 * MIB, 40 * MIB),
        };
        Place { offset, size }
    }

    fn esp(self) -> Option<Place> {
        (self == Scheme::Gpt).then_some(Place {
            offset: MIB,
            size: 35 * MIB,
        })
    }

    /// The table as sfdisk reads it.
    fn table(self) -> String {
        let line = |place: Place| {
            let (start, size) = (place.offset / SECTOR, place.size / SECTOR);
            format!("start={start}, size={size}")
        };
        let windows = line(self.windows());
        let Some(esp) = self.esp().map(line) else {
            return format!("label: dos\nlabel-id: 0x7b1c44ea\n{windows}, type=7, bootable\n");
        };
        format!(
            "label: gpt\nlabel-id: 6f2a9a0e-0c53-4b0f-8c39-52ac2d1d8f61\n\
             {esp}, type=c12a7328-f81f-11d2-ba4b-00a0c93ec93b, \
             uuid=c81f5ad2-7b43-4f5e-9a1d-1f0b6f3f2e10\n\
             {windows}, type=ebd0a0a2-b9e5-4433-87c0-68b6b72699c7, \
             uuid=d3b0e7a4-55f1-4c0b-b6a9-0a4c7e9d8b22\n"
        )
    }
}

/// A disk in a file.
#[derive(Debug)]
pub(super) struct Image {
    pub(super) file: PathBuf,
    format: Format,
    scheme: Scheme,
    folder: PathBuf,
}

/// A disk in use: Windows is at `disk` of its scratch folder, the system partition at `esp`.
#[derive(Debug)]
pub(super) struct Attached {
    // In the order in which they have to go.
    _mounts: Vec<Mounted>,
    _loops: Vec<Loop>,
    _export: Option<Export>,
}

/// A disk that others can read as a device.
#[derive(Debug)]
pub(super) struct Unmounted {
    // In the order in which they have to go.
    windows: Loop,
    _export: Option<Export>,
}

impl Unmounted {
    /// The partition of Windows.
    pub(super) fn device(&self) -> &Path {
        self.windows.device()
    }
}

impl Image {
    /// A disk with empty file systems; `None`, after saying so, where a tool is missing.
    pub(super) fn new(scratch: &Scratch, scheme: Scheme, format: Format) -> Option<Image> {
        let always = [
            "sfdisk",
            "losetup",
            "mkfs.ntfs",
            "ntfs-3g",
            "getfattr",
            "setfattr",
        ];
        let gpt: &[&str] = match scheme {
            Scheme::Mbr => &[],
            Scheme::Gpt => &["mkfs.vfat", "fusefat"],
        };
        let virtual_disk: &[&str] = match format {
            Format::Raw => &[],
            _ => &["qemu-img", "qemu-storage-daemon"],
        };
        if !has(&[&always, gpt, virtual_disk].concat()) {
            return None;
        }
        let folder = scratch.path().to_owned();
        let raw = folder.join("disk.raw");
        File::create(&raw).unwrap().set_len(80 * MIB).unwrap();
        let mut sfdisk = Command::new("sfdisk");
        sfdisk.arg("-q").arg(&raw).stdin(Stdio::piped());
        let mut child = sfdisk.spawn().unwrap();
        let mut table = child.stdin.take().unwrap();
        table.write_all(scheme.table().as_bytes()).unwrap();
        drop(table);
        assert!(child.wait().unwrap().success(), "sfdisk");
        let mut image = Image {
            file: raw.clone(),
            format: Format::Raw,
            scheme,
            folder,
        };
        image.make_file_systems();
        if let Some(words) = format.conversion() {
            image.file = image.folder.join("disk.virtual");
            let mut convert = Command::new("qemu-img");
            convert.args(["convert", "-f", "raw", "-O"]).args(words);
            tool(convert.arg(&raw).arg(&image.file));
            fs::remove_file(raw).unwrap();
            image.format = format;
        }
        Some(image)
    }

    fn make_file_systems(&self) {
        let place = self.scheme.windows();
        let part = Loop::attach(&self.file, place.offset, place.size);
        let start = (place.offset / SECTOR).to_string();
        let mut mkfs = Command::new("mkfs.ntfs");
        mkfs.args(["-F", "-Q", "-q", "-H", "255", "-S", "63", "-p", &start]);
        tool(mkfs.arg(part.device()));
        if let Some(place) = self.scheme.esp() {
            let part = Loop::attach(&self.file, place.offset, place.size);
            tool(
                Command::new("mkfs.vfat")
                    .args(["-F", "32"])
                    .arg(part.device()),
            );
        }
    }

    fn export(&self) -> Option<Export> {
        let driver = self.format.driver();
        driver.map(|driver| Export::start(&self.file, driver))
    }

    /// Attaches the disk and mounts nothing.
    pub(super) fn unmounted(&self) -> Unmounted {
        let export = self.export();
        let raw = export.as_ref().map_or(self.file.as_path(), Export::raw);
        let place = self.scheme.windows();
        Unmounted {
            windows: Loop::attach(raw, place.offset, place.size),
            _export: export,
        }
    }

    /// Attaches the disk and mounts what is on it.
    pub(super) fn attach(&self) -> Attached {
        let export = self.export();
        let raw = export.as_ref().map_or(self.file.as_path(), Export::raw);
        let mut attached = Attached {
            _mounts: Vec::new(),
            _loops: Vec::new(),
            _export: None,
        };
        let place = self.scheme.windows();
        let part = Loop::attach(raw, place.offset, place.size);
        let at = self.folder.join("disk");
        let mount = Mounted::ntfs(part.device(), &at, "norecover");
        attached._mounts.push(mount);
        attached._loops.push(part);
        if let Some(place) = self.scheme.esp() {
            let part = Loop::attach(raw, place.offset, place.size);
            let mount = Mounted::fat(part.device(), &self.folder.join("esp"));
            attached._mounts.push(mount);
            attached._loops.push(part);
        }
        attached._export = export;
        attached
    }

    /// The words that name this disk's roots to the program.
    pub(super) fn roots(&self) -> &'static [&'static str] {
        match self.scheme {
            Scheme::Mbr => &["--drive", "disk"],
            Scheme::Gpt => &["--drive", "disk", "--system-partition", "esp"],
        }
    }
}
