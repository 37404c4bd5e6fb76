//! Stores with what real ones have been found to have, built for it.
//!
//! Invariants: nothing of it is an error, and all of it is still there after an edit beside it.
//! Absent on purpose: devices (`device.rs`), and hives that are not sound.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "only tests are in here"
)]

mod support;

use bcd::{EditError, Editor, ElementType, Guid, Malformed, NameError, ObjectType, Place};
use bcd::{Store, StoreError, Value};
use hive::{Hive, RegData, RegType};
use support::{carried_out, picture};
use testkit::HiveBuilder;

const LOADER: &str = "{11111111-2222-3333-4444-555555555555}";
const OTHER: &str = "{22222222-2222-3333-4444-555555555555}";
const BOOTMGR: &str = "{9dea862c-5cdd-4e70-acc1-f32b344d4795}";

fn guid(text: &str) -> Guid {
    text.parse().unwrap()
}

/// A boot manager and a loader without elements.
fn builder() -> HiveBuilder {
    let mut hive = HiveBuilder::with_minor(3);
    hive.key("Description").sz("KeyName", "BCD00000000");
    object(&mut hive, BOOTMGR, 0x1010_0002);
    object(&mut hive, LOADER, 0x1020_0003);
    hive
}

fn object(hive: &mut HiveBuilder, id: &str, kind: u32) {
    hive.key(&format!("Objects\\{id}\\Description"))
        .dword("Type", kind);
    hive.key(&format!("Objects\\{id}\\Elements"));
}

fn element<'b>(hive: &'b mut HiveBuilder, id: &str, element: &str) -> &'b mut testkit::Key {
    hive.key(&format!("Objects\\{id}\\Elements\\{element}"))
}

fn open(hive: &HiveBuilder) -> Result<Store, StoreError> {
    Store::open(&Hive::open(hive.build()).unwrap())
}

fn oddities(store: &Store) -> Vec<(&str, &str)> {
    store
        .oddities()
        .iter()
        .map(|odd| (odd.path.as_str(), odd.why))
        .collect()
}

#[test]
fn an_alias_as_a_key_is_a_stray() {
    let mut hive = builder();
    element(&mut hive, "{Default}", "250000c2").value("Element", 3, &[0]);
    let store = open(&hive).unwrap();
    let stray = &store.strays()[0];
    assert_eq!(
        (stray.name.as_str(), stray.elements.len()),
        ("{Default}", 1)
    );
    assert_eq!(stray.elements[0].value(), Value::Integer(0));
    assert_eq!(
        oddities(&store),
        [("Objects\\{Default}", "the name is no GUID in braces")]
    );
    assert_eq!(store.objects().count(), 2);
}

#[test]
fn a_guid_without_braces_is_a_stray() {
    let mut hive = builder();
    object(&mut hive, OTHER.trim_matches(['{', '}']), 0x1020_0003);
    let store = open(&hive).unwrap();
    assert_eq!((store.objects().count(), store.strays().len()), (2, 1));
    assert!(store.object(guid(OTHER)).is_none());
}

/// Forty objects that claim the elements of one: read as they stand, they would be many times as
/// long as the file.
#[test]
fn cells_used_many_times_are_refused() {
    let mut hive = builder();
    element(&mut hive, LOADER, "12000004").value("Element", 1, &[b'a'; 15_000]);
    for number in 0..40 {
        object(
            &mut hive,
            &OTHER.replace("2222-3333", &format!("2222-33{number:02}")),
            0x1020_0003,
        );
    }
    let mut file = hive.build();
    let sound = Hive::open(file.clone()).unwrap();
    assert_eq!(Store::open(&sound).unwrap().objects().count(), 42);
    let list = sound
        .key(&format!("Objects\\{LOADER}"))
        .unwrap()
        .unwrap()
        .node()
        .subkey_list
        .get();
    for key in sound.key("Objects").unwrap().unwrap().subkeys().unwrap() {
        // Cell size, then the field of the key node.
        let at = 4096 + key.offset().0 as usize + 4 + 0x1C;
        file[at..at + 4].copy_from_slice(&list.to_le_bytes());
    }
    let error = Store::open(&Hive::open(file).unwrap()).unwrap_err();
    assert!(matches!(error, StoreError::Overlap { .. }), "{error}");
}

