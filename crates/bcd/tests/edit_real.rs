//! Changes of real stores, carried out in their hives and read again.
//!
//! Invariants: the model is a plain map, made without the editor's own store; every result passes
//! the hive's check. Absent on purpose: commits to disk.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "only tests are in here"
)]

mod support;

use bcd::{EditError, Editor, ElementType, Guid, ObjectType, Place, Store, Value};
use hive::error::CellOffset;
use hive::format::KeySecurity;
use hive::reg::Operation;
use hive::{Hive, RegData, check};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use support::{Picture, Real, carried_out, picture, stores};
use zerocopy::FromBytes;

const NEW: Guid = Guid::from_u128(0x0ff_f1ce_0000_4000_8000_0000_0000_0001);

fn read(hive: &Hive) -> Store {
    Store::open(hive).unwrap()
}

/// The article's changes: menu, timeout, EMS of the boot manager, of a loader, port and speed.
fn article(store: &Store, loader: Guid) -> Result<Vec<Operation>, EditError> {
    let mut editor = Editor::new(store.clone());
    let yes = Value::Boolean(true);
    editor.set(Guid::BOOTMGR, ElementType::DISPLAY_BOOT_MENU, &yes)?;
    editor.set_timeout(5)?;
    editor.set(Guid::BOOTMGR, ElementType::BOOT_EMS, &yes)?;
    editor.set(loader, ElementType::EMS, &yes)?;
    editor.create(Guid::EMS_SETTINGS, ObjectType::SETTINGS)?;
    editor.link(Guid::BOOTMGR, Guid::EMS_SETTINGS)?;
    editor.set(
        Guid::EMS_SETTINGS,
        ElementType::EMS_PORT,
        &Value::Integer(1),
    )?;
    editor.set(
        Guid::EMS_SETTINGS,
        ElementType::EMS_BAUD_RATE,
        &Value::Integer(115_200),
    )?;
    Ok(editor.finish())
}

/// Any loader; the media stores have none that is installed.
fn some_loader(store: &Store) -> Guid {
    let mut all = store
        .objects()
        .filter(|object| object.object_type() == ObjectType::OS_LOADER);
    store.loaders().next().or_else(|| all.next()).unwrap().id()
}

/// The signatures of all subkey lists.
fn list_kinds(hive: &Hive) -> BTreeSet<[u8; 2]> {
    let mut found = BTreeSet::new();
    let mut open = vec![hive.root().unwrap()];
    while let Some(key) = open.pop() {
        let below = key.subkeys().unwrap();
        if !below.is_empty() {
            let list = hive.cell(CellOffset(key.node().subkey_list.get())).unwrap();
            found.insert([list[0], list[1]]);
        }
        open.extend(below);
    }
    found
}

/// Where a key's security cell lies, how many keys share it, and the entries of its access list.
fn security_of(hive: &Hive, path: &str) -> (u32, u32, Vec<security::Ace>) {
    let at = hive.key(path).unwrap().expect(path).node().security.get();
    let cell = hive.cell(CellOffset(at)).unwrap();
    let (fixed, descriptor) = KeySecurity::read_from_prefix(cell).unwrap();
    let len = fixed.descriptor_len.get() as usize;
    let descriptor = security::Descriptor::from_bytes(&descriptor[..len]).unwrap();
    let entries = descriptor.dacl.acl().unwrap().aces.clone();
    (at, fixed.reference_count.get(), entries)
}

fn element_path(id: Guid, element: ElementType) -> String {
    format!("Objects\\{id}\\Elements\\{element}")
}

