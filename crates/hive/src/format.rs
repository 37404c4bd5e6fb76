//! The fixed structures of a regf file, exactly as they lie on disk, and nothing else.
//!
//! Invariants: every structure is little-endian, unaligned and free of padding; the compiler
//! checks each size at the end of this file. Enumerations are open: unknown values survive.
//! Absent on purpose: behaviour. `FORMAT.md` beside this crate tells the same in prose.

use bitflags::bitflags;
use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// Length of the base block in the file; the hive bins area starts behind it.
pub const BASE_BLOCK_LEN: usize = 4096;
/// The part of the base block that carries meaning, checksum included.
pub const HEADER_LEN: usize = 512;
/// Hive bins and the bins area are multiples of this; also the unit of a log entry's pages.
pub const PAGE_LEN: usize = 4096;
/// Length of a hive bin's header.
pub const BIN_HEADER_LEN: usize = 32;
/// A cell's length is a multiple of this, its size field included.
pub const CELL_ALIGN: usize = 8;
/// Cells longer than this get a length that is a power of two.
pub const BIG_CELL: usize = 16 * 1024;
/// The cell index that means "no cell".
pub const NIL: u32 = 0xFFFF_FFFF;
/// Bytes of value data that fit the value cell itself.
pub const RESIDENT_MAX: usize = 4;
/// In the data length field: the data lies in the field after it.
pub const RESIDENT_BIT: u32 = 0x8000_0000;
/// Longest data in one cell, and the data in one full segment of a big data record (1.4 and up).
pub const SEGMENT_LEN: usize = 16_344;
/// Largest data of a value in a 1.3 hive, which has no big data records: its cell, with the size
/// field, has 1 MiB.
pub const MAX_DATA_V3: usize = (1 << 20) - 4;
/// Longest name of a key, in UTF-16 units.
pub const MAX_KEY_NAME: usize = 255;
/// Longest name of a value, in UTF-16 units.
pub const MAX_VALUE_NAME: usize = 16_383;
/// Deepest nesting of keys the kernel loads.
pub const MAX_DEPTH: usize = 512;
/// The stable storage of one hive ends here (2 GiB).
pub const MAX_BINS_SIZE: u32 = 0x7FFF_F000;
/// Most entries in an `lf` leaf under an index root or alone, as the kernel writes it.
pub const MAX_LF: usize = 507;
/// Most entries in an `li` or `lh` leaf.
pub const MAX_LEAF: usize = 1012;
/// Longest payload of a key node's cell that the kernel accepts.
pub const MAX_KEY_NODE: usize = 1116;

/// The first minor version that has big data records.
pub const MINOR_BIG_DATA: u32 = 4;
/// The first minor version whose leaves carry full name hashes (`lh`).
pub const MINOR_HASH_LEAF: u32 = 5;

/// The first 512 bytes of a primary file or of a log.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct BaseBlock {
    /// `regf`.
    pub signature: [u8; 4],
    /// Raised before the primary file is touched.
    pub primary_sequence: U32,
    /// Made equal to the other when the last page is on disk.
    pub secondary_sequence: U32,
    /// FILETIME; not kept by Windows 8.1 and later.
    pub last_written: U64,
    /// 1.
    pub major: U32,
    /// 3 to 6.
    pub minor: U32,
    /// One of [`FileType`].
    pub file_type: U32,
    /// 1.
    pub file_format: U32,
    /// Cell index of the root key node.
    pub root_cell: U32,
    /// Length of the hive bins area in bytes.
    pub bins_size: U32,
    /// Sector size / 512; 1 from Windows 8 on.
    pub clustering_factor: U32,
    /// The end of the path the kernel opened, UTF-16.
    pub file_name: [u8; 64],
    /// Resource manager's GUID.
    pub rm_id: [u8; 16],
    /// Transaction log's GUID.
    pub log_id: [u8; 16],
    /// Of [`BaseFlags`]; meaningful only while `rm_signature` is intact.
    pub flags: U32,
    /// Transaction manager's GUID.
    pub tm_id: [u8; 16],
    /// `rmtm`, or zero.
    pub rm_signature: [u8; 4],
    /// FILETIME of the last defragmentation, Windows 8 and later.
    pub last_reorganized: U64,
    /// Carried through unchanged.
    pub reserved: [u8; 0x14C],
    /// XOR of the 127 dwords before it, never 0 or all ones.
    pub checksum: U32,
}

/// What a base block stands in front of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileType(pub u32);

impl FileType {
    /// The hive itself.
    pub const PRIMARY: FileType = FileType(0);
    /// A log of the old format (`DIRT`).
    pub const LOG_OLD: FileType = FileType(1);
    /// A log of the old format as Windows 2000 wrote it.
    pub const LOG_OLDEST: FileType = FileType(2);
    /// A log of the new format (`HvLE`), Windows 8.1 and later.
    pub const LOG_NEW: FileType = FileType(6);
}

bitflags! {
    /// Flags of the base block.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct BaseFlags: u32 {
        /// Transactions are pending.
        const PENDING_TRANSACTIONS = 1;
        /// The hive holds differencing (layered) keys.
        const DIFFERENCING = 2;
    }

    /// Flags of a key node.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct KeyFlags: u16 {
        /// Lives in memory only; never on disk.
        const VOLATILE = 0x0001;
        /// A mount point of another hive; never on disk.
        const HIVE_EXIT = 0x0002;
        /// The root of a hive.
        const HIVE_ENTRY = 0x0004;
        /// May not be deleted.
        const NO_DELETE = 0x0008;
        /// A symbolic link.
        const SYM_LINK = 0x0010;
        /// The name is stored as Latin-1.
        const COMP_NAME = 0x0020;
        /// A predefined handle; support was removed in 2023.
        const PREDEF_HANDLE = 0x0040;
    }

    /// Flags of a value.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct ValueFlags: u16 {
        /// The name is stored as Latin-1.
        const COMP_NAME = 0x0001;
        /// A deleted value of a differencing hive.
        const TOMBSTONE = 0x0002;
    }
}

