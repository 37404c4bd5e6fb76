//! Real partition tables, loop devices and NTFS mounts, where a Linux machine lets us.
//!
//! Invariants checked: `Root::origin` gives the ids that `sfdisk` and `blkid` print, however the
//! partition came to be mounted; everything attached is detached, also after a failure.
//!
//! Deliberately absent: any assertion where a program or right is missing; the test says so.
#![cfg(target_os = "linux")]
#![allow(clippy::print_stdout, reason = "a test that is not made says so")]
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod scratch;

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use disk::partition::{PartitionId, TableError, TableKind};
use disk::{OpenError, Origin, OriginError, Root};
use scratch::{Mount, folder, put, root, runs};

const MIB: u64 = 1 << 20;

/// A loop device, detached at the end.
struct Loop {
    path: PathBuf,
}

impl Loop {
    fn over(file: &Path, options: &[&str]) -> Option<Loop> {
        let name = file.to_str()?;
        let found = says("losetup", &[&["-f", "--show"], options, &[name]].concat());
        let Some(path) = found.filter(|path| !path.is_empty()) else {
            println!("skipped: no losetup");
            return None;
        };
        let device = Loop { path: path.into() };
        Some(device)
    }

    fn name(&self) -> &str {
        self.path.to_str().unwrap()
    }

    /// Has the system make the partitions, which not every kernel does by itself.
    fn with_partitions(self) -> Option<Loop> {
        runs("partx", &["-a", self.name()]);
        if self.part(1).exists() {
            return Some(self);
        }
        println!("skipped: no partitions on loop devices");
        None
    }

    fn part(&self, number: u32) -> PathBuf {
        format!("{}p{number}", self.name()).into()
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        runs("partx", &["-d", self.name()]);
        runs("losetup", &["-d", self.name()]);
    }
}

/// What a program prints, when it succeeds.
fn says(program: &str, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(program);
    let output = command.args(arguments).stderr(Stdio::null()).output();
    let output = output.ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}

/// Has `sfdisk` write a table; `None` where there is no `sfdisk`.
fn divide(disk: &Path, script: &str) -> Option<()> {
    let mut command = Command::new("sfdisk");
    command.args(["--no-reread", "--no-tell-kernel", disk.to_str()?]);
    let child = command.stdin(Stdio::piped()).stdout(Stdio::null());
    let Ok(mut child) = child.stderr(Stdio::null()).spawn() else {
        println!("skipped: no sfdisk");
        return None;
    };
    child.stdin.take()?.write_all(script.as_bytes()).ok()?;
    assert!(child.wait().ok()?.success(), "sfdisk refused {script}");
    Some(())
}

fn image(folder: &Path, name: &str, size: u64) -> PathBuf {
    let path = folder.join(name);
    File::create(&path).unwrap().set_len(size).unwrap();
    path
}

/// Makes NTFS on a device and mounts it.
fn ntfs(device: &Path) -> Option<Mount> {
    let name = device.to_str()?;
    if !runs("mkfs.ntfs", &["-F", "-Q", name]) {
        println!("skipped: no mkfs.ntfs");
        return None;
    }
    Mount::by("ntfs-3g", &["-o", "norecover", name])
}

fn origin(mount: &Mount) -> Origin {
    root(mount.path()).origin().unwrap()
}

/// A value that `blkid` reads from a device itself.
fn blkid(device: &Path, tag: &str) -> Option<String> {
    let name = device.to_str()?;
    says("blkid", &["-p", "-s", tag, "-o", "value", name])
}

/// A GUID in the usual spelling.
fn guid(bytes: &[u8; 16]) -> String {
    let order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
    let mut text = String::new();
    for (index, at) in order.into_iter().enumerate() {
        if [4, 6, 8, 10].contains(&index) {
            text.push('-');
        }
        text.push_str(&format!("{:02x}", bytes[at]));
    }
    text
}

/// Compares a table with the dump of `sfdisk`: ids, places, types.
fn agrees(origin: &Origin, disk: &Path) {
    let dump = says("sfdisk", &["-d", disk.to_str().unwrap()]).unwrap();
    let dump = dump.to_lowercase();
    let id = match &origin.table.kind {
        TableKind::Mbr { signature } => format!("label-id: 0x{signature:08x}"),
        TableKind::Gpt { disk } => format!("label-id: {}", guid(disk)),
    };
    assert!(dump.contains(&id), "{id} is not in\n{dump}");
    let unit = u64::from(origin.table.sector);
    let extended = |line: &&str| line.ends_with("type=5") || line.ends_with("type=f");
    let lines: Vec<&str> = dump
        .lines()
        .filter(|line| line.contains("start="))
        .collect();
    let lines: Vec<&str> = lines.into_iter().filter(|line| !extended(line)).collect();
    assert_eq!(lines.len(), origin.table.partitions.len(), "{dump}");
    for (line, partition) in lines.iter().zip(&origin.table.partitions) {
        let line = line.replace(' ', "");
        let mut wanted = vec![
            format!("start={},", partition.offset / unit),
            format!("size={},", partition.size / unit),
        ];
        match &partition.id {
            PartitionId::Mbr { type_byte } => wanted.push(format!("type={type_byte:x}")),
            PartitionId::Gpt {
                guid: own,
                type_guid,
            } => {
                wanted.push(format!("type={},", guid(type_guid)));
                wanted.push(format!("uuid={}", guid(own)));
            }
        }
        assert_eq!(line.contains("bootable"), partition.active);
        let (node, _) = line.split_once(':').unwrap();
        assert!(node.ends_with(&partition.number.to_string()), "{line}");
        for text in wanted {
            assert!(line.contains(&text), "{text} is not in {line}");
        }
    }
}

