//! The SQL text that comes with a call to a database.

use std::cell::Cell;

use oxc_ast::AstKind;
use oxc_ast::ast::{Argument, BinaryOperator, Expression, TemplateLiteral};
use oxc_semantic::{NodeId, Semantic};
use schema_documents::manifest::DatabaseAccess;

use crate::sql;

/// The methods whose template is a query; what is filled in becomes a parameter.
const OF_TEMPLATES: [&str; 4] = ["exec", "query", "queryAll", "queryRow"];

/// The methods whose first argument is a query.
const OF_TEXTS: [&str; 4] = ["rawExec", "rawQuery", "rawQueryAll", "rawQueryRow"];

/// Whether a method of a database takes a query.
pub(super) fn is_query(method: &str) -> bool {
    OF_TEMPLATES.contains(&method) || OF_TEXTS.contains(&method)
}

/// How many texts may be put together from others.
const MAX_PARTS: usize = 32;

/// Bytes of SQL that are looked at in one file; what comes after that counts as writing.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// Looks at the queries of one file.
pub(super) struct Queries {
    bytes_left: Cell<usize>,
}

impl Default for Queries {
    fn default() -> Self {
        Self { bytes_left: Cell::new(MAX_BYTES) }
    }
}

impl Queries {
    /// What the SQL text of a call can do; absent when it is no query, or its text is not constant.
    pub(super) fn access(
        &self,
        semantic: &Semantic<'_>,
        call: NodeId,
        path: &[String],
    ) -> Option<DatabaseAccess> {
        let [method] = path else { return None };
        let text = match semantic.nodes().kind(call) {
            AstKind::TaggedTemplateExpression(tagged) if OF_TEMPLATES.contains(&method.as_str()) => {
                with_parameters(&tagged.quasi)
            }
            AstKind::CallExpression(call) if OF_TEXTS.contains(&method.as_str()) => {
                let text = call.arguments.first().and_then(Argument::as_expression)?;
                let mut text_left = self.bytes_left.get();
                let text = constant(semantic, text, &mut { MAX_PARTS }, &mut text_left);
                self.bytes_left.set(text_left);
                text?
            }
            _ => return None,
        };
        let left = self.bytes_left.get().checked_sub(text.len());
        self.bytes_left.set(left.unwrap_or(0));
        left.map(|_| sql::access(&text))
    }
}

fn with_parameters(template: &TemplateLiteral<'_>) -> String {
    let mut text = String::new();
    for (index, part) in template.quasis.iter().enumerate() {
        text.push_str(part.value.cooked.as_ref().unwrap_or(&part.value.raw));
        if !part.tail {
            text.push('$');
            text.push_str(&(index + 1).to_string());
        }
    }
    text
}

/// The text of an expression that is always the same.
fn constant(
    semantic: &Semantic<'_>,
    expression: &Expression<'_>,
    parts_left: &mut usize,
    bytes_left: &mut usize,
) -> Option<String> {
    *parts_left = parts_left.checked_sub(1)?;
    match expression.get_inner_expression() {
        Expression::StringLiteral(text) => part(&text.value, bytes_left),
        Expression::TemplateLiteral(template) => {
            let mut text = String::new();
            for (index, quasi) in template.quasis.iter().enumerate() {
                text.push_str(&part(quasi.value.cooked.as_ref()?, bytes_left)?);
                if let Some(inner) = template.expressions.get(index) {
                    text.push_str(&constant(semantic, inner, parts_left, bytes_left)?);
                }
            }
            Some(text)
        }
        Expression::BinaryExpression(sum) if sum.operator == BinaryOperator::Addition => {
            let left = constant(semantic, &sum.left, parts_left, bytes_left)?;
            Some(left + &constant(semantic, &sum.right, parts_left, bytes_left)?)
        }
        Expression::Identifier(name) => {
            let scoping = semantic.scoping();
            let symbol = scoping.get_reference(name.reference_id.get()?).symbol_id()?;
            let declared = semantic.nodes().kind(scoping.symbol_declaration(symbol));
            let AstKind::VariableDeclarator(variable) = declared else { return None };
            let is_constant = !scoping.symbol_is_mutated(symbol) && variable.id.is_binding_identifier();
            constant(semantic, variable.init.as_ref().filter(|_| is_constant)?, parts_left, bytes_left)
        }
        _ => None,
    }
}

fn part(text: &str, bytes_left: &mut usize) -> Option<String> {
    *bytes_left = bytes_left.checked_sub(text.len())?;
    Some(text.to_owned())
}
