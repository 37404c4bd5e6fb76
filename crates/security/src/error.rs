//! Why bytes are no security descriptor, and why a descriptor cannot become bytes.
//!
//! Invariants: messages are lower-case fragments that say where, what stood there and what
//! should have. Absent on purpose: errors of SDDL text and of inheritance, which live beside
//! their code.

use thiserror::Error;

/// Why bytes are not what they should be; offsets count from the start of the bytes given.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseError {
    /// A structure reaches behind the end of what holds it.
    #[error("offset {offset:#x}: {what} reaches behind the end at {end:#x}")]
    Truncated {
        /// Where the structure begins.
        offset: usize,
        /// What it is.
        what: &'static str,
        /// Where what holds it ends.
        end: usize,
    },
    /// A field has a value that Windows would not take.
    #[error("offset {offset:#x}: {field} is {found:#x}, expected {expected}")]
    Field {
        /// Where the structure with the field begins.
        offset: usize,
        /// The field.
        field: &'static str,
        /// What stands there.
        found: u32,
        /// What may stand there.
        expected: &'static str,
    },
}

/// Why a descriptor has no form in bytes.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum EncodeError {
    /// An entry's length does not fit its 16-bit field.
    #[error("access entry {index} needs {len} bytes, 65532 at most")]
    AceTooLong {
        /// Which one, counted from 0.
        index: usize,
        /// Its length.
        len: usize,
    },
    /// A list's length does not fit its 16-bit field.
    #[error("an access list needs {len} bytes, 65532 at most")]
    AclTooLong {
        /// Its length.
        len: usize,
    },
}
