//! The page of a plan in a real browser.
//!
//! Invariants checked: the browser finds nothing to complain of; nothing is asked of any server,
//! though the disk names one that listens; what a disk says is text; the page is as wide as a
//! phone, its style sheet is taken, and it prints. Absent on purpose: whether it looks good.

use crate::has;
use crate::scratch::Scratch;
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use testkit::windows::{Installation, Options};

/// The narrowest phone, and a desk.
const WIDTHS: [u32; 2] = [360, 1000];

/// What a disk says that wants to be more than text, and asks a server at this port.
fn hostile(port: u16) -> String {
    let at = format!("http://127.0.0.1:{port}/");
    format!(
        "</h1></title></style><script src={at}s></script><script>document.title='owned'</script>\
         <img src={at}i onerror=x()><style>@import '{at}c';</style><iframe src={at}f></iframe>\
         <link rel=stylesheet href={at}l>\u{202e}{}",
        "long".repeat(60)
    )
}

/// The page of a disk whose names, key and data are all hostile.
fn page(scratch: &Scratch, port: u16) -> String {
    let hostile = hostile(port);
    let options = Options {
        computer: hostile.clone(),
        domain: hostile.clone(),
        product: hostile.clone(),
        ..Options::default()
    };
    let mut windows = Installation::new(&options);
    let set = windows.system.key("ControlSet001");
    set.key(r"Services\TermService\Parameters")
        .expand_sz("ServiceDll", &hostile);
    windows.disk().write_to(&scratch.disk()).unwrap();
    let words = [
        "plan",
        "disk",
        "--with",
        "nla-off,serial-console",
        "--format",
        "html",
    ];
    let words = [&words[..], &["--out", "r.html"]].concat();
    scratch.run(&words).gives(0);
    fs::read_to_string(scratch.path().join("r.html")).unwrap()
}

/// What the browser prints and says of a file.
fn browser(scratch: &Scratch, words: &[&str], file: &Path) -> (String, String) {
    let profile = format!(
        "--user-data-dir={}",
        scratch.path().join("profile").display()
    );
    let mut command = Command::new("timeout");
    command.args([
        "120",
        "chromium",
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
    ]);
    command.args([
        "--disable-background-networking",
        "--disable-component-update",
    ]);
    command.args([
        "--no-first-run",
        "--disable-dev-shm-usage",
        "--hide-scrollbars",
    ]);
    command.args([
        "--enable-logging=stderr",
        "--virtual-time-budget=4000",
        &profile,
    ]);
    command
        .args(words)
        .arg(format!("file://{}", file.display()));
    let output = command.env("HOME", scratch.path()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{err}");
    (out, err)
}

#[test]
fn text_of_a_disk_is_text_and_asks_nobody() {
    if !has(&["chromium", "timeout"]) {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let scratch = Scratch::empty();
    page(&scratch, listener.local_addr().unwrap().port());
    let file = scratch.path().join("r.html");
    let (dom, said) = browser(&scratch, &["--dump-dom"], &file);
    assert!(!said.contains("CONSOLE"), "{said}");
    for tag in ["<script", "<img", "<iframe", "<link", "onerror=\""] {
        assert!(!dom.contains(tag), "{tag}");
    }
    assert_eq!(dom.matches("<style").count(), 1);
    assert!(!dom.contains("<title>owned"), "a script has run");
    let shown =
        "<p class=\"soft\">&lt;/h1&gt;&lt;/title&gt;&lt;/style&gt;&lt;script src=http://127.0.0.1:";
    assert!(dom.contains(shown), "{dom}");
    assert!(listener.accept().is_err(), "the page has asked a server");
}

#[test]
fn it_fits_a_phone_and_keeps_its_style() {
    if !has(&["chromium", "timeout"]) {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let scratch = Scratch::empty();
    let page = page(&scratch, listener.local_addr().unwrap().port());
    // The page runs no script; one around it measures.
    let inside = page.replace('&', "&amp;").replace('"', "&quot;");
    let mut around = String::from("<!DOCTYPE html><p id=said></p>");
    for width in WIDTHS {
        around.push_str(&format!(
            "<iframe style=\"width:{width}px;height:600px;border:0\" srcdoc=\"{inside}\"></iframe>"
        ));
    }
    around.push_str(MEASURE);
    let file = scratch.path().join("around.html");
    fs::write(&file, around).unwrap();
    let (dom, _) = browser(&scratch, &["--dump-dom"], &file);
    let said = dom.split_once("<p id=\"said\">").unwrap().1;
    let said = said.split_once("</p>").unwrap().0;
    assert_eq!(
        said,
        "360 of 360, main 992px, cell block, asked 0; 1000 of 1000, main 992px, cell table-cell, \
         asked 0; "
    );
}

/// Says of each page how wide it is, whether it has its style, and what it has asked for.
const MEASURE: &str = "<script>
onload = () => {
  for (const frame of document.querySelectorAll('iframe')) {
    const page = frame.contentDocument, root = page.documentElement, view = frame.contentWindow;
    const style = (name) => view.getComputedStyle(page.querySelector(name));
    const asked = view.performance.getEntriesByType('resource').length;
    said.textContent += `${root.scrollWidth} of ${root.clientWidth}, `
      + `main ${style('main').maxWidth}, cell ${style('td').display}, asked ${asked}; `;
  }
};
</script>";

#[test]
fn it_prints_and_can_be_seen() {
    if !has(&["chromium", "timeout"]) {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let scratch = Scratch::empty();
    page(&scratch, listener.local_addr().unwrap().port());
    let file = scratch.path().join("r.html");
    let made = |option: &str, name: &str| {
        let path = scratch.path().join(name);
        browser(&scratch, &[&format!("{option}={}", path.display())], &file);
        fs::read(path).unwrap()
    };
    let pdf = made("--print-to-pdf", "r.pdf");
    assert!(
        pdf.starts_with(b"%PDF-") && pdf.len() > 10_000,
        "{}",
        pdf.len()
    );
    let png = made("--screenshot", "r.png");
    assert!(
        png.starts_with(b"\x89PNG") && png.len() > 10_000,
        "{}",
        png.len()
    );
}
