//! Self-relative security descriptors, and the ring of `sk` cells that holds them.
//!
//! Invariants: one cell per distinct descriptor in use, reference counts exact, the ring closed.
//! Absent: SACLs, object ACEs and SDDL.

use super::cells::Cells;

/// A security identifier as bytes: revision 1, authority below 256, up to 15 sub-authorities.
pub fn sid(authority: u8, sub_authorities: &[u32]) -> Vec<u8> {
    let mut bytes = vec![1, sub_authorities.len() as u8, 0, 0, 0, 0, 0, authority];
    bytes.extend(
        sub_authorities
            .iter()
            .flat_map(|number| number.to_le_bytes()),
    );
    bytes
}

/// BUILTIN\Administrators.
pub fn administrators() -> Vec<u8> {
    sid(5, &[32, 544])
}

/// NT AUTHORITY\SYSTEM.
pub fn local_system() -> Vec<u8> {
    sid(5, &[18])
}

/// BUILTIN\Users.
pub fn users() -> Vec<u8> {
    sid(5, &[32, 545])
}

/// CREATOR OWNER.
pub fn creator_owner() -> Vec<u8> {
    sid(3, &[0])
}

/// All rights to a key.
pub const KEY_ALL: u32 = 0x000F_003F;
/// The right to read a key, its values and its list of subkeys.
pub const KEY_READ: u32 = 0x0002_0019;

/// One entry of a DACL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ace {
    /// 0 allows, 1 denies.
    pub kind: u8,
    /// Inheritance flags: 2 container, 8 inherit only, 16 inherited.
    pub flags: u8,
    /// Access mask.
    pub mask: u32,
    /// Who it is for.
    pub sid: Vec<u8>,
}

impl Ace {
    /// An entry that allows, for this key and all below it.
    pub fn allow(mask: u32, sid: Vec<u8>) -> Self {
        Self {
            kind: 0,
            flags: 2,
            mask,
            sid,
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![self.kind, self.flags];
        bytes.extend((8 + self.sid.len() as u16).to_le_bytes());
        bytes.extend(self.mask.to_le_bytes());
        bytes.extend(&self.sid);
        bytes
    }
}

/// A self-relative descriptor: header, DACL, owner, group, as the kernel lays it out.
pub fn descriptor(owner: &[u8], group: &[u8], dacl: &[Ace]) -> Vec<u8> {
    let aces: Vec<u8> = dacl.iter().flat_map(Ace::bytes).collect();
    let owner_at = 20 + 8 + aces.len() as u32;
    let mut bytes = vec![1, 0, 0x04, 0x80];
    for offset in [owner_at, owner_at + owner.len() as u32, 0, 20] {
        bytes.extend(offset.to_le_bytes());
    }
    bytes.extend([2, 0]);
    bytes.extend((8 + aces.len() as u16).to_le_bytes());
    bytes.extend((dacl.len() as u16).to_le_bytes());
    bytes.extend([0, 0]);
    bytes.extend(aces);
    bytes.extend(owner);
    bytes.extend(group);
    bytes
}

/// What keys of a SYSTEM hive carry: all ACEs inheritable, owner Administrators, group SYSTEM.
pub fn default_descriptor() -> Vec<u8> {
    let creator = Ace {
        kind: 0,
        flags: 2 | 8,
        mask: KEY_ALL,
        sid: creator_owner(),
    };
    let dacl = [
        Ace::allow(KEY_READ, users()),
        Ace::allow(KEY_ALL, administrators()),
        Ace::allow(KEY_ALL, local_system()),
        creator,
    ];
    descriptor(&administrators(), &local_system(), &dacl)
}

/// The descriptors of a hive under construction and who uses them.
#[derive(Debug)]
pub(crate) struct Ring<'a> {
    descriptors: &'a [Vec<u8>],
    slots: Vec<Slot>,
}

#[derive(Debug)]
struct Slot {
    descriptor: usize,
    cell: u32,
    users: u32,
}

impl<'a> Ring<'a> {
    pub(crate) fn new(descriptors: &'a [Vec<u8>]) -> Self {
        Self {
            descriptors,
            slots: Vec::new(),
        }
    }

    /// Counts one more user of a descriptor and gives the index of its cell.
    pub(crate) fn use_cell(&mut self, cells: &mut Cells, descriptor: usize) -> u32 {
        let bytes = self.bytes(descriptor);
        let same = |slot: &Slot| self.bytes(slot.descriptor) == bytes;
        if let Some(found) = self.slots.iter().position(same) {
            self.slots[found].users += 1;
            return self.slots[found].cell;
        }
        let cell = cells.allocate(20 + bytes.len());
        self.slots.push(Slot {
            descriptor,
            cell,
            users: 1,
        });
        cell
    }

    /// Writes all cells, now that their users are counted.
    pub(crate) fn finish(&self, cells: &mut Cells) {
        let count = self.slots.len();
        for (index, slot) in self.slots.iter().enumerate() {
            let bytes = self.bytes(slot.descriptor);
            let mut payload = b"sk\0\0".to_vec();
            payload.extend(self.slots[(index + 1) % count].cell.to_le_bytes());
            payload.extend(self.slots[(index + count - 1) % count].cell.to_le_bytes());
            payload.extend(slot.users.to_le_bytes());
            payload.extend((bytes.len() as u32).to_le_bytes());
            payload.extend(bytes);
            cells.write(slot.cell, &payload);
        }
    }

    fn bytes(&self, descriptor: usize) -> &'a [u8] {
        self.descriptors.get(descriptor).map_or(&[], Vec::as_slice)
    }
}
