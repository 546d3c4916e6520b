//! Rows per primitive.