#[test]
fn what_is_linked_already_is_not_linked_again() {
    let mut hive = builder();
    element(&mut hive, LOADER, "14000006").multi_sz("Element", &[BOOTMGR, LOADER]);
    let mut editor = Editor::new(open(&hive).unwrap());
    editor.link(guid(LOADER), Guid::BOOTMGR).unwrap();
    assert_eq!(editor.finish(), []);
    let mut editor = Editor::new(open(&hive).unwrap());
    editor.create(guid(OTHER), ObjectType::SETTINGS).unwrap();
    editor.link(guid(LOADER), guid(OTHER)).unwrap();
    let after = carried_out(&Hive::open(hive.build()).unwrap(), &editor.finish());
    let made = Store::open(&after).unwrap();
    let list = Value::Objects(vec![Guid::BOOTMGR, guid(LOADER), guid(OTHER)]);
    assert_eq!(
        made.effective(guid(LOADER), ElementType::INHERIT),
        Some((guid(LOADER), list))
    );
    assert!(
        after
            .key(&format!("Objects\\{OTHER}\\Elements"))
            .unwrap()
            .is_some()
    );
}

#[test]
fn an_object_without_a_type_is_kept() {
    let mut hive = builder();
    hive.key(&format!("Objects\\{OTHER}\\Elements"));
    let store = open(&hive).unwrap();
    let other = store.object(guid(OTHER)).unwrap();
    assert_eq!(other.object_type(), ObjectType(0));
    assert_eq!(oddities(&store)[0].1, "the object has no type");
    let mut editor = Editor::new(store);
    let made = editor.create(guid(OTHER), ObjectType::OS_LOADER);
    assert!(matches!(made, Err(EditError::Exists { .. })));
    // A type of another kind of value is none either.
    hive.key(&format!("Objects\\{OTHER}\\Description"))
        .sz("Type", "x");
    assert_eq!(oddities(&open(&hive).unwrap()).len(), 1);
}

#[test]
fn keys_that_do_not_belong_are_named() {
    let mut hive = builder();
    hive.key("Description")
        .value("KeyName", 1, &[0xC0, 0xDB, 0xFF, 0xFF, 7, 0]);
    hive.key(&format!("Objects\\{LOADER}\\Extra"));
    element(&mut hive, LOADER, "26000022x").value("Element", 3, &[1]);
    element(&mut hive, LOADER, "26000022");
    element(&mut hive, LOADER, "260000B0").value("Element", 3, &[1]);
    let store = open(&hive).unwrap();
    let loader = format!("Objects\\{LOADER}");
    let path = |below: &str| format!("{loader}\\Elements\\{below}");
    let (digits, missing, upper) = (path("26000022x"), path("26000022"), path("260000B0"));
    let extra = format!("{loader}\\Extra");
    let wanted = [
        ("Description", "the value KeyName is no name"),
        (missing.as_str(), "the value Element is missing"),
        (digits.as_str(), "the name is not 8 hexadecimal digits"),
        (upper.as_str(), "the name is in upper case"),
        (extra.as_str(), "neither Description nor Elements"),
    ];
    assert_eq!(oddities(&store), wanted);
    assert!(store.description().key_name.is_some());

    let mut editor = Editor::new(store);
    editor
        .set(guid(LOADER), ElementType::WINPE, &Value::Boolean(true))
        .unwrap();
    editor
        .set(guid(LOADER), ElementType::EMS, &Value::Boolean(false))
        .unwrap();
    let after = carried_out(&Hive::open(hive.build()).unwrap(), &editor.finish());
    let keys = after
        .key(&format!("{loader}\\Elements"))
        .unwrap()
        .unwrap()
        .subkeys()
        .unwrap();
    let names: Vec<_> = keys.iter().map(|key| key.name().to_string()).collect();
    assert_eq!(names, ["26000022", "26000022x", "260000B0"]);
}

