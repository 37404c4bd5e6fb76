//! Where the boot configuration of a disk lies, and which of its stores the firmware uses.
//!
//! Invariants: a store, and a partition, is chosen by evidence alone; where the evidence does not
//! decide, none is; a partition of another disk never is.
//! Absent on purpose: what the stores hold (see the crate `bcd`); mounting and drive letters.

use bcd::Guid;
use bcd::device::PartitionId;
use disk::partition::{Partition, PartitionId as Entry, Table, TableKind};
use disk::{Kind, Root, WalkError};
use std::fmt;

/// The firmware a store is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Firmware {
    /// BIOS: `\bootmgr` reads `\Boot\BCD`.
    Bios,
    /// UEFI: `bootmgfw.efi` reads `\EFI\Microsoft\Boot\BCD`.
    Uefi,
}

impl Firmware {
    /// Both.
    pub const ALL: [Firmware; 2] = [Firmware::Bios, Firmware::Uefi];

    /// Where its store lies below a root.
    pub fn store(self) -> &'static str {
        match self {
            Firmware::Bios => r"Boot\BCD",
            Firmware::Uefi => r"EFI\Microsoft\Boot\BCD",
        }
    }

    /// Where the boot manager lies that reads the store.
    pub fn boot_manager(self) -> &'static str {
        match self {
            Firmware::Bios => "bootmgr",
            Firmware::Uefi => r"EFI\Microsoft\Boot\bootmgfw.efi",
        }
    }

    /// How the loader's name ends.
    pub fn loader_suffix(self) -> &'static str {
        match self {
            Firmware::Bios => ".exe",
            Firmware::Uefi => ".efi",
        }
    }
}

impl fmt::Display for Firmware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Firmware::Bios => "BIOS",
            Firmware::Uefi => "UEFI",
        })
    }
}

/// A boot configuration store that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Which of the volume's roots it lies below; 0 is the drive.
    pub root: usize,
    /// Its path below the root, as the disk spells it.
    pub path: String,
    /// The firmware it is for; `None` for a store that the operator named.
    pub firmware: Option<Firmware>,
    /// Whether the boot manager that reads it is there too.
    pub has_manager: bool,
}

/// The ids by which a boot configuration names a partition of the disk with this table; `None` for
/// a partition that only the old table of a GPT disk has, which no store can name.
pub fn id_of(table: &Table, partition: &Partition) -> Option<PartitionId> {
    let guid = |bytes| Guid::from_bytes_le(bytes);
    match (table.kind, partition.id) {
        (TableKind::Gpt { disk }, Entry::Gpt { guid: own, .. }) => Some(PartitionId::Gpt {
            disk: guid(disk),
            partition: guid(own),
        }),
        (TableKind::Mbr { signature }, _) => Some(PartitionId::Mbr {
            signature,
            offset: partition.offset,
        }),
        (TableKind::Gpt { .. }, Entry::Mbr { .. }) => None,
    }
}

/// The partition of the disk with this table that a boot configuration names so.
pub fn partition_of<'t>(id: &PartitionId, table: &'t Table) -> Option<&'t Partition> {
    let mut all = table.partitions.iter();
    all.find(|partition| id_of(table, partition) == Some(*id))
}

/// A partition and the firmwares it has a store for.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// As the table has it.
    pub partition: Partition,
    /// In any order.
    pub stores: Vec<Firmware>,
}

impl Candidate {
    fn of(partition: &Partition, root: &Root) -> Candidate {
        let has_store = |firmware: &Firmware| {
            let found = root.find(firmware.store()).ok().flatten();
            found.is_some_and(|found| found.kind == Kind::File)
        };
        Candidate {
            partition: partition.clone(),
            stores: Firmware::ALL.into_iter().filter(has_store).collect(),
        }
    }

    /// Whether a firmware starts from the partition, and finds its store there.
    fn starts(&self) -> bool {
        let has = |firmware| self.stores.contains(&firmware);
        self.partition.is_esp() && has(Firmware::Uefi)
            || self.partition.active && has(Firmware::Bios)
    }
}

