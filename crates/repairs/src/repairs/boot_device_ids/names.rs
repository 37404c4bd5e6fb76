//! The partitions a store names, and what each name amounts to on the disk as it is.
//!
//! Invariants: a name is taken for an earlier one of this disk only with a proof from the store;
//! without one it can be another disk's. Absent on purpose: findings and changes.

use super::super::boot_entries::IMC_DEVICE;
use crate::boot::Boot;
use crate::context::{Context, Error, chain};
use bcd::device::{self, PartitionId};
use bcd::element::Format;
use bcd::{ElementType, Guid, Object, ObjectType, Value};
use disk::partition::{Partition, Remark, Table, TableKind};
use volume::boot::id_of;

/// The disk as it is now.
pub(super) struct Present<'v> {
    pub(super) table: &'v Table,
    /// The partition of the drive.
    pub(super) windows: &'v Partition,
    /// The partition the store lies on.
    boot_files: &'v Partition,
}

impl<'v> Present<'v> {
    pub(super) fn of(context: &Context<'v>, boot: &Boot<'_>) -> Result<Present<'v>, Error> {
        let origins = context.volume.origins();
        let origin = |root: usize| match origins.get(root) {
            Some(Ok(origin)) => Ok(origin),
            Some(Err(error)) => Err(Error::Disk(chain(error))),
            None => Err(Error::Disk(
                "the disk of the boot files is not known".to_owned(),
            )),
        };
        let (drive, system) = (origin(0)?, origin(boot.site.root)?);
        let refused = |why: String| Err(Error::Disk(why));
        if !drive.same_disk(system) {
            let (drive, system) = (drive.disk.display(), system.disk.display());
            return refused(format!(
                "Windows is on {drive}, its boot files are on {system}"
            ));
        }
        let hybrid = |remark: &&Remark| matches!(remark, Remark::Hybrid { .. });
        if let Some(remark) = drive.table.remarks.iter().find(hybrid) {
            return refused(remark.to_string());
        }
        if drive.table.kind == (TableKind::Mbr { signature: 0 }) {
            return refused(
                "it has no signature yet; Windows gives it one when it comes online".into(),
            );
        }
        Ok(Present {
            table: &drive.table,
            windows: &drive.partition,
            boot_files: &system.partition,
        })
    }

    pub(super) fn id_of(&self, partition: &Partition) -> Option<PartitionId> {
        id_of(self.table, partition)
    }

    /// The partition that has the partition's half of an id.
    fn named(&self, id: PartitionId) -> Option<&'v Partition> {
        self.table.partitions.iter().find(|partition| {
            let present = self.id_of(partition);
            present.is_some_and(|present| with_disk(id, present) == present)
        })
    }

    pub(super) fn is_gpt(&self) -> bool {
        matches!(self.table.kind, TableKind::Gpt { .. })
    }
}

/// An id with the disk's half of another of the same scheme.
fn with_disk(id: PartitionId, other: PartitionId) -> PartitionId {
    match (id, other) {
        (PartitionId::Mbr { offset, .. }, PartitionId::Mbr { signature, .. }) => {
            PartitionId::Mbr { signature, offset }
        }
        (PartitionId::Gpt { partition, .. }, PartitionId::Gpt { disk, .. }) => {
            PartitionId::Gpt { disk, partition }
        }
        _ => id,
    }
}

fn same_disk(left: PartitionId, right: PartitionId) -> bool {
    std::mem::discriminant(&left) == std::mem::discriminant(&right)
        && with_disk(left, right) == left
}

/// A partition of a hard disk that a device element names.
pub(super) struct Reference<'s> {
    pub(super) object: &'s Object,
    pub(super) element: ElementType,
    pub(super) id: PartitionId,
    /// Whether the partition itself is the device, not a file on it.
    direct: bool,
}

impl Reference<'_> {
    /// Whether it says where a loader finds its Windows.
    pub(super) fn is_home(&self) -> bool {
        self.object.object_type() == ObjectType::OS_LOADER && self.element == ElementType::OS_DEVICE
    }
}

/// What a reference amounts to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The disk has such a partition.
    Fine,
    /// Only the disk's id differs, and nothing else can be meant.
    Renamed(PartitionId),
    /// The disk has no such partition, and one that must be meant.
    Moved(PartitionId),
    /// The partition table is of another kind.
    Scheme,
    /// It can be on another disk.
    Elsewhere,
}

/// What the store names, and what is known from all of it together.
pub(super) struct Names<'s> {
    pub(super) present: &'s Present<'s>,
    pub(super) references: Vec<Reference<'s>>,
    /// The installed systems.
    pub(super) loaders: Vec<Guid>,
    /// A loader that surely or possibly starts the Windows of the drive as it is.
    served: bool,
    /// References with ids that this disk must have had.
    former: Vec<PartitionId>,
}

