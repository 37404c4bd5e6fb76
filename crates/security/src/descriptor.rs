//! Self-relative security descriptors: owner, group and the two access lists.
//!
//! Invariants: what [`Descriptor::from_bytes`] takes is what the kernel takes (regf rule S5);
//! [`Descriptor::to_bytes`] gives the same bytes back when the parts follow the fixed part and
//! one another without gaps, in any order, up to the end. Absent on purpose: gaps, bytes behind
//! the last part, a SID shared by owner and group, and lists whose "present" flag is clear;
//! those are lost when the descriptor is written.

use crate::acl::Acl;
use crate::bytes;
use crate::error::{EncodeError, ParseError};
use crate::format::{Control, DESCRIPTOR_REVISION, DescriptorHeader};
use crate::sid::Sid;
use zerocopy::IntoBytes;

/// An access list, or one of the two ways to have none.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum List {
    /// The descriptor says nothing; as a discretionary list, everything is allowed.
    Absent,
    /// Present but null; as a discretionary list, everything is allowed on purpose.
    Null,
    /// A list; an empty discretionary one allows nothing.
    Entries(Acl),
}

impl List {
    /// The entries, where there is a list.
    pub fn acl(&self) -> Option<&Acl> {
        match self {
            List::Entries(acl) => Some(acl),
            List::Absent | List::Null => None,
        }
    }

    fn is_present(&self) -> bool {
        !matches!(self, List::Absent)
    }
}

/// In which order the parts lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Order([Part; 4]);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Part {
    Owner,
    Group,
    Sacl,
    Dacl,
}

impl Order {
    /// System list, discretionary list, owner, group: what the kernel writes.
    pub const KERNEL: Order = Order([Part::Sacl, Part::Dacl, Part::Owner, Part::Group]);
    /// Owner, group, system list, discretionary list: what some programs write.
    pub const OWNER_FIRST: Order = Order([Part::Owner, Part::Group, Part::Sacl, Part::Dacl]);
}

/// A security descriptor.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Descriptor {
    /// Flags. [`Control::SELF_RELATIVE`] and the two "present" flags follow the content when
    /// the descriptor is written, whatever stands here.
    pub control: Control,
    /// Private to the resource manager.
    pub rm_control: u8,
    /// Who may always change the rights.
    pub owner: Option<Sid>,
    /// The primary group.
    pub group: Option<Sid>,
    /// What is recorded, and the integrity level.
    pub sacl: List,
    /// Who may do what.
    pub dacl: List,
    /// In which order the parts lie when the descriptor is written.
    pub order: Order,
}

impl Descriptor {
    /// A descriptor without anything in it, in the kernel's order.
    pub fn empty() -> Descriptor {
        Descriptor {
            control: Control::SELF_RELATIVE,
            rm_control: 0,
            owner: None,
            group: None,
            sacl: List::Absent,
            dacl: List::Absent,
            order: Order::KERNEL,
        }
    }

    /// Reads a descriptor; bytes behind its last part are not looked at.
    ///
    /// # Errors
    /// What the kernel would refuse: another revision, not self-relative, an offset into the
    /// fixed part, behind the end or no multiple of 4, a SID, list or entry that is broken.
    pub fn from_bytes(bytes: &[u8]) -> Result<Descriptor, ParseError> {
        let head: &DescriptorHeader = bytes::view(bytes, 0).ok_or(ParseError::Truncated {
            offset: 0,
            what: "a security descriptor",
            end: bytes.len(),
        })?;
        let field = |field, found, expected| ParseError::Field {
            offset: 0,
            field,
            found,
            expected,
        };
        if head.revision != DESCRIPTOR_REVISION {
            let what = "the revision of a security descriptor";
            return Err(field(what, u32::from(head.revision), "1"));
        }
        let control = Control::from_bits_retain(head.control.get());
        if !control.contains(Control::SELF_RELATIVE) {
            let what = "the control field";
            return Err(field(
                what,
                u32::from(control.bits()),
                "bit 15, self-relative",
            ));
        }
        let sid = |offset: u32, what| -> Result<Option<Sid>, ParseError> {
            place(bytes, offset, what)?
                .map(|at| Sid::read(bytes, at))
                .transpose()
        };
        let list = |present, offset: u32, what| -> Result<List, ParseError> {
            if !control.contains(present) {
                return Ok(List::Absent);
            }
            Ok(match place(bytes, offset, what)? {
                Some(at) => List::Entries(Acl::read(bytes, at)?),
                None => List::Null,
            })
        };
        Ok(Descriptor {
            control,
            rm_control: head.rm_control,
            owner: sid(head.owner.get(), "the offset of the owner")?,
            group: sid(head.group.get(), "the offset of the group")?,
            sacl: list(
                Control::SACL_PRESENT,
                head.sacl.get(),
                "the offset of the system list",
            )?,
            dacl: list(
                Control::DACL_PRESENT,
                head.dacl.get(),
                "the offset of the discretionary list",
            )?,
            order: order(head),
        })
    }