const MBR: &str = "label: dos\nlabel-id: 0xcafef00d\n\
    start=2048, size=16384, type=7, bootable\nstart=18432, size=20480, type=7\n\
    start=38912, type=f\nstart=40960, size=16384, type=7\nstart=59392, type=27\n";

const GPT: &str = "label: gpt\nsize=4MiB, type=U\n\
    size=1MiB, type=E3C9E316-0B5C-4DB8-817D-F92DF00215AE\n\
    size=8MiB, type=EBD0A0A2-B9E5-4433-87C0-68B6B72699C7\n\
    size=8MiB, type=EBD0A0A2-B9E5-4433-87C0-68B6B72699C7\n";

#[test]
fn an_mbr_disk() {
    let images = folder();
    let file = image(images.path(), "mbr", 40 * MIB);
    let made = || {
        divide(&file, MBR)?;
        Loop::over(&file, &[])?.with_partitions()
    };
    let Some(disk) = made() else { return };
    let Some(windows) = ntfs(&disk.part(2)) else {
        return;
    };
    let first = origin(&windows);
    assert_eq!((&first.device, &first.disk), (&disk.part(2), &disk.path));
    agrees(&first, &disk.path);
    let entry = blkid(&disk.part(2), "PART_ENTRY_UUID");
    assert_eq!(entry.as_deref().unwrap_or("cafef00d-02"), "cafef00d-02");
    assert_eq!(first.partition.number, 2);

    let Some(reserved) = ntfs(&disk.part(1)) else {
        return;
    };
    let siblings = first.siblings().unwrap();
    let seen: Vec<_> = siblings
        .iter()
        .map(|s| {
            (
                s.partition.number,
                s.device.clone(),
                s.mounted_at.as_deref(),
            )
        })
        .collect();
    let expected = [
        (1, Some(disk.part(1)), Some(reserved.path())),
        (5, Some(disk.part(5)), None),
        (6, Some(disk.part(6)), None),
    ];
    assert_eq!(seen, expected);
    assert!(origin(&reserved).same_disk(&first));

    // A logical partition of the same image, by its offset in the file.
    let logical = &siblings[1].partition;
    let offset = logical.offset.to_string();
    let size = logical.size.to_string();
    let options = ["-o", &offset, "--sizelimit", &size];
    let Some(part) = Loop::over(&file, &options) else {
        return;
    };
    let Some(mounted) = ntfs(&part.path) else {
        return;
    };
    let second = origin(&mounted);
    assert_eq!((&second.disk, &second.partition), (&file, logical));
    assert!(second.same_disk(&first) && first.same_disk(&second));
    let found = first.siblings().unwrap();
    assert_eq!(found[1].mounted_at.as_deref(), Some(mounted.path()));
}

#[test]
fn a_gpt_disk_with_either_size_of_sectors() {
    for sector in ["512", "4096"] {
        let images = folder();
        let file = image(images.path(), "gpt", 40 * MIB);
        let made = || {
            let disk = Loop::over(&file, &["--sector-size", sector])?;
            divide(&disk.path, GPT)?;
            disk.with_partitions()
        };
        let Some(disk) = made() else { return };
        let Some(windows) = ntfs(&disk.part(3)) else {
            return;
        };
        let found = origin(&windows);
        agrees(&found, &disk.path);
        assert_eq!(found.table.sector.to_string(), sector);
        let TableKind::Gpt { disk: id } = found.table.kind else {
            panic!("{:?}", found.table)
        };
        let PartitionId::Gpt { guid: own, .. } = found.partition.id else {
            panic!("{:?}", found.partition)
        };
        let told = blkid(&disk.path, "PTUUID");
        assert_eq!(told.unwrap_or_else(|| guid(&id)), guid(&id));
        let told = blkid(&disk.part(3), "PART_ENTRY_UUID");
        assert_eq!(told.unwrap_or_else(|| guid(&own)), guid(&own));
        let siblings = found.siblings().unwrap();
        assert_eq!(siblings.len(), 3);
        let (esp, reserved) = (&siblings[0].partition, &siblings[1].partition);
        assert!(esp.is_esp() && reserved.is_microsoft_reserved());

        // The EFI system partition is seen without mounting it.
        if !runs("mkfs.vfat", &["-n", "SEEN", disk.part(1).to_str().unwrap()]) {
            println!("skipped: no mkfs.vfat");
            continue;
        }
        let mut start = [0; 64];
        let mut window = found.window(&siblings[0]).unwrap();
        window.read_exact(&mut start).unwrap();
        assert_eq!(start[43..54], *b"SEEN       ");
        if let Some(mount) = Mount::with(&["-t", "vfat", disk.part(1).to_str().unwrap()]) {
            let boot = origin(&mount);
            assert_eq!(&boot.partition, esp);
            assert!(boot.same_disk(&found));
        }
    }
}