impl<'s> Names<'s> {
    pub(super) fn of(boot: &'s Boot<'_>, present: &'s Present<'s>) -> Names<'s> {
        let mut names = Names {
            present,
            references: references(boot),
            loaders: boot.store.loaders().map(Object::id).collect(),
            served: false,
            former: Vec::new(),
        };
        names.served = names.loaders.iter().any(|&loader| names.serves(loader));
        names.former = names.find_former();
        names
    }

    fn home(&self, loader: Guid) -> Option<&Reference<'s>> {
        let mut all = self.references.iter();
        all.find(|reference| reference.object.id() == loader && reference.is_home())
    }

    /// Whether a loader starts the Windows of the drive as far as ids say; a search or the boot
    /// device can mean it.
    fn serves(&self, loader: Guid) -> bool {
        let windows = self.present.id_of(self.present.windows);
        self.home(loader)
            .is_none_or(|home| Some(home.id) == windows)
    }

    /// Ids of this disk before it got the present one: those by which the boot manager names the
    /// partition of the store, and those by which the loaders, all of one mind, name the drive's.
    fn find_former(&self) -> Vec<PartitionId> {
        let stale = |reference: &Reference<'_>, partition: &Partition| {
            let there = self.present.id_of(partition);
            let fits = there.is_some_and(|id| with_disk(reference.id, id) == id);
            reference.direct && fits && Some(reference.id) != there
        };
        let of_manager = |reference: &&Reference<'_>| {
            reference.object.id() == Guid::BOOTMGR && stale(reference, self.present.boot_files)
        };
        let managers = self.references.iter().filter(of_manager);
        let mut former: Vec<PartitionId> = managers.map(|reference| reference.id).collect();
        let homes = self.loaders.iter().filter_map(|&loader| self.home(loader));
        let stale_homes: Vec<PartitionId> = homes
            .filter(|home| stale(home, self.present.windows))
            .map(|home| home.id)
            .collect();
        if let Some(&first) = stale_homes.first()
            && !self.served
            && stale_homes.iter().all(|&id| same_disk(id, first))
        {
            former.push(first);
        }
        former
    }

    pub(super) fn verdict(&self, reference: &Reference<'_>) -> Verdict {
        let id = reference.id;
        let Some(sample) = self.present.id_of(self.present.windows) else {
            return Verdict::Elsewhere;
        };
        let role = self.role(reference);
        let only = role.and_then(|role| self.present.id_of(role));
        if std::mem::discriminant(&id) != std::mem::discriminant(&sample) {
            let raw = matches!(id, PartitionId::Raw { .. });
            let ours = only.is_some() || !self.served;
            return if ours && !raw {
                Verdict::Scheme
            } else {
                Verdict::Elsewhere
            };
        }
        let named = self.present.named(id);
        if named.is_some() && same_disk(id, sample) {
            return Verdict::Fine;
        }
        let ours = same_disk(id, sample) || self.former.iter().any(|&was| same_disk(was, id));
        // A GPT gives a partition an id that no other disk has.
        if let Some(partition) = named.filter(|_| ours || self.present.is_gpt()) {
            let fits = role.is_none_or(|role| role.offset == partition.offset);
            let renamed = self.present.id_of(partition).filter(|_| fits);
            if let Some(to) = renamed {
                return Verdict::Renamed(to);
            }
        }
        only.map_or(Verdict::Elsewhere, Verdict::Moved)
    }

    /// The one partition a reference can mean; `None` when it can be any.
    fn role(&self, reference: &Reference<'_>) -> Option<&'s Partition> {
        let object = reference.object;
        let is_loader = self.loaders.contains(&object.id());
        match object.object_type() {
            _ if !reference.direct => None,
            ObjectType::BOOT_MANAGER | ObjectType::MEMORY_TESTER => Some(self.present.boot_files),
            kind if is_loader || kind == ObjectType::RESUME => {
                (self.loaders.len() == 1).then_some(self.present.windows)
            }
            _ => None,
        }
    }
}

/// The objects whose devices are looked at.
pub(super) fn is_looked_at(object: &Object) -> bool {
    let types = [
        ObjectType::BOOT_MANAGER,
        ObjectType::OS_LOADER,
        ObjectType::RESUME,
        ObjectType::MEMORY_TESTER,
        ObjectType::DEVICE,
    ];
    types.contains(&object.object_type())
}

pub(super) fn is_device(element: ElementType) -> bool {
    element.format() == Some(Format::Device) && element != IMC_DEVICE
}

fn references<'s>(boot: &'s Boot<'_>) -> Vec<Reference<'s>> {
    let mut found = Vec::new();
    for object in boot.store.objects().filter(|object| is_looked_at(object)) {
        let devices = object.elements().filter(|e| is_device(e.element_type()));
        for element in devices {
            let Value::Device(value) = element.value() else {
                continue;
            };
            let direct = matches!(
                &value.descriptor.kind,
                device::Kind::Partition(partition) if partition.virtual_disk.is_none()
            );
            found.extend(value.partitions().into_iter().map(|id| Reference {
                object,
                element: element.element_type(),
                id,
                direct,
            }));
        }
    }
    found
}
