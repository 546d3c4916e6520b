//! Apps that are edited again and again, at random: a scan with a cache finds what one without finds, after each edit.

use std::collections::BTreeMap;

use super::cache::Stage;
use super::write;
use crate::disk::Together;

/// How many apps are edited, and how often each.
const APPS: u64 = 16;
const EDITS: usize = 30;

/// Numbers by chance, the same for the same seed (`SplitMix64`).
struct Random(u64);

impl Random {
    fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut number = self.0;
        number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((number ^ (number >> 31)) % count as u64).unwrap()
    }

    fn pick<'p, T>(&mut self, items: &'p [T]) -> &'p T {
        &items[self.below(items.len())]
    }
}

/// What an app in one language is made of. In texts `#` stands for a name out of few, `$` for that of another service.
struct Kit {
    /// Files that are there whatever happens, each in several forms.
    configuration: &'static [(&'static str, &'static [&'static str])],
    /// The files that code may be in: path, and what each begins with.
    files: &'static [(&'static str, &'static str)],
    /// Pieces of code for files that begin with something of the framework.
    pieces: &'static [&'static str],
    /// Pieces for the others.
    using: &'static [&'static str],
}

const GO_SPEAKS: &str = "package %

import (
	\"context\"
	\"encore.dev/cron\"
	\"encore.dev/middleware\"
	\"encore.dev/pubsub\"
	\"encore.dev/storage/objects\"
	\"encore.dev/storage/sqldb\"
	\"example.com/app/a\"
	\"example.com/app/b\"
	\"example.com/app/lib\"
)
";

const GO_USES: &str = "package %\nimport (\"context\"; \"example.com/app/a\"; \"example.com/app/b\"; \"example.com/app/lib\")\n";

