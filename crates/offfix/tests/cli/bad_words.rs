//! Words that make no sense: each one clear line, exit code 2, nothing written.

use crate::plan::demonstration;
use crate::scratch::{same, tree};
use crate::shows;

#[test]
fn every_wrong_word() {
    let scratch = demonstration();
    let before = tree(scratch.path());
    let wrong: [(&str, &[&str]); 21] = [
        ("no-arguments", &[]),
        ("no-command", &["disk"]),
        ("no-option", &["plan", "disk", "--everything"]),
        ("unknown-repair", &["plan", "disk", "--repair", "tls"]),
        ("unknown-repair-with", &["plan", "disk", "--with", "tls"]),
        ("unknown-repair-except", &["plan", "disk", "--except", "tls"]),
        ("unknown-repair-page", &["repairs", "tls"]),
        ("unknown-symptom", &["plan", "disk", "--for", "blue-screen"]),
        ("unknown-symptom-page", &["symptoms", "blue-screen"]),
        ("set-without-value", &["plan", "disk", "--set", "crash-dump.kind"]),
        ("set-without-repair", &["plan", "disk", "--set", "kind=full"]),
        ("set-unknown-repair", &["plan", "disk", "--set", "tls.kind=full"]),
        ("set-unknown-parameter", &["plan", "disk", "--set", "crash-dump.colour=red"]),
        ("set-unknown-value", &["plan", "disk", "--set", "crash-dump.kind=purple"]),
        ("control-set-word", &["plan", "disk", "--control-set", "current"]),
        ("article-alone", &["plan", "disk", "--as-article"]),
        ("undo-with-selection", &["plan", "disk", "--undo", "1", "--with", "nla"]),
        ("undo-unknown-run", &["undo", "disk", "20200101-0000", "--yes"]),
        ("plan-undo-unknown-run", &["plan", "disk", "--undo", "20200101-0000"]),
        ("show-nothing", &["show", "nowhere.json"]),
        ("format-unknown", &["plan", "disk", "--format", "xml"]),
    ];
    for (name, words) in wrong {
        shows(&scratch, &format!("wrong-{name}"), words).gives(2);
    }
    same(&before, &tree(scratch.path()), "nothing is written");
}

#[test]
fn out_goes_where_it_can() {
    let scratch = demonstration();
    let words = ["plan", "disk", "--out", "nowhere/p.json"];
    shows(&scratch, "out-nowhere", &words).gives(2);
}
