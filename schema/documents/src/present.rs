//! Optional values of which `null` is one.
//!
//! A property that is `null` and one that is not there are two things, and both occur. Read the usual way, a member that is
//! `null` counts as absent: what was written would not be what is read, and a batch that holds it would have another digest
//! for its readers than for its writer.

use serde::{Deserialize, Deserializer};

/// A member that is there, even if it is `null`.
pub(crate) fn even_null<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    T::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use crate::canonical;
    use crate::journal::Entry;

    #[track_caller]
    fn check(entry: &str) {
        let read: Entry = serde_json::from_str(entry).expect("an entry");
        assert_eq!(canonical::to_string(&read), entry);
    }

    #[test]
    fn what_is_null_and_what_is_absent_are_read_as_they_were_written() {
        check(
            r#"{"choice":"revert","entry":"answered","over":null,"path":"/A","resource":"a/b","who":"ada"}"#,
        );
        check(r#"{"choice":"revert","entry":"answered","path":"/A","resource":"a/b","who":"ada"}"#);
        check(
            r#"{"class":"open","entry":"edited","from":null,"generation":1,"path":"/A","resource":"a/b","to":null}"#,
        );
        check(r#"{"class":"open","entry":"edited","generation":1,"path":"/A","resource":"a/b"}"#);
    }
}