#[test]
fn the_serial_console_is_switched_on_everywhere_and_once() {
    for Real { name, hive } in stores() {
        let store = read(&hive);
        let loader = some_loader(&store);
        let operations = article(&store, loader).unwrap();
        let after = carried_out(&hive, &operations);
        assert!(check::check(&after).is_sound(), "{name}");
        assert_eq!(after.minor(), hive.minor(), "{name}");
        assert_eq!(list_kinds(&after), BTreeSet::from([*b"lf"]), "{name}");
        let changed = read(&after);
        assert_eq!(article(&changed, loader).unwrap(), [], "{name}");
        let bytes = |id, element| {
            changed
                .object(id)
                .unwrap()
                .element(element)
                .unwrap()
                .data()
                .bytes
                .clone()
        };
        assert_eq!(
            bytes(Guid::BOOTMGR, ElementType::DISPLAY_BOOT_MENU),
            [1],
            "{name}"
        );
        assert_eq!(
            bytes(Guid::BOOTMGR, ElementType::TIMEOUT),
            [5, 0, 0, 0, 0, 0, 0, 0]
        );
        assert_eq!(bytes(loader, ElementType::EMS), [1], "{name}");
        let speed = bytes(Guid::EMS_SETTINGS, ElementType::EMS_BAUD_RATE);
        assert_eq!(speed, [0, 0xC2, 1, 0, 0, 0, 0, 0], "{name}");
        let port = changed.effective(Guid::BOOTMGR, ElementType::EMS_PORT);
        assert_eq!(
            port,
            Some((Guid::EMS_SETTINGS, Value::Integer(1))),
            "{name}"
        );
        println!("{name}: {} operations", operations.len());
    }
}

/// Cells of keys beside each other may differ in the group of whoever made them, or only in what
/// lies behind the entries: what counts is the entries.
#[test]
fn a_new_element_has_the_access_of_its_siblings_from_its_parents_cell() {
    for Real { name, hive } in stores() {
        let store = read(&hive);
        let owner = store.object(Guid::BOOTMGR).unwrap();
        let sibling = owner.elements().next().unwrap().element_type();
        let element = ElementType(0x2600_0031);
        assert!(owner.element(element).is_none());
        let mut editor = Editor::new(store.clone());
        editor
            .set(owner.id(), element, &Value::Boolean(true))
            .unwrap();
        let after = carried_out(&hive, &editor.finish());
        let parent = security_of(&hive, &format!("Objects\\{}\\Elements", owner.id()));
        let (at, count, access) = security_of(&after, &element_path(owner.id(), element));
        assert_eq!((at, count), (parent.0, parent.1 + 1), "{name}");
        let beside = security_of(&hive, &element_path(owner.id(), sibling));
        assert_eq!(access, beside.2, "{name}");
    }
}

#[test]
fn an_object_made_new_has_the_access_of_the_others() {
    for Real { name, hive } in stores() {
        let mut editor = Editor::new(read(&hive));
        editor.copy(Guid::BOOTMGR, NEW, Some("Copy")).unwrap();
        let after = carried_out(&hive, &editor.finish());
        let parent = security_of(&hive, "Objects").0;
        for below in ["", "\\Description", "\\Elements", "\\Elements\\12000004"] {
            let of = |id| security_of(&after, &format!("Objects\\{id}{below}"));
            assert_eq!(of(NEW).0, parent, "{name} {below}");
            assert_eq!(of(NEW).2, of(Guid::BOOTMGR).2, "{name} {below}");
        }
    }
}

#[test]
fn a_value_in_another_encoding_is_no_change() {
    for Real { name, hive } in stores() {
        let store = read(&hive);
        let mut editor = Editor::new(store.clone());
        for object in store.objects() {
            for element in object.elements() {
                editor
                    .set(object.id(), element.element_type(), &element.value())
                    .unwrap();
            }
            editor.create(object.id(), object.object_type()).unwrap();
        }
        assert_eq!(editor.finish(), [], "{name}");
    }
}

