//! A fingerprint of the scanner's own code: what one scanner keeps of a file means nothing to another.

#![expect(clippy::unwrap_used, reason = "a build that fails says where")]

use std::path::{Path, PathBuf};

fn main() {
    let mut files = vec![PathBuf::from("Cargo.toml"), PathBuf::from("../../Cargo.lock")];
    files.retain(|file| file.exists());
    collect(Path::new("src"), &mut files);
    files.sort();
    let mut state = 0xcbf2_9ce4_8422_2325_u64;
    for file in &files {
        println!("cargo::rerun-if-changed={}", file.display());
        let name = file.display().to_string();
        for byte in name.bytes().chain([0]).chain(std::fs::read(file).unwrap()) {
            // FNV-1a: the code of one's own compiler is no enemy.
            state = (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    println!("cargo::rerun-if-changed=src");
    println!(
        "cargo::rustc-env=SCANNER_FINGERPRINT={}-{state:016x}",
        std::env::var("CARGO_PKG_VERSION").unwrap()
    );
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { collect(&path, files) } else { files.push(path) }
    }
}
