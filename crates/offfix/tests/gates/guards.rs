//! Guards and disks on real NTFS: flags that only the device shows, mounts that cannot be written,
//! partitions side by side.
//!
//! Invariants: what is attached or mounted is taken away again, also after a failure; the flag is
//! set as Windows sets it, in the record of `$Volume`, and seen by ntfsinfo too. Absent on purpose:
//! what ntfs-3g itself does with such volumes (`real_disk::states`).

use crate::real_disk::served::{Loop, Mounted};
use crate::scratch::{Scratch, same, tree};
use crate::{has, tool};
use serde_json::Value;
use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use testkit::disk_image;
use testkit::windows::demo;

const APPLY: [&str; 4] = ["apply", "disk", "--recommended", "--yes"];
const MIB: u64 = 1 << 20;

#[track_caller]
fn says(scratch: &Scratch, words: &[&str], exit: i32) -> Value {
    let answer = scratch.run(&[words, &["--format", "json"]].concat());
    serde_json::from_str(&answer.gives(exit).out).unwrap()
}

/// The codes of the guards that a plan tells.
#[track_caller]
fn told(scratch: &Scratch) -> Vec<Value> {
    let plan = says(scratch, &["plan", "disk"], 0);
    let guards = plan["guards"].as_array().cloned().unwrap_or_default();
    guards.iter().map(|guard| guard["code"].clone()).collect()
}

/// A scratch folder with NTFS in the file `image`, and the demonstration on it.
fn volume() -> Option<(Scratch, PathBuf)> {
    if !has(&["mkfs.ntfs", "ntfs-3g", "ntfsinfo"]) {
        return None;
    }
    let scratch = Scratch::empty();
    let image = scratch.path().join("image");
    File::create(&image).unwrap().set_len(16 * MIB).unwrap();
    let mut mkfs = Command::new("mkfs.ntfs");
    tool(mkfs.args(["-F", "-Q", "-q"]).arg(&image));
    let mount = Mounted::ntfs(&image, &scratch.disk(), "norecover");
    demo().write_to(&scratch.disk()).unwrap();
    drop(mount);
    Some((scratch, image))
}

/// Where the record of `$Volume` is, and its copy.
fn volume_records(image: &[u8]) -> [usize; 2] {
    let number = |at: usize| usize::from(u16::from_le_bytes([image[at], image[at + 1]]));
    let cluster = number(11) * usize::from(image[13]);
    let record = match image[64].cast_signed() {
        clusters @ 1.. => usize::from(clusters.cast_unsigned()) * cluster,
        power => 1 << power.unsigned_abs(),
    };
    [48, 56].map(|place| number(place) * cluster + 3 * record)
}

/// Sets the flags in `$VOLUME_INFORMATION`.
fn set_flags(image: &mut [u8], flags: u8) {
    for record in volume_records(image) {
        let mut at = record + usize::from(image[record + 20]);
        while image[at] != 0x70 {
            at += usize::from(u16::from_le_bytes([image[at + 4], image[at + 5]]));
        }
        let value = at + usize::from(image[at + 20]);
        image[value + 10] = flags;
    }
}

#[test]
fn marked_dirty() {
    let Some((scratch, image)) = volume() else {
        return;
    };
    let clean = fs::read(&image).unwrap();
    // Mounted writable by ntfs-3g, which is told too.
    for (flags, expected) in [
        (0, &["fuse-mount"][..]),
        (1, &["ntfs-dirty", "fuse-mount"]),
        (4, &["fuse-mount"]),
        (5, &["ntfs-dirty", "fuse-mount"]),
    ] {
        let mut bytes = clean.clone();
        set_flags(&mut bytes, flags);
        fs::write(&image, &bytes).unwrap();
        let shown = tool(Command::new("ntfsinfo").arg("-fm").arg(&image));
        assert_eq!(shown.contains("DIRTY"), flags & 1 != 0, "{shown}");
        let mount = Mounted::ntfs(&image, &scratch.disk(), "norecover");
        assert_eq!(told(&scratch), expected, "{flags}");
        drop(mount);
    }
    let mount = Mounted::ntfs(&image, &scratch.disk(), "norecover");
    let plan = says(&scratch, &["plan", "disk"], 0);
    let steps = plan["steps"].as_array().unwrap();
    assert!(
        steps
            .iter()
            .any(|step| step["text"].as_str().unwrap().starts_with("chkdsk F: /f")),
        "{plan}"
    );
    assert_eq!(plan["code"], Value::Null);
    says(&scratch, &APPLY, 0);
    drop(mount);
}

