//! The laws of the merge: of one decision over any input, and of whole passes over any history.

use proptest::prelude::*;
use schema_catalog::Catalog;
use schema_documents::origin::Rank;
use schema_documents::plan::Action;
use schema_documents::recorded::{FieldRecord, OpenEdit, Owner};
use schema_documents::{FieldPath, Json, Origin, Value};
use serde_json::json;

use super::*;
use crate::scene::{Scene, code, id, path, rule, setting};

// --- one decision

#[derive(Clone, Debug)]
struct Sample {
    wish: Option<i64>,
    rank: Rank,
    class: Class,
    asked: Option<i64>,
    owner: Owner,
    edit: Option<i64>,
    seen: Option<i64>,
    live: Option<i64>,
    overrules: bool,
}

fn value() -> impl Strategy<Value = Option<i64>> {
    prop::option::of(31_i64..35)
}

fn rank() -> impl Strategy<Value = Rank> {
    prop::sample::select(vec![Rank::Default, Rank::Code, Rank::Setting])
}

fn sample() -> impl Strategy<Value = Sample> {
    let class = prop::sample::select(vec![Class::Open, Class::Enforced, Class::Reported]);
    let owner = prop::sample::select(vec![Owner::Manifest, Owner::Setting, Owner::Console]);
    let memory = (value(), owner, value());
    (value(), rank(), class, memory, value(), value(), any::<bool>()).prop_map(
        |(wish, rank, class, (asked, owner, edit), seen, live, overrules)| Sample {
            wish,
            rank,
            class,
            asked,
            owner,
            edit,
            seen,
            live,
            overrules: overrules && edit.is_some(),
        },
    )
}

impl Sample {
    fn memory(&self) -> FieldRecord {
        let edit = self.edit.map(|to| {
            Box::new(OpenEdit {
                from: None,
                to: Some(json!(to)),
                who: None,
                made_at_ms: None,
                seen_at_ms: 0,
                class: self.class,
                origin: None,
                reverted: false,
                found: false,
            })
        });
        let asked = self.asked.map(Value::from);
        FieldRecord { asked, rank: Rank::Code, owner: self.owner, edit }
    }

    fn decide(&self) -> Decision {
        let at = path("/VisibilityTimeout");
        let kind = Catalog::builtin().kind("AWS::SQS::Queue").unwrap();
        let json = |value: Option<i64>| value.map(|value| json!(value));
        let (wish, seen, live) = (json(self.wish), json(self.seen), json(self.live));
        let value = wish.as_ref().map(Value::literal);
        let memory = self.memory();
        let wished = self.wish.map(|_| Wished {
            value: value.as_ref(),
            json: wish.as_ref(),
            rank: self.rank,
            class: self.class,
            overrules: self.overrules,
            waits: false,
        });
        decide(&FieldInput {
            wish: wished,
            memory: Some(&memory),
            seen: seen.as_ref(),
            live: LiveField::Known(live.as_ref()),
            meaning: Meaning { kind, path: &at },
            attached: false,
        })
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn a_wish_that_is_live_is_in_step_whatever_anybody_remembers(sample in sample()) {
        let wish = sample.wish.or(Some(31));
        let sample = Sample { wish, live: wish, ..sample };
        prop_assert_eq!(sample.decide(), Decision::InStep);
    }

    #[test]
    fn nothing_is_written_over_an_edit_unless_somebody_asked_for_that(sample in sample()) {
        let moved = sample.live != sample.asked && (sample.seen != sample.live || sample.edit.is_some());
        if matches!(sample.decide(), Decision::Change | Decision::Reset) {
            prop_assert!(!moved || sample.overrules, "{:?}", sample);
        }
        if sample.decide() == Decision::EnforcedDrift {
            prop_assert_eq!(sample.class, Class::Enforced);
        }
    }

    #[test]
    fn a_settled_field_stays_as_it_is(sample in sample()) {
        let sample = Sample { wish: sample.wish.or(Some(31)), ..sample };
        let sample = Sample { asked: sample.wish, rank: Rank::Code, seen: sample.live, edit: None, overrules: false, ..sample };
        prop_assert!(matches!(sample.decide(), Decision::InStep | Decision::Known));
    }
}

// --- whole passes

const QUEUE: &str = "topic/orders/queue";
const FIELDS: [&str; 2] = ["VisibilityTimeout", "DelaySeconds"];

#[derive(Clone, Debug)]
enum Happening {
    Edit(usize, i64),
    Wish(usize, i64, Rank),
    Pass,
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        (0..2_usize, 31_i64..35).prop_map(|(field, value)| Happening::Edit(field, value)),
        (0..2_usize, 31_i64..35, rank()).prop_map(|(field, value, rank)| Happening::Wish(field, value, rank)),
        Just(Happening::Pass),
    ]
}

fn history() -> impl Strategy<Value = Vec<Happening>> {
    prop::collection::vec(happening(), 0..8)
}

fn origin(rank: Rank) -> Origin {
    match rank {
        Rank::Default => rule(),
        Rank::Code => code(),
        Rank::Setting => setting(),
    }
}

fn start() -> Scene {
    let mut scene =
        Scene::new().with(QUEUE, "AWS::SQS::Queue", json!({"VisibilityTimeout": 31, "DelaySeconds": 31}));
    scene.pass();
    scene
}

fn happen(scene: &mut Scene, happening: &Happening) {
    match happening {
        Happening::Edit(field, value) => scene.edit(QUEUE, &format!("/{}", FIELDS[*field]), json!(value)),
        Happening::Wish(field, value, rank) => scene.wish(QUEUE, FIELDS[*field], json!(value), origin(*rank)),
        Happening::Pass => {
            scene.pass();
        }
    }
}

