//! Makes the house rules part of `cargo test --workspace`: the checkout has no violation.
//!
//! Invariants: calls what `cargo xtask tidy` calls. Absent on purpose: tests of single rules;
//! they stand with the rules.

use xtask::tidy::{Tree, check};

#[test]
fn the_checkout_keeps_the_house_rules() {
    let tree = Tree::read(&xtask::root().unwrap()).unwrap();
    assert!(
        tree.files().len() > 20,
        "only {} files were found",
        tree.files().len()
    );
    let found: Vec<String> = check(&tree).iter().map(ToString::to_string).collect();
    assert!(
        found.is_empty(),
        "{} violations:\n{}",
        found.len(),
        found.join("\n")
    );
}