#[test]
fn an_upper_case_guid_is_used_as_it_is_spelled() {
    let mut hive = builder();
    let upper = "{ABCDEF01-2222-3333-4444-555555555555}";
    object(&mut hive, upper, 0x1020_0003);
    let store = open(&hive).unwrap();
    let mut editor = Editor::new(store);
    editor
        .set(guid(upper), ElementType::EMS, &Value::Boolean(true))
        .unwrap();
    let operations = editor.finish();
    assert_eq!(
        operations[0].key(),
        format!("Objects\\{upper}\\Elements\\260000b0")
    );
}

#[test]
fn a_store_with_nothing_in_it() {
    let mut hive = HiveBuilder::with_minor(3);
    hive.key("Objects");
    let store = open(&hive).unwrap();
    assert_eq!((store.objects().count(), store.default_object()), (0, None));
    assert_eq!(store.resolve("{default}"), Err(NameError::NoDefault));
    assert_eq!(store.resolve("CURRENT"), Err(NameError::Current));
    assert_eq!(
        store.resolve("nonsense"),
        Err(NameError::Unknown("nonsense".into()))
    );
    assert_eq!(store.resolve("legacy"), Ok(Guid::NTLDR));
    assert_eq!(store.resolve(&LOADER[1..37]), Ok(guid(LOADER)));
    let missing = Editor::new(store).set_timeout(5);
    assert_eq!(missing, Err(EditError::Missing(Guid::BOOTMGR)));
}

#[test]
fn a_hive_of_another_kind_is_refused() {
    let mut hive = HiveBuilder::new();
    hive.key("Select").dword("Current", 1);
    hive.key("ControlSet001");
    let text = open(&hive).unwrap_err().to_string();
    assert_eq!(
        text,
        "not a boot configuration store: a SYSTEM hive: the root key ROOT has no key Objects, it \
         has ControlSet001, Select"
    );
    let text = open(&HiveBuilder::new()).unwrap_err().to_string();
    assert!(text.ends_with("it has none"), "{text}");
}

#[test]
fn the_default_falls_back_to_the_display_order() {
    let mut hive = builder();
    element(&mut hive, BOOTMGR, "24000001").multi_sz("Element", &[LOADER, OTHER]);
    assert_eq!(open(&hive).unwrap().default_object(), Some(guid(LOADER)));
    element(&mut hive, BOOTMGR, "23000003").sz("Element", OTHER);
    let store = open(&hive).unwrap();
    // It names an object that is not there; that is for others to judge.
    assert_eq!(store.default_object(), Some(guid(OTHER)));
    assert_eq!(store.name_of(guid(OTHER)), "{default}");
    element(&mut hive, BOOTMGR, "23000003").sz("Element", "{466f5a88-0af2-4f76-9038-095b170dc21c}");
    let store = open(&hive).unwrap();
    assert_eq!(store.name_of(Guid::NTLDR), "{ntldr}");
    element(&mut hive, BOOTMGR, "23000003").sz("Element", "{default}");
    element(&mut hive, BOOTMGR, "24000001").multi_sz("Element", &[]);
    assert_eq!(open(&hive).unwrap().default_object(), None);
}

#[test]
fn inheritance_goes_depth_first_past_missing_objects_and_circles() {
    let [a, b, c] = [
        "{aaaaaaaa-2222-3333-4444-555555555555}",
        "{bbbbbbbb-2222-3333-4444-555555555555}",
        "{cccccccc-2222-3333-4444-555555555555}",
    ];
    let mut hive = builder();
    for id in [a, b, c] {
        object(&mut hive, id, 0x2010_0000);
    }
    object(&mut hive, OTHER, 0x2020_0004);
    let gone = "{dddddddd-2222-3333-4444-555555555555}";
    element(&mut hive, LOADER, "14000006").multi_sz("Element", &[gone, OTHER, a, c]);
    element(&mut hive, a, "14000006").multi_sz("Element", &[LOADER, b, a]);
    element(&mut hive, b, "16000020").value("Element", 3, &[1]);
    element(&mut hive, c, "16000020").value("Element", 3, &[0]);
    element(&mut hive, c, "15000022").value("Element", 3, &[2]);
    // What resume objects inherit: its own application's elements mean something else here.
    element(&mut hive, OTHER, "25000008").value("Element", 3, &[1]);
    element(&mut hive, OTHER, "15000023").value("Element", 3, &[9]);
    let store = open(&hive).unwrap();
    let get = |element| store.effective(guid(LOADER), element);
    assert_eq!(
        get(ElementType::BOOT_EMS),
        Some((guid(b), Value::Boolean(true)))
    );
    assert_eq!(
        get(ElementType::EMS_PORT),
        Some((guid(c), Value::Integer(2)))
    );
    assert_eq!(
        get(ElementType::EMS_BAUD_RATE),
        Some((guid(OTHER), Value::Integer(9)))
    );
    assert_eq!(get(ElementType(0x2500_0008)), None);
    assert_eq!(get(ElementType::PATH), None);
    assert_eq!(store.effective(guid(gone), ElementType::PATH), None);
    assert_eq!(store.effective(guid(b), ElementType::INHERIT), None);
    let list = store.effective(guid(a), ElementType::INHERIT).unwrap();
    assert_eq!(list.0, guid(a));
    let own = store.effective(guid(OTHER), ElementType(0x2500_0008));
    assert_eq!(own, Some((guid(OTHER), Value::Integer(1))));
}