#[test]
fn an_upper_case_key_is_used_and_not_doubled() {
    for Real { hive, .. } in stores()
        .into_iter()
        .filter(|real| real.name == "bcd-template-win11")
    {
        let (owner, port) = (Guid::HYPERVISOR_SETTINGS, ElementType(0x2500_00F4));
        let mut editor = Editor::new(read(&hive));
        editor.set(owner, port, &Value::Integer(2)).unwrap();
        let operations = editor.finish();
        assert!(
            operations[0].key().ends_with("\\250000F4"),
            "{operations:?}"
        );
        let after = carried_out(&hive, &operations);
        let keys = |hive: &Hive| {
            let path = format!("Objects\\{owner}\\Elements");
            hive.key(&path).unwrap().unwrap().subkeys().unwrap().len()
        };
        assert_eq!(keys(&after), keys(&hive));
        assert_eq!(
            read(&after).object(owner).unwrap().value(port),
            Some(Value::Integer(2))
        );
        let mut editor = Editor::new(read(&after));
        editor.delete(owner, port).unwrap();
        assert_eq!(
            keys(&carried_out(&after, &editor.finish())),
            keys(&hive) - 1
        );
    }
}

/// What the model can do as well.
#[derive(Clone, Debug)]
enum Change {
    Set(usize, ElementType, Value),
    Delete(usize, usize),
    Create(u128, ObjectType),
    Copy(usize, u128),
}

fn change() -> impl Strategy<Value = Change> {
    let value = prop_oneof![
        any::<bool>().prop_map(|yes| (ElementType::EMS, Value::Boolean(yes))),
        any::<u64>().prop_map(|number| (ElementType::TIMEOUT, Value::Integer(number))),
        "[a-zA-Z\\\\ä€😀]{0,40}".prop_map(|text| (ElementType::DESCRIPTION, Value::String(text))),
        any::<u128>().prop_map(|id| (ElementType::DEFAULT, Value::Object(Guid::from_u128(id)))),
        prop::collection::vec(any::<u128>().prop_map(Guid::from_u128), 0..4)
            .prop_map(|ids| (ElementType::DISPLAY_ORDER, Value::Objects(ids))),
        prop::collection::vec(any::<u64>(), 1..4)
            .prop_map(|numbers| (ElementType(0x1700_0077), Value::Integers(numbers))),
    ];
    prop_oneof![
        4 => (any::<usize>(), value).prop_map(|(at, (kind, value))| Change::Set(at, kind, value)),
        3 => (any::<usize>(), any::<usize>()).prop_map(|(at, which)| Change::Delete(at, which)),
        1 => any::<u128>().prop_map(|id| Change::Create(id, ObjectType::OS_LOADER)),
        1 => (any::<usize>(), any::<u128>()).prop_map(|(at, id)| Change::Copy(at, id)),
    ]
}

fn nth<K: Ord + Copy, V>(map: &BTreeMap<K, V>, place: usize) -> Option<(K, &V)> {
    let place = place.checked_rem(map.len())?;
    map.iter().nth(place).map(|(key, value)| (*key, value))
}

