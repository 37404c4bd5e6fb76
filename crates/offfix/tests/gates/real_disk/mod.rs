//! Whole disks: partition tables, NTFS and FAT, in raw images, VHD and VHDX, with the metadata that
//! Windows keeps on its files.
//!
//! Invariants: file systems and partition tables are made by tools that are not ours, and so is
//! what is read of permissions, attributes, times and short names; what is served, attached or
//! mounted is taken away again, also after a failure; every image is sparse and small. Absent on
//! purpose: Windows' own driver, power cuts below the file system.

mod article;
mod formats;
mod image;
mod keys;
mod kills;
mod layout;
mod links;
mod log_file;
mod many_keys;
mod permission_back;
mod permission_kills;
mod permission_links;
mod permissions;
pub(crate) mod served;
mod states;
mod volume;
