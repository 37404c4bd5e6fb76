//! Symptoms: what each explains, stop codes in their place, and error messages that name one.

use crate::polite;
use crate::scratch::Scratch;
use serde_json::Value;
use testkit::windows::{broken, healthy};

#[track_caller]
fn said(words: &[&str]) -> String {
    let answer = Scratch::empty().run(words).gives(0);
    polite(&answer);
    answer.out
}

#[test]
fn every_symptom_is_explained() {
    let list: Value = serde_json::from_str(&said(&["symptoms", "--format", "json"])).unwrap();
    let list = list.as_array().unwrap();
    assert!(list.len() >= 20, "{}", list.len());
    for symptom in list {
        let id = symptom["id"].as_str().unwrap();
        let page = said(&["symptoms", id]);
        for (list, heading) in [
            ("look", "Looks at, in this order"),
            ("first", "First"),
            ("codes", "Codes"),
            ("no_repair", "No repair for"),
            ("not_checked", "Not on the disk"),
        ] {
            let lines = symptom[list].as_array().unwrap();
            assert_eq!(page.contains(heading), !lines.is_empty(), "{id}: {page}");
        }
        assert!(
            page.lines().all(|line| line.chars().count() <= 100),
            "{page}"
        );
    }
}

#[test]
fn what_to_try_first_stands_first() {
    let page = said(&["symptoms", "rdp-no-license-server"]);
    let first = page.find("try mstsc /admin").unwrap();
    assert!(first < page.find("Looks at").unwrap(), "{page}");
    let timeout = said(&["symptoms", "rdp-timeout"]);
    let at = |word: &str| timeout.find(word).unwrap_or_else(|| panic!("{word}"));
    assert!(at(" boot-entries ") < at(" static-ip "));
    assert!(at(" static-ip ") < at(" firewall-rdp-rules "));
    assert!(at(" firewall-rdp-rules ") < at(" rdp-port "));
}

#[test]
fn messages_name_symptoms() {
    for (text, id) in [
        ("授權伺服器", "rdp-no-license-server"),
        ("發生內部錯誤", "rdp-internal-error"),
        ("ライセンス サーバー", "rdp-no-license-server"),
        ("serveur de licences", "rdp-no-license-server"),
        ("没有授权许可证", "rdp-no-license-server"),
        ("AN INTERNAL ERROR", "rdp-internal-error"),
        ("black screen", "black-screen"),
    ] {
        let found = said(&["symptoms", "--find", text]);
        assert!(found.starts_with(&format!("{id}  ")), "{text}: {found}");
        let json = said(&["symptoms", "--find", text, "--format", "json"]);
        let json: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json[0]["id"], id, "{text}");
    }
    let nothing = Scratch::empty()
        .run(&["symptoms", "--find", "xyzzy"])
        .gives(2);
    assert!(nothing.err.contains("xyzzy"), "{}", nothing.err);
    Scratch::empty()
        .run(&["symptoms", "rdp-timeout", "--find", "x"])
        .gives(2);
}

#[test]
fn codes_stand_for_symptoms() {
    let page = said(&["symptoms", "rdp-internal-error"]);
    assert!(!page.contains("Codes"), "{page}");
    for word in [
        "0xC0000428",
        "0xc0000428",
        "c0000428",
        "status_invalid_image_hash",
    ] {
        let page = said(&["symptoms", word]);
        assert!(page.starts_with("signature-refused "), "{word}: {page}");
        let scratch = Scratch::with(&broken("test-signing").unwrap());
        let plan = scratch.run(&["plan", "disk", "--for", word, "--out", "p.json"]);
        let plan = plan.gives(0).out;
        let stands = "0xC0000428 STATUS_INVALID_IMAGE_HASH is signature-refused";
        let unbroken = plan.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(unbroken.contains(stands), "{word}: {plan}");
        let file = std::fs::read(scratch.path().join("p.json")).unwrap();
        let file: Value = serde_json::from_slice(&file).unwrap();
        assert_eq!(file["selection"]["symptoms"][0], "signature-refused");
        scratch.run(&["apply", "p.json", "--yes"]).gives(0);
    }
    let scratch = Scratch::with(&healthy());
    for words in [
        ["plan", "disk", "--for", "0x7C"],
        ["plan", "disk", "--for", "NO_SUCH_CODE"],
    ] {
        let answer = scratch.run(&words).gives(2);
        polite(&answer);
        assert!(
            answer.err.contains("0x7B INACCESSIBLE_BOOT_DEVICE"),
            "{}",
            answer.err
        );
    }
    scratch
        .run(&["plan", "disk", "--for", "no-such-symptom"])
        .gives(2);
}