#[test]
fn loaders_are_installed_windows() {
    let mut hive = builder();
    object(&mut hive, OTHER, 0x1020_0003);
    element(&mut hive, OTHER, "26000022").value("Element", 3, &[1]);
    let store = open(&hive).unwrap();
    assert_eq!(
        store.loaders().map(bcd::Object::id).collect::<Vec<_>>(),
        [guid(LOADER)]
    );
}

/// A loader whose `ems` has four bytes, and a boot manager whose menu names an alias.
fn malformed() -> HiveBuilder {
    let mut hive = builder();
    element(&mut hive, LOADER, "260000b0").value("Element", 3, &[1, 0, 0, 0]);
    element(&mut hive, LOADER, "12000004").multi_sz("Element", &["a", "b"]);
    element(&mut hive, BOOTMGR, "24000001").multi_sz("Element", &["{default}"]);
    hive
}

#[test]
fn malformed_elements_are_neither_written_nor_added_to() {
    let store = open(&malformed()).unwrap();
    let (loader, ems) = (guid(LOADER), ElementType::EMS);
    let whole = store.object(loader).unwrap().value(ems).unwrap();
    let data = RegData {
        kind: RegType::BINARY,
        bytes: vec![1, 0, 0, 0],
    };
    let why = Malformed::Length {
        found: 4,
        expected: "1",
    };
    assert_eq!(whole, Value::Malformed { data, why });

    let before = picture(&store);
    let mut editor = Editor::new(store);
    let order = ElementType::DISPLAY_ORDER;
    let refused = editor.enlist(Guid::BOOTMGR, order, loader, Place::Last);
    let text = refused.unwrap_err().to_string();
    assert!(
        text.contains("24000001: expected a list of objects, found `{default}`"),
        "{text}"
    );
    assert!(editor.set(loader, ems, &whole).is_err());
    assert!(editor.enlist(loader, ems, loader, Place::Last).is_err());
    assert_eq!(picture(editor.store()), before);
    assert_eq!(editor.finish(), []);
}

#[test]
fn malformed_elements_are_copied_and_replaced() {
    let hive = malformed();
    let store = open(&hive).unwrap();
    let (loader, before) = (guid(LOADER), picture(&store));
    let mut editor = Editor::new(store);
    editor.copy(loader, guid(OTHER), None).unwrap();
    assert_eq!(picture(editor.store())[&guid(OTHER)], before[&loader]);
    editor
        .set(loader, ElementType::EMS, &Value::Boolean(true))
        .unwrap();
    let after = carried_out(&Hive::open(hive.build()).unwrap(), &editor.finish());
    let store = Store::open(&after).unwrap();
    let changed = store.object(loader).unwrap();
    assert_eq!(changed.value(ElementType::EMS), Some(Value::Boolean(true)));
    let (_, elements) = &before[&loader];
    let kept = changed.element(ElementType::DESCRIPTION).unwrap().data();
    assert_eq!(kept, &elements[&ElementType::DESCRIPTION]);
    assert_eq!(picture(&store)[&guid(OTHER)], before[&loader]);
}

