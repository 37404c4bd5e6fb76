//! The fixed structures of a self-relative security descriptor, as they lie on disk.
//!
//! Invariants: declarations only; sizes and offsets are checked by the compiler; numbers with a
//! known set of meanings keep unknown values. Absent on purpose: reading and writing.

use zerocopy::little_endian::{U16, U32};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// The revision of every security descriptor.
pub const DESCRIPTOR_REVISION: u8 = 1;
/// The revision of every SID.
pub const SID_REVISION: u8 = 1;
/// Most sub-authorities of a SID.
pub const MAX_SUB_AUTHORITIES: usize = 15;
/// Revision of an access list without object entries.
pub const ACL_REVISION: u8 = 2;
/// Revision of an access list with object entries, and the highest.
pub const ACL_REVISION_DS: u8 = 4;

/// Fixed part of a self-relative security descriptor.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct DescriptorHeader {
    /// [`DESCRIPTOR_REVISION`].
    pub revision: u8,
    /// Private to the resource manager; counts only with [`Control::RM_CONTROL_VALID`].
    pub rm_control: u8,
    /// Of [`Control`].
    pub control: U16,
    /// Offset of the owner's SID, 0 for none.
    pub owner: U32,
    /// Offset of the primary group's SID, 0 for none.
    pub group: U32,
    /// Offset of the system access list, 0 for a null one.
    pub sacl: U32,
    /// Offset of the discretionary access list, 0 for a null one.
    pub dacl: U32,
}

/// Fixed part of an access list; the entries follow.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct AclHeader {
    /// [`ACL_REVISION`] to [`ACL_REVISION_DS`].
    pub revision: u8,
    /// Zero.
    pub padding: u8,
    /// Length of the list with this header, a multiple of 4.
    pub size: U16,
    /// Number of entries.
    pub count: U16,
    /// Zero.
    pub padding2: U16,
}

/// Header of an access entry; what follows depends on its kind.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct AceHeader {
    /// Of [`AceKind`].
    pub kind: u8,
    /// Of [`AceFlags`].
    pub flags: u8,
    /// Length of the entry with this header, a multiple of 4.
    pub size: U16,
}

/// Fixed part of a SID; the sub-authorities, 4 bytes each, follow.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct SidHeader {
    /// [`SID_REVISION`].
    pub revision: u8,
    /// Number of sub-authorities, at most [`MAX_SUB_AUTHORITIES`].
    pub count: u8,
    /// The identifier authority, the one big-endian number of the format.
    pub authority: [u8; 6],
}

bitflags::bitflags! {
    /// Control flags of a security descriptor.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct Control: u16 {
        /// The owner was chosen by default.
        const OWNER_DEFAULTED = 0x0001;
        /// The group was chosen by default.
        const GROUP_DEFAULTED = 0x0002;
        /// There is a discretionary list, be it a null one.
        const DACL_PRESENT = 0x0004;
        /// The discretionary list was chosen by default.
        const DACL_DEFAULTED = 0x0008;
        /// There is a system list, be it a null one.
        const SACL_PRESENT = 0x0010;
        /// The system list was chosen by default.
        const SACL_DEFAULTED = 0x0020;
        /// The discretionary list came from a trusted source.
        const DACL_TRUSTED = 0x0040;
        /// The server's SID is to be given rights.
        const SERVER_SECURITY = 0x0080;
        /// Existing children are to get the discretionary list; a request, not a state.
        const DACL_AUTO_INHERIT_REQ = 0x0100;
        /// Existing children are to get the system list; a request, not a state.
        const SACL_AUTO_INHERIT_REQ = 0x0200;
        /// The discretionary list follows the rules of automatic inheritance.
        const DACL_AUTO_INHERITED = 0x0400;
        /// The system list follows the rules of automatic inheritance.
        const SACL_AUTO_INHERITED = 0x0800;
        /// Inheritable entries of parents do not reach the discretionary list.
        const DACL_PROTECTED = 0x1000;
        /// Inheritable entries of parents do not reach the system list.
        const SACL_PROTECTED = 0x2000;
        /// The resource manager's byte means something.
        const RM_CONTROL_VALID = 0x4000;
        /// Offsets, not pointers; set in everything that lies on a disk.
        const SELF_RELATIVE = 0x8000;
    }

    /// Flags of an access entry.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct AceFlags: u8 {
        /// Leaves (files, values) inherit it.
        const OBJECT_INHERIT = 0x01;
        /// Containers (folders, keys) inherit it.
        const CONTAINER_INHERIT = 0x02;
        /// Children inherit it, their children do not.
        const NO_PROPAGATE = 0x04;
        /// It means nothing for the object that carries it.
        const INHERIT_ONLY = 0x08;
        /// It came from a parent.
        const INHERITED = 0x10;
        /// It must not be taken away.
        const CRITICAL = 0x20;
        /// Successful access is recorded.
        const AUDIT_SUCCESS = 0x40;
        /// Refused access is recorded.
        const AUDIT_FAILURE = 0x80;
    }
}