#[test]
fn mounts_that_cannot_be_written() {
    let Some((scratch, image)) = volume() else {
        return;
    };
    let refuses = |codes: &[&str]| {
        let bytes = fs::read(&image).unwrap();
        let mount = Mounted::ntfs(&image, &scratch.disk(), "ro,norecover");
        assert_eq!(told(&scratch), codes);
        let failure = says(&scratch, &APPLY, 3);
        assert_eq!(failure["code"], codes[0], "{failure}");
        drop(mount);
        assert!(!scratch.path().join("J").exists(), "no journal is made");
        assert!(fs::read(&image).unwrap() == bytes, "a byte has changed");
    };
    refuses(&["read-only"]);
    let mount = Mounted::ntfs(&image, &scratch.disk(), "norecover");
    let mut memory = b"hibr".to_vec();
    memory.resize(65536, 0);
    fs::write(scratch.disk().join("hiberfil.sys"), memory).unwrap();
    drop(mount);
    refuses(&["hibernated", "read-only"]);
}

/// Two partitions with empty NTFS on a disk in the file `image`.
fn two_partitions(scratch: &Scratch) -> [Loop; 2] {
    let image = scratch.path().join("image");
    File::create(&image).unwrap().set_len(40 * MIB).unwrap();
    let mut sfdisk = Command::new("sfdisk");
    sfdisk.arg("-q").arg(&image).stdin(Stdio::piped());
    let mut sfdisk = sfdisk.spawn().unwrap();
    let table = b"label: dos\nstart=2048, size=32768, type=7\nstart=36864, size=32768, type=7\n";
    sfdisk.stdin.take().unwrap().write_all(table).unwrap();
    assert!(sfdisk.wait().unwrap().success());
    [1, 18].map(|start| {
        let part = Loop::attach(&image, start * MIB, 16 * MIB);
        let mut mkfs = Command::new("mkfs.ntfs");
        mkfs.args(["-F", "-Q", "-q", "-H", "255", "-S", "63", "-p", "2048"]);
        tool(mkfs.arg(part.device()));
        part
    })
}

/// Fails unless a hint has this in it.
#[track_caller]
fn hints(failure: &Value, text: &str) {
    let hints = failure["hints"].as_array().unwrap();
    let mut all = hints.iter().filter_map(Value::as_str);
    assert!(all.any(|hint| hint.contains(text)), "{text}: {failure}");
}

#[test]
fn partitions_side_by_side() {
    if !has(&["mkfs.ntfs", "ntfs-3g", "sfdisk", "losetup"]) {
        return;
    }
    let scratch = Scratch::empty();
    let parts = two_partitions(&scratch);
    let at = scratch.path().join("data");
    let data = Mounted::ntfs(parts[0].device(), &at, "norecover");
    let before = tree(&at);
    let failure = says(&scratch, &["plan", "data"], 7);
    assert_eq!(failure["code"], "no-windows");
    hints(
        &failure,
        "partition 2 (NTFS, 16 MiB): ntfs-3g -o norecover /dev/loop",
    );
    let windows = Mounted::ntfs(parts[1].device(), &scratch.disk(), "norecover");
    demo().write_to(&scratch.disk()).unwrap();
    let command = format!("offfix plan {}", scratch.disk().display());
    hints(&says(&scratch, &["plan", "data"], 7), &command);
    same(&before, &tree(&at), "nothing is written");
    // A drive that is not named is looked for.
    let failure = scratch.run(&["plan"]).gives(2);
    let found = format!("{command}   SRV-FIN-02, Windows Server 2016 Datacenter");
    assert!(failure.err.contains(&found), "{}", failure.err);
    let device = parts[1].device().to_str().unwrap();
    is_listed(&scratch, device);
    // A disk or a partition itself is no folder.
    let failure = says(&scratch, &["plan", "image"], 7);
    hints(
        &failure,
        "partition 2 (NTFS, 16 MiB): mount -t ntfs-3g -o loop,norecover,offset=18874368",
    );
    let failure = says(&scratch, &["plan", device], 7);
    assert_eq!(failure["code"], "not-mounted");
    hints(&failure, &format!("ntfs-3g -o norecover {device} /mnt/f"));
    drop(windows);
    drop(data);
}

