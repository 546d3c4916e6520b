use super::*;

#[test]
fn the_generated_file_and_the_overlay_can_be_read() {
    assert!(Catalog::builtin().kinds().count() > 100);
}
