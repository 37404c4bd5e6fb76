//! Which directories belong to the Linux that runs now.
//!
//! Invariants: a file system is known by its device number, so that a second mount of it is not
//! another; what cannot be looked at is an error and never "no".
//!
//! Deliberately absent: `/` itself (`unix`), and plain folders of its file systems, which are no
//! Windows volume but may hold a copy of one.

use std::path::Path;

use super::blocks::Shape;
use super::mounts::Mount;
use super::{Places, Spelled, Unseen};

/// Where a system keeps what it boots from.
const BOOT: [&str; 3] = ["/boot", "/boot/efi", "/efi"];
/// Where it keeps parts of itself on file systems of their own.
const PARTS: [&str; 3] = ["/usr", "/var", "/home"];

impl Places {
    /// Whether a directory is the running system's: anywhere it boots from, its EFI system
    /// partition, or a part of it on the same disk as `/`.
    pub(super) fn is_of_running_system(&self, dir: &Spelled) -> Result<bool, Unseen> {
        if ["/boot", "/efi"]
            .iter()
            .any(|top| dir.path.starts_with(top))
        {
            return Ok(true);
        }
        let mounts = self.mounts()?;
        let Some(own) = mounts.iter().find(|mount| mount.id == dir.mount) else {
            return Ok(false);
        };
        let top = mounts.iter().rfind(|mount| mount.at == Path::new("/"));
        if top.is_some_and(|top| top.number == own.number) {
            return Ok(false);
        }
        let places = || {
            let same = mounts.iter().filter(|mount| mount.number == own.number);
            same.map(|mount| mount.at.as_path())
        };
        if places().any(|at| BOOT.iter().any(|boot| at == Path::new(boot))) {
            return Ok(true);
        }
        let Some(top) = top else {
            return Ok(false);
        };
        let is_part = |at: &Path| PARTS.iter().any(|part| at == Path::new(part));
        if is_part(&dir.path) && places().any(|at| at == dir.path) {
            return Ok(true);
        }
        // A folder of such a file system may hold a copy of a disk; as a whole it is the system's.
        let is_whole_part = own.at == dir.path && places().any(is_part);
        Ok(self.share_disk(top, own) && (is_whole_part || self.is_esp(own)))
    }

    /// Whether two file systems lie on one disk, as far as both have block devices.
    fn share_disk(&self, one: &Mount, other: &Mount) -> bool {
        let medium = |mount: &Mount| {
            let block = self.block(mount.number).ok()?;
            Some(self.spot(&block).ok()?.medium)
        };
        medium(one).is_some_and(|one| medium(other) == Some(one))
    }

    /// Whether a file system lies in an EFI system partition, as far as its disk can be read.
    fn is_esp(&self, mount: &Mount) -> bool {
        let partition = || {
            let block = self.block(mount.number).ok()?;
            let Shape::Partition { start, .. } = block.shape else {
                return None;
            };
            let disk = self.whole(&block).ok()?;
            let sector = self.sector(&disk).ok();
            super::origin::table_of(&disk.path, sector)
                .ok()?
                .at(start)
                .cloned()
        };
        partition().is_some_and(|partition| partition.is_esp())
    }
}

#[cfg(test)]
mod tests {
    use testkit::disk_image::{GptPartition, empty, put_gpt};

    use super::super::fake::{Fake, spelled};

    const ESP: [u8; 16] = *b"\x28\x73\x2A\xC1\x1F\xF8\xD2\x11\xBA\x4B\x00\xA0\xC9\x3E\xC9\x3B";