/// `disks` shows the Windows in the second partition.
#[track_caller]
fn is_listed(scratch: &Scratch, device: &str) {
    let disks = says(scratch, &["disks"], 0);
    let disks = disks["disks"].as_array().unwrap();
    let disk = disks.iter().find(|disk| disk["device"] == device).unwrap();
    let area = &disk["areas"][0];
    let path = |path: PathBuf| Value::from(path.to_str().unwrap());
    assert_eq!(disk["backing"], path(scratch.path().join("image")));
    assert_eq!(area["file_system"], "NTFS");
    assert_eq!(area["computer"], "SRV-FIN-02");
    assert_eq!(area["mounted_at"], path(scratch.disk()));
    let text = scratch.run(&["disks"]).gives(0).out;
    let command = format!("offfix plan {}", scratch.disk().display());
    assert!(text.contains(&command), "{text}");
}

/// Copies of a disk, each a disk of its own, and one of them shown twice.
#[test]
fn disks_that_collide() {
    if !has(&["losetup"]) {
        return;
    }
    let scratch = Scratch::empty();
    for (kind, named) in [
        (mbr as fn() -> Vec<u8>, "MBR signature 5eed1e55"),
        (gpt, "GPT disk GUID {5a5a5a5a-5a5a-5a5a-5a5a-5a5a5a5a5a5a}"),
    ] {
        let disks = [(); 2].map(|()| {
            let number = fs::read_dir(scratch.path()).unwrap().count();
            let image = scratch.path().join(format!("copy-{number}"));
            fs::write(&image, kind()).unwrap();
            Loop::attach(&image, 0, MIB)
        });
        let image = fs::read_to_string(sys(&disks[1]).join("loop/backing_file")).unwrap();
        let again = Loop::attach(image.trim().as_ref(), 0, MIB);
        let before = tree(scratch.path());
        let answer = says(&scratch, &["disks"], 0);
        let text = scratch.run(&["disks"]).gives(0).out;
        same(&before, &tree(scratch.path()), "nothing is written");
        let all = answer["collisions"].as_array().unwrap();
        let [told] = &all
            .iter()
            .filter(|one| one["id"] == named)
            .collect::<Vec<_>>()[..]
        else {
            panic!("{answer}")
        };
        let devices: Vec<&str> = told["devices"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_str)
            .collect();
        let name = |disk: &Loop| disk.device().to_str().unwrap().to_owned();
        assert!(devices.contains(&name(&disks[0]).as_str()), "{told}");
        let others = [name(&disks[1]), name(&again)];
        let shown = others.iter().filter(|one| devices.contains(&one.as_str()));
        assert_eq!((shown.count(), devices.len()), (1, 2), "{told}");
        assert!(text.contains(named) && text.contains("COLLIDE"), "{text}");
        let words: Vec<&str> = text.split_whitespace().collect();
        assert!(
            words.join(" ").contains("--repair boot-device-ids"),
            "{text}"
        );
        drop(again);
        drop(disks);
        let answer = says(&scratch, &["disks"], 0);
        assert!(!answer.to_string().contains(named), "{answer}");
    }
}

/// What the system says of a loop device.
fn sys(disk: &Loop) -> PathBuf {
    PathBuf::from("/sys/block").join(disk.device().file_name().unwrap())
}

/// A disk with a signature and a partition.
fn mbr() -> Vec<u8> {
    let mut disk = disk_image::empty(512, 2048);
    let part = disk_image::MbrPartition {
        type_byte: 7,
        active: true,
        start: 128,
        sectors: 1024,
    };
    disk_image::put_mbr(&mut disk, 0x5EED_1E55, &[Some(part)]);
    disk
}

/// A disk with a GUID and a partition.
fn gpt() -> Vec<u8> {
    let mut disk = disk_image::empty(512, 2048);
    let part = disk_image::GptPartition {
        type_guid: [0xA2; 16],
        guid: [7; 16],
        first: 128,
        last: 1024,
    };
    disk_image::put_gpt(&mut disk, 512, [0x5A; 16], &[part]);
    disk
}
