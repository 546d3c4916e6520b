//! Constants: what a value is once it is computed, as far as that needs no more than arithmetic and names.

use std::cell::Cell;

use super::resolve::{Names, Space, Target};
use super::value::{Binary, Chained, Kind, Path, Unary, Value};

/// Steps that one value may take; constants that refer to each other could take very many.
const MAX_STEPS: usize = 10_000;

/// Constants that refer to constants, and operators within operators.
const MAX_DEPTH: usize = 64;

const NS_PER_SECOND: i128 = 1_000_000_000;

/// Computes values.
pub(super) struct Fold<'n, 'p, 't> {
    names: &'n Names<'p, 't>,
    steps: Cell<usize>,
}

impl<'n, 'p, 't> Fold<'n, 'p, 't> {
    pub(super) fn new(names: &'n Names<'p, 't>) -> Self {
        Self { names, steps: Cell::new(0) }
    }

    /// The number that a value is.
    pub(super) fn integer(&self, module: usize, value: &Value) -> Option<i128> {
        self.integer_within(module, value, MAX_DEPTH)
    }

    /// The duration that a value is, in nanoseconds.
    pub(super) fn duration_ns(&self, module: usize, value: &Value) -> Option<i64> {
        self.duration_within(module, value, MAX_DEPTH).and_then(|ns| i64::try_from(ns).ok())
    }

    /// The text that a value is.
    pub(super) fn text<'v>(&'v self, module: usize, value: &'v Value) -> Option<&'v str> {
        self.text_within(module, value, MAX_DEPTH)
    }

    fn step(&self, depth: usize) -> Option<usize> {
        self.steps.set(self.steps.get() + 1);
        if self.steps.get() > MAX_STEPS { None } else { depth.checked_sub(1) }
    }

    fn integer_within(&self, module: usize, value: &Value, depth: usize) -> Option<i128> {
        let depth = self.step(depth)?;
        match &value.kind {
            Kind::Integer(number) => Some(*number),
            Kind::Reference(inner) => self.integer_within(module, inner, depth),
            Kind::Unary(operator, inner) => {
                let inner = self.integer_within(module, inner, depth)?;
                match operator {
                    Unary::Minus => inner.checked_neg(),
                    // How wide the number is, is not known.
                    Unary::Not => None,
                }
            }
            Kind::Binary(operator, left, right) => {
                let left = self.integer_within(module, left, depth)?;
                compute(*operator, left, self.integer_within(module, right, depth)?)
            }
            Kind::Path(path) => {
                let (module, value) = self.constant(module, path)?;
                self.integer_within(module, value, depth)
            }
            _ => None,
        }
    }

    fn text_within<'v>(&'v self, module: usize, value: &'v Value, depth: usize) -> Option<&'v str> {
        let depth = self.step(depth)?;
        match &value.kind {
            Kind::Text(text) => Some(text),
            Kind::Reference(inner) => self.text_within(module, inner, depth),
            Kind::Path(path) => {
                let (module, value) = self.constant(module, path)?;
                self.text_within(module, value, depth)
            }
            _ => None,
        }
    }

    fn duration_within(&self, module: usize, value: &Value, depth: usize) -> Option<i128> {
        let depth = self.step(depth)?;
        match &value.kind {
            Kind::Reference(inner) => self.duration_within(module, inner, depth),
            Kind::Call { callee, arguments, methods, .. } => {
                let made = self.made(module, callee, arguments, depth)?;
                methods
                    .iter()
                    .try_fold(made, |duration, method| self.changed(module, duration, method, depth))
            }
            Kind::Binary(operator, left, right) => self.scaled(module, *operator, left, right, depth),
            Kind::Path(path) if self.of_duration(module, path).as_deref() == Some("ZERO") => Some(0),
            Kind::Path(path) => {
                let (module, value) = self.constant(module, path)?;
                self.duration_within(module, value, depth)
            }
            _ => None,
        }
    }

    /// `Duration::from_secs(30)`
    fn made(&self, module: usize, callee: &Path, arguments: &[Value], depth: usize) -> Option<i128> {
        let function = self.of_duration(module, callee)?;
        let number =
            |index| self.integer_within(module, arguments.get(index)?, depth).filter(|number| *number >= 0);
        let unit = match function.as_str() {
            "new" => return number(0)?.checked_mul(NS_PER_SECOND)?.checked_add(number(1)?),
            "from_nanos" => 1,
            "from_micros" => 1_000,
            "from_millis" => 1_000_000,
            "from_secs" => NS_PER_SECOND,
            "from_mins" => 60 * NS_PER_SECOND,
            "from_hours" => 3_600 * NS_PER_SECOND,
            "from_days" => 86_400 * NS_PER_SECOND,
            "from_weeks" => 604_800 * NS_PER_SECOND,
            _ => return None,
        };
        number(0)?.checked_mul(unit)
    }

    /// `.saturating_mul(2)`
    fn changed(&self, module: usize, duration: i128, method: &Chained, depth: usize) -> Option<i128> {
        let argument = method.arguments.first();
        let number = || self.integer_within(module, argument?, depth);
        let other = || self.duration_within(module, argument?, depth);
        match method.name.as_str() {
            "saturating_mul" | "checked_mul" => duration.checked_mul(number()?),
            "checked_div" => duration.checked_div(number()?),
            "saturating_add" | "checked_add" => duration.checked_add(other()?),
            "saturating_sub" | "checked_sub" => Some((duration - other()?).max(0)),
            "unwrap" | "expect" => Some(duration),
            _ => None,
        }
    }

    fn scaled(
        &self,
        module: usize,
        operator: Binary,
        left: &Value,
        right: &Value,
        depth: usize,
    ) -> Option<i128> {
        let durations = || {
            Some((self.duration_within(module, left, depth)?, self.duration_within(module, right, depth)?))
        };
        let scaled = |duration, number| {
            Some((
                self.duration_within(module, duration, depth)?,
                self.integer_within(module, number, depth)?,
            ))
        };
        let (left, right) = match operator {
            Binary::Plus | Binary::Minus => durations()?,
            Binary::Divide => scaled(left, right)?,
            Binary::Times => scaled(left, right).or_else(|| scaled(right, left))?,
            _ => return None,
        };
        compute(operator, left, right).filter(|duration| *duration >= 0)
    }

    /// The function of `std::time::Duration` that a path leads to.
    fn of_duration(&self, module: usize, path: &Path) -> Option<String> {
        match self.names.resolve(module, path, Space::Values)? {
            Target::Other(path) => match path.as_slice() {
                [.., owner, function] if owner == "Duration" => Some(function.clone()),
                _ => None,
            },
            _ => None,
        }
    }

    fn constant(&self, module: usize, path: &Path) -> Option<(usize, &Value)> {
        let key = self.names.binding(module, path)?;
        Some((key.0, &self.names.program().binding(key).value))
    }
}

fn compute(operator: Binary, left: i128, right: i128) -> Option<i128> {
    let shift = || u32::try_from(right).ok().filter(|shift| *shift < 64);
    match operator {
        Binary::Plus => left.checked_add(right),
        Binary::Minus => left.checked_sub(right),
        Binary::Times => left.checked_mul(right),
        Binary::Divide => left.checked_div(right),
        Binary::Remainder => left.checked_rem(right),
        Binary::And => Some(left & right),
        Binary::Or => Some(left | right),
        Binary::Xor => Some(left ^ right),
        Binary::ShiftLeft => left.checked_mul(1_i128.checked_shl(shift()?)?),
        Binary::ShiftRight => left.checked_shr(shift()?),
    }
}