/// Does a change to the editor and to the model.
fn both(change: Change, editor: &mut Editor, model: &mut Picture) {
    match change {
        Change::Set(at, element, value) => {
            let id = nth(model, at).unwrap().0;
            editor.set(id, element, &value).unwrap();
            let elements = &mut model.get_mut(&id).unwrap().1;
            let same = elements
                .get(&element)
                .is_some_and(|old| Value::decode(element, old) == value);
            if !same {
                elements.insert(element, value.encode());
            }
        }
        Change::Delete(at, which) => {
            let (id, (_, elements)) = nth(model, at).unwrap();
            let Some((element, _)) = nth(elements, which) else {
                return;
            };
            editor.delete(id, element).unwrap();
            model.get_mut(&id).unwrap().1.remove(&element);
        }
        Change::Create(id, object_type) => {
            let id = Guid::from_u128(id);
            editor.create(id, object_type).unwrap();
            model.insert(id, (object_type.0, BTreeMap::new()));
        }
        Change::Copy(at, id) => {
            let (from, copied) = nth(model, at).unwrap();
            let copied = copied.clone();
            editor.copy(from, Guid::from_u128(id), None).unwrap();
            model.insert(Guid::from_u128(id), copied);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn changes_do_what_a_map_does(
        which in any::<usize>(),
        changes in prop::collection::vec(change(), 1..24),
    ) {
        let stores = stores();
        // Without real stores, which was said, there is nothing to try; that is no rejected case.
        if stores.is_empty() {
            return Ok(());
        }
        let hive = &stores[which % stores.len()].hive;
        let mut editor = Editor::new(read(hive));
        let mut model = picture(editor.store());
        for change in changes {
            both(change, &mut editor, &mut model);
        }
        prop_assert_eq!(&picture(editor.store()), &model);
        let after = carried_out(hive, &editor.finish());
        prop_assert_eq!(&picture(&read(&after)), &model);
        prop_assert_eq!(list_kinds(&after), list_kinds(hive));
    }
}

#[test]
fn lists_take_and_lose_entries() {
    for Real { name, hive } in stores() {
        let store = read(&hive);
        let (manager, order) = (Guid::BOOTMGR, ElementType::DISPLAY_ORDER);
        let list = |editor: &Editor| match editor.store().object(manager).unwrap().value(order) {
            Some(Value::Objects(ids)) => ids,
            other => panic!("{name}: {other:?}"),
        };
        let mut editor = Editor::new(store.clone());
        editor
            .copy(some_loader(&store), NEW, Some("Second"))
            .unwrap();
        let text = editor
            .store()
            .object(NEW)
            .unwrap()
            .value(ElementType::DESCRIPTION);
        assert_eq!(text, Some(Value::String("Second".to_owned())), "{name}");
        editor.enlist(manager, order, NEW, Place::Last).unwrap();
        assert_eq!(list(&editor).last(), Some(&NEW), "{name}");
        let last = list(&editor);
        editor.enlist(manager, order, NEW, Place::First).unwrap();
        assert_eq!(
            (list(&editor)[0], list(&editor).len()),
            (NEW, last.len()),
            "{name}"
        );
        editor.set_default(NEW).unwrap();
        editor.set_boot_sequence(&[NEW]).unwrap();
        assert_eq!(editor.store().default_object(), Some(NEW));
        let after = carried_out(&hive, &editor.finish());

        let mut editor = Editor::new(read(&after));
        assert_eq!(editor.store().name_of(NEW), "{default}");
        editor.delist(manager, order, NEW).unwrap();
        editor.set_boot_sequence(&[]).unwrap();
        assert!(!list(&editor).contains(&NEW));
        let before = last.split_last().unwrap().1;
        assert_eq!(list(&editor), before, "{name}");
        assert!(
            editor
                .store()
                .object(manager)
                .unwrap()
                .value(ElementType::BOOT_SEQUENCE)
                .is_none()
        );
    }
}

#[test]
fn an_untouched_element_keeps_its_bytes() {
    for Real { name, hive } in stores() {
        let store = read(&hive);
        let operations = article(&store, some_loader(&store)).unwrap();
        let touched: BTreeSet<&str> = operations.iter().map(Operation::key).collect();
        let (before, after) = (
            picture(&store),
            picture(&read(&carried_out(&hive, &operations))),
        );
        for (id, (kind, elements)) in &before {
            let (kind_after, elements_after) = &after[id];
            assert_eq!(kind, kind_after);
            for (element, data) in elements {
                let path = element_path(*id, *element);
                let same = elements_after.get(element) == Some(data);
                assert!(same || touched.contains(path.as_str()), "{name} {path}");
            }
        }
        let dword = |operation: &Operation| match operation {
            Operation::SetValue { data, .. } => *data == RegData::dword(ObjectType::SETTINGS.0),
            _ => false,
        };
        let created = store.emssettings().is_none();
        assert_eq!(operations.iter().any(dword), created, "{name}");
    }
}