    /// A machine with everything on its own partition, a second disk, and Windows on both.
    fn machine() -> Fake {
        let fake = Fake::new();
        let mut disk = empty(512, 400);
        let part = |type_guid, id: u8| GptPartition {
            type_guid,
            guid: [id; 16],
            first: u64::from(id) * 20 + 40,
            last: u64::from(id) * 20 + 50,
        };
        let esp: Vec<_> = (0..8)
            .map(|id| part(if id == 6 { ESP } else { [5; 16] }, id))
            .collect();
        put_gpt(&mut disk, 512, [1; 16], &esp);
        fake.disk("sda", "8:0", &disk);
        fake.disk("sdb", "8:16", &disk);
        for place in 1..8 {
            let start = u64::from(place) * 20 + 20;
            fake.partition("sda", place, &format!("8:{place}"), start);
            fake.partition("sdb", place, &format!("8:{}", 16 + place), start);
        }
        fake
    }

    /// Asks about a directory in mount 9 of such a machine.
    #[track_caller]
    fn asks(path: &str, mine: &str, others: &[&str], expected: bool) {
        let fake = machine();
        let lines = [&["1 8:1 / / /dev/sda1"][..], others, &[mine]].concat();
        fake.mounts(&lines);
        let found = fake.places().is_of_running_system(&spelled(path, 9));
        assert_eq!(found.unwrap(), expected, "{path} in {lines:?}");
    }

    #[test]
    fn plain_folders_and_other_disks_pass() {
        asks("/srv/x", "9 8:1 / / /dev/sda1", &[], false);
        asks("/mnt/bind", "9 8:1 /srv/x /mnt/bind /dev/sda1", &[], false);
        asks("/var/x", "9 8:1 / / /dev/sda1", &[], false);
        asks("/home", "9 8:1 /home /home /dev/sda1", &[], false);
        asks("/mnt", "9 8:18 / /mnt /dev/sdb2", &[], false);
        asks("/mnt", "9 8:2 / /mnt /dev/sda2", &[], false);
        asks("/mnt", "9 0:44 / /mnt image", &[], false);
        asks("/var/x/mnt", "9 8:18 / /var/x/mnt /dev/sdb2", &[], false);
    }

    #[test]
    fn what_it_boots_from_is_refused_wherever_it_lies() {
        asks("/boot", "9 8:1 / / /dev/sda1", &[], true);
        asks("/boot/old", "9 8:1 / / /dev/sda1", &[], true);
        asks("/bootleg", "9 8:1 / / /dev/sda1", &[], false);
        asks("/boot/efi", "9 8:18 / /boot/efi /dev/sdb2", &[], true);
        for at in ["/boot", "/boot/efi", "/efi"] {
            let boot = format!("5 8:18 / {at} /dev/sdb2");
            asks("/mnt", "9 8:18 / /mnt /dev/sdb2", &[&boot], true);
            asks("/mnt/a", "9 8:18 /a /mnt/a /dev/sdb2", &[&boot], true);
        }
    }

    #[test]
    fn parts_of_it_on_its_disk_are_refused() {
        for at in ["/usr", "/var", "/home"] {
            let own = format!("5 8:2 / {at} /dev/sda2");
            asks("/mnt", "9 8:2 / /mnt /dev/sda2", &[&own], true);
            let own = own.replacen('5', "9", 1);
            asks(at, &own, &[], true);
            asks(&format!("{at}/x"), &own, &[], false);
            let other = format!("5 8:18 / {at} /dev/sdb2");
            asks("/mnt", "9 8:18 / /mnt /dev/sdb2", &[&other], false);
            let other = other.replacen('5', "9", 1);
            asks(at, &other, &[], true);
            asks(&format!("{at}/x"), &other, &[], false);
        }
    }

    #[test]
    fn its_efi_system_partition_is_refused_unmounted_too() {
        asks("/mnt", "9 8:7 / /mnt /dev/sda7", &[], true);
        asks("/mnt", "9 8:23 / /mnt /dev/sdb7", &[], false);
    }

    #[test]
    fn what_cannot_be_seen_is_an_error() {
        let fake = machine();
        let found = fake.places().is_of_running_system(&spelled("/mnt", 9));
        assert!(found.is_err());
    }
}