/// Which of the partitions beside a drive's has the store that the firmware uses; `None` when the
/// drive's own is that, there is none, or nothing decides.
pub fn choose_beside(drive: &Candidate, beside: &[Candidate]) -> Option<usize> {
    if drive.starts() {
        return None;
    }
    let only = |fits: &dyn Fn(&Candidate) -> bool| {
        let mut all = beside.iter().enumerate().filter(|(_, one)| fits(one));
        match (all.next(), all.next()) {
            (found, None) => Ok(found.map(|(place, _)| place)),
            (_, Some(_)) => Err(()),
        }
    };
    match only(&Candidate::starts) {
        Ok(None) if drive.stores.is_empty() => only(&|one| !one.stores.is_empty()).ok()?,
        found => found.ok()?,
    }
}

/// Opens the partition with the boot files beside a drive's, on the same disk, where the system
/// shows the files of a partition without a letter or mount (Windows).
pub fn beside(drive: &Root) -> Option<Root> {
    let origin = drive.origin().ok()?;
    let (mut candidates, mut roots) = (Vec::new(), Vec::new());
    for sibling in origin.siblings().ok()? {
        let root = sibling
            .folder
            .and_then(|folder| Root::open(folder.as_os_str()).ok());
        let Some(root) = root else {
            continue;
        };
        // The name that was listed may stand for something else by now.
        let is_same = root
            .origin()
            .is_ok_and(|found| found.same_disk(&origin) && found.partition == sibling.partition);
        if is_same {
            candidates.push(Candidate::of(&sibling.partition, &root));
            roots.push(root);
        }
    }
    let place = choose_beside(&Candidate::of(&origin.partition, drive), &candidates)?;
    roots.into_iter().nth(place)
}

/// The stores of a disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stores {
    /// All that were found, the drive's own first.
    pub found: Vec<Site>,
    /// The place of the one that the firmware uses; `None` without one, or when nothing decides.
    pub chosen: Option<usize>,
    /// Why that one, or why none, for people.
    pub reason: String,
}

impl Stores {
    /// Looks below the roots.
    ///
    /// # Errors
    /// When a folder on the way cannot be read.
    pub fn find(roots: &[&Root]) -> Result<Stores, WalkError> {
        let mut found = Vec::new();
        for (place, root) in roots.iter().enumerate() {
            for firmware in Firmware::ALL {
                let Some(store) = root.find(firmware.store())? else {
                    continue;
                };
                if store.kind != Kind::File {
                    continue;
                }
                let manager = root.find(firmware.boot_manager())?;
                found.push(Site {
                    root: place,
                    path: store.path,
                    firmware: Some(firmware),
                    has_manager: manager.is_some_and(|found| found.kind == Kind::File),
                });
            }
        }
        let (chosen, reason) = choose(&found);
        Ok(Stores {
            found,
            chosen,
            reason,
        })
    }

    /// The one store that the operator named.
    pub fn named(root: usize, path: &str) -> Stores {
        Stores {
            found: vec![Site {
                root,
                path: path.to_owned(),
                firmware: None,
                has_manager: false,
            }],
            chosen: Some(0),
            reason: "named by --store".to_owned(),
        }
    }

    /// The store that the firmware uses.
    pub fn chosen(&self) -> Option<&Site> {
        self.found.get(self.chosen?)
    }
}