#[test]
fn a_refused_change_changes_nothing() {
    let mut hive = builder();
    element(&mut hive, LOADER, "25000004").value("Element", 3, &[30]);
    let store = open(&hive).unwrap();
    let mut editor = Editor::new(store);
    let loader = guid(LOADER);
    let yes = Value::Boolean(true);
    assert!(matches!(
        editor.set(loader, ElementType::TIMEOUT, &yes),
        Err(EditError::Unfit { .. })
    ));
    let missing = Err(EditError::Missing(guid(OTHER)));
    assert_eq!(editor.set(guid(OTHER), ElementType::EMS, &yes), missing);
    assert_eq!(editor.delete(guid(OTHER), ElementType::EMS), missing);
    assert_eq!(editor.set_default(guid(OTHER)), missing);
    assert_eq!(editor.set_boot_sequence(&[loader, guid(OTHER)]), missing);
    assert_eq!(editor.link(loader, guid(OTHER)), missing);
    assert_eq!(editor.copy(guid(OTHER), loader, None), missing);
    let order = ElementType::DISPLAY_ORDER;
    assert_eq!(
        editor.enlist(Guid::BOOTMGR, order, guid(OTHER), Place::First),
        missing
    );
    assert!(matches!(
        editor.copy(loader, Guid::BOOTMGR, None),
        Err(EditError::Exists { .. })
    ));
    assert!(editor.copy(loader, guid(OTHER), Some("a\0")).is_err());
    assert!(editor.create(loader, ObjectType::RESUME).is_err());
    editor.delete(loader, ElementType::EMS).unwrap();
    editor.delist(Guid::BOOTMGR, order, loader).unwrap();
    editor
        .set(loader, ElementType::TIMEOUT, &Value::Integer(30))
        .unwrap();
    assert_eq!(editor.finish(), []);
}

#[test]
fn only_applications_are_started() {
    let hive = builder();
    let mut editor = Editor::new(open(&hive).unwrap());
    editor
        .create(Guid::EMS_SETTINGS, ObjectType::SETTINGS)
        .unwrap();
    let refused = Err(EditError::NoApplication {
        id: Guid::EMS_SETTINGS,
        object_type: ObjectType::SETTINGS,
    });
    assert_eq!(editor.set_default(Guid::EMS_SETTINGS), refused);
    let sequence = [guid(LOADER), Guid::EMS_SETTINGS];
    assert_eq!(editor.set_boot_sequence(&sequence), refused);
    assert_eq!(editor.set_default(guid(LOADER)), Ok(()));
    assert_eq!(editor.set_boot_sequence(&sequence[..1]), Ok(()));
}

#[test]
fn the_settings_of_the_port_are_inherited_where_windows_puts_them() {
    let mut hive = builder();
    let (global, loaders) = (Guid::GLOBAL_SETTINGS, Guid::BOOT_LOADER_SETTINGS);
    object(&mut hive, &global.to_string(), 0x2010_0000);
    object(&mut hive, &loaders.to_string(), 0x2020_0003);
    object(&mut hive, &Guid::EMS_SETTINGS.to_string(), 0x2010_0000);
    let mut editor = Editor::new(open(&hive).unwrap());
    editor.link(guid(LOADER), loaders).unwrap();
    editor.link(loaders, global).unwrap();
    editor.inherit_ems(guid(LOADER)).unwrap();
    let list = |id| editor.store().object(id)?.value(ElementType::INHERIT);
    assert_eq!(list(global), Some(Value::Objects(vec![Guid::EMS_SETTINGS])));
    assert_eq!(list(loaders), Some(Value::Objects(vec![global])));
}

#[test]
fn of_two_keys_with_one_name_the_first_counts() {
    let mut hive = builder();
    element(&mut hive, BOOTMGR, "25000004").value("Element", 3, &[5]);
    element(&mut hive, BOOTMGR, "25000005").value("Element", 3, &[99]);
    let mut file = hive.build();
    let at = file.windows(8).position(|name| name == b"25000005");
    file[at.unwrap() + 7] = b'4';
    let store = Store::open(&Hive::open(file).unwrap()).unwrap();
    let manager = store.object(Guid::BOOTMGR).unwrap();
    assert_eq!(manager.elements().count(), 1);
    let timeout = manager.value(ElementType::TIMEOUT);
    assert_eq!(timeout, Some(Value::Integer(5)));
}