const GO: Kit = Kit {
    configuration: &[
        ("encore.app", &["{\"lang\": \"go\"}", "{\"lang\": \"go\", \"id\": \"other\"}"]),
        ("go.mod", &["module example.com/app\n", "module example.com/app\n", "module example.com/other\n"]),
        ("a/main.go", &["package a\n//encore:api public\nfunc Main() {}\nvar Topic = pubsub.NewTopic()\n"]),
        (
            "b/main.go",
            &[
                "package b\n//encore:service\ntype Service struct{}\n",
                "package b\n//encore:api\nfunc B() {}\n",
            ],
        ),
    ],
    files: &[
        ("a/speaks.go", GO_SPEAKS),
        ("a/types.go", "package %\n"),
        ("a/uses.go", GO_USES),
        ("a/in/speaks.go", GO_SPEAKS),
        ("b/speaks.go", GO_SPEAKS),
        ("b/more.go", GO_SPEAKS),
        ("b/uses.go", GO_USES),
        ("b/bare.go", "package %\n"),
        ("lib/speaks.go", GO_SPEAKS),
        ("lib/uses.go", GO_USES),
        ("c/uses.go", GO_USES),
        ("c/speaks.go", GO_SPEAKS),
    ],
    pieces: &[
        "//encore:api public path=/#/:id\nfunc #(ctx context.Context, id int) error { return nil }\n",
        "//encore:api private\nfunc #(ctx context.Context, p *Type#) (*$.Type#, error) { Topic#.Publish(ctx, p); return nil, nil }\n",
        "//encore:api public raw tag:#\nfunc (s *Service) #(w http.ResponseWriter, req *http.Request) { $.#(ctx) }\n",
        "type Type# struct { ID int; Other Inner# }\n",
        "type Type# = Inner#\ntype Inner# struct{}\nfunc (i Inner#) Do() { Bucket#.List(ctx) }\n",
        "func (t Type#) Do() { $.Topic#.Publish(ctx, nil) }\n",
        "func (s *Service) helper#() { Bucket#.Upload(ctx, `x`) }\n",
        "var Topic# = pubsub.NewTopic[*Type#](\"topic-#\", pubsub.TopicConfig{DeliveryGuarantee: pubsub.AtLeastOnce})\n",
        "var _ = pubsub.NewSubscription(Topic#, \"sub-#\", pubsub.SubscriptionConfig[*Type#]{Handler: handle#})\n",
        "var _ = pubsub.NewSubscription($.Topic#, \"sub-#\", pubsub.SubscriptionConfig[*$.Type#]{Handler: handle#})\n",
        "func handle#(ctx context.Context, t *Type#) error { DB#.Exec(ctx, `INSERT INTO x VALUES (1)`); return nil }\n",
        "var DB# = sqldb.NewDatabase(\"db#\", sqldb.DatabaseConfig{Migrations: \"./migrations\"})\n",
        "var Named# = sqldb.Named(\"db#\")\n",
        "var Bucket# = objects.NewBucket(\"bucket-#\", objects.BucketConfig{Versioned: flag#})\nconst flag# = true\n",
        "var Holds# = Bucket#\n",
        "var Bucket# = objects.NewBucket(\"bucket-#\", objects.BucketConfig{})\n",
        "//encore:api private\nfunc #(ctx context.Context) error { return nil }\n",
        "var _ = cron.NewJob(\"job-#\", cron.JobConfig{Every: 2 * cron.Hour, Endpoint: #})\n",
        "var secrets struct { Key# string }\n",
        "func read#() { DB#.Query(ctx, `SELECT 1`); Bucket#.Download(ctx, `x`) }\n",
        "func call#(ctx context.Context) { $.#(ctx); $.Topic#.Publish(ctx, nil); lib.Help#(ctx) }\n",
        "func Help#(ctx context.Context) { Bucket#.List(ctx); $.Bucket#.Remove(ctx, `x`) }\n",
        "func init() { Topic#.Publish(ctx, nil) }\n",
        "//encore:middleware global target=tag:#\nfunc Mw#(req middleware.Request, next middleware.Next) middleware.Response { Topic#.Publish(); return next(req) }\n",
        "//encore:authhandler\nfunc Auth#(ctx context.Context, token string) (auth.UID, error) { return \"\", nil }\n",
        "//encore:service\ntype Service struct{}\nfunc initService() (*Service, error) { return nil, nil }\n",
        "func broken# {\n",
        "// a comment\n",
    ],
    using: &[
        "func go#(ctx context.Context) { $.#(ctx) }\n",
        "func say#() { $.Topic#.Publish(ctx, nil) }\n",
        "func keep#() { $.Bucket#.Upload(ctx, `x`) }\n",
        "func load#() { $.DB#.Query(ctx, `SELECT 1`) }\n",
        "func own#() { Topic#.Publish(ctx, nil); #(ctx); Bucket#.List(ctx) }\n",
        "func made#(x $.Type#) { x.Do(); $.Help#(ctx) }\n",
        "func Help#(ctx context.Context) { $.Bucket#.Remove(ctx, `x`); $.Help#(ctx) }\n",
        "type Type# struct{ ID int }\n",
        "func held#() { $.Holds#.Upload(ctx, `x`); Holds#.Remove(ctx, `x`) }\n",
    ],
};

const TYPESCRIPT_SPEAKS: &str = "import { api } from 'encore.dev/api';
import { Topic, Subscription } from 'encore.dev/pubsub';
import { Bucket } from 'encore.dev/storage/objects';
import { SQLDatabase } from 'encore.dev/storage/sqldb';
import { CronJob } from 'encore.dev/cron';
import { secret } from 'encore.dev/config';
";

