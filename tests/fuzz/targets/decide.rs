//! `decide` on views that nobody thought of: a recorded view whose parts are changed, doubled, taken
//! away, or replaced by parts of the same name from other views. It ends, it never panics, and what it
//! asserts holds.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::LazyLock;
use zinoargus::reconcile::decide::decide;
use zinoargus::reconcile::rules::Rules;
use zinoargus::reconcile::view::View;

static RECORDED: &str = include_str!("../../simulation/corpus.jsonl");
static EXAMPLES: &str = include_str!("../../simulation/examples.jsonl");
const MOST_CHANGES: usize = 12;
/// Numbers at the edges, and times around those of the views.
const NUMBERS: [i64; 12] = [
    0,
    1,
    -1,
    2,
    3,
    17,
    i64::MAX,
    i64::MIN,
    1_795_376_588_000_000,
    1_795_376_588_000_001,
    1_795_376_600_000_000,
    4_102_444_800_000_000,
];

/// What the views are made from.
struct Material {
    views: Vec<Value>,
    rules: Vec<Rules>,
    /// All parts by the name under which they stand.
    parts: BTreeMap<String, Vec<Value>>,
}

static MATERIAL: LazyLock<Material> = LazyLock::new(|| {
    let lines = RECORDED.lines().chain(EXAMPLES.lines());
    let recorded: Vec<Value> = lines.map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut parts = BTreeMap::new();
    recorded.iter().for_each(|one| collect("", &one["view"], &mut parts));
    let rules = recorded.iter().filter_map(|one| serde_json::from_value(one["rules"].clone()).ok()).collect();
    Material { views: recorded.into_iter().map(|mut one| one["view"].take()).collect(), rules, parts }
});

fn collect(name: &str, value: &Value, parts: &mut BTreeMap<String, Vec<Value>>) {
    parts.entry(name.to_owned()).or_default().push(value.clone());
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, field)| collect(name, field, parts)),
        Value::Array(items) => items.iter().for_each(|item| collect(name, item, parts)),
        _ => {}
    }
}

/// Decisions that the fuzzer takes, one after the other; nothing is left at the end.
struct Choices<'a>(&'a [u8]);

impl Choices<'_> {
    /// One of so many.
    fn below(&mut self, count: usize) -> usize {
        let (number, rest) = match self.0 {
            [a, b, rest @ ..] => (usize::from(*a) << 8 | usize::from(*b), rest),
            _ => (0, &[][..]),
        };
        self.0 = rest;
        number % count.max(1)
    }
}

/// Changes something at or below this part.
fn change(choices: &mut Choices, name: &str, value: &mut Value, parts: &BTreeMap<String, Vec<Value>>) {
    let is_deeper = choices.below(5) > 0;
    match value {
        Value::Object(fields) if is_deeper && !fields.is_empty() => {
            let at = choices.below(fields.len());
            if let Some((name, field)) = fields.iter_mut().nth(at) {
                change(choices, &name.clone(), field, parts);
            }
        }
        Value::Array(items) if is_deeper && !items.is_empty() => {
            let at = choices.below(items.len());
            change(choices, name, &mut items[at], parts);
        }
        Value::Array(items) => match choices.below(4) {
            0 if !items.is_empty() => drop(items.remove(choices.below(items.len()))),
            1 => items.reverse(),
            2 if !items.is_empty() => items.push(items[choices.below(items.len())].clone()),
            _ => items.extend(like(choices, name, parts)),
        },
        Value::Number(_) if is_deeper => *value = json!(NUMBERS[choices.below(NUMBERS.len())]),
        Value::Bool(is_so) => *is_so = !*is_so,
        Value::Null => {}
        _ => *value = like(choices, name, parts).unwrap_or_default(),
    }
}

/// A part of this name from some view.
fn like(choices: &mut Choices, name: &str, parts: &BTreeMap<String, Vec<Value>>) -> Option<Value> {
    let found = parts.get(name)?;
    found.get(choices.below(found.len())).cloned()
}

fuzz_target!(|data: &[u8]| {
    let (material, mut choices) = (&*MATERIAL, Choices(data));
    let mut view = material.views[choices.below(material.views.len())].clone();
    let rules = &material.rules[choices.below(material.rules.len())];
    for _ in 0..choices.below(MOST_CHANGES) {
        change(&mut choices, "", &mut view, &material.parts);
    }
    if let Ok(view) = serde_json::from_value::<View>(view) {
        let next = decide(&view, rules);
        assert_eq!(decide(&view, rules), next, "a decision follows from the view alone");
    }
});