/// Header of a hive bin.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct HiveBin {
    /// `hbin`.
    pub signature: [u8; 4],
    /// Its own offset in the hive bins area.
    pub offset: U32,
    /// Its length, a multiple of 4096.
    pub size: U32,
    /// Zero.
    pub reserved: [u8; 8],
    /// FILETIME, in the first bin a second copy of the base block's.
    pub last_written: U64,
    /// Zero on disk.
    pub spare: U32,
}

/// Fixed part of a key node (`nk`); the name follows.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct KeyNode {
    /// `nk`.
    pub signature: [u8; 2],
    /// Of [`KeyFlags`].
    pub flags: U16,
    /// FILETIME.
    pub last_written: U64,
    /// Access bits of Windows 8 and later.
    pub access_bits: u8,
    /// Layer semantics of Windows 10 and later.
    pub layer_bits: u8,
    /// Unused.
    pub spare: U16,
    /// Cell index of the parent key node.
    pub parent: U32,
    /// Number of subkeys on disk.
    pub subkey_count: U32,
    /// Number of subkeys in memory; without meaning on disk.
    pub volatile_subkey_count: U32,
    /// Cell index of the subkey list.
    pub subkey_list: U32,
    /// Without meaning on disk.
    pub volatile_subkey_list: U32,
    /// Number of values.
    pub value_count: U32,
    /// Cell index of the value list.
    pub value_list: U32,
    /// Cell index of the security cell.
    pub security: U32,
    /// Cell index of the class string.
    pub class: U32,
    /// Longest subkey name, in bytes of UTF-16.
    pub max_name_len: U16,
    /// User flags (low half) and virtualization flags (high half).
    pub user_flags: u8,
    /// Debug bits.
    pub debug: u8,
    /// Longest class of a subkey, in bytes.
    pub max_class_len: U32,
    /// Longest value name, in bytes of UTF-16.
    pub max_value_name_len: U32,
    /// Longest value data, in bytes.
    pub max_value_data_len: U32,
    /// Cache of old kernels.
    pub work_var: U32,
    /// Length of the name as stored, in bytes.
    pub name_len: U16,
    /// Length of the class, in bytes.
    pub class_len: U16,
}

/// Fixed part of a value (`vk`); the name follows.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct KeyValue {
    /// `vk`.
    pub signature: [u8; 2],
    /// Length of the name as stored, in bytes; 0 for the default value.
    pub name_len: U16,
    /// Length of the data, with [`RESIDENT_BIT`].
    pub data_len: U32,
    /// Cell index of the data, or the data.
    pub data: U32,
    /// The type; any number is legal.
    pub data_type: U32,
    /// Of [`ValueFlags`].
    pub flags: U16,
    /// Unused.
    pub spare: U16,
}

/// Fixed part of a security cell (`sk`); the descriptor follows.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct KeySecurity {
    /// `sk`.
    pub signature: [u8; 2],
    /// Unused.
    pub reserved: U16,
    /// Next security cell of the ring.
    pub flink: U32,
    /// Previous security cell of the ring.
    pub blink: U32,
    /// Number of keys that use it.
    pub reference_count: U32,
    /// Length of the descriptor in bytes.
    pub descriptor_len: U32,
}

/// Header of every subkey list.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct ListHeader {
    /// `li`, `lf`, `lh` or `ri`.
    pub signature: [u8; 2],
    /// Number of entries.
    pub count: U16,
}

/// A big data record (`db`).
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct BigData {
    /// `db`.
    pub signature: [u8; 2],
    /// Number of segments.
    pub count: U16,
    /// Cell index of the list of segments.
    pub list: U32,
}

/// Header of one entry of a new-format log; page runs and pages follow.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct LogEntryHeader {
    /// `HvLE`.
    pub signature: [u8; 4],
    /// Length of the entry, a multiple of 512.
    pub size: U32,
    /// Bit 0: bit 0 of the base block's flags.
    pub flags: U32,
    /// Sequence number of this entry.
    pub sequence: U32,
    /// Length of the bins area after this entry.
    pub bins_size: U32,
    /// Number of page runs.
    pub run_count: U32,
    /// Marvin32 of everything behind this header.
    pub hash1: U64,
    /// Marvin32 of the 32 bytes before it.
    pub hash2: U64,
}

/// A run of pages in a log entry.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct PageRun {
    /// Offset in the hive bins area.
    pub offset: U32,
    /// Length in bytes.
    pub size: U32,
}

const _: () = {
    assert!(size_of::<BaseBlock>() == HEADER_LEN);
    assert!(std::mem::offset_of!(BaseBlock, flags) == 0x90);
    assert!(std::mem::offset_of!(BaseBlock, last_reorganized) == 0xA8);
    assert!(std::mem::offset_of!(BaseBlock, checksum) == 0x1FC);
    assert!(size_of::<HiveBin>() == BIN_HEADER_LEN);
    assert!(size_of::<KeyNode>() == 76);
    assert!(std::mem::offset_of!(KeyNode, max_name_len) == 52);
    assert!(std::mem::offset_of!(KeyNode, name_len) == 72);
    assert!(size_of::<KeyValue>() == 20);
    assert!(size_of::<KeySecurity>() == 20);
    assert!(size_of::<ListHeader>() == 4);
    assert!(size_of::<BigData>() == 8);
    assert!(size_of::<LogEntryHeader>() == 40);
    assert!(size_of::<PageRun>() == 8);
};