const TYPESCRIPT: Kit = Kit {
    configuration: &[
        ("encore.app", &["{\"lang\": \"typescript\"}", "{\"lang\": \"typescript\", \"id\": \"other\"}"]),
        (
            "tsconfig.json",
            &[
                "{\"compilerOptions\": {\"paths\": {\"@/*\": [\"./*\"]}}}",
                "{\"compilerOptions\": {\"paths\": {\"@/*\": [\"./a/*\"]}}}",
            ],
        ),
        (
            "a/encore.service.ts",
            &[
                "import { Service } from 'encore.dev/service';\nexport default new Service('a');\n",
                "import { Service } from 'encore.dev/service';\nexport default new Service('aa');\n",
                "export const nothing = 1;\n",
            ],
        ),
    ],
    files: &[
        ("a/speaks.ts", TYPESCRIPT_SPEAKS),
        ("a/types.ts", ""),
        ("a/uses.ts", ""),
        ("b/speaks.ts", TYPESCRIPT_SPEAKS),
        ("b/more.ts", TYPESCRIPT_SPEAKS),
        ("b/uses.ts", ""),
        ("b/index.ts", "export * from './speaks';\n"),
        ("lib/speaks.ts", TYPESCRIPT_SPEAKS),
        ("lib/uses.ts", ""),
        ("c/speaks.ts", TYPESCRIPT_SPEAKS),
        ("c/uses.ts", ""),
    ],
    pieces: &[
        "export const e# = api({ expose: true, method: 'GET', path: '/#/:id' }, async ({ id }: { id: string }) => { topic#.publish({}); });\n",
        "export const e# = api({ path: '/#' }, async (p: Type#) => { help#(bucket#); });\n",
        "export interface Type# { id: string; other: Inner# }\n",
        "import { Type# } from './types';\n",
        "import type { Type# as Other# } from '../$/types';\n",
        "export const topic# = new Topic<Type#>('topic-#', { deliveryGuarantee: 'at-least-once' });\n",
        "const sub# = new Subscription(topic#, 'sub-#', { handler: async () => { db#.exec`INSERT INTO x VALUES (1)`; } });\n",
        "export const bucket# = new Bucket('bucket-#', { versioned: true });\n",
        "export const db# = new SQLDatabase('db#', { migrations: './migrations' });\n",
        "const named# = SQLDatabase.named('db#');\n",
        "const job# = new CronJob('job-#', { every: '1h', endpoint: e# });\n",
        "const key# = secret('Key#');\nexport function unlock#() { return key#(); }\n",
        "import { topic# } from '../$/speaks';\n",
        "import { topic#, bucket#, e# } from '@/$/speaks';\n",
        "import { bucket# } from '../$';\n",
        "import * as all# from '../$/speaks';\nexport function whole#() { all#.topic#.publish({}); }\n",
        "export { topic# } from '../$/speaks';\n",
        "export * from '../lib/speaks';\n",
        "export const held# = { topic#, bucket# };\n",
        "export { hidden# };\nconst hidden# = topic#;\n",
        "export function use#() { topic#.publish({}); bucket#.upload('x', y); db#.query`SELECT 1`; }\n",
        "export function help#(given: any) { given.list(); }\n",
        "import { help# } from '../lib/uses';\nhelp#(bucket#);\n",
        "import '../lib/speaks';\n",
        "import { a, b } from '~encore/clients';\nexport function call#() { a.e#(); b.e#(); }\n",
        "function broken# {{\n",
        "// a comment\n",
    ],
    using: &[
        "import { topic# as t# } from '../$/speaks';\nexport function say#() { t#.publish({}); }\n",
        "import { bucket# as b# } from '../$/speaks';\nexport function keep#() { b#.upload('x', y); }\n",
        "import { db# as d# } from '@/$/speaks';\nexport function load#() { d#.query`SELECT 1`; }\n",
        "import { held# as h# } from '../$/speaks';\nexport function held#() { h#.topic#.publish({}); h#.bucket#.list(); }\n",
        "import { hidden# as i# } from '../$/speaks';\nexport function hide#() { i#.publish({}); }\n",
        "import { bucket# as c# } from '../b';\nexport function through#() { c#.remove('x'); }\n",
        "import * as all# from '../$/speaks';\nexport function whole#() { all#.topic#.publish({}); all#.bucket#.list(); }\n",
        "import { topic# } from './speaks';\nexport function own#() { topic#.publish({}); }\n",
        "import { whole# as w# } from '../$/uses';\nexport function more#() { w#(); }\n",
        "import { a, b } from '~encore/clients';\nexport function call#() { a.e#(); b.e#(); }\n",
        "export function help#(given: any) { given.list(); }\n",
        "export interface Type# { id: string }\n",
    ],
};

/// An app in the making: of each file the pieces that are in it.
struct Edited {
    kit: &'static Kit,
    files: BTreeMap<usize, Vec<String>>,
    random: Random,
}