    /// The binary form.
    ///
    /// # Errors
    /// An entry or a list that is longer than its 16-bit length can say.
    pub fn to_bytes(&self) -> Result<Vec<u8>, EncodeError> {
        let mut head = DescriptorHeader {
            revision: DESCRIPTOR_REVISION,
            rm_control: self.rm_control,
            control: self.true_control().bits().into(),
            owner: 0.into(),
            group: 0.into(),
            sacl: 0.into(),
            dacl: 0.into(),
        };
        let mut out = vec![0; size_of::<DescriptorHeader>()];
        for part in self.order.0 {
            // Two SIDs and two lists are at most 131,200 bytes.
            let at = u32::try_from(out.len()).unwrap_or(u32::MAX);
            let (offset, written) = match part {
                Part::Owner => (&mut head.owner, write_sid(self.owner.as_ref(), &mut out)),
                Part::Group => (&mut head.group, write_sid(self.group.as_ref(), &mut out)),
                Part::Sacl => (&mut head.sacl, write_list(&self.sacl, &mut out)?),
                Part::Dacl => (&mut head.dacl, write_list(&self.dacl, &mut out)?),
            };
            if written {
                *offset = at.into();
            }
        }
        out.splice(
            ..size_of::<DescriptorHeader>(),
            head.as_bytes().iter().copied(),
        );
        Ok(out)
    }

    /// The control flags as they are written: those about presence follow the content.
    fn true_control(&self) -> Control {
        let mut control = self.control | Control::SELF_RELATIVE;
        control.set(Control::DACL_PRESENT, self.dacl.is_present());
        control.set(Control::SACL_PRESENT, self.sacl.is_present());
        control
    }

    /// The descriptor with only what SDDL text can say: owner, group, lists without unused
    /// space and of the lowest revision, and the flags of inheritance of the lists it has.
    #[must_use]
    pub fn canonical(&self) -> Descriptor {
        let clean = |list: &List| match list {
            List::Entries(acl) => List::Entries(Acl::new(acl.aces.clone())),
            other => other.clone(),
        };
        let mut kept = Control::SELF_RELATIVE;
        if self.dacl.is_present() {
            kept |= Control::DACL_PRESENT
                | Control::DACL_PROTECTED
                | Control::DACL_AUTO_INHERIT_REQ
                | Control::DACL_AUTO_INHERITED;
        }
        if self.sacl.is_present() {
            kept |= Control::SACL_PRESENT
                | Control::SACL_PROTECTED
                | Control::SACL_AUTO_INHERIT_REQ
                | Control::SACL_AUTO_INHERITED;
        }
        Descriptor {
            control: self.true_control() & kept,
            rm_control: 0,
            owner: self.owner,
            group: self.group,
            sacl: clean(&self.sacl),
            dacl: clean(&self.dacl),
            order: Order::KERNEL,
        }
    }
}

/// Where a part lies; `None` for offset 0.
fn place(bytes: &[u8], offset: u32, field: &'static str) -> Result<Option<usize>, ParseError> {
    let at = bytes::index(offset);
    let inside = at >= size_of::<DescriptorHeader>() && at < bytes.len();
    match offset {
        0 => Ok(None),
        _ if inside && at.is_multiple_of(4) => Ok(Some(at)),
        _ => Err(ParseError::Field {
            offset: 0,
            field,
            found: offset,
            expected: "0, or a multiple of 4 behind the fixed part and before the end",
        }),
    }
}

/// The order of the parts that are there; one of the two known ones if it is either.
fn order(head: &DescriptorHeader) -> Order {
    let offset = |part: &Part| match part {
        Part::Owner => head.owner.get(),
        Part::Group => head.group.get(),
        Part::Sacl => head.sacl.get(),
        Part::Dacl => head.dacl.get(),
    };
    let fits = |order: &Order| order.0.iter().map(offset).filter(|at| *at != 0).is_sorted();
    let known = [Order::KERNEL, Order::OWNER_FIRST];
    known.into_iter().find(fits).unwrap_or_else(|| {
        let mut order = Order::KERNEL.0;
        order.sort_by_key(offset);
        Order(order)
    })
}

fn write_sid(sid: Option<&Sid>, out: &mut Vec<u8>) -> bool {
    if let Some(sid) = sid {
        sid.write(out);
    }
    sid.is_some()
}

fn write_list(list: &List, out: &mut Vec<u8>) -> Result<bool, EncodeError> {
    match list.acl() {
        Some(acl) => acl.write(out).map(|()| true),
        None => Ok(false),
    }
}