fn happen_all(scene: &mut Scene, history: &[Happening]) {
    for happening in history {
        happen(scene, happening);
    }
}

fn live(scene: &Scene, field: usize) -> Json {
    scene.live(QUEUE)[FIELDS[field]].clone()
}

fn open_edits(scene: &Scene) -> Vec<FieldPath> {
    let (_, record) = scene.recorded.current(&id(QUEUE)).unwrap();
    record.fields.iter().filter(|(_, field)| field.edit.is_some()).map(|(path, _)| path.clone()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn after_a_pass_there_is_nothing_left_to_do(history in history()) {
        let mut scene = start();
        happen_all(&mut scene, &history);
        scene.pass();
        prop_assert!(scene.plan().steps.is_empty());
        prop_assert!(scene.plan().imports.is_empty());
    }

    #[test]
    fn a_pass_writes_no_field_that_was_edited_since_the_last_one(history in history(), field in 0..2_usize, value in 40_i64..50) {
        let mut scene = start();
        happen_all(&mut scene, &history);
        scene.edit(QUEUE, &format!("/{}", FIELDS[field]), json!(value));
        let plan = scene.pass();
        prop_assert_eq!(live(&scene, field), json!(value));
        for step in &plan.steps {
            let Action::Update { changes, .. } = &step.action else { panic!() };
            let edited = FieldPath::root().child(FIELDS[field]);
            let spared = changes.iter().all(|change| change.path != edited);
            prop_assert!(spared);
        }
    }

    // An edit to what is wished at that time is no edit: a pass that sees it settles the wish.
    #[test]
    fn passes_between_an_edit_and_a_later_wish_change_nothing(
        before in history(), edit in 40_i64..43, wish in 31_i64..43, rank in rank(), passes in 1..3_usize,
    ) {
        let mut with = start();
        happen_all(&mut with, &before);
        with.pass();
        let mut without = with.clone();
        with.edit(QUEUE, "/DelaySeconds", json!(edit));
        without.edit(QUEUE, "/DelaySeconds", json!(edit));
        for _ in 0..passes {
            with.pass();
        }
        for scene in [&mut with, &mut without] {
            scene.wish(QUEUE, "DelaySeconds", json!(wish), origin(rank));
            scene.pass();
        }
        prop_assert_eq!(live(&with, 1), live(&without, 1));
        prop_assert_eq!(open_edits(&with), open_edits(&without));
        prop_assert_eq!(with.plan().conflicts, without.plan().conflicts);
    }

    #[test]
    fn fields_do_not_move_each_other(history in history()) {
        let mut both = start();
        happen_all(&mut both, &history);
        both.pass();
        for field in 0..2 {
            let mut alone = start();
            let concerns = |happening: &&Happening| match happening {
                Happening::Edit(other, _) | Happening::Wish(other, ..) => *other == field,
                Happening::Pass => true,
            };
            for happening in history.iter().filter(concerns) {
                happen(&mut alone, happening);
            }
            alone.pass();
            prop_assert_eq!(live(&alone, field), live(&both, field));
        }
    }

    #[test]
    fn taking_every_edit_into_the_repository_ends_in_step(history in history()) {
        let mut scene = start();
        happen_all(&mut scene, &history);
        scene.pass();
        for (field, name) in FIELDS.iter().enumerate() {
            let value = live(&scene, field);
            scene.wish(QUEUE, name, value, setting());
        }
        prop_assert!(scene.pass().steps.is_empty());
        prop_assert!(scene.plan().is_empty());
        prop_assert!(open_edits(&scene).is_empty());
    }
}

#[test]
fn what_somebody_adds_to_a_unit_that_is_one_whole_is_an_edit_until_it_is_taken_back_or_merged() {
    const BUCKET: &str = "bucket/a/bucket";
    let rule = |more: Json| {
        let mut rule = json!({"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]});
        rule.as_object_mut().unwrap().append(&mut more.as_object().unwrap().clone());
        json!([rule])
    };
    let at = "/CorsConfiguration/CorsRules";
    let (bare, added) = (rule(json!({})), rule(json!({"MaxAge": 5})));
    let scene = || {
        let properties = json!({"CorsConfiguration": {"CorsRules": bare}});
        let mut scene = Scene::new().with(BUCKET, "AWS::S3::Bucket", properties);
        scene.pass();
        scene
    };
    let edited = || {
        let mut scene = scene();
        scene.edit(BUCKET, at, added.clone());
        for _ in 0..3 {
            assert!(scene.pass().steps.is_empty());
        }
        scene
    };
    let open = |scene: &Scene| {
        let record = &scene.recorded.resources[&id(BUCKET)][&1];
        record.fields[&path(at)].edit.as_ref().map(|edit| edit.to.clone())
    };
    assert_eq!(open(&edited()), Some(Some(added.clone())));

    let mut moved = edited();
    let other = rule(json!({"ExposedHeaders": ["etag"]}));
    moved.wish(BUCKET, "CorsConfiguration", json!({"CorsRules": other}), code());
    let plan = moved.pass();
    assert!(plan.steps.is_empty() && plan.conflicts.len() == 1, "{plan:#?}");

    let mut taken_back = edited();
    taken_back.edit(BUCKET, at, bare.clone());
    taken_back.pass();
    assert_eq!(open(&taken_back), None);

    let mut merged = edited();
    merged.wish(BUCKET, "CorsConfiguration", json!({"CorsRules": added}), setting());
    assert!(merged.pass().steps.is_empty());
    assert_eq!(open(&merged), None);
}
