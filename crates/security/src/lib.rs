//! Windows security descriptors in memory: read, write, print, and what a new child inherits.
//!
//! Layers, lowest first:
//! - [`mod@format`]: the structures as they lie on disk;
//! - [`Sid`], [`AccessMask`], [`Ace`], [`Acl`]: the parts, every access checked;
//! - [`Descriptor`]: the whole, to and from bytes;
//! - [`mod@well_known`]: the SIDs every Windows has;
//! - [`mod@sddl`]: the text form, both ways;
//! - [`inherit()`]: the descriptor of a new key, folder or file;
//! - [`mod@check`]: what a token is granted, and which entry denies the rest;
//! - [`mod@edit`]: an owner set, a right granted, a denial taken back;
//! - [`mod@icacls`]: the text the tool of that name prints.
//!
//! Invariants: no function opens a file, prints, or panics on any input; what is not understood
//! is carried bit for bit or refused by name, never guessed. Absent on purpose: privileges,
//! which account has which SID, and what any descriptor ought to be.

pub mod access;
pub mod ace;
pub mod acl;
pub mod check;
pub mod descriptor;
pub mod edit;
pub mod error;
pub mod format;
pub mod icacls;
pub mod inherit;
pub mod sddl;
pub mod sid;
pub mod well_known;

mod bytes;

pub use access::{AccessMask, GenericMapping};
pub use ace::Ace;
pub use acl::Acl;
pub use check::{Access, Denial, Token};
pub use descriptor::{Descriptor, List, Order};
pub use error::{EncodeError, ParseError};
pub use format::{AceFlags, AceKind, Control};
pub use icacls::Icacls;
pub use inherit::{Child, InheritError, inherit};
pub use sddl::{PrintError, SddlError};
pub use sid::{Sid, SidTextError};