/// The store the firmware uses: one on the system partition before one on the drive, then one
/// with its boot manager before one without.
fn choose(found: &[Site]) -> (Option<usize>, String) {
    if found.is_empty() {
        let looked = Firmware::ALL.map(Firmware::store);
        return (None, format!("there is no {}", looked.join(" and no ")));
    }
    let last_root = found.iter().map(|site| site.root).max();
    let on_system_partition = |site: &Site| Some(site.root) == last_root;
    let with_manager = |site: &Site| site.has_manager;
    type Rule<'r> = (&'static str, &'r dyn Fn(&Site) -> bool);
    let rules: [Rule<'_>; 2] = [
        ("it lies on the system partition", &on_system_partition),
        ("its boot manager lies beside it", &with_manager),
    ];
    let mut left: Vec<(usize, &Site)> = found.iter().enumerate().collect();
    let mut reason = "it is the only one";
    for (why, fits) in rules {
        let better: Vec<_> = left
            .iter()
            .copied()
            .filter(|(_, site)| fits(site))
            .collect();
        if !better.is_empty() && better.len() < left.len() {
            (left, reason) = (better, why);
        }
    }
    match left.as_slice() {
        [(place, _)] => (Some(*place), reason.to_owned()),
        _ => (None, "nothing tells which one the firmware uses".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(root: usize, firmware: Firmware, has_manager: bool) -> Site {
        Site {
            root,
            path: firmware.store().to_owned(),
            firmware: Some(firmware),
            has_manager,
        }
    }

    fn candidate(number: u32, active: bool, stores: &[Firmware]) -> Candidate {
        let partition = Partition {
            number,
            offset: u64::from(number) << 20,
            size: 1 << 20,
            id: Entry::Mbr { type_byte: 7 },
            active,
        };
        let stores = stores.to_vec();
        Candidate { partition, stores }
    }

    fn esp(number: u32, stores: &[Firmware]) -> Candidate {
        let mut esp = candidate(number, false, stores);
        esp.partition.id = Entry::Gpt {
            guid: [1; 16],
            type_guid: *b"\x28\x73\x2A\xC1\x1F\xF8\xD2\x11\xBA\x4B\x00\xA0\xC9\x3E\xC9\x3B",
        };
        esp
    }

    #[test]
    fn the_partition_that_the_firmware_starts_from_is_chosen() {
        use Firmware::{Bios, Uefi};
        let windows = candidate(2, false, &[]);
        let reserved = candidate(1, true, &[Bios]);
        let data = candidate(3, false, &[]);
        let copy = candidate(4, false, &[Bios]);
        let choice = |drive: &Candidate, beside: &[&Candidate]| {
            let beside: Vec<Candidate> = beside.iter().map(|one| (*one).clone()).collect();
            choose_beside(drive, &beside)
        };
        assert_eq!(choice(&windows, &[]), None);
        assert_eq!(choice(&windows, &[&data]), None);
        assert_eq!(choice(&windows, &[&data, &reserved]), Some(1));
        assert_eq!(choice(&windows, &[&copy, &esp(1, &[Uefi])]), Some(1));
        // A copy of a store counts where nothing else does.
        assert_eq!(choice(&windows, &[&data, &copy]), Some(1));
        assert_eq!(choice(&windows, &[&copy, &copy]), None);
        // The firmware of such a partition does not read a store of that kind.
        assert_eq!(choice(&windows, &[&esp(1, &[Bios]), &reserved]), Some(1));
        assert_eq!(
            choice(&windows, &[&candidate(1, true, &[Uefi]), &copy]),
            None
        );
        // The drive's own store is only a copy while the firmware starts elsewhere.
        let own = candidate(2, false, &[Bios]);
        assert_eq!(choice(&own, &[&reserved]), Some(0));
        assert_eq!(choice(&own, &[&copy]), None);
        assert_eq!(choice(&candidate(2, true, &[Bios]), &[&reserved]), None);
        // Two that both could be it: nothing decides.
        assert_eq!(choice(&windows, &[&reserved, &esp(5, &[Uefi])]), None);
    }

    #[test]
    fn evidence_decides_or_none_is_chosen() {
        use Firmware::{Bios, Uefi};
        let choice = |sites: &[Site]| choose(sites).0;
        assert_eq!(choice(&[]), None);
        assert_eq!(choice(&[site(0, Bios, false)]), Some(0));
        assert_eq!(
            choice(&[site(0, Bios, true), site(1, Uefi, false)]),
            Some(1)
        );
        assert_eq!(
            choice(&[site(0, Bios, false), site(0, Uefi, true)]),
            Some(1)
        );
        assert_eq!(
            choice(&[site(0, Bios, true), site(0, Uefi, false)]),
            Some(0)
        );
        assert_eq!(choice(&[site(0, Bios, true), site(0, Uefi, true)]), None);
        assert_eq!(choice(&[site(0, Bios, false), site(0, Uefi, false)]), None);
    }
}
