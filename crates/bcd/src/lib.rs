//! Boot configuration data (BCD): what the Windows boot manager reads, on top of a registry hive.
//!
//! Layers, lowest first:
//! - [`Guid`], [`ObjectType`], [`ElementType`]: the numbers, and their names both ways;
//! - [`Device`]: the one format that is a structure of its own;
//! - [`Value`]: the data of an element, as bytes and as words;
//! - [`Store`]: the objects of a hive, inheritance followed;
//! - [`Editor`]: changes, as operations that [`hive::Editor`] carries out.
//!
//! Invariants: no function opens a file, prints, or asks for time or chance; hostile bytes give an
//! error or a value that says what is wrong, never a panic; what is not understood is kept. The
//! format is in `FORMAT.md`.

pub mod alias;
pub mod device;
pub mod edit;
pub mod element;
pub mod guid;
pub mod object_type;
pub mod path;
pub mod store;
pub mod text;
pub mod value;

mod ems;
mod read;
mod table;

pub use alias::NameError;
pub use device::Device;
pub use edit::{EditError, Editor, Place};
pub use element::{ElementError, ElementType};
pub use guid::Guid;
pub use object_type::ObjectType;
pub use path::{Meaning, key_of_value};
pub use store::{Element, Object, Store, StoreError};
pub use text::ParseError;
pub use value::{Malformed, Value};