impl Edited {
    fn new(kit: &'static Kit, seed: u64) -> Self {
        let mut app = Self { kit, files: BTreeMap::new(), random: Random(seed) };
        for file in 0..kit.files.len() {
            let pieces = (0..2).map(|_| app.piece(file)).collect();
            app.files.insert(file, pieces);
        }
        app
    }

    fn piece(&mut self, file: usize) -> String {
        let (name, other) =
            (*self.random.pick(&["One", "Two", "Three", "Five"]), *self.random.pick(&["a", "b", "c"]));
        let speaks = self.kit.files[file].1.contains("encore.dev");
        let pieces = if speaks { self.kit.pieces } else { self.kit.using };
        self.random.pick(pieces).replace('#', name).replace('$', other)
    }

    fn write(&self, stage: &Stage, file: usize) {
        let (path, begin) = self.kit.files[file];
        match self.files.get(&file) {
            Some(pieces) => {
                let folder = path.rsplit('/').nth(1).unwrap_or_default();
                write(&stage.root(), path, begin.replace('%', folder) + &pieces.concat());
            }
            None => drop(std::fs::remove_file(stage.root().join(path))),
        }
    }

    /// Edits the app; says what was done.
    fn edit(&mut self, stage: &Stage) -> String {
        let file = self.random.below(self.kit.files.len());
        let said = format!("{} ", self.kit.files[file].0);
        let piece = self.piece(file);
        let at = self.random.below(100);
        let Some(pieces) = self.files.get_mut(&file) else {
            self.files.insert(file, vec![piece.clone()]);
            self.write(stage, file);
            return format!("{said} is there: {piece}");
        };
        let place = at % (pieces.len() + 1);
        let done = match self.random.below(20) {
            0..=12 => {
                pieces.insert(place, piece.clone());
                format!("says {piece}")
            }
            13 if place < pieces.len() => format!("no longer says {}", pieces.remove(place)),
            14 | 15 if place < pieces.len() => {
                pieces[place] = pieces[place].replace("One", "Four").replace("Two", "One");
                format!("renames in {}", pieces[place])
            }
            16 if place < pieces.len() => {
                let piece = pieces.remove(place);
                let other = self.random.below(self.kit.files.len());
                self.files.entry(other).or_default().push(piece.clone());
                self.write(stage, other);
                format!("gives to {} {piece}", self.kit.files[other].0)
            }
            17 => {
                self.files.remove(&file);
                "is gone".to_owned()
            }
            18 => {
                let (path, texts) = *self.random.pick(self.kit.configuration);
                let text = *self.random.pick(texts);
                write(&stage.root(), path, text);
                format!("stays, but {path} says {text}")
            }
            _ => {
                pieces.insert(0, "// above\n".to_owned());
                "moves".to_owned()
            }
        };
        self.write(stage, file);
        said + &done
    }
}

/// Edits apps, and counts in how many scans a part of the app was put together.
fn check(kit: &'static Kit) -> usize {
    let mut parts = 0;
    for seed in 0..APPS {
        let mut app = Edited::new(kit, seed);
        let files: Vec<(&str, &str)> =
            kit.configuration.iter().map(|(path, texts)| (*path, texts[0])).collect();
        let stage = Stage::of(&files);
        (0..kit.files.len()).for_each(|file| app.write(&stage, file));
        stage.check();
        let mut done = Vec::new();
        for _ in 0..EDITS {
            done.push(app.edit(&stage));
            let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| stage.check()));
            let scanned = found.unwrap_or_else(|_| panic!("seed {seed}, after {done:#?}"));
            parts += usize::from(scanned.together == Together::Part);
        }
    }
    parts
}

#[test]
fn whatever_is_edited_in_go_the_cache_makes_no_difference() {
    let parts = check(&GO);
    assert!(parts > 10, "{parts} edits were found by looking at a part");
}

#[test]
fn whatever_is_edited_in_typescript_the_cache_makes_no_difference() {
    let parts = check(&TYPESCRIPT);
    assert!(parts > 10, "{parts} edits were found by looking at a part");
}
