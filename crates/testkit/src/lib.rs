//! The test kit: writes registry hives, boot stores, small Windows volumes and named damage for
//! tests.
//!
//! Invariants: it shares no code with the product crates, so that a test compares two
//! implementations and not one with itself; the same input always gives the same bytes.
//! Absent on purpose: any use outside tests and fixtures, and any handling of hostile input
//! beyond what log replay needs.

pub mod bcd;
pub mod build;
mod bytes;
pub mod damage;
pub mod disk_image;
pub mod replay;
pub mod rules;
pub mod upcase;
pub mod windows;

pub use build::{HiveBuilder, Key, Value};
pub use bytes::checksum;
