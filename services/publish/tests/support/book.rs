//! The program's method book, to be spoilt.

use std::fs;
use std::path::Path;

pub const BASE: &str = "2026.1";

/// Copies the book into a folder.
pub fn copy_of_the_book(to: &Path) {
    copy_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../method").join(BASE), to);
}

/// Copies a folder with all it holds.
pub fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() { copy_folder(&path, &target) } else { assert!(fs::copy(&path, &target).is_ok()) }
    }
}