/// Kind of an access entry; any number is legal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AceKind(pub u8);

impl AceKind {
    /// Grants rights.
    pub const ALLOWED: AceKind = AceKind(0);
    /// Denies rights.
    pub const DENIED: AceKind = AceKind(1);
    /// Has access recorded.
    pub const AUDIT: AceKind = AceKind(2);
    /// Reserved.
    pub const ALARM: AceKind = AceKind(3);
    /// Reserved; holds two SIDs.
    pub const ALLOWED_COMPOUND: AceKind = AceKind(4);
    /// Grants rights on a kind of directory object.
    pub const ALLOWED_OBJECT: AceKind = AceKind(5);
    /// Denies rights on a kind of directory object.
    pub const DENIED_OBJECT: AceKind = AceKind(6);
    /// Has access to a kind of directory object recorded.
    pub const AUDIT_OBJECT: AceKind = AceKind(7);
    /// Reserved.
    pub const ALARM_OBJECT: AceKind = AceKind(8);
    /// Grants rights under a condition.
    pub const ALLOWED_CALLBACK: AceKind = AceKind(9);
    /// Denies rights under a condition.
    pub const DENIED_CALLBACK: AceKind = AceKind(10);
    /// [`AceKind::ALLOWED_OBJECT`] under a condition.
    pub const ALLOWED_CALLBACK_OBJECT: AceKind = AceKind(11);
    /// [`AceKind::DENIED_OBJECT`] under a condition.
    pub const DENIED_CALLBACK_OBJECT: AceKind = AceKind(12);
    /// Has access recorded under a condition.
    pub const AUDIT_CALLBACK: AceKind = AceKind(13);
    /// Reserved.
    pub const ALARM_CALLBACK: AceKind = AceKind(14);
    /// [`AceKind::AUDIT_OBJECT`] under a condition.
    pub const AUDIT_CALLBACK_OBJECT: AceKind = AceKind(15);
    /// Reserved.
    pub const ALARM_CALLBACK_OBJECT: AceKind = AceKind(16);
    /// The integrity level.
    pub const MANDATORY_LABEL: AceKind = AceKind(17);
    /// A claim about the resource.
    pub const RESOURCE_ATTRIBUTE: AceKind = AceKind(18);
    /// A central access policy.
    pub const SCOPED_POLICY_ID: AceKind = AceKind(19);
    /// Which protected processes are trusted.
    pub const PROCESS_TRUST_LABEL: AceKind = AceKind(20);
    /// A filter for callers that are not trusted.
    pub const ACCESS_FILTER: AceKind = AceKind(21);
}

const _: () = {
    assert!(size_of::<DescriptorHeader>() == 20);
    assert!(std::mem::offset_of!(DescriptorHeader, owner) == 4);
    assert!(std::mem::offset_of!(DescriptorHeader, dacl) == 16);
    assert!(size_of::<AclHeader>() == 8);
    assert!(size_of::<AceHeader>() == 4);
    assert!(size_of::<SidHeader>() == 8);
};