#[test]
fn a_loop_device_over_a_partition() {
    let images = folder();
    let file = image(images.path(), "mbr", 40 * MIB);
    let made = || {
        divide(&file, MBR)?;
        Loop::over(&file, &[])?.with_partitions()
    };
    let Some(disk) = made() else { return };
    let Some(over) = Loop::over(&disk.part(1), &[]) else {
        return;
    };
    let Some(mount) = ntfs(&over.path) else {
        return;
    };
    let found = origin(&mount);
    assert_eq!((&found.device, &found.disk), (&over.path, &disk.path));
    assert_eq!(found.partition.number, 1);
}

/// A program that shows a disk of another format as a raw file, ended at the end.
struct Export {
    child: Child,
    file: PathBuf,
}

impl Export {
    fn of(disk: &Path, format: &str, file: PathBuf, size: u64) -> Option<Export> {
        let blocks = format!("driver={format},node-name=d,file.driver=file,file.filename=");
        let export = "type=fuse,id=e,node-name=d,writable=on,mountpoint=";
        let mut command = Command::new("qemu-storage-daemon");
        command.args(["--blockdev", &format!("{blocks}{}", disk.display())]);
        command.args(["--export", &format!("{export}{}", file.display())]);
        let Ok(child) = command.stderr(Stdio::null()).spawn() else {
            println!("skipped: no qemu-storage-daemon");
            return None;
        };
        let export = Export { child, file };
        for _ in 0..100 {
            if std::fs::metadata(&export.file).is_ok_and(|data| data.len() == size) {
                return Some(export);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        println!("skipped: qemu-storage-daemon shows nothing");
        None
    }
}

impl Drop for Export {
    fn drop(&mut self) {
        // The polite signal lets it take its mount away.
        let id = self.child.id().to_string();
        if !runs("kill", &["-TERM", &id]) {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
        if let Some(file) = self.file.to_str() {
            runs("umount", &["-l", file]);
        }
    }
}

#[test]
fn a_vhdx_that_a_program_shows_as_a_raw_file() {
    let images = folder();
    let file = image(images.path(), "mbr", 40 * MIB);
    let shown = image(images.path(), "shown", 0);
    let vhdx = images.path().join("vhdx");
    let made = || {
        divide(&file, MBR)?;
        let (from, to) = (file.to_str()?, vhdx.to_str()?);
        if !runs(
            "qemu-img",
            &["convert", "-f", "raw", "-O", "vhdx", from, to],
        ) {
            println!("skipped: no qemu-img");
            return None;
        }
        Export::of(&vhdx, "vhdx", shown.clone(), 40 * MIB)
    };
    let Some(_export) = made() else { return };
    let options = ["-o", "1048576", "--sizelimit", "8388608"];
    let Some(part) = Loop::over(&shown, &options) else {
        return;
    };
    let Some(mount) = ntfs(&part.path) else {
        return;
    };
    let found = origin(&mount);
    assert_eq!((&found.device, &found.disk), (&part.path, &shown));
    assert!(found.partition.active);
    agrees(&found, &shown);
}

#[test]
fn what_has_no_table_says_so() {
    let images = folder();
    let file = image(images.path(), "part", 8 * MIB);
    let Some(mount) = ntfs(&file) else { return };
    let told = |mount: &Mount, path: &Path| {
        let error = root(mount.path()).origin().unwrap_err();
        let OriginError::Table { disk, source } = error else {
            panic!("{error}")
        };
        assert!(matches!(source, TableError::NoTable { .. }), "{source}");
        assert_eq!(disk, path);
    };
    told(&mount, &file);
    drop(mount);
    let Some(disk) = Loop::over(&file, &[]) else {
        return;
    };
    let Some(mount) = ntfs(&disk.path) else {
        return;
    };
    told(&mount, &file);
    put(mount.path(), "folder/file", b"");
    let inner = root(&mount.path().join("folder"));
    let error = inner.origin().unwrap_err();
    assert!(matches!(error, OriginError::NotAMount { .. }), "{error}");
}

#[test]
fn a_plain_folder_has_no_origin() {
    let base = folder();
    let error = root(base.path()).origin().unwrap_err();
    let OriginError::NotAMount { path } = error else {
        panic!("{error}")
    };
    assert_eq!(path, base.path().canonicalize().unwrap());
}

#[test]
fn what_this_machine_boots_from_is_no_root() {
    for path in ["/boot", "/boot/efi", "/efi"] {
        match Root::open(path.as_ref()) {
            Err(OpenError::RunningSystem { .. } | OpenError::NotFound { .. }) => {}
            other => panic!("{path}: {other:?}"),
        }
    }
}
