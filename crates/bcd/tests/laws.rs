//! What holds for every value and every element.
//!
//! Invariants: chance is proptest's. Absent on purpose: the parts of a device (`device.rs`), and
//! damaged stores (`mutants.rs`).

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "only tests are in here"
)]

use bcd::{Device, ElementType, Guid, NameError, ObjectType, Store, Value};
use hive::{RegData, RegType};
use proptest::prelude::*;

const OBJECT_TYPES: [u32; 12] = [
    0x1010_0001,
    0x1010_0002,
    0x101F_FFFF,
    0x1020_0003,
    0x1020_0004,
    0x1020_0005,
    0x1030_0006,
    0x1040_0009,
    0x1020_000A,
    0x2010_0000,
    0x2020_0003,
    0x3000_0000,
];

fn object_type() -> impl Strategy<Value = ObjectType> {
    prop::sample::select(&OBJECT_TYPES[..]).prop_map(ObjectType)
}

/// Elements of a format, most of them with a place in the table.
fn element(format: u32) -> impl Strategy<Value = ElementType> {
    (1..5_u32, 0..0x160_u32)
        .prop_map(move |(class, subtype)| ElementType(class << 28 | format << 24 | subtype))
}

fn guid() -> impl Strategy<Value = Guid> {
    any::<u128>().prop_map(Guid::from_u128)
}

/// Numbers, small ones often: those have words.
fn number() -> impl Strategy<Value = u64> {
    prop_oneof![0..12_u64, Just(90), Just(1394), any::<u64>()]
}

fn device() -> impl Strategy<Value = Device> {
    prop_oneof![
        Just(Device::boot()),
        (guid(), guid()).prop_map(|(disk, partition)| Device::partition_gpt(disk, partition)),
        (any::<u32>(), any::<u64>()).prop_map(|(disk, at)| Device::partition_mbr(disk, at)),
        Just(Device::locate(0x1200_0002)),
    ]
}

/// An element and a value it can have.
fn pair() -> impl Strategy<Value = (ElementType, Value)> {
    prop_oneof![
        (element(1), device().prop_map(Value::Device)),
        (element(2), "[^\0]{0,30}".prop_map(Value::String)),
        (element(3), guid().prop_map(Value::Object)),
        (
            element(4),
            prop::collection::vec(guid(), 0..5).prop_map(Value::Objects)
        ),
        (element(5), number().prop_map(Value::Integer)),
        (element(6), any::<bool>().prop_map(Value::Boolean)),
        (
            element(7),
            prop::collection::vec(number(), 1..5).prop_map(Value::Integers)
        ),
    ]
}

fn resolve(word: &str) -> Result<Guid, NameError> {
    word.parse()
        .map_err(|_| NameError::Unknown(word.to_owned()))
}

proptest! {
    #[test]
    fn what_is_written_is_read((element, value) in pair()) {
        prop_assert_eq!(value.fits(element), Ok(()));
        prop_assert_eq!(Value::decode(element, &value.encode()), value);
    }

    #[test]
    fn what_is_printed_is_read((element, value) in pair(), object in object_type()) {
        let odd = matches!(&value, Value::String(text) if text.contains(char::is_control));
        prop_assume!(!odd);
        let lines = value.lines(element, object, |id| id.to_string()).join(" ");
        prop_assert_eq!(Value::parse(&lines, element, object, resolve), Ok(value));
    }

    #[test]
    fn any_data_is_a_value(
        number in any::<u32>(),
        format in 0..9_u32,
        kind in 0..8_u32,
        bytes in prop::collection::vec(prop_oneof![Just(0), any::<u8>()], 0..170),
    ) {
        let element = ElementType(number & 0xF0FF_FFFF | format << 24);
        let data = RegData { kind: RegType(kind), bytes };
        let value = Value::decode(element, &data);
        match &value {
            Value::Malformed { .. } => prop_assert_eq!(value.encode(), data),
            _ => prop_assert_eq!(Value::decode(element, &value.encode()), value),
        }
    }

    #[test]
    fn any_text_is_answered(text in ".{0,60}", format in 0..9_u32, object in object_type()) {
        for subtype in [1, 0x20, 0x80] {
            let element = ElementType(0x2000_0000 | format << 24 | subtype);
            if let Ok(value) = Value::parse(&text, element, object, resolve) {
                prop_assert_eq!(value.fits(element), Ok(()));
            }
        }
        let _ = ElementType::find(&text, object);
        let _ = Guid::from_alias(&text);
        let _ = Store::default().resolve(&text);
    }

    #[test]
    fn guids_go_both_ways(bytes in any::<[u8; 16]>()) {
        let id = Guid::from_bytes_le(bytes);
        prop_assert_eq!(id.to_bytes_le(), bytes);
        prop_assert_eq!(id.to_string().to_uppercase().parse(), Ok(id));
        prop_assert_eq!(id.to_string().trim_matches(['{', '}']).parse(), Ok(id));
    }
}

/// Classes 1 to 4, formats 1 to 7, all subtypes that are in use.
fn all_elements() -> impl Iterator<Item = ElementType> {
    let classes = (1..5_u32).flat_map(|class| (1..8_u32).map(move |format| (class, format)));
    classes.flat_map(|(class, format)| {
        (0..0x1000).map(move |subtype| ElementType(class << 28 | format << 24 | subtype))
    })
}

/// Every element with a name is found by it, but the older of the two that share one.
#[test]
fn every_name_leads_back() {
    let mut named = 0;
    for object in OBJECT_TYPES.map(ObjectType) {
        for element in all_elements() {
            let Some(name) = element.name_in(object) else {
                continue;
            };
            let older = element.0 == 0x2600_0005 && name == "cacheenable";
            let wanted = if older {
                ElementType(0x2600_0003)
            } else {
                element
            };
            assert_eq!(
                ElementType::find(name, object),
                Ok(wanted),
                "{object} {name}"
            );
            named += 1;
        }
    }
    assert_eq!(named, 1292);
}
