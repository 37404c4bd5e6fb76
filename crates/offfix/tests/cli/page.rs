//! `plan --format html`: one page that needs nothing else, and says what the plan says.
//!
//! Invariants checked: no text of a disk or plan file becomes markup. Absent on purpose: how it
//! looks in a browser (see the gates).

use crate::scratch::{Scratch, same, tree};
use serde_json::{Value, json};
use testkit::windows::{Installation, Options, demo};

/// Everything that could end a text, an attribute or a comment, and what turns text around.
const HOSTILE: &str = "\"'><script>x()</script><img src=x onerror=x()>--> \u{202e}&lt;\u{7}";

/// Fails where markup other than the page's own stands.
#[track_caller]
fn clean(page: &str) {
    let (head, body) = page.split_once("</style>").unwrap();
    assert!(
        head.starts_with("<!DOCTYPE html>\n<html lang=\"en\">"),
        "{head}"
    );
    let known = [
        "head", "body", "main", "header", "footer", "h1", "h2", "h3", "p", "dl", "dt", "dd", "ul",
        "ol", "li", "pre", "code", "span", "article", "table", "caption", "thead", "tbody", "tr",
        "th", "td", "html",
    ];
    for tag in body.split('<').skip(1) {
        let (inside, text) = tag.split_once('>').unwrap_or_else(|| panic!("<{tag}"));
        let mut words = inside.trim_start_matches('/').split(' ');
        let name = words.next().unwrap();
        assert!(known.contains(&name), "<{inside}>");
        for attribute in ["class", "data-label", "scope"] {
            let has = format!(" {attribute}=\"");
            assert!(inside.matches(&has).count() <= 1, "<{inside}>");
        }
        let own = inside.matches("=\"").count();
        let all = [" class=\"", " data-label=\"", " scope=\""];
        let expected: usize = all.iter().map(|word| inside.matches(word).count()).sum();
        assert_eq!(own, expected, "<{inside}>");
        assert!(!text.contains(['\u{202e}', '\u{7}']), "{text}");
    }
}

#[test]
fn a_plan_as_a_page() {
    let scratch = Scratch::with(&demo());
    let before = tree(&scratch.disk());
    let selection = ["--with", "nla-off,serial-console", "--format", "html"];
    let words = [&["plan", "disk"], &selection[..]].concat();
    let page = scratch.run(&words).gives(0).out;
    clean(&page);
    for said in [
        "<h1>SRV-FIN-02</h1>",
        "TLS 1.2 is off",
        r"HKLM\SYSTEM\ControlSet001\Services\gpsvc",
        ">0x4</td>",
        "weakening",
        "no run is open on this disk",
        "Checked, and fine",
        "snapshot this disk",
        "script-src",
    ] {
        let there = page.contains(said);
        assert_eq!(there, said != "script-src", "{said}");
    }
    same(
        &before,
        &tree(&scratch.disk()),
        "a page writes nothing to the disk",
    );
    let out = [&words[..], &["--out", "r.html"]].concat();
    let told = scratch.run(&out).gives(0).out;
    assert!(
        told.starts_with("r.html: ") && !told.contains('<'),
        "{told}"
    );
    let file = std::fs::read_to_string(scratch.path().join("r.html")).unwrap();
    assert_eq!(file, page);
}

#[test]
fn runs_and_what_they_left_open_are_told() {
    let scratch = Scratch::with(&demo());
    scratch.applied(&["--with", "nla-off"]);
    let page = scratch
        .run(&["plan", "disk", "--format", "html"])
        .gives(0)
        .out;
    for said in [
        "20260915-0912 is open",
        "left open",
        r"UserAuthentication = 0x0",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
}

#[test]
fn a_hostile_disk_writes_no_markup() {
    let options = Options {
        computer: HOSTILE.to_owned(),
        domain: HOSTILE.to_owned(),
        product: HOSTILE.to_owned(),
        ..Options::default()
    };
    let mut windows = Installation::new(&options);
    let set = windows.system.key("ControlSet001");
    set.key(r"Services\TermService\Parameters")
        .expand_sz("ServiceDll", HOSTILE);
    let scratch = Scratch::with(&windows.disk());
    let page = scratch
        .run(&["plan", "disk", "--format", "html"])
        .gives(0)
        .out;
    clean(&page);
    let shown = "&quot;&#39;&gt;&lt;script&gt;x()&lt;/script&gt;&lt;img";
    assert!(page.matches(shown).count() >= 3, "{page}");
    assert!(
        page.contains("U+202E") && page.contains("&amp;lt;"),
        "{page}"
    );
}

/// Puts a text behind every string of a plan but those that its form depends on.
fn spoil(value: &mut Value) {
    match value {
        Value::String(text) => text.push_str(HOSTILE),
        Value::Array(items) => items.iter_mut().for_each(spoil),
        Value::Object(fields) => {
            for (name, field) in fields {
                if !["hex", "verdict"].contains(&name.as_str()) {
                    spoil(field);
                }
            }
        }
        _ => {}
    }
}

#[test]
fn a_hostile_plan_file_writes_no_markup() {
    let scratch = Scratch::with(&demo());
    scratch.run(&["plan", "disk", "--out", "p.json"]).gives(0);
    let path = scratch.path().join("p.json");
    let mut plan: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    plan["permissions"] = json!([{
        "repair": "r", "kind": "fix", "paths": ["a", "b"],
        "before": {"sddl": "x", "hex": "zz"}, "after": {"sddl": null, "hex": "01"},
    }]);
    plan["renames"] = json!([{
        "repair": "r", "kind": "fix", "path": "a", "name": "b", "size": 1, "sha256": "00",
    }]);
    plan["guards"] = json!([{"code": "c", "refuses": true, "text": "t", "hints": ["h"]}]);
    plan["asked"] = json!(["a"]);
    for list in [
        "left_open",
        "earlier_runs",
        "left_alone",
        "not_checked",
        "fine",
        "on_request",
    ] {
        plan[list] = json!(["one"]);
    }
    spoil(&mut plan);
    plan["verdict"] = json!(HOSTILE);
    std::fs::write(&path, plan.to_string()).unwrap();
    let page = scratch
        .run(&["show", "p.json", "--format", "html"])
        .gives(0)
        .out;
    clean(&page);
    assert!(
        page.contains("Files that get another name") && page.matches("&lt;script&gt;").count() > 60,
        "{page}"
    );
    let lines = scratch
        .run(&["show", "p.json", "--format", "commands"])
        .gives(0)
        .out;
    assert!(
        lines
            .lines()
            .all(|line| line.is_empty() || line.starts_with("rem ")),
        "{lines}"
    );
}
